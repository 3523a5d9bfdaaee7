//! ListOffsets: times and the ends of a log.

use crate::asking::{Topic, list_offsets, trim, versions};
use crate::batch::Batch;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::ListOffsetsRequest;
use ottla_wire::message::list_offsets_request::ListOffsetsPartition;

pub const SUBJECT: Subject = Subject {
    name: "list-offsets",
    about: "ListOffsets: every special timestamp, at every version.",
    scenarios: &[
        Scenario { name: "empty", asks: "a topic without records", run: empty, differs: &[] },
        Scenario { name: "records", asks: "times that rise, fall and repeat", run: records, differs: &[] },
        Scenario {
            name: "trimmed",
            asks: "a log whose first records were deleted",
            run: trimmed,
            differs: TRIMMED,
        },
        Scenario { name: "timeless", asks: "records without a timestamp", run: timeless, differs: TIMELESS },
        Scenario { name: "twice", asks: "the same partition twice", run: twice, differs: FOLDED },
        Scenario {
            name: "unknown",
            asks: "topics, partitions and epochs that do not exist",
            run: unknown,
            differs: &[],
        },
    ],
};

const TIMES: [i64; 14] = [-1, -2, -3, -4, -5, -6, -7, -100, 0, 999, 1_000, 2_500, 5_000, i64::MAX];

fn each(side: &mut Side, topic: &Topic, when: &str) {
    for version in versions::<ListOffsetsRequest>() {
        for time in TIMES {
            side.ask(&format!("{when}time {time}"), version, &list_offsets(topic, time, false));
            if 2 <= version {
                side.ask(&format!("{when}committed, time {time}"), version, &list_offsets(topic, time, true));
            }
        }
    }
}

fn empty(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    each(side, &topic, "");
    Ok(())
}

fn records(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("retention.ms", "-1")])?;
    let at = |time: i64| (Some("k"), Some("v"), time);
    topic.fill(
        side,
        [
            Batch::records(&[at(1_000), at(5_000), at(2_000)]),
            Batch::records(&[at(1_500), at(2_600), at(5_000)]),
            Batch::records(&[at(3_000)]),
        ],
    )?;
    each(side, &topic, "");
    Ok(())
}

fn trimmed(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("retention.ms", "-1")])?;
    let at = |time: i64| (Some("k"), Some("v"), time);
    topic.fill(
        side,
        [
            Batch::records(&[at(1_000), at(5_000), at(2_000)]),
            Batch::records(&[at(1_500), at(2_600), at(4_000)]),
        ],
    )?;
    trim(side, &topic, 2)?;
    each(side, &topic, "inside of a batch: ");
    trim(side, &topic, 3)?;
    each(side, &topic, "between batches: ");
    trim(side, &topic, -1)?;
    each(side, &topic, "all: ");
    Ok(())
}

fn timeless(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("retention.ms", "-1")])?;
    topic.fill(side, [Batch::timed(2, -1)])?;
    each(side, &topic, "");
    topic.fill(side, [Batch::timed(1, 1_000)])?;
    each(side, &topic, "and one with: ");
    Ok(())
}

fn twice(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    for version in versions::<ListOffsetsRequest>() {
        let mut request = list_offsets(&topic, -1, false);
        let one = |partition_index, timestamp| ListOffsetsPartition {
            partition_index,
            current_leader_epoch: -1,
            timestamp,
        };
        request.topics[0].partitions = vec![one(0, -1), one(1, -1), one(0, -2)];
        side.ask("in one topic", version, &request);
        let mut request = list_offsets(&topic, -1, false);
        request.topics.push(request.topics[0].clone());
        side.ask("in two entries of one topic", version, &request);
    }
    Ok(())
}

fn unknown(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    for version in versions::<ListOffsetsRequest>() {
        side.ask("unknown topic", version, &list_offsets(&unknown, -1, false));
        for (step, partition, epoch) in [
            ("unknown partition", 5, -1),
            ("negative partition", -1, -1),
            ("leader epoch 0", 0, 0),
            ("leader epoch 9", 0, 9),
            ("leader epoch -2", 0, -2),
        ] {
            if epoch != -1 && version < 4 {
                continue;
            }
            let mut request = list_offsets(&topic, -1, false);
            request.topics[0].partitions[0].partition_index = partition;
            request.topics[0].partitions[0].current_leader_epoch = epoch;
            side.ask(step, version, &request);
        }
        let mut request = list_offsets(&topic, -1, false);
        request.replica_id = 7;
        side.ask("as a replica", version, &request);
        request.replica_id = -2;
        side.ask("as a debugger", version, &request);
    }
    Ok(())
}

const TRIMMED: &[Difference] = &[
    Difference { step: "inside of a batch: time -3", field: "", because: DELETED },
    Difference { step: "inside of a batch: committed, time -3", field: "", because: DELETED },
    Difference { step: "between batches: time -3", field: "", because: DELETED },
    Difference { step: "between batches: committed, time -3", field: "", because: DELETED },
    Difference { step: "all: time -3", field: "", because: DELETED },
    Difference { step: "all: committed, time -3", field: "", because: DELETED },
];

const DELETED: &str = "Apache Kafka looks for the largest timestamp in whole segments and names a record that was deleted, whose \
              offset can no longer be read. Ottla names one that is left, or none.";

const TIMELESS: &[Difference] = &[
    Difference { step: "time -3", field: "", because: NO_TIMES },
    Difference { step: "committed, time -3", field: "", because: NO_TIMES },
];

const NO_TIMES: &str =
    "No record has a timestamp. Apache Kafka names the first one nevertheless, with timestamp -1.";

const FOLDED: &[Difference] = &[Difference {
    step: "in ",
    field: "(time 2)",
    because: "Ottla answers entry by entry, as it was asked; Apache Kafka folds what is equal into one answer. Both refuse.",
}];
