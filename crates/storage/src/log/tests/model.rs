//! Random operations on the log and on a list; both must always agree.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// Append batches of these sizes in one call.
    Append(Vec<u8>),
    Read {
        from: u16,
        bytes_max: u16,
    },
    /// From where the last read ended.
    ReadOn {
        bytes_max: u16,
    },
    FindByTime(u16),
    Trim(u16),
    Checkpoint,
    Restart,
    Crash,
    /// Crash and leave the first bytes of a batch behind.
    Torn(u8),
    CloseFiles,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(1..5_u8, 1..6).prop_map(Step::Append),
        6 => (any::<u16>(), any::<u16>()).prop_map(|(from, bytes_max)| Step::Read { from, bytes_max }),
        6 => (0..2000_u16).prop_map(|bytes_max| Step::ReadOn { bytes_max }),
        2 => any::<u16>().prop_map(Step::FindByTime),
        1 => any::<u16>().prop_map(Step::Trim),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => (1..100_u8).prop_map(Step::Torn),
        1 => Just(Step::CloseFiles),
    ]
}

/// The log as a list: of each record its value, its timestamp and its batch's first and last offset.
#[derive(Default)]
struct Model {
    records: Vec<(String, i64, (i64, i64))>,
    log_start: i64,
}

struct Both {
    world: World,
    model: Model,
    /// The offset behind what was read last.
    read_to: i64,
}

impl Both {
    fn run(&mut self, step: &Step) {
        match step {
            Step::Append(sizes) => self.append(sizes),
            Step::Read { from, bytes_max } => self.read(self.offset(*from), (*bytes_max).into()),
            Step::ReadOn { bytes_max } => {
                let end = self.model.records.len() as i64;
                self.read(self.read_to.clamp(self.model.log_start, end), (*bytes_max).into());
            }
            Step::FindByTime(at) => self.find_by_time(START_MS + i64::from(*at) % 400),
            Step::Trim(before) => {
                let before = self.offset(*before);
                assert_eq!(self.world.log().trim(ID, Offset(before)).unwrap(), Offset(before));
                self.model.log_start = before;
            }
            Step::Checkpoint => self.world.log().checkpoint().unwrap(),
            Step::Restart => self.world.restart(),
            Step::Crash => self.world.crash(),
            Step::Torn(bytes) => self.torn((*bytes).into()),
            Step::CloseFiles => {
                self.world.log().0.engine.handles.close_idle();
                self.world.log().0.engine.handles.close_idle();
            }
        }
        assert!(self.world.report.cuts.len() <= 1);
        assert_eq!(self.world.report.damages, []);
        let Offsets { log_start, high_watermark, end, .. } = self.world.offsets();
        let expected = self.model.records.len() as i64;
        assert_eq!((log_start.0, high_watermark.0, end.0), (self.model.log_start, expected, expected));
    }

    /// Any offset from log start to end.
    fn offset(&self, chosen: u16) -> i64 {
        let end = self.model.records.len() as i64;
        self.model.log_start + i64::from(chosen) % (end - self.model.log_start + 1)
    }

    fn append(&mut self, sizes: &[u8]) {
        let mut appends = Vec::new();
        for size in sizes {
            let first = self.model.records.len() as i64;
            let last = first + i64::from(*size) - 1;
            let values: Vec<String> = (first..=last).map(|n| format!("value {n}")).collect();
            // Not ascending.
            let timestamps: Vec<i64> = (first..=last).map(|n| START_MS + (n * 37) % 400).collect();
            let texts: Vec<&str> = values.iter().map(String::as_str).collect();
            appends.push(Append { id: ID, batch: batch_with(&texts, &timestamps, BatchOptions::default()) });
            let records = values.into_iter().zip(timestamps);
            self.model.records.extend(records.map(|(value, at)| (value, at, (first, last))));
        }
        assert!(wait(self.world.log().append(appends)).iter().all(Result::is_ok));
    }

    fn read(&mut self, from: i64, bytes_max: usize) {
        let bytes = self.world.read(from, bytes_max).unwrap();
        let found = records_of(&bytes);
        let Some((_, _, (first, last))) = self.model.records.get(from as usize) else {
            assert!(found.is_empty());
            return;
        };
        assert!(bytes.len() <= bytes_max || found.len() as i64 == last - first + 1, "too much");
        assert_eq!(found[0].0, Offset(*first), "the batch with the offset comes first");
        for (at, (offset, value)) in (*first..).zip(&found) {
            assert_eq!((offset.0, value), (at, &self.model.records[at as usize].0));
        }
        // A read stops early only at the end of a segment or when the next batch does not fit.
        let next = found.last().unwrap().0.plus(1);
        self.read_to = next.0;
        if next < self.world.offsets().end {
            let following = self.world.read(next.0, 0).unwrap();
            let is_segment_start = self.world.file(&format!("{:020}.log", next.0)).exists();
            assert!(is_segment_start || bytes_max < bytes.len() + following.len(), "too little");
        }
    }

    fn find_by_time(&self, at: i64) {
        let found = self.world.log().find_by_time(ID, Timestamp(at), ReadBound::HighWatermark).unwrap();
        let records = self.model.records.iter().enumerate().skip(self.model.log_start as usize);
        let expected = records.clone().find(|(_, (_, timestamp, _))| at <= *timestamp);
        let expected = expected.map(|(offset, (_, timestamp, _))| (offset as i64, *timestamp));
        assert_eq!(found.map(|found| (found.offset.0, found.timestamp.0)), expected);
        let newest = self
            .world
            .log()
            .max_timestamp(ID, ReadBound::HighWatermark)
            .unwrap()
            .map(|found| found.timestamp.0);
        assert_eq!(newest, records.map(|(_, (_, timestamp, _))| *timestamp).max());
    }

    fn torn(&mut self, bytes: usize) {
        self.world.log = None;
        let logs = self.world.files().into_iter().filter(|name| name.ends_with(".log"));
        let last = self.world.file(&logs.max().unwrap());
        let mut rest = bytes::BytesMut::from(batch(&["torn"], 0));
        ottla_wire::record::set_base_offset(&mut rest, Offset(self.model.records.len() as i64));
        let kept = bytes.min(rest.len() - 1);
        let mut log = std::fs::read(&last).unwrap();
        log.extend_from_slice(&rest[..kept]);
        std::fs::write(last, log).unwrap();
        self.world.open();
        assert_eq!(self.world.report.cuts.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_log_and_a_list_agree(steps in prop::collection::vec(step(), 1..60)) {
        let world = World::with(|settings| {
            settings.segment_bytes = 1500;
            settings.index_interval_bytes = 200;
            settings.retention_ms = None;
            settings.file_delete_delay_ms = 0;
        });
        let mut both = Both { world, model: Model::default(), read_to: 0 };
        for step in &steps {
            both.run(step);
        }
    }
}
