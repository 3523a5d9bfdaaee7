//! Transactions that end without their producer: it was silent for too long, or another one takes its id over. They are
//! aborted under a new epoch, so that the producer cannot write into what comes after.

use super::state::{Claim, Stored, after};
use super::turn::Turn;
use super::{Entry, Hard, State};
use ottla_base::ProducerEpoch;
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;

/// The transaction was open for as long as its producer asked for. Nobody has taken its id over: it may initialise
/// itself again and go on, and under version 2 abort what has been aborted, but never commit it.
pub(super) fn time_out(hard: &Hard, turn: &mut Turn<'_>, id: &Str) {
    let Some((id, entry)) = hard.find(id) else { return };
    match entry.stored.state {
        State::Ongoing => fence(turn, id, entry, entry.stored.epoch),
        State::Empty | State::Prepare(_) | State::Complete(_) => {}
    }
}

/// A producer is being initialised. If it is another one, who had the id is nobody now.
pub(super) fn take_over(turn: &mut Turn<'_>, id: &Str, entry: &Entry, expected: Option<Claim>) {
    let is_same = expected == Some(entry.stored.claim());
    fence(turn, id, entry, if is_same { entry.stored.epoch } else { ProducerEpoch::NONE });
}

fn fence(turn: &mut Turn<'_>, id: &Str, entry: &Entry, last_epoch: ProducerEpoch) {
    let epoch = after(entry.stored.epoch);
    // The very last epoch is nobody's: who had the one before needs a new producer id.
    let last_epoch = if epoch.0 == i16::MAX { ProducerEpoch::NONE } else { last_epoch };
    turn.prepare(id, entry, MarkerKind::Abort, Stored { epoch, last_epoch, ..entry.stored });
}
