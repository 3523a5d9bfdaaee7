//! What producers and operators do to the queue in the middle.

use super::log::Made;
use super::{Partition, Queue};
use ottla_base::{Now, Offset};
use ottla_coordinator::machine::Ticket;
use ottla_coordinator::share_partition::{Alter, Command, Delete, LogStart, Open};
use std::sync::Arc;

impl Queue {
    /// Something happens.
    pub(in crate::groups) fn happen(&mut self, now: Now) {
        match self.chance.below(40) {
            0 => self.purge(now),
            1 => self.lose(now),
            2 => {
                self.settings.takes_letters = self.chance.percent(60);
                let takes = self.settings.takes_letters;
                self.note(now, || format!("dead letters are taken: {takes}"));
            }
            3 if self.changes => {
                let paused = self.chance.percent(50);
                self.settings.set_paused(paused);
                self.note(now, || format!("paused: {paused}"));
            }
            4..8 if self.changes => {
                self.settings.change(&mut self.chance);
                self.heed(now);
            }
            8 if self.resets => self.alter(now),
            9 if self.resets => self.delete(now),
            10 if self.resets => self.retain(now),
            11..13 => self.requeue(now),
            _ => self.produce(now),
        }
    }

    /// Nothing is in the way of any record any more.
    pub(in crate::groups) fn quieten(&mut self, now: Now) {
        self.settings.set_paused(false);
        self.settings.takes_letters = true;
        self.heed(now);
    }

    /// The settings are others.
    fn heed(&mut self, now: Now) {
        let config = Arc::clone(&self.settings.config);
        let ledgers = self.partitions.iter_mut().map(|it| &mut it.ledger);
        let before = self.before.iter_mut().map(|(_, ledger)| ledger);
        ledgers.chain(before).for_each(|ledger| ledger.set(now, &config));
        let topic = self.settings.topic;
        self.note(now, || format!("settings: {config:?}, topic {topic:?}"));
    }

    fn some(&mut self) -> usize {
        self.chance.below(self.partitions.len())
    }

    fn produce(&mut self, now: Now) {
        let partition = self.some();
        let count = 1 + self.chance.below(6);
        let records = (0..count).map(|_| Made::drawn(&mut self.chance, now)).collect();
        let log = &mut self.partitions[partition].log;
        if self.chance.percent(10) {
            log.append_marker();
        }
        log.append(records);
        self.wake(now, |waiting| Self::waits_for(waiting, partition));
    }

    /// Brings back the record of a letter.
    fn requeue(&mut self, now: Now) {
        let Some(written) = self.letters.settle(&mut self.chance, now) else { return };
        let partition = self.partition_of(&written.id);
        let log = &mut self.partitions[partition].log;
        let made = log.made(written.offset).expect("it was delivered").again(now);
        log.append(vec![made]);
        self.wake(now, |waiting| Self::waits_for(waiting, partition));
    }

    /// Skips what waits, or some of it, while members work on.
    fn purge(&mut self, now: Now) {
        let partition = self.some();
        let Partition { log, .. } = &self.partitions[partition];
        let start = self.chance.within(0..log.end().unsigned_abs() + 1);
        let (ticket, id, start) = (Ticket(0), self.id(partition), start.try_into().expect("small"));
        self.note(now, || format!("purge up to {start} of {partition}"));
        self.decide(now, Command::Open(Open { ticket, id: id.clone(), start: Offset(start) }));
        self.decide(now, Command::LogStart(LogStart { ticket, id, start: Offset(start) }));
        self.partitions[partition].ledger.trim(start);
    }

    /// Retention takes the oldest records.
    fn retain(&mut self, now: Now) {
        let partition = self.some();
        let Partition { log, .. } = &mut self.partitions[partition];
        let last = log.end().unsigned_abs() / 2 + 1;
        log.start = log.start.max(self.chance.within(0..last).try_into().expect("small"));
        let start = log.start;
        self.note(now, || format!("retention takes what is before {start} of {partition}"));
    }

    /// Offsets are set anew.
    fn alter(&mut self, now: Now) {
        let partition = self.some();
        self.commit_all(now);
        let Partition { log, .. } = &self.partitions[partition];
        let start = self.chance.within(log.start.unsigned_abs()..log.end().unsigned_abs() + 1);
        let (ticket, id, start) = (Ticket(0), self.id(partition), start.try_into().expect("small"));
        self.note(now, || format!("offsets of {partition} are set to {start}"));
        self.decide(now, Command::Alter(Alter { ticket, id, start: Offset(start) }));
        self.begin(now, partition, start);
    }

    /// Offsets are deleted; whoever comes next begins at the start of the log.
    fn delete(&mut self, now: Now) {
        let partition = self.some();
        self.commit_all(now);
        let id = self.id(partition);
        let topics = Some(vec![id.partition.topic]);
        self.note(now, || format!("offsets of {partition} are deleted"));
        self.decide(now, Command::Delete(Delete { ticket: Ticket(0), group: Some(id.group), topics }));
        self.begin(now, partition, self.partitions[partition].log.start);
    }
}
