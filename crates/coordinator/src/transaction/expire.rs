//! Expiry: an id that had no transaction for `transactional.id.expiration.ms` is forgotten.

use super::record::Record;
use super::turn::{Timer, Turn};
use super::{Hard, State};

/// Looks through all ids, and sets the next time to look.
pub(super) fn expire(hard: &Hard, turn: &mut Turn<'_>) {
    for (id, entry) in &hard.ids {
        let idle_ms = turn.now.wall.0.saturating_sub(entry.stored.updated.0);
        match entry.stored.state {
            State::Empty | State::Complete(_) if turn.settings.id_expiration_ms <= idle_ms => {
                turn.record(Record::Id { id: id.clone(), stored: None });
            }
            State::Empty | State::Complete(_) | State::Ongoing | State::Prepare(_) => {}
        }
    }
    turn.schedule(Timer::Expiry, turn.settings.expiry_check_interval_ms);
}
