//! The log of a scripted world: appended to, and read on as the broker does.

use super::{World, id, range_of};
use crate::share_partition::*;
use ottla_base::{Offset, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct LogBatch {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) bytes: u32,
    pub(super) records: Vec<(i64, Facts)>,
}

impl World {
    /// Facts come after the batch whose records they are about.
    pub(super) fn append(&mut self, words: &[&str], fields: &BTreeMap<&str, &str>) {
        let time = |name| fields.get(name).map_or(Timestamp::NONE, |ms| Timestamp(ms.parse().expect("ms")));
        let facts = Facts {
            due: time("due"),
            expires: time("expires"),
            priority: fields.get("prio").map_or(PRIORITY_DEFAULT, |text| text.parse().expect("a priority")),
            key: fields.get("key").map(|key| u64::from(key.as_bytes()[0])),
        };
        for word in words.iter().filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
            let (range, bytes) = word.split_once(":b=").unwrap_or((word, "100"));
            let (first, last) = range_of(range);
            self.append_batch(
                first,
                (first..=last).map(|at| (at, facts)).collect(),
                bytes.parse().expect("bytes"),
            );
        }
    }

    pub(in super::super) fn append_batch(&mut self, first: i64, records: Vec<(i64, Facts)>, bytes: u32) {
        for (offset, facts) in &records {
            self.model.appended(*offset, *facts);
        }
        let last = records.last().expect("records").0;
        self.log.push(LogBatch { first, last, bytes, records });
        self.model.started(0);
    }

    /// What has expired ends before the log start is looked at.
    pub(super) fn log_starts(&mut self) {
        let Some(next) = self.live().map(|live| live.next.0) else { return };
        if self.last_start < self.log_start {
            let now = self.now();
            self.model.expired(
                |offset, facts| offset < next && facts.is_expired(now.wall),
                &self.config,
                now,
            );
            self.model.started(self.log_start);
        }
    }

    /// Reads on in the log. `false` at its end.
    pub(super) fn extend(&mut self, feed: Feed) -> bool {
        let from = feed.from.0;
        let after = self.log.iter().filter(|batch| from <= batch.last && self.log_start <= batch.last);
        let batches: Vec<LogBatch> = after
            .enumerate()
            .filter(|(at, batch)| *at == 0 || batch.first < from + feed.records_max)
            .map(|(_, batch)| batch.clone())
            .collect();
        let Some(last) = batches.last() else { return false };
        let scanned = Scanned {
            from: feed.from,
            to: Offset(last.last + 1),
            batches: batches
                .iter()
                .map(|batch| ScannedBatch {
                    first: Offset(batch.first),
                    last: Offset(batch.last),
                    bytes: batch.bytes,
                    records: self.config.needs_records().then(|| {
                        batch.records.iter().map(|(offset, facts)| (Offset(*offset), *facts)).collect()
                    }),
                })
                .collect(),
        };
        let ticket = self.ticket("-");
        let config = Arc::new(self.config.clone());
        self.apply(Command::Extend(Extend { ticket, id: id(), config, scanned }));
        true
    }
}
