//! What a share group decides.

use crate::Operation;
use ottla_base::{Now, Offset, PartitionId, PartitionIndex, Tick, Timestamp, TopicId};
use ottla_coordinator::machine::{Machine, Ticket};
use ottla_coordinator::share_partition::{
    Acknowledge, AcknowledgeBatch, Acquire, Command, Config, Extend, Hard, Id, Mode, More, Open, Renew,
    Scanned, ScannedBatch, SharePartitions, Soft, Want,
};
use std::hint::black_box;
use std::sync::Arc;

pub(super) fn operations() -> Vec<Operation> {
    let mut queue = Queue::new();
    vec![Operation::new("acquire and acknowledge 500 records", move || queue.turn())]
}

/// A share-partition whose one member takes and accepts all that comes.
struct Queue {
    hard: Hard,
    soft: Soft,
    config: Arc<Config>,
    end: i64,
}

impl Queue {
    fn new() -> Self {
        let (hard, soft) = (Hard::default(), Soft::default());
        let mut queue = Self { hard, soft, config: Arc::new(Config::default()), end: 0 };
        queue.decide(Command::Start);
        queue.decide(Command::Open(Open { ticket: TICKET, id: id(), start: Offset(0) }));
        queue
    }

    /// As a shard does it.
    fn decide(&mut self, command: Command) {
        let decision = SharePartitions::decide(&self.hard, &mut self.soft, NOW, command);
        decision.records.iter().for_each(|record| SharePartitions::apply(&mut self.hard, record));
        black_box(decision.replies);
    }

    fn turn(&mut self) {
        let from = self.end;
        self.end += RECORDS;
        let batch = |first| ScannedBatch {
            first: Offset(first),
            last: Offset(first + BATCH - 1),
            bytes: 1_000,
            records: None,
        };
        let batches = (from..self.end).step_by(BATCH as usize).map(batch).collect();
        let scanned = Scanned { from: Offset(from), to: Offset(self.end), batches };
        let (id, config, member) = (id(), &self.config.clone(), "member");
        self.decide(Command::Extend(Extend {
            ticket: TICKET,
            id: id.clone(),
            config: config.clone(),
            scanned,
        }));
        let want = Want {
            records_max: i32::MAX,
            bytes_max: i64::MAX,
            batch_max: i32::MAX,
            mode: Mode::BatchOptimized,
        };
        self.decide(Command::Acquire(Acquire {
            ticket: TICKET,
            id: id.clone(),
            member: member.into(),
            config: config.clone(),
            want,
            log_start: Offset(0),
            more: More::Never,
        }));
        let (first, last) = (Offset(from), Offset(self.end - 1));
        self.decide(Command::Acknowledge(Acknowledge {
            ticket: TICKET,
            id,
            member: member.into(),
            config: config.clone(),
            renew: Renew::Refused,
            batches: vec![AcknowledgeBatch { first, last, types: vec![1] }],
        }));
    }
}

fn id() -> Id {
    let partition = PartitionId { topic: TopicId(uuid::Uuid::from_u128(1)), index: PartitionIndex(0) };
    Id { group: "g".into(), partition }
}

const TICKET: Ticket = Ticket(1);
const NOW: Now = Now { wall: Timestamp(1_700_000_000_000), tick: Tick(0) };
const RECORDS: i64 = 500;
const BATCH: i64 = 10;
