//! Fetch: when a broker answers at once, and when it waits for more.
//!
//! All that is asked here may wait for ten minutes, so that an answer is one that did not wait.

use crate::asking::{Reading, Topic};
use crate::batch::Batch;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::FetchRequest;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};

pub const SUBJECT: Subject = Subject {
    name: "fetch-waits",
    about: "Fetch: when a broker answers at once, and when it waits for more.",
    scenarios: &[
        Scenario { name: "enough", asks: "as much as is wanted, and less", run: enough, differs: &[] },
        Scenario { name: "limits", asks: "limits below what is wanted", run: limits, differs: &[] },
        Scenario {
            name: "segments",
            asks: "the end of a segment that others follow",
            run: segments,
            differs: &[],
        },
        Scenario {
            name: "errors",
            asks: "an error beside partitions without news",
            run: errors,
            differs: UNKNOWN,
        },
    ],
};

const VERSIONS: [i16; 4] = [4, 11, 13, 18];

/// As who has patience for ten minutes.
fn patient(topic: &Topic, offset: i64, bytes_min: i32) -> FetchRequest {
    FetchRequest { max_wait_ms: 600_000, min_bytes: bytes_min, ..Reading::from(offset).request(topic) }
}

fn enough(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let batch = Batch::timed(3, 1_000);
    let bytes = i32::try_from(batch.length()).map_err(|error| error.to_string())?;
    topic.fill(side, [batch])?;
    for version in VERSIONS {
        for (step, offset, bytes_min) in [
            ("exactly", 0, bytes),
            ("one byte less", 0, bytes - 1),
            ("one byte more", 0, bytes + 1),
            ("at the end", 3, 1),
            ("at the end, nothing wanted", 3, 0),
            ("at the end, less than nothing", 3, -1),
            ("inside of the batch", 2, bytes),
        ] {
            side.wait(step, version, &patient(&topic, offset, bytes_min))?;
        }
        let hasty = FetchRequest { max_wait_ms: 0, ..patient(&topic, 3, 1) };
        side.wait("no patience", version, &hasty)?;
        side.wait("less than none", version, &FetchRequest { max_wait_ms: -1, ..hasty })?;
        let nothing = FetchRequest { topics: Vec::new(), ..patient(&topic, 0, 1) };
        side.wait("no partition", version, &nothing)?;
    }
    Ok(())
}

fn limits(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::sized(600), Batch::sized(600)])?;
    for version in VERSIONS {
        for (step, all, partition, bytes_min) in [
            ("the second does not fit", 1 << 20, 1_000, 1_000),
            ("a limit below what is wanted", 1 << 20, 1_000, 1_001),
            ("a limit of all below what is wanted", 1_000, 1 << 20, 1_001),
            ("both limits", 900, 800, 900),
            ("no bytes at all", 0, 0, 1),
        ] {
            let mut request = patient(&topic, 0, bytes_min);
            request.max_bytes = all;
            request.topics[0].partitions[0].partition_max_bytes = partition;
            side.wait(step, version, &request)?;
        }
    }
    Ok(())
}

fn segments(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("segment.ms", "1")])?;
    topic.fill(side, [Batch::timed(2, 1_000), Batch::timed(2, 2_000)])?;
    for version in VERSIONS {
        side.wait("the first segment", version, &patient(&topic, 0, 1 << 19))?;
        side.wait("the last segment", version, &patient(&topic, 2, 1 << 19))?;
    }
    Ok(())
}

fn errors(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(2, 1_000)])?;
    let unknown = Topic::unknown(side);
    for version in VERSIONS {
        let mut request = patient(&topic, 2, 1);
        request.topics.push(FetchTopic {
            topic: unknown.name.clone(),
            topic_id: unknown.id,
            partitions: vec![FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() }],
        });
        side.wait("an unknown topic", version, &request)?;
        side.wait("out of range", version, &patient(&topic, 9, 1))?;
        let mut request = patient(&topic, 2, 1);
        request.topics[0].partitions[0].current_leader_epoch = 7;
        side.wait("a leader epoch of the future", version, &request)?;
    }
    Ok(())
}

const UNKNOWN: &[Difference] = &[Difference {
    step: "an unknown topic",
    field: "",
    because: "Apache Kafka keeps the error back for as long as the other partitions have no news. Ottla tells it at \
              once, as both tell every other error.",
}];
