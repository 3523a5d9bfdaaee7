//! The broker's part between members and the machine: it reads the log for it, and lets members wait for records.

use super::{Ask, Queue, Told};
use crate::groups::Planted;
use ottla_base::{Now, Offset};
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{
    Acknowledge, Acquire, Acquired, Backoff, Command, Config, Extend, Mode, More, Open, Range, Release,
    Renew, Reply, Unwatch, Want, Watch,
};
use ottla_wire::Str;
use std::sync::Arc;

/// A member that waits for records.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    ticket: Ticket,
    member: Str,
    partition: usize,
    want: Want,
    /// The settings when it came.
    config: Arc<Config>,
    pub(super) until: u64,
    /// The machine wakes it with this.
    watch: Ticket,
}

impl Queue {
    /// Decides what a member asked.
    pub(in crate::groups) fn ask(&mut self, now: Now, ticket: Ticket, ask: &Ask) {
        match ask {
            Ask::Acquire { member, partition, records_max, mode } => {
                let want = Want {
                    records_max: *records_max,
                    bytes_max: 1 << 20,
                    batch_max: *records_max,
                    mode: *mode,
                };
                let waiting = Waiting {
                    ticket,
                    member: Str::from(member.as_str()),
                    partition: partition % self.partitions.len(),
                    want,
                    config: Arc::clone(&self.settings.config),
                    until: now.tick.0 + WAIT_MS,
                    watch: self.own_ticket(),
                };
                self.look_or_wait(now, waiting);
            }
            Ask::Acknowledge { member, partition, batches, renew } => {
                let partition = partition % self.partitions.len();
                let (id, config) = (self.id(partition), Arc::clone(&self.settings.config));
                let renew = if *renew { Renew::Allowed } else { Renew::Refused };
                let (member, batches) = (Str::from(member.as_str()), batches.clone());
                let said = (member.to_string(), batches.clone());
                let start = self.described(now, partition, 0).map_or(0, |described| described.start.0);
                let command = Acknowledge { ticket, id, member, config, renew, batches };
                self.decide(now, Command::Acknowledge(command));
                let decided = self.machine.decided().iter().find(|(other, _)| *other == ticket);
                if let Some((_, Reply::Acknowledged(Ok(())))) = decided {
                    let config = Arc::clone(&self.in_force);
                    let ledger = &mut self.partitions[partition].ledger;
                    let verdict = ledger.acknowledged(&said.0, &said.1, (now, &*config, start));
                    self.judged(verdict);
                }
            }
            Ask::Release { member } => {
                let mut config = Arc::clone(&self.settings.config);
                if self.planted == Planted::RestForgotten {
                    config = Arc::new(Config { backoff: Backoff::default(), ..Config::clone(&config) });
                }
                for group in self.groups() {
                    let (member, config) = (Str::from(member.as_str()), Arc::clone(&config));
                    self.decide(now, Command::Release(Release { ticket, group, member, config }));
                }
                let config = Arc::clone(&self.settings.config);
                self.partitions.iter_mut().for_each(|it| it.ledger.released(member, now, &config));
            }
        }
    }

    /// Gives a member what there is, or lets it wait.
    fn look_or_wait(&mut self, now: Now, waiting: Waiting) {
        let ranges = self.look(now, &waiting);
        let Waiting { ticket, until, .. } = waiting;
        if !ranges.is_empty() || until <= now.tick.0 {
            return self.answer(ticket, ranges);
        }
        let (group, member) = (self.id(waiting.partition).group, waiting.member.clone());
        let partitions = [self.id(waiting.partition).partition].into();
        let watch = Watch { ticket: waiting.watch, group, member, partitions };
        self.waiting.push(waiting);
        self.decide(now, Command::Watch(watch));
    }

    fn answer(&mut self, ticket: Ticket, ranges: Vec<Range>) {
        self.machine.put_reply(ticket, Reply::Acquired(Acquired { ranges, feed: None }));
    }

    /// Who waits and was woken, by the machine or because there is news in the log, looks again.
    pub(super) fn wake(&mut self, now: Now, is_meant: impl Fn(&Waiting) -> bool) {
        let woken: Vec<Waiting> = self.waiting.extract_if(.., |waiting| is_meant(waiting)).collect();
        for mut waiting in woken {
            let (group, member) = (self.id(waiting.partition).group, waiting.member.clone());
            self.decide(now, Command::Unwatch(Unwatch { ticket: Ticket(0), group, member }));
            waiting.watch = self.own_ticket();
            self.look_or_wait(now, waiting);
        }
    }

    pub(super) fn is_watched_by(waiting: &Waiting, ticket: Ticket) -> bool {
        waiting.watch == ticket
    }

    pub(super) fn waits_for(waiting: &Waiting, partition: usize) -> bool {
        waiting.partition == partition
    }

    /// Gives a member records, reading on in the log as long as the machine asks for that.
    fn look(&mut self, now: Now, waiting: &Waiting) -> Vec<Range> {
        let Waiting { ticket, member, partition, want, .. } = waiting;
        let (id, log_start) = (self.id(*partition), self.partitions[*partition].log.start);
        let config = match self.planted {
            Planted::PauseUnheard => Arc::clone(&waiting.config),
            _ => Arc::clone(&self.settings.config),
        };
        let mut more = More::Ask;
        for looks in 1.. {
            let acquire = Acquire {
                ticket: *ticket,
                id: id.clone(),
                member: member.clone(),
                config: Arc::clone(&config),
                want: *want,
                log_start: Offset(log_start),
                more,
            };
            self.decide(now, Command::Acquire(acquire));
            match self.machine.take_reply(*ticket) {
                Some(Reply::Absent) => {
                    let open = Open { ticket: *ticket, id: id.clone(), start: Offset(log_start) };
                    self.decide(now, Command::Open(open));
                    let _ = self.machine.take_reply(*ticket);
                }
                Some(Reply::Acquired(acquired)) => {
                    self.partitions[*partition].ledger.trim(log_start);
                    let Some(feed) = acquired.feed else {
                        self.judge_given(now, waiting, &acquired.ranges);
                        return acquired.ranges;
                    };
                    let planted = (self.planted, 1 < self.machine.lives());
                    let scanned = self.partitions[*partition].log.scan(feed, &config, planted);
                    let Some(scanned) = scanned.filter(|_| looks < LOOKS_MAX) else {
                        more = More::Never;
                        continue;
                    };
                    for batch in &scanned.batches {
                        let super::Partition { log, ledger } = &mut self.partitions[*partition];
                        ledger.heard(log, (batch.first.0, batch.last.0), &self.settings.config);
                    }
                    let config = Arc::clone(&config);
                    self.decide(
                        now,
                        Command::Extend(Extend { ticket: *ticket, id: id.clone(), config, scanned }),
                    );
                    let _ = self.machine.take_reply(*ticket);
                }
                other => unreachable!("{other:?}"),
            }
        }
        Vec::new()
    }

    fn judge_given(&mut self, now: Now, waiting: &Waiting, ranges: &[Range]) {
        if ranges.is_empty() {
            return;
        }
        let (config, partition) = (Arc::clone(&self.settings.config), waiting.partition);
        let next = match config.priority {
            true => self.described(now, partition, 0).map_or(0, |described| described.next.0),
            false => 0,
        };
        let super::Partition { log, ledger } = &mut self.partitions[partition];
        let mut verdict = ledger.given(&waiting.member, ranges, (&*log, now, &*config));
        verdict = verdict.and_then(|()| ledger.is_urgent(ranges, (now, &*config, next)));
        if waiting.want.mode == Mode::RecordLimit
            && usize::try_from(config.record_locks_max).is_ok_and(|most| most < ledger.held())
        {
            verdict = verdict.and(Err(format!("{} records are in flight at a time", ledger.held())));
        }
        let has: usize = self.partitions.iter().map(|it| it.ledger.held_by(&waiting.member)).sum();
        let cap = usize::try_from(config.member_in_flight_max).expect("not negative");
        if 0 < cap && cap < has {
            verdict = verdict.and(Err(format!("{} has {has} records, and may have {cap}", waiting.member)));
        }
        self.judged(verdict);
    }

    /// What a member hears of a reply, if that is something.
    pub(super) fn told(reply: Reply) -> Option<Told> {
        match reply {
            Reply::Acquired(acquired) => Some(Told::Acquired(acquired.ranges)),
            Reply::Acknowledged(_) | Reply::Absent => Some(Told::Acknowledged),
            _ => None,
        }
    }
}

/// How often the log is looked at for one answer, at most.
const LOOKS_MAX: usize = 5;
/// How long a member waits for records.
const WAIT_MS: u64 = 500;
