//! Transactions that end without their producer: it was silent for too long, or another one takes its id over. They are
//! aborted under a new epoch, so that the producer cannot write into what comes after.

use super::state::{Stored, Version, after};
use super::turn::Turn;
use super::{Entry, Hard, State};
use ottla_base::ProducerEpoch;
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;

/// The transaction was open for as long as its producer asked for.
pub(super) fn time_out(hard: &Hard, turn: &mut Turn<'_>, id: &Str) {
    let Some((id, entry)) = hard.find(id) else { return };
    match entry.stored.state {
        State::Ongoing => {
            // A client of version 2 gets a new epoch with every end. One that aborts what has timed out already may
            // have this one and go on; to commit it would be refused.
            let last_epoch = match entry.stored.version {
                Version::One => ProducerEpoch::NONE,
                Version::Two => entry.stored.epoch,
            };
            fence(turn, id, entry, last_epoch);
        }
        State::Empty | State::Prepare(_) | State::Complete(_) => {}
    }
}

/// Another producer takes over: who had the id is nobody now.
pub(super) fn take_over(turn: &mut Turn<'_>, id: &Str, entry: &Entry) {
    fence(turn, id, entry, ProducerEpoch::NONE);
}

fn fence(turn: &mut Turn<'_>, id: &Str, entry: &Entry, last_epoch: ProducerEpoch) {
    let epoch = after(entry.stored.epoch);
    // The very last epoch is nobody's: who had the one before needs a new producer id.
    let last_epoch = if epoch.0 == i16::MAX { ProducerEpoch::NONE } else { last_epoch };
    turn.prepare(id, entry, MarkerKind::Abort, Stored { epoch, last_epoch, ..entry.stored });
}
