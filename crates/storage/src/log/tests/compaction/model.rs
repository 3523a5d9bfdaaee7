//! Random puts, deletions, transactions and compactions on the log and on a map: a reader of committed records must end
//! up with the same values, and no record may move.

use super::super::transactions::end;
use super::*;
use crate::inspect::{DataDirectory, verify};
use crate::sequencer::TransactionVersion::V1;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    /// One batch: keys, and whether each gets a value; perhaps in the transaction of one of three producers.
    Put(Option<u8>, Vec<(u8, bool)>),
    /// Ends the transaction of that producer, if it has one open.
    End(u8, MarkerKind),
    Roll,
    Compact,
    /// A cleaner works for so many steps and is then dropped.
    CompactSome(u8),
    /// Compaction is cut off after so many changes of names, and everything starts again.
    CrashInSwap(u8),
    Pass(u16),
    Restart,
    Crash,
    ForgetProducers,
}

fn step() -> impl Strategy<Value = Step> {
    let records = || prop::collection::vec((0..8_u8, any::<bool>()), 1..6);
    let kind = prop_oneof![Just(MarkerKind::Abort), Just(MarkerKind::Commit)];
    prop_oneof![
        8 => records().prop_map(|records| Step::Put(None, records)),
        6 => (0..3_u8, records()).prop_map(|(producer, records)| Step::Put(Some(producer), records)),
        6 => (0..3_u8, kind).prop_map(|(producer, kind)| Step::End(producer, kind)),
        4 => Just(Step::Roll),
        4 => Just(Step::Compact),
        2 => any::<u8>().prop_map(Step::CompactSome),
        2 => (0..16_u8).prop_map(Step::CrashInSwap),
        2 => (0..1500_u16).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => Just(Step::ForgetProducers),
    ]
}

/// What was written at an offset; a marker is `None`.
type Written = Option<(String, Option<String>)>;

#[derive(Default)]
struct Model {
    written: Vec<Written>,
    aborted: BTreeSet<usize>,
    /// Offsets of open transactions, and the next sequence number of each producer.
    open: [Vec<usize>; 3],
    sequences: [i32; 3],
}

impl Model {
    fn last_stable(&self) -> usize {
        self.open.iter().filter_map(|open| open.first().copied()).min().unwrap_or(self.written.len())
    }

    /// What a reader of committed records ends up with.
    fn newest(&self) -> BTreeMap<String, String> {
        let visible = self.written.iter().enumerate().take(self.last_stable());
        let visible = visible.filter(|(offset, _)| !self.aborted.contains(offset));
        fold(visible.filter_map(|(_, written)| written.clone()))
    }

    fn check(&self, world: &World) {
        let committed = world.consume(0, ReadBound::LastStable);
        for (offset, key, value) in committed.iter().chain(&world.seen_from(0)) {
            let written = self.written[*offset as usize].as_ref().expect("markers are not seen");
            assert_eq!((key, value), (&written.0, &written.1), "nothing moves");
        }
        assert!(committed.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(committed.iter().all(|(offset, ..)| !self.aborted.contains(&(*offset as usize))));
        assert_eq!(fold(committed.into_iter().map(|(_, key, value)| (key, value))), self.newest());
        let offsets = world.offsets();
        assert_eq!(
            (offsets.last_stable.0, offsets.end.0),
            (self.last_stable() as i64, self.written.len() as i64)
        );
    }
}

fn fold(records: impl Iterator<Item = (String, Option<String>)>) -> BTreeMap<String, String> {
    let mut newest = BTreeMap::new();
    for (key, value) in records {
        match value {
            Some(value) => newest.insert(key, value),
            None => newest.remove(&key),
        };
    }
    newest
}

struct Both {
    world: World,
    model: Model,
}

impl Both {
    fn run(&mut self, step: &Step) {
        let Self { world, model } = self;
        match step {
            Step::Put(producer, records) => self.put(producer.map(usize::from), records),
            Step::End(producer, kind) => self.end(usize::from(*producer), *kind),
            Step::Roll => world.roll(),
            Step::Compact => {
                world.compact();
            }
            Step::CompactSome(steps) => {
                let mut cleaner = world.log().cleaner(OPTIONS);
                for _ in 0..*steps {
                    cleaner.step();
                }
            }
            Step::CrashInSwap(changes) => {
                *world.faults().changes_left.lock() = Some((*changes).into());
                world.compact();
                world.crash();
            }
            Step::Pass(ms) => world.pass_ms(i64::from(*ms)),
            Step::Restart => world.restart(),
            Step::Crash => world.crash(),
            Step::ForgetProducers => {
                world.log().expire_producers(0);
                world.restart();
                for (open, sequence) in model.open.iter().zip(&mut model.sequences) {
                    *sequence = if open.is_empty() { 0 } else { *sequence };
                }
            }
        }
    }

    fn put(&mut self, producer: Option<usize>, records: &[(u8, bool)]) {
        let Self { world, model } = self;
        let mut texts = Vec::new();
        let first = model.written.len();
        for (key, has_value) in records {
            let (key, value) = (format!("k{key}"), format!("v{}", model.written.len()));
            let value = has_value.then_some(value);
            texts.push(value.as_ref().map_or(key.clone(), |value| format!("{key}={value}")));
            model.written.push(Some((key, value)));
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match producer {
            None => world.set(&texts),
            Some(producer) => {
                let sequence = &mut model.sequences[producer];
                let batch = inside(producer as i64, *sequence, &texts);
                *sequence += records.len() as i32;
                model.open[producer].extend(first..model.written.len());
                world.append(batch).unwrap().base_offset
            }
        };
    }

    fn end(&mut self, producer: usize, kind: MarkerKind) {
        let open = std::mem::take(&mut self.model.open[producer]);
        if open.is_empty() {
            return;
        }
        self.world.finish(end(producer as i64, 0, kind, V1)).unwrap();
        self.model.written.push(None);
        if kind == MarkerKind::Abort {
            self.model.aborted.extend(open);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_log_and_a_map_agree(steps in prop::collection::vec(step(), 1..80)) {
        let world = compacted(|settings| settings.compaction = always());
        let mut both = Both { world, model: Model::default() };
        for step in &steps {
            both.run(step);
            both.model.check(&both.world);
            both.world.assert_tidy();
        }
        (0..3).for_each(|producer| both.end(producer, MarkerKind::Commit));
        both.world.roll();
        both.world.compact();
        both.model.check(&both.world);
        both.world.log.take().unwrap().close();
        let data = DataDirectory::hold(both.world.dir.path()).unwrap();
        let verified = verify::verify(&data, verify::Depth::Records, &|_| true, &mut |_| {});
        prop_assert_eq!(verified.unwrap().findings, []);
        drop(data);
        both.world.open();
        // Of each key at most one record is left, and the newest.
        let seen = both.world.seen_from(0);
        let keys: BTreeSet<_> = seen.iter().map(|(_, key, _)| key).collect();
        prop_assert_eq!(keys.len(), seen.len());
    }
}
