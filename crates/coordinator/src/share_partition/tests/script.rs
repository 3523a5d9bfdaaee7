//! A world of one shard, one log and a small language to drive it.
//!
//! ```text
//! log 0-9 12-14:b=300 20 due=5000 key=a prio=9 expires=9000    batches; records of what follows may have facts
//! open start=0 | acquire a max=5 batch=3 bytes=100 limit | ack a 0-4=1 5-6=2,3 renew | release a | watch a | unwatch a
//! config lock=30000 limit=5 window=2000 dlq backoff=100 ... | logstart 5 | alter 3 | delete | describe
//! letters | position 7 | lettered 0-4 [at=9000] | history
//! +3000 (both clocks) | clock +3600000 (the wall clock alone) | restart | rows
//! ```
//! `acquire` does what the broker does: it reads on in the log as often as it is asked to. A [`Model`] looks on.

mod checks;
mod log;
mod text;

use self::log::LogBatch;
use super::model::Model;
use crate::machine::{Machine, Ticket};
use crate::share_partition::run::State;
use crate::share_partition::*;
use ottla_base::{Now, Offset, PartitionId, PartitionIndex, Tick, Timestamp, TopicId};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// Runs the script in a new world and compares what it prints.
pub(super) fn check(script: &str, expected: &expect_test::Expect) {
    let mut world = World::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let _ = writeln!(world.out, "> {line}");
        world.run(line);
    }
    expected.assert_eq(&world.out);
}

pub(super) fn id() -> Id {
    Id {
        group: "g".into(),
        partition: PartitionId { topic: TopicId(Uuid::from_u128(1)), index: PartitionIndex(0) },
    }
}

pub(super) struct World {
    pub(super) hard: Hard,
    pub(super) soft: Soft,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) config: Config,
    pub(super) model: Model,
    log: Vec<LogBatch>,
    pub(super) log_start: i64,
    tick: u64,
    wall: i64,
    out: String,
    tickets: u64,
    waiting: BTreeMap<Ticket, String>,
    last_start: i64,
    /// Rows written or removed so far.
    pub(super) written: usize,
    /// What the writer of dead letters has in its hands.
    pub(super) letters: Vec<(Offset, Offset)>,
    /// All that it ever had, by first offset: the last offset, and when it was decided.
    decided: BTreeMap<Offset, (Offset, Timestamp)>,
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self {
            hard: Hard::default(),
            soft: Soft::default(),
            rows: BTreeMap::new(),
            config: Config::default(),
            model: Model::default(),
            log: Vec::new(),
            log_start: 0,
            tick: 0,
            wall: 0,
            out: String::new(),
            tickets: 0,
            waiting: BTreeMap::new(),
            last_start: 0,
            written: 0,
            letters: Vec::new(),
            decided: BTreeMap::new(),
        };
        world.apply(Command::Start);
        world
    }

    /// What the writer was ever given of these records: first and last offset, and when it was decided.
    fn decided_within(&self, first: i64, last: i64) -> Vec<(Offset, Offset, Timestamp)> {
        let given = self.decided.iter().filter(|(from, (to, _))| from.0 <= last && first <= to.0);
        given.map(|(from, (to, at))| ((*from).max(Offset(first)), (*to).min(Offset(last)), *at)).collect()
    }

    pub(super) fn now(&self) -> Now {
        Now { wall: Timestamp(self.wall), tick: Tick(self.tick) }
    }

    /// Decides and applies, as a shard does.
    fn decide(&mut self, command: Command) -> Vec<(String, Reply)> {
        let now = self.now();
        let decision = SharePartitions::decide(&self.hard, &mut self.soft, now, command);
        self.written += decision.records.len();
        for record in &decision.records {
            SharePartitions::apply(&mut self.hard, record);
            let entry = SharePartitions::encode(record);
            match entry.value {
                Some(value) => self.rows.insert(entry.key, value),
                None => self.rows.remove(&entry.key),
            };
        }
        let live = self.soft.groups.get("g").and_then(|group| group.partitions.get(&id().partition));
        if let Some(live) = live {
            let has_ended = |offset, _: &Facts| {
                let run = live.runs.range(..=Offset(offset)).next_back().map(|(_, run)| run);
                let run = run.filter(|run| Offset(offset) <= run.last);
                offset < live.next.0 && run.is_none_or(|run| matches!(run.state, State::Archiving { .. }))
            };
            self.model.expired(has_ended, &self.config, now);
        }
        for (_, reply) in &decision.replies {
            if let Reply::DeadLetters(letters) = reply {
                let ranges = letters.iter().flat_map(|letters| &letters.ranges);
                self.letters.extend(ranges.clone().map(|(first, last, _)| (*first, *last)));
                self.decided.extend(ranges.map(|(first, last, letter)| (*first, (*last, letter.at))));
            }
        }
        let answer =
            |(ticket, reply)| (self.waiting.remove(&ticket).expect("a ticket is answered once"), reply);
        decision.replies.into_iter().map(answer).collect()
    }

    /// Decides, applies and checks what must always hold.
    pub(super) fn apply(&mut self, command: Command) -> Vec<(String, Reply)> {
        let answers = self.decide(command);
        self.check();
        answers
    }

    fn live(&self) -> Option<&live::Live> {
        self.soft.groups.get("g")?.partitions.get(&id().partition)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    fn load(&self) -> Hard {
        let mut hard = Hard::default();
        for (key, value) in &self.rows {
            let record = SharePartitions::decode(key, value).expect("what was encoded can be decoded");
            SharePartitions::apply(&mut hard, &record);
        }
        hard
    }

    /// The standing properties.
    fn check(&mut self) {
        assert!(self.load() == self.hard, "replaying the rows gives the live state");
        for group in self.soft.groups.values() {
            let mut held = BTreeMap::new();
            for run in group.partitions.values().flat_map(|live| &live.runs) {
                if let (first, run::Run { state: State::Acquired(_), member, .. }) = run {
                    *held.entry(member.clone()).or_insert(0) += run.1.size(*first);
                }
            }
            assert!(held == group.held.clone().into_iter().collect(), "the counts of members are right");
        }
        let (Some(stored), Some(live)) = (self.hard.find(&id()), self.live()) else {
            assert!(self.hard.find(&id()).is_none() && self.live().is_none(), "it lives if it is stored");
            return;
        };
        let start = stored.header.start;
        assert!(self.last_start <= start.0, "the start only grows");
        checks::rows(stored);
        checks::live(stored, live);
        checks::model(&self.model, stored, live);
        self.last_start = start.0;
        self.model.started(start.0);
    }

    /// A crash: what is soft is gone, and who waited hears nothing.
    pub(super) fn restart(&mut self) {
        self.hard = self.load();
        self.soft = Soft::default();
        self.waiting.clear();
        self.letters.clear();
        self.model.crashed(&self.config, self.now());
        self.apply(Command::Start);
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.tick + ms;
        let mut ticks = 0;
        while let Some(at) = SharePartitions::next_deadline(&self.soft).filter(|at| at.0 <= end) {
            let step = at.0.saturating_sub(self.tick);
            self.tick += step;
            self.wall += i64::try_from(step).unwrap();
            ticks += 1;
            assert!(ticks < 1_000 + ms / 100, "nobody makes us tick without pause");
            self.model.passed(&self.config, self.now());
            let answers = self.apply(Command::Tick);
            self.print(answers);
        }
        self.wall += i64::try_from(end - self.tick).unwrap();
        self.tick = end;
    }

    pub(super) fn ticket(&mut self, who: &str) -> Ticket {
        self.tickets += 1;
        self.waiting.insert(Ticket(self.tickets), who.to_owned());
        Ticket(self.tickets)
    }

    fn print(&mut self, answers: Vec<(String, Reply)>) {
        for (who, reply) in answers {
            let _ = writeln!(self.out, "{who}: {}", text::of(&reply));
        }
    }

    pub(super) fn run(&mut self, line: &str) {
        if let Some(ms) = line.strip_prefix('+') {
            return self.pass(ms.parse().expect("milliseconds"));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let fields: BTreeMap<&str, &str> =
            words[1..].iter().filter_map(|word| word.split_once('=')).collect();
        let number = |name: &str, default: i64| {
            fields.get(name).map_or(default, |text| text.parse().expect("a number"))
        };
        let who = words.get(1).copied().unwrap_or("-");
        match words[0] {
            "log" => self.append(&words[1..], &fields),
            "config" => {
                self.configure(&words[1..]);
                // Settings come with the next command; this one does nothing else.
                self.run("release nobody");
            }
            "restart" => self.restart(),
            "log-gone" => {
                let (first, last) = range_of(who);
                self.log.retain(|batch| batch.last < first || last < batch.first);
                self.model.records.retain(|offset, _| *offset < first || last < *offset);
            }
            "clock" => self.wall += who.parse::<i64>().expect("milliseconds"),
            "acquire" => {
                let want = Want {
                    records_max: i32::try_from(number("max", 500)).unwrap(),
                    bytes_max: number("bytes", 1 << 20),
                    batch_max: i32::try_from(number("batch", 500)).unwrap(),
                    mode: if words.contains(&"limit") { Mode::RecordLimit } else { Mode::BatchOptimized },
                };
                self.acquire(who, want);
            }
            "ack" => {
                let acks = words[2..].iter().filter_map(|word| word.split_once('=')).map(|(range, types)| {
                    let (first, last) = range_of(range);
                    (first, last, types.split(',').map(|kind| kind.parse().expect("a type")).collect())
                });
                let renew = if words.contains(&"renew") { Renew::Allowed } else { Renew::Refused };
                self.acknowledge(who, acks.collect(), renew);
            }
            "rows" => self.print_rows(),
            "history" => self.print_history(),
            _ => self.other(&words, who),
        }
    }

    fn other(&mut self, words: &[&str], who: &str) {
        let ticket = self.ticket(who);
        let place = || Offset(who.trim_start_matches("start=").parse().expect("an offset"));
        let (group, member, config) = ("g".into(), who.into(), Arc::new(self.config.clone()));
        let command = match words[0] {
            "open" => {
                self.model.started(place().0);
                Command::Open(Open { ticket, id: id(), start: place() })
            }
            "release" => {
                self.model.released(who, &self.config, self.now());
                Command::Release(Release { ticket, group, member, config })
            }
            "watch" => Command::Watch(Watch { ticket, group, member, partitions: [id().partition].into() }),
            "unwatch" => Command::Unwatch(Unwatch { ticket, group, member }),
            "logstart" => {
                self.log_start = self.log_start.max(place().0);
                self.log_starts();
                Command::LogStart(LogStart { ticket, id: id(), start: place() })
            }
            "alter" => {
                self.last_start = 0;
                self.model.altered(place().0);
                Command::Alter(Alter { ticket, id: id(), start: place() })
            }
            "delete" => {
                self.last_start = 0;
                self.model.altered(0);
                Command::Delete(Delete { ticket, group: Some(group), topics: None })
            }
            "describe" => {
                Command::Describe(Describe { ticket, group: Some(group), partitions: None, ranges_max: 100 })
            }
            "letters" => Command::DeadLetters(ticket),
            "position" => {
                let position = Position { partition: PartitionId::default(), offset: place() };
                let ranges = self.decided_within(0, 9_999);
                Command::DeadLetterPosition(DeadLetterPosition { ticket, id: id(), position, ranges })
            }
            "lettered" => {
                let (first, last) = range_of(who);
                // Of another time is none that is on its way.
                let ranges = match words.get(2).and_then(|word| word.strip_prefix("at=")) {
                    Some(at) => vec![(Offset(first), Offset(last), Timestamp(at.parse().expect("a time")))],
                    None => {
                        self.letters.retain(|(at, _)| !(first..=last).contains(&at.0));
                        self.model.lettered(Offset(first), Offset(last));
                        self.decided_within(first, last)
                    }
                };
                Command::DeadLettered(DeadLettered { ticket, id: id(), ranges })
            }
            other => panic!("no verb {other}"),
        };
        let answers = self.apply(command);
        self.print(answers.into_iter().filter(|(who, _)| who != "nobody").collect());
    }

    fn configure(&mut self, words: &[&str]) {
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, "1"));
            let number = || value.parse::<i64>().expect("a number");
            let (int, config) = (|| i32::try_from(number()).unwrap(), &mut self.config);
            match name {
                "lock" => config.lock_duration_ms = int(),
                "limit" => config.delivery_count_limit = i16::try_from(number()).unwrap(),
                "window" => config.record_locks_max = int(),
                "no-renew" => config.renew = false,
                "dlq" => config.dead_letters = value == "1",
                "paused" => config.paused = value == "1",
                "backoff" => config.backoff.first_ms = number(),
                "backoff-max" => config.backoff.max_ms = number(),
                "multiplier" => config.backoff.multiplier = value.parse().expect("a number"),
                "delay" => config.delay = true,
                "ttl" => config.ttl = true,
                "priority" => config.priority = true,
                "key-order" => config.order = Order::Key,
                "cap" => config.member_in_flight_max = int(),
                "parked" => config.delayed_records_max = int(),
                other => panic!("no setting {other}"),
            }
        }
    }

    /// As the broker: as long as the machine asks for more and there is more, read on.
    pub(super) fn acquire(&mut self, member: &str, want: Want) -> Acquired {
        let mut more = More::Ask;
        loop {
            let ticket = self.ticket(member);
            let (config, log_start) = (Arc::new(self.config.clone()), Offset(self.log_start));
            self.log_starts();
            let acquire = Acquire { ticket, id: id(), member: member.into(), config, want, log_start, more };
            let answers = self.decide(Command::Acquire(acquire));
            let acquired = answers.iter().find_map(|(_, reply)| match reply {
                Reply::Acquired(acquired) => Some(acquired.clone()),
                _ => None,
            });
            let acquired = acquired.unwrap_or_default();
            self.model.acquired(member, &acquired.ranges, &self.config, self.now());
            self.check();
            if let Some(feed) = acquired.feed {
                more = if self.extend(feed) { More::Ask } else { More::Never };
                continue;
            }
            self.print(answers);
            return acquired;
        }
    }

    pub(super) fn acknowledge(&mut self, member: &str, acks: Vec<(i64, i64, Vec<i8>)>, renew: Renew) {
        let ticket = self.ticket(member);
        let batch = |(first, last, types): &(i64, i64, Vec<i8>)| AcknowledgeBatch {
            first: Offset(*first),
            last: Offset(*last),
            types: types.clone(),
        };
        let batches: Vec<_> = acks.iter().map(batch).collect();
        let is_sound = acks.iter().all(|(first, last, types)| {
            let is_known = |kind: &i8| (0..=3).contains(kind) || (*kind == 4 && renew == Renew::Allowed);
            let size = last - first + 1;
            0 < size
                && 0 <= *first
                && !types.is_empty()
                && types.iter().all(is_known)
                && (types.len() == 1 || types.len() as i64 == size)
        });
        let is_sorted = acks.windows(2).all(|pair| pair[0].1 < pair[1].0);
        let log_start = self.live().map(|live| live.log_start.0);
        let is_right = log_start.is_some_and(|log_start| {
            let now = (&self.config.clone(), self.now());
            is_sound && is_sorted && self.model.acknowledge(member, (&acks, log_start), now)
        });
        let config = Arc::new(self.config.clone());
        let command = Acknowledge { ticket, id: id(), member: member.into(), config, renew, batches };
        let answers = self.apply(Command::Acknowledge(command));
        let result = answers.iter().find_map(|(_, reply)| match reply {
            Reply::Acknowledged(result) => Some(result.is_ok()),
            _ => None,
        });
        assert_eq!(result.unwrap_or(false), is_right, "{acks:?} of {member}");
        self.print(answers);
    }

    fn print_rows(&mut self) {
        let Some(stored) = self.hard.find(&id()) else { return self.out.push_str("no rows\n") };
        let _ = write!(self.out, "start {}", stored.header.start);
        for (first, row) in &stored.rows {
            let mark = match &row.mark {
                Mark::Done => "done".to_owned(),
                Mark::Available { delivery_count, due, .. } if *due == Timestamp::NONE => {
                    format!("available/{delivery_count}")
                }
                Mark::Available { delivery_count, due, .. } => {
                    format!("available/{delivery_count} due {due}")
                }
                Mark::Archiving(letter) => format!("archiving/{} {:?}", letter.delivery_count, letter.reason),
            };
            let _ = write!(self.out, ", {first}-{} {mark}", row.last);
        }
        self.out.push('\n');
    }
}

impl World {
    fn print_history(&mut self) {
        let runs = self.live().into_iter().flat_map(|live| &live.runs);
        let told: Vec<String> = runs.map(|(first, run)| text::history(*first, run)).collect();
        self.out.push_str(&told.concat());
    }
}

fn range_of(text: &str) -> (i64, i64) {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    (first.parse().expect("an offset"), last.parse().expect("an offset"))
}
