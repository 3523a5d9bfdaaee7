//! Records that members of a share group acknowledge, beside records of the same topic that are merely read: what it costs
//! to know of each record whose it is and what became of it.
//!
//! Both get about as many records with each answer, as whole batches. Reading remembers nothing; an acknowledgement is
//! answered when the disk has it, whatever the topic's durability.

use super::{Compared, Point, Rank, Scenario};
use crate::bench::contender::Served;
use crate::bench::load::{Extent, Load};
use crate::bench::sample::{Better, Metric};
use crate::bench::subject::Durability;
use crate::bench::subject::ottla::Ottla;

pub(super) const SCENARIO: Scenario = Scenario { name: "queue", points };

const PER_CPU: Metric = Metric {
    name: "records",
    title: "Records for a second of the server's processor time",
    better: Better::More,
    numerator: "records",
    denominator: Some("cpu_seconds"),
    factor: 1.0,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Records in a second",
    better: Better::More,
    numerator: "records",
    denominator: Some("seconds"),
    factor: 1.0,
};
const AIM: f64 = 0.5;
/// What Kafka's consumers take at once by default.
const RECORDS: u64 = 500;
/// Ten batches are one answer.
const RECORDS_PER_BATCH: u64 = 50;
/// What a batch and each of its small records take besides the payload.
const HEADER_BYTES: u64 = 61;
const AROUND_RECORD_BYTES: u64 = 9;
const WARM_UP_MIB: u64 = 128;
const MEASURED_MIB: u64 = 640;
/// More than what is read: the last records are out with members that are not waited for.
const STORED_MIB: u64 = 896;

/// One way of reading.
struct Reading {
    name: &'static str,
    rank: Rank,
    record_bytes: u64,
    partitions: u32,
    members: u32,
    aim: Option<f64>,
}

const CORE: Reading =
    Reading { name: "", rank: Rank::Core, record_bytes: 1024, partitions: 16, members: 16, aim: Some(AIM) };
const FURTHER: Reading = Reading { rank: Rank::Further, aim: None, ..CORE };

const READINGS: &[Reading] = &[
    Reading { name: "1 KiB, 16 partitions, 16 members", ..CORE },
    Reading { name: "100 B, 16 partitions, 16 members", record_bytes: 100, ..CORE },
    Reading { name: "1 KiB, 1 partition, 16 members", partitions: 1, ..FURTHER },
    Reading { name: "1 KiB, 1 partition, 1 member", partitions: 1, members: 1, ..FURTHER },
];

fn points() -> Vec<Point> {
    READINGS.iter().map(Reading::point).collect()
}

impl Reading {
    fn point(&self) -> Point {
        let ottla = || Ottla { durability: Durability::Os };
        let shared = Served::new(ottla(), self.partitions, self.sharer()).after(self.fill());
        let consumed = Served::new(ottla(), self.partitions, self.reader()).after(self.fill()).called(
            "consume",
            "the same broker and topic, read by Fetch from as many connections and in answers of the same size",
        );
        let per_cpu = Compared::by(&PER_CPU);
        Point {
            name: self.name.to_owned(),
            rank: self.rank,
            contenders: vec![Box::new(shared), Box::new(consumed)],
            compared: vec![
                self.aim.into_iter().fold(per_cpu, |compared, aim| compared.aim("consume", aim)),
                Compared::by(&RATE),
            ],
        }
    }

    fn fill(&self) -> Load {
        let arguments = format!(
            "cannon --address {{address}} --topic {{topic}} --partitions {{partitions}} --total-bytes {{measured}} \
             --record-bytes {} --records-per-batch {RECORDS_PER_BATCH} --connections 4 --depth 4",
            self.record_bytes
        );
        Load::new(arguments, Extent::Stored { mebibytes: STORED_MIB })
    }

    fn sharer(&self) -> Load {
        let arguments = format!(
            "share --address {{address}} --topic {{topic}} --members {} --records {RECORDS} --warm-up-bytes {{warm_up}} \
             --total-bytes {{measured}}",
            self.members
        );
        Load::new(arguments, EXTENT)
    }

    fn reader(&self) -> Load {
        let batch = HEADER_BYTES + RECORDS_PER_BATCH * (self.record_bytes + AROUND_RECORD_BYTES);
        let arguments = format!(
            "reader --address {{address}} --topic {{topic}} --partitions {{partitions}} --connections {} \
             --response-bytes {} --warm-up-bytes {{warm_up}} --total-bytes {{measured}}",
            self.members,
            RECORDS / RECORDS_PER_BATCH * batch
        );
        Load::new(arguments, EXTENT)
    }
}

const EXTENT: Extent = Extent::Mebibytes { warm_up: WARM_UP_MIB, measured: MEASURED_MIB };
