//! A member gets records: which ones, and how many.
//!
//! Ready records come most urgent first, and by offset among equals. That the urgent ones do not starve the others, the
//! oldest ready record is handed out after at most [`OVERTAKEN_MAX`] records that came after it in the log.
//!
//! Records that were delivered often are suspected of breaking their consumers. They are handed out alone of their kind,
//! half as many of a batch each time, and the last time one by one, so that the healthy ones get through.

use super::Id;
use super::config::{Config, Mode, Order, Want};
use super::group::Group;
use super::live::Live;
use super::reply::{Acquired, Feed, Range, Reply};
use super::run::{Batch, Lock, Reason, Run, State};
use super::turn::{Edit, Turn};
use crate::machine::Ticket;
use ottla_base::Offset;
use ottla_base::limits::ARCHIVING_RECORDS_MAX;
use ottla_wire::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most records of higher priority that are handed out while an older one is ready.
const OVERTAKEN_MAX: i64 = 100;

/// So many times as many records as a member wants are looked up at once.
const AHEAD: i64 = 4;

/// Whether the machine may ask to read on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// If it rather knew more of the log, the answer has a [`Feed`](super::Feed) and nothing is acquired.
    Ask,
    /// There is no more: the log ends there, or enough was read.
    Never,
}

/// A member wants records of a share-partition.
#[derive(Clone, Debug)]
pub struct Acquire {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which share-partition.
    pub id: Id,
    /// For whom.
    pub member: Str,
    /// The group's settings now.
    pub config: Arc<Config>,
    /// What it wants.
    pub want: Want,
    /// Where the log starts now: what lies before is archived.
    pub log_start: Offset,
    /// Whether to read on first.
    pub more: More,
}

pub(super) fn acquire(turn: &mut Turn<'_>, command: Acquire) {
    let Acquire { ticket, id, member, config, want, log_start, more } = command;
    turn.configure(&id.group, config);
    let acquired = turn.edit(&id, |edit| {
        edit.trim(log_start);
        let feed = if edit.config.paused { None } else { feed(edit, want) };
        match (feed, more) {
            (Some(feed), More::Ask) => Acquired { ranges: Vec::new(), feed: Some(feed) },
            (_, More::Ask | More::Never) => Acquired { ranges: take(edit, &member, want), feed: None },
        }
    });
    turn.reply(ticket, acquired.map_or(Reply::Absent, Reply::Acquired));
}

/// What to read if the member shall get all it wants.
fn feed(edit: &mut Edit<'_>, want: Want) -> Option<Feed> {
    let (config, counts) = (edit.config, edit.live.counts);
    // Whoever sorts by urgency or key looks as far ahead as it may.
    let wanted = match config.priority || config.order == Order::Key {
        true => i64::MAX,
        false => i64::from(want.records_max) - counts.ready,
    };
    let room = i64::from(config.record_locks_max) - counts.window();
    let has_room = counts.parked() < i64::from(config.delayed_records_max)
        && counts.archiving < ARCHIVING_RECORDS_MAX
        && 0 < room;
    if 0 < wanted && !has_room {
        edit.live.is_starved = true;
    }
    // To find the place in the log costs more than to read on a little: what the next member wants comes with it.
    let ahead = i64::from(want.records_max).saturating_mul(AHEAD).max(wanted);
    let records_max = ahead.min(room);
    (has_room && 0 < wanted && 0 < records_max).then_some(Feed { from: edit.live.next, records_max })
}

/// One acquisition under way.
struct Taking<'a> {
    member: &'a Str,
    lock: Lock,
    taken: i64,
    /// No record more than this.
    most: i64,
    /// No further run after this many.
    enough: i64,
    /// What the batches take that were counted.
    bytes: i64,
    batches: BTreeSet<Offset>,
    /// What is granted, taken out of the runs until it is known what of it is one run from now on.
    granted: Vec<(Offset, Run)>,
}

fn take(edit: &mut Edit<'_>, member: &Str, want: Want) -> Vec<Range> {
    let config = edit.config;
    if config.paused {
        return Vec::new();
    }
    let locks = i64::from(config.record_locks_max) - edit.live.counts.acquired;
    let enough = i64::from(want.records_max).min(locks);
    let cap = match config.member_in_flight_max {
        0 => i64::MAX,
        cap => i64::from(cap) - edit.held.get(member).copied().unwrap_or(0),
    };
    let most = match want.mode {
        Mode::BatchOptimized => cap,
        Mode::RecordLimit => cap.min(enough),
    };
    let until = config.lock_end(edit.now.tick);
    let lock = Lock { until, since: edit.now.wall, renewals: 0 };
    // One name for all that it has: nothing that is kept is a slice of a request.
    let known = edit.held.get_key_value(member).map(|(known, _)| known.clone());
    let member = known.unwrap_or_else(|| member.detached());
    let mut taking = Taking {
        member: &member,
        lock,
        taken: 0,
        most,
        enough,
        bytes: 0,
        batches: BTreeSet::new(),
        granted: Vec::new(),
    };
    while taking.taken < taking.enough.min(taking.most) {
        let Some(first) = next(edit.live) else { break };
        let (count, batch) = (edit.live.runs[&first].count, edit.live.runs[&first].batch);
        // The limit may have been lowered since.
        if config.delivery_count_limit <= count {
            let run = edit.live.remove(first).expect("it is ready");
            edit.end(first, run, Reason::Exhausted);
            continue;
        }
        if config.isolation_threshold() <= count {
            if taking.taken == 0 {
                overtake(edit.live, first);
                isolated(edit, &mut taking, first);
            }
            break;
        }
        if !taking.has_bytes_for(batch, want) {
            break;
        }
        overtake(edit.live, first);
        grant(edit, &mut taking, first, i64::MAX);
    }
    let Taking { taken, granted, .. } = taking;
    let ranges = join(edit, granted, want);
    if taken == 0 && locks <= 0 {
        edit.live.is_starved = true;
    }
    if 0 < taken {
        Group::count(edit.held, &member, taken);
        edit.live.totals.acquired += taken;
        // What is left is for others.
        edit.live.has_news |= 0 < edit.live.counts.ready;
    }
    ranges
}

impl Taking<'_> {
    /// Counts a batch of the log, once, if there is room for it.
    fn has_bytes_for(&mut self, batch: Batch, want: Want) -> bool {
        if self.batches.contains(&batch.first) {
            return true;
        }
        let bytes = self.bytes.saturating_add(batch.bytes);
        let fits = self.taken == 0 || bytes <= want.bytes_max;
        if fits {
            self.bytes = bytes;
            self.batches.insert(batch.first);
        }
        fits
    }
}

/// Which run is next.
fn next(live: &Live) -> Option<Offset> {
    let (urgent, oldest) = live.first_ready()?;
    Some(if live.overtaken < OVERTAKEN_MAX { urgent } else { oldest })
}

/// This run is going to be handed out. Not before: the turn of the oldest is not over when there was no room for it.
fn overtake(live: &mut Live, first: Offset) {
    let is_oldest = live.first_ready().is_some_and(|(_, oldest)| oldest == first);
    live.overtaken = if is_oldest { 0 } else { live.overtaken + live.runs[&first].size(first) };
}

/// Hands out a run, or as much of it as may be.
fn grant(edit: &mut Edit<'_>, taking: &mut Taking<'_>, first: Offset, most: i64) {
    let size = edit.live.runs[&first].size(first);
    let count = size.min(taking.most - taking.taken).min(most);
    if count < size {
        edit.live.cut(first.plus(count));
    }
    let mut run = edit.live.pull(first).expect("the caller has just seen it");
    run.count = run.count.saturating_add(1);
    run.member = taking.member.clone();
    run.state = State::Acquired(taking.lock);
    edit.live.acquired_end = edit.live.acquired_end.max(run.last.plus(1));
    taking.taken += count;
    taking.granted.push((first, run));
}

/// Hands out a part of a suspected batch.
fn isolated(edit: &mut Edit<'_>, taking: &mut Taking<'_>, first: Offset) {
    let (limit, threshold) = (edit.config.delivery_count_limit, edit.config.isolation_threshold());
    let suspect = &edit.live.runs[&first];
    let (batch, priority) = (suspect.batch, suspect.facts.priority);
    let halvings = u32::from((suspect.count - threshold).unsigned_abs()) + 1;
    let share = batch.size.checked_shr(halvings).unwrap_or(0).max(1);
    let mut from = Some(first);
    while let Some(first) = from.filter(|_| taking.taken < share.min(taking.most)) {
        let run = &edit.live.runs[&first];
        let is_last_try = 2 < limit && run.count == limit - 1;
        if run.batch != batch || (is_last_try && 0 < taking.taken) {
            return;
        }
        let most = if is_last_try { 1 } else { share - taking.taken };
        grant(edit, taking, first, most);
        if is_last_try {
            return;
        }
        from = edit.live.ready_from(priority, first.plus(1));
    }
}

/// Neighbours that were taken together become one run with one lock, and one range of the answer, as far as the size that
/// the member wishes.
fn join(edit: &mut Edit<'_>, mut granted: Vec<(Offset, Run)>, want: Want) -> Vec<Range> {
    granted.sort_unstable_by_key(|(first, _)| *first);
    let size_max = match want.mode {
        Mode::BatchOptimized => i64::from(want.batch_max.max(1)),
        Mode::RecordLimit => i64::MAX,
    };
    // Each with the batch that it begins in.
    let mut ranges: Vec<(Range, Batch)> = Vec::with_capacity(granted.len().min(16));
    let mut joined: Option<(Offset, Run)> = None;
    for (first, run) in granted {
        let is_fresh = run.count == 1;
        let before = ranges.last_mut().filter(|(before, batch)| {
            before.last.plus(1) == first
                && before.delivery_count == run.count
                && before.last.0 - before.first.0 + 1 < size_max
                && (is_fresh || *batch == run.batch)
        });
        let is_joined = before.is_some();
        match before {
            Some((before, _)) => before.last = run.last,
            None => ranges.push((Range { first, last: run.last, delivery_count: run.count }, run.batch)),
        }
        match &mut joined {
            Some((start, whole)) if is_joined && is_fresh && unites(whole, &run) => {
                whole.last = run.last;
                let (size, bytes) = (whole.size(*start), whole.batch.bytes + run.batch.bytes);
                whole.batch = Batch { first: *start, size, bytes };
            }
            Some(_) | None => {
                let complete = joined.replace((first, run));
                complete.into_iter().for_each(|(first, run)| edit.live.put(first, run));
            }
        }
    }
    joined.into_iter().for_each(|(first, run)| edit.live.put(first, run));
    ranges.into_iter().map(|(range, _)| range).collect()
}

/// Whether a run that is next to an acquired one says nothing of its own.
fn unites(one: &Run, next: &Run) -> bool {
    one.facts == next.facts && one.facts.key.is_none() && one.state == next.state && one.count == next.count
}
