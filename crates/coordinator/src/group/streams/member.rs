//! One member of a streams group: who it is, what it has, and what it should have. A row of the journal each.

use super::tasks::{Assigned, Tasks, count};
use crate::codec::{DecodeError, Input, Output};
use crate::group::Client;
use ottla_wire::Str;
use std::collections::BTreeMap;

/// A member as it is stored and lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub(super) instance: Option<Str>,
    pub(super) rack: Option<Str>,
    pub(super) client: Client,
    pub(super) rebalance_timeout_ms: i32,
    /// Of the topology that this member runs.
    pub(super) topology_epoch: i32,
    /// Members of one process share its disk.
    pub(super) process: Str,
    /// Where others reach it for queries of its state.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) tags: BTreeMap<Str, Str>,
    /// The epoch in which it last had all it should.
    pub(super) epoch: i32,
    /// The one before, with which a request may come whose answer was lost.
    pub(super) previous_epoch: i32,
    pub(super) state: State,
    /// What it may run.
    pub(super) assigned: Assigned,
    /// What it must give back before anybody else may run it.
    pub(super) revoking: Assigned,
    /// What it should have in the end.
    pub(super) target: Tasks,
}

/// Where a member is on its way to what it should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It has what it should have in its epoch.
    #[default]
    Stable,
    /// It has to give something back.
    Unrevoked,
    /// It waits for something that others have to give back.
    Unreleased,
}

/// An address for interactive queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: Str,
    pub(super) port: u16,
}

impl Member {
    /// It has all it should have in this epoch.
    pub(super) fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == State::Stable && self.epoch == epoch
    }

    /// It left for a moment, and will be back under its instance id.
    pub(super) fn is_away(&self) -> bool {
        self.epoch == AWAY
    }

    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self {
            instance,
            rack,
            client,
            rebalance_timeout_ms,
            topology_epoch,
            process,
            endpoint,
            tags,
            epoch,
            previous_epoch,
            state,
            assigned,
            revoking,
            target,
        } = self;
        let output = output
            .maybe_text(instance.as_deref())
            .maybe_text(rack.as_deref())
            .text(&client.id)
            .text(&client.host)
            .int(*rebalance_timeout_ms)
            .int(*topology_epoch)
            .text(process)
            .maybe_text(endpoint.as_ref().map(|endpoint| &*endpoint.host))
            .int(endpoint.as_ref().map_or(0, |endpoint| endpoint.port.into()))
            .int(count(tags.len()));
        let output = tags.iter().fold(output, |output, (key, value)| output.text(key).text(value));
        let output = output.int(*epoch).int(*previous_epoch).byte(state.code());
        target.encode(revoking.encode(assigned.encode(output)))
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (instance, rack) = (input.maybe_text()?, input.maybe_text()?);
        let client = Client { id: input.text()?, host: input.text()? };
        let (rebalance_timeout_ms, topology_epoch) = (input.int()?, input.int()?);
        let process = input.text()?;
        let (host, port) = (input.maybe_text()?, input.int()?);
        let port = u16::try_from(port).unwrap_or_default();
        let tags = input.int()?;
        let tags = (0..tags).map(|_| Ok((input.text()?, input.text()?))).collect::<Result<_, _>>()?;
        Ok(Self {
            instance,
            rack,
            client,
            rebalance_timeout_ms,
            topology_epoch,
            process,
            endpoint: host.map(|host| Endpoint { host, port }),
            tags,
            epoch: input.int()?,
            previous_epoch: input.int()?,
            state: State::of_code(input.byte()?)?,
            assigned: Assigned::decode(input)?,
            revoking: Assigned::decode(input)?,
            target: Tasks::decode(input)?,
        })
    }
}

impl State {
    fn code(self) -> u8 {
        match self {
            Self::Stable => 0,
            Self::Unrevoked => 1,
            Self::Unreleased => 2,
        }
    }

    fn of_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            0 => Ok(Self::Stable),
            1 => Ok(Self::Unrevoked),
            2 => Ok(Self::Unreleased),
            other => Err(DecodeError::Unknown(other)),
        }
    }
}

/// The epoch of a static member that has left for a moment.
pub(super) const AWAY: i32 = -2;
