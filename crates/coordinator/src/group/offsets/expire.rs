//! Expiry: offsets that nobody uses go after `offsets.retention.minutes`, and with the last one an empty group.
//! What a transaction has pending stays until its end, keeps the offset that it may replace, and the group.

use super::{Committed, Expiry, delete};
use crate::group::Entry;
use crate::group::live::{Directory, Live};
use crate::group::record::Record;
use crate::group::turn::{Timer, Turn};
use ottla_base::Timestamp;
use ottla_wire::Str;
use std::collections::BTreeMap;

/// Looks through all groups, and sets the next time to look.
pub(in crate::group) fn expire(entries: &BTreeMap<Str, Entry>, groups: &mut Directory, turn: &mut Turn<'_>) {
    for (id, entry) in entries {
        let Some(live) = groups.0.get(id) else { continue };
        let all_expired = expire_group(id, entry, live, turn);
        if all_expired && live.is_vacant() && live.may_expire() {
            turn.record(Record::Group { group: id.clone(), stored: None });
            groups.0.remove(id);
        }
    }
    turn.schedule(Timer::Expiry, turn.settings.offsets_check_interval_ms);
}

/// Whether nothing is left.
fn expire_group(id: &Str, entry: &Entry, live: &Live, turn: &mut Turn<'_>) -> bool {
    let expiry = live.expiry();
    let mut all_expired = entry.pending.is_empty();
    for (topic, partitions) in entry.offsets.iter() {
        if live.is_subscribed(topic) {
            all_expired = false;
            continue;
        }
        for (partition, committed) in partitions {
            if is_expired(committed, expiry, turn) && !entry.pending.is_unstable(topic, *partition) {
                turn.record(delete::gone(id, topic, *partition));
            } else {
                all_expired = false;
            }
        }
    }
    all_expired
}

fn is_expired(committed: &Committed, expiry: Expiry, turn: &Turn<'_>) -> bool {
    let since = match expiry {
        Expiry::Never => return false,
        Expiry::SinceCommit => committed.committed_at,
        Expiry::Since(Timestamp::NONE) => committed.committed_at,
        Expiry::Since(moment) => moment,
    };
    match committed.expires_at {
        Some(at) => at <= turn.now.wall,
        None => turn.settings.offsets_retention_ms <= turn.now.wall.0.saturating_sub(since.0),
    }
}
