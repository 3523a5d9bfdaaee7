//! What became of a record's deliveries, for the letter that may tell of it.
//!
//! Kept only while the group has a dead-letter topic, and only of deliveries that failed: one that is accepted at once
//! costs nothing. It is stored with the delivery count, so that a crash takes neither without the other.

use crate::codec::{DecodeError, Input, Output};
use ottla_base::Timestamp;
use ottla_wire::Str;
use std::sync::Arc;

/// Most deliveries that are remembered, the last ones: more than a broker lets a group have.
const DELIVERIES_MAX: usize = 25;

/// The failed deliveries of some records, oldest first. Cheap to clone, and empty without memory of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Option<Arc<[Delivery]>>);

/// One delivery that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who had the record.
    pub member: Str,
    /// When it got it.
    pub at: Timestamp,
    /// When it had it no more.
    pub until: Timestamp,
    /// How often it renewed its lock.
    pub renewals: i16,
    /// How it ended.
    pub ending: Ending,
}

/// How a delivery ended in which a record was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The member released it.
    Released,
    /// Its lock timed out.
    TimedOut,
    /// The member closed its session, or its connection was lost.
    Gone,
    /// The member rejected it.
    Rejected,
}

impl History {
    /// Oldest first.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        self.0.as_deref().unwrap_or_default()
    }

    /// This, and one more.
    pub(super) fn with(&self, delivery: Delivery) -> Self {
        let before = self.deliveries();
        let kept = &before[before.len().saturating_sub(DELIVERIES_MAX - 1)..];
        Self(Some(kept.iter().cloned().chain([delivery]).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.deliveries().is_empty()
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        let count = u8::try_from(self.deliveries().len()).expect("no more than are remembered");
        self.deliveries().iter().fold(output.byte(count), |output, delivery| {
            let Delivery { member, at, until, renewals, ending } = delivery;
            let ending = match ending {
                Ending::Released => 0,
                Ending::TimedOut => 1,
                Ending::Gone => 2,
                Ending::Rejected => 3,
            };
            output.text(member).long(at.0).long(until.0).short(*renewals).byte(ending)
        })
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let mut history = Self::default();
        for _ in 0..input.byte()? {
            let delivery = Delivery {
                member: input.text()?,
                at: Timestamp(input.long()?),
                until: Timestamp(input.long()?),
                renewals: input.short()?,
                ending: match input.byte()? {
                    0 => Ending::Released,
                    1 => Ending::TimedOut,
                    2 => Ending::Gone,
                    3 => Ending::Rejected,
                    other => return Err(DecodeError::Unknown(other)),
                },
            };
            history = history.with(delivery);
        }
        Ok(history)
    }
}
