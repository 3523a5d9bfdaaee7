//! What the log does with batches: deciding, appending, finding.

use crate::Operation;
use crate::records::batch;
use ottla_base::{
    Env, Now, Offset, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Tick, Timestamp, TopicId,
    TopicName,
};
use ottla_storage::sequencer::{self, BatchFacts, Content, PartitionProducers, TransactionVersion};
use ottla_storage::{Append, Durability, Log, LogOptions, LogSettings, Progress, ReadBound, WholeFirst};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

pub(super) fn operations(directory: &Path) -> Vec<Operation> {
    let log = open(directory);
    vec![
        deciding(),
        appending(log.clone()),
        finding(log.clone(), "find one batch in a segment", 1),
        finding(log, "find 256 KiB in a segment", 256 * 1024),
    ]
}

/// The next batch of one of a thousand idempotent producers.
fn deciding() -> Operation {
    let mut producers = PartitionProducers::default();
    let facts = |producer| BatchFacts {
        producer: ProducerId(producer),
        epoch: ProducerEpoch(0),
        first_sequence: 0,
        offset_delta: 9,
        timestamp: AT,
        content: Content::Plain,
    };
    for producer in 0..1_000 {
        producers.apply(&facts(producer), Offset(10 * producer), AT);
    }
    let next = BatchFacts { first_sequence: 10, ..facts(500) };
    Operation::new("decide on a producer's next batch", move || {
        black_box(sequencer::decide(&producers, black_box(&next), TransactionVersion::V1));
    })
}

/// One batch; acknowledged from the page cache.
fn appending(log: Log) -> Operation {
    let batch = batch(1, 100);
    Operation::new("append a batch of 100 bytes", move || {
        let appended = log.append(vec![Append { id: WRITTEN, batch: batch.clone() }]).results_if_ready();
        black_box(appended.expect("nothing is waited for")).pop().expect("a result").expect("it is written");
    })
}

/// Somewhere in a segment with thousands of index entries.
fn finding(log: Log, name: &'static str, bytes: usize) -> Operation {
    let mut offset = 0;
    Operation::new(name, move || {
        offset = (offset + 7_919) % (BATCHES - 2_000);
        let found = log.read(FILLED, Offset(offset), bytes, ReadBound::HighWatermark, WholeFirst::Yes);
        black_box(found).expect("it is there");
    })
}

fn open(directory: &Path) -> Log {
    let durability = Durability::Os;
    let options = LogOptions {
        defaults: LogSettings { durability, index_interval_bytes: 0, ..LogSettings::default() },
        ..LogOptions::new(directory)
    };
    let (log, _) = Log::open(&options, Arc::new(Frozen), Arc::new(Nobody)).expect("the directory is empty");
    let topic = TopicName::parse("t").expect("a legal name");
    for id in [FILLED, WRITTEN] {
        log.create(&topic, id, options.defaults).expect("it is not there");
    }
    let batch = batch(1, 100);
    for _ in 0..BATCHES {
        log.append(vec![Append { id: FILLED, batch: batch.clone() }]).results_if_ready();
    }
    log
}

/// No clock gets in.
struct Frozen;

impl Env for Frozen {
    fn now(&self) -> Now {
        Now { wall: AT, tick: Tick(0) }
    }

    fn random(&self) -> u64 {
        1
    }
}

struct Nobody;

impl Progress for Nobody {
    fn advanced(&self, _: &[PartitionId]) {}
}

const AT: Timestamp = Timestamp(1_700_000_000_000);
const TOPIC: TopicId = TopicId(uuid::Uuid::from_u128(1));
const FILLED: PartitionId = PartitionId { topic: TOPIC, index: PartitionIndex(0) };
const WRITTEN: PartitionId = PartitionId { topic: TOPIC, index: PartitionIndex(1) };
const BATCHES: i64 = 20_000;
