//! What stands in one partition of the topic: records, and what they say about their own delivery.

use crate::chance::Chance;
use crate::groups::Planted;
use ottla_base::{Now, Offset, Timestamp};
use ottla_coordinator::share_partition::{
    Config, Facts, Feed, Order, PRIORITY_DEFAULT, Scanned, ScannedBatch, facts,
};

/// A record as its producer made it.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    timestamp: i64,
    key: Option<u8>,
    deliver_at: Option<i64>,
    delay_ms: Option<i64>,
    expires_at: Option<i64>,
    ttl_ms: Option<i64>,
    priority: Option<u8>,
}

/// What a record says, where the settings listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) due: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) priority: Option<u8>,
    pub(super) key: Option<u8>,
}

impl Made {
    /// Every other record says nothing; the others say this and that.
    pub(super) fn drawn(chance: &mut Chance, now: Now) -> Self {
        let soon = |chance: &mut Chance, cases, most| {
            let after_ms = i64::try_from(chance.within(0..most)).expect("small");
            chance.percent(cases).then_some(after_ms)
        };
        let wall = now.wall.0;
        let plain = Self {
            timestamp: wall - soon(chance, 20, 2_000).unwrap_or(0),
            key: chance.percent(70).then(|| *chance.pick(&[1, 2, 3, 4])),
            ..Self::default()
        };
        if chance.percent(50) {
            return plain;
        }
        Self {
            deliver_at: soon(chance, 15, 20_000).map(|after| wall + after),
            delay_ms: soon(chance, 30, 15_000),
            expires_at: soon(chance, 15, 25_000).map(|after| wall + after),
            ttl_ms: soon(chance, 25, 20_000),
            priority: chance.percent(60).then(|| u8::try_from(chance.below(10)).expect("small")),
            ..plain
        }
    }

    /// The same record, brought back by an operator: what it counts from its timestamp begins again.
    pub(super) fn again(&self, now: Now) -> Self {
        Self { timestamp: now.wall.0, ..self.clone() }
    }

    /// What [`facts`] should find, said in another way.
    pub(super) fn says(&self, config: &Config) -> Said {
        let after = |ms: i64| self.timestamp + ms;
        let due = self.deliver_at.or(self.delay_ms.map(after)).filter(|_| config.delay);
        let own = self.expires_at.or(self.ttl_ms.map(after)).filter(|_| config.ttl);
        let of_all = (0 <= config.ttl_ms).then(|| after(config.ttl_ms));
        Said {
            due,
            expires: own.or(of_all),
            priority: config.priority.then(|| self.priority.unwrap_or(PRIORITY_DEFAULT)),
            key: self.key.filter(|_| config.order == Order::Key),
        }
    }

    fn facts(&self, config: &Config) -> Facts {
        let ms = |ms: i64| if ms % 1000 == 0 { format!("{}s", ms / 1000) } else { ms.to_string() };
        let headers = [
            ("ottla-deliver-at", self.deliver_at.map(|at| at.to_string())),
            ("ottla-delay", self.delay_ms.map(ms)),
            ("ottla-expires-at", self.expires_at.map(|at| at.to_string())),
            ("ottla-ttl", self.ttl_ms.map(ms)),
            ("ottla-priority", self.priority.map(|priority| priority.to_string())),
        ];
        let said = headers.iter().filter_map(|(name, value)| Some((*name, Some(value.as_ref()?.as_bytes()))));
        let key = self.key.map(|key| [key]);
        facts(config, Timestamp(self.timestamp), key.as_ref().map(<[u8; 1]>::as_slice), said)
    }
}

/// The partition. Where `None` stands is nothing to deliver: a marker, or what was aborted.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) records: Vec<Option<Made>>,
    /// First and last offsets.
    batches: Vec<(i64, i64)>,
    /// What lies before has gone by retention.
    pub(super) start: i64,
}

impl Log {
    pub(super) fn end(&self) -> i64 {
        i64::try_from(self.records.len()).expect("few")
    }

    pub(super) fn append(&mut self, records: Vec<Made>) {
        let first = self.end();
        self.records.extend(records.into_iter().map(Some));
        self.batches.push((first, self.end() - 1));
    }

    pub(super) fn append_marker(&mut self) {
        self.records.push(None);
    }

    pub(super) fn made(&self, offset: i64) -> Option<&Made> {
        self.records.get(usize::try_from(offset).ok()?)?.as_ref()
    }

    /// What the broker reads on. `None` at the end of the log.
    pub(super) fn scan(&self, feed: Feed, config: &Config, planted: (Planted, bool)) -> Option<Scanned> {
        let from = feed.from.0.max(self.start);
        let end = from.saturating_add(feed.records_max.max(1));
        let wanted = self.batches.iter().filter(|(first, last)| from <= *last && *first < end);
        let batches: Vec<ScannedBatch> = wanted
            .map(|(first, last)| {
                let records = (*first..=*last)
                    .filter_map(|at| Some((Offset(at), planting(self.made(at)?.facts(config), at, planted))));
                let records = config.needs_records().then(|| records.collect());
                ScannedBatch { first: Offset(*first), last: Offset(*last), bytes: 100, records }
            })
            .collect();
        let next = self.batches.iter().map(|(first, _)| *first).find(|first| from <= *first);
        let to = batches.last().map_or(next.unwrap_or(self.end()), |batch| batch.last.0 + 1);
        (from < to).then_some(Scanned { from: feed.from, to: Offset(to), batches })
    }
}

/// What a planted bug makes of facts. Some come with the second life of the coordinator.
fn planting(facts: Facts, offset: i64, (planted, is_second_life): (Planted, bool)) -> Facts {
    match planted {
        Planted::DelayForgotten if is_second_life => Facts { due: Timestamp::NONE, ..facts },
        Planted::ExpiryIgnored => Facts { expires: Timestamp::NONE, ..facts },
        Planted::KeysApart => Facts { key: facts.key.map(|key| key ^ offset.unsigned_abs()), ..facts },
        _ => facts,
    }
}
