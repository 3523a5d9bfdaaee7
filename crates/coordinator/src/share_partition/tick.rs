//! What happens by itself: locks time out, and what was loaded comes to life.

use super::Id;
use super::history::Ending;
use super::live::Live;
use super::run::{Batch, Facts, Run, State};
use super::stored::{Mark, Stored};
use super::turn::Turn;
use ottla_wire::Str;

/// Lets pass what is due.
pub(super) fn tick(turn: &mut Turn<'_>) {
    while let Some(id) = turn.timers.pop_due(turn.now.tick) {
        if let Some(live) =
            turn.groups.get_mut(&id.group).and_then(|group| group.partitions.get_mut(&id.partition))
        {
            live.armed = None;
        }
        turn.edit(&id, |edit| {
            while let Some(first) = edit.live.timed_out(edit.now.tick) {
                edit.live.totals.timed_out += edit.live.runs[&first].size(first);
                edit.give_back(first, Ending::TimedOut);
            }
        });
    }
}

/// Makes the soft state of what was loaded.
pub(super) fn start(turn: &mut Turn<'_>) {
    let hard = turn.hard;
    for (group, partitions) in &hard.groups {
        for (partition, stored) in partitions {
            revive(turn, &Id { group: group.clone(), partition: *partition }, stored);
        }
    }
}

/// Nothing is known but what is on the way to the dead-letter topic: its writer must not wait for a member to come.
pub(super) fn revive(turn: &mut Turn<'_>, id: &Id, stored: &Stored) {
    let mut live = Live::new(stored.header.start);
    for (first, row) in &stored.rows {
        let Mark::Archiving(letter) = &row.mark else { continue };
        let run = Run {
            last: row.last,
            state: State::Archiving { letter: letter.clone(), is_out: false },
            count: letter.delivery_count,
            facts: Facts::default(),
            batch: Batch { first: *first, size: 1, bytes: 0 },
            member: Str::default(),
            history: letter.history.clone(),
        };
        live.insert(*first, run);
    }
    if !live.letters.is_empty() {
        turn.desk.queue(id);
    }
    turn.groups.entry(id.group.clone()).or_default().partitions.insert(id.partition, live);
}
