//! Anything may happen in any order: the standing properties hold and the naive model agrees (`World` asserts both after
//! every command), and in the end every record that was not given up has been accepted once.

use super::model::Fate;
use super::script::World;
use crate::machine::Machine;
use crate::share_partition::{Facts, Mode, Renew, SharePartitions, Want};
use ottla_base::Timestamp;
use proptest::prelude::*;

/// What may happen. Batches and facts of the log are drawn when it grows.
#[derive(Clone, Debug)]
enum Step {
    Append {
        gap: i64,
        records: Vec<Drawn>,
    },
    Acquire {
        member: usize,
        want: Want,
    },
    /// Some neighbours of what the member has, with types drawn from a seed; and maybe a wrong offset.
    Acknowledge {
        member: usize,
        skip: usize,
        runs: usize,
        types: Vec<i8>,
        shift: i64,
    },
    Line(String),
    Letters {
        count: usize,
    },
}

/// One record: its facts, relative to now.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    due: Option<i64>,
    expires: Option<i64>,
    priority: u8,
    key: Option<u64>,
}

const MEMBERS: [&str; 3] = ["a", "b", "c"];

fn drawn(rich: bool) -> BoxedStrategy<Drawn> {
    if !rich {
        return Just(Drawn { due: None, expires: None, priority: 4, key: None }).boxed();
    }
    let due = prop::option::weighted(0.3, 0..40_000_i64);
    let expires = prop::option::weighted(0.2, 0..60_000_i64);
    let key = prop::option::weighted(0.7, 0..4_u64);
    (due, expires, 0..=9_u8, key)
        .prop_map(|(due, expires, priority, key)| Drawn { due, expires, priority, key })
        .boxed()
}

fn step(rich: bool) -> impl Strategy<Value = Step> {
    let append = (prop::sample::select(vec![0, 0, 0, 1, 3]), prop::collection::vec(drawn(rich), 1..12));
    let mode = prop::sample::select(vec![Mode::BatchOptimized, Mode::RecordLimit]);
    let want = (1..30, 1..10, prop::sample::select(vec![150, 1 << 20]), mode).prop_map(
        |(records_max, batch_max, bytes_max, mode)| Want { records_max, bytes_max, batch_max, mode },
    );
    let kind = prop::sample::select(vec![0, 1, 1, 1, 2, 2, 3, 4, 5]);
    let acknowledge = (
        0..3_usize,
        0..3_usize,
        1..4_usize,
        prop::collection::vec(kind, 1..30),
        prop::sample::select(vec![0, 0, 0, 0, 1, -1]),
    );
    let line = prop_oneof![
        3 => (0..3_usize).prop_map(|member| format!("release {}", MEMBERS[member])),
        2 => (0..3_usize).prop_map(|member| format!("watch {}", MEMBERS[member])),
        4 => prop::sample::select(vec![1, 700, 5_000, 16_000, 31_000]).prop_map(|ms| format!("+{ms}")),
        2 => prop::sample::select(vec![-20_000, 20_000]).prop_map(|ms| format!("clock {ms}")),
        2 => Just("restart".to_owned()),
        1 => (0..60).prop_map(|offset| format!("logstart {offset}")),
        1 => Just("describe".to_owned()),
        1 => Just("letters".to_owned()),
        1 => (0..9).prop_map(|offset| format!("position {offset}")),
        1 => prop::sample::select(vec!["config paused=1", "config paused=0", "config dlq=1", "config backoff=2000", "config backoff=0", "config limit=2", "config limit=6"]).prop_map(str::to_owned),
    ];
    prop_oneof![
        4 => append.prop_map(|(gap, records)| Step::Append { gap, records }),
        8 => (0..3_usize, want).prop_map(|(member, want)| Step::Acquire { member, want }),
        8 => acknowledge.prop_map(|(member, skip, runs, types, shift)| Step::Acknowledge { member, skip, runs, types, shift }),
        8 => line.prop_map(Step::Line),
        2 => (1..4_usize).prop_map(|count| Step::Letters { count }),
    ]
}

struct Run {
    world: World,
    end: i64,
}

impl Run {
    fn new(config: &str) -> Self {
        let mut world = World::new();
        world.run("clock 1000000");
        world.run(&format!("config {config}"));
        world.run("open start=0");
        Self { world, end: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append { gap, records } => {
                let wall = self.world.now().wall.0;
                let at = |after: Option<i64>| after.map_or(Timestamp::NONE, |after| Timestamp(wall + after));
                let facts = |it: &Drawn| Facts {
                    due: at(it.due),
                    expires: at(it.expires),
                    priority: it.priority,
                    key: it.key,
                };
                self.end += gap;
                let records: Vec<_> = (self.end..).zip(records.iter().map(facts)).collect();
                self.end += i64::try_from(records.len()).unwrap();
                self.world.append_batch(records[0].0, records, 100);
            }
            Step::Acquire { member, want } => _ = self.world.acquire(MEMBERS[*member], *want),
            Step::Acknowledge { member, skip, runs, types, shift } => {
                self.acknowledge(MEMBERS[*member], (*skip, *runs), types, *shift);
            }
            Step::Line(line) => self.world.run(line),
            Step::Letters { count } => {
                for (first, last) in self.world.letters.iter().copied().take(*count).collect::<Vec<_>>() {
                    self.world.run(&format!("lettered {first}-{last}"));
                }
            }
        }
    }

    fn acknowledge(&mut self, member: &str, (skip, runs): (usize, usize), types: &[i8], shift: i64) {
        let is_his = |fate: &Fate| matches!(fate, Fate::With { member: owner, .. } if owner == member);
        let his =
            self.world.model.records.iter().filter(|(_, seen)| is_his(&seen.fate)).map(|(offset, _)| *offset);
        let mut neighbours: Vec<(i64, i64)> = Vec::new();
        for offset in his {
            match neighbours.last_mut() {
                Some((_, last)) if *last + 1 == offset && offset % 5 != 0 => *last = offset,
                _ => neighbours.push((offset, offset)),
            }
        }
        let acks = neighbours.into_iter().skip(skip).take(runs).map(|(first, last)| {
            let (first, last) = (first + shift, last + shift);
            let size = usize::try_from(last - first + 1).unwrap();
            let one_for_all = types.len().is_multiple_of(2);
            let kinds = types.iter().copied().cycle().take(if one_for_all { 1 } else { size });
            (first, last, kinds.collect())
        });
        let acks: Vec<(i64, i64, Vec<i8>)> = acks.collect();
        if !acks.is_empty() {
            self.world.acknowledge(member, acks, Renew::Allowed);
        }
    }

    /// Whoever asks long enough gets everything.
    fn drain(&mut self) {
        self.world.run("config paused=0 cap=0");
        for member in MEMBERS {
            self.world.run(&format!("release {member}"));
        }
        let want = Want { records_max: 500, bytes_max: 1 << 20, batch_max: 500, mode: Mode::BatchOptimized };
        for _ in 0..400 {
            let acquired = self.world.acquire("z", want);
            let acks = acquired.ranges.iter().map(|range| (range.first.0, range.last.0, vec![1]));
            let acks: Vec<_> = acks.collect();
            if !acks.is_empty() {
                self.world.acknowledge("z", acks, Renew::Refused);
                continue;
            }
            if self.world.model.records.values().all(|seen| seen.fate == Fate::Done) {
                break;
            }
            self.world.run("letters");
            for (first, last) in std::mem::take(&mut self.world.letters) {
                self.world.run(&format!("lettered {first}-{last}"));
            }
            self.world.pass(20_000);
        }
        let left: Vec<_> =
            self.world.model.records.iter().filter(|(_, seen)| seen.fate != Fate::Done).collect();
        assert!(left.is_empty(), "not delivered: {left:?}");
        let stored = self.world.hard.find(&super::script::id()).unwrap();
        assert!(self.end <= stored.header.start.0 && stored.rows.is_empty(), "nothing is left: {stored:?}");
    }
}

const PLAIN: &[&str] =
    &["limit=3", "limit=5 window=20", "limit=6 dlq=1 backoff=1000", "limit=2 window=40 cap=7"];
const RICH: &[&str] = &[
    "limit=4 delay ttl priority window=20 parked=30",
    "limit=5 key-order backoff=3000",
    "limit=4 key-order delay ttl dlq=1 backoff=500 multiplier=1 cap=3",
    "limit=6 priority key-order window=15",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_is_lost_or_delivered_after_it_was_accepted(
        config in prop::sample::select(PLAIN.to_vec()),
        steps in prop::collection::vec(step(false), 1..80),
    ) {
        let mut run = Run::new(config);
        steps.iter().for_each(|step| run.step(step));
        run.drain();
    }

    #[test]
    fn so_it_is_with_delays_lifetimes_priorities_and_keys(
        config in prop::sample::select(RICH.to_vec()),
        steps in prop::collection::vec(step(true), 1..80),
    ) {
        let mut run = Run::new(config);
        steps.iter().for_each(|step| run.step(step));
        run.drain();
    }

    #[test]
    fn rows_are_decoded_totally(key in prop::collection::vec(any::<u8>(), 0..60), value in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = SharePartitions::decode(&key, &value);
        for kind in [1, 2] {
            let mut row = vec![kind, 0, 0, 0, 1, b'g'];
            row.extend([0; 28]);
            let mut versioned = vec![0];
            versioned.extend(&value);
            let _ = SharePartitions::decode(&row, &versioned);
        }
    }
}
