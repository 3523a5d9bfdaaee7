//! DeleteRecords.

use crate::asking::{Reading, Topic, delete_records, fetch};
use crate::batch::Batch;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;

pub const SUBJECT: Subject = Subject {
    name: "removal",
    about: "DeleteRecords: offsets, policies, topics that do not allow it.",
    scenarios: &[
        Scenario { name: "offsets", asks: "every kind of offset", run: offsets, differs: &[] },
        Scenario { name: "policies", asks: "each cleanup.policy", run: policies, differs: &[] },
        Scenario {
            name: "unknown",
            asks: "topics and partitions that are not there",
            run: unknown,
            differs: &[],
        },
    ],
};

fn offsets(side: &mut Side) -> Ran {
    for version in 0..=2 {
        let topic = Topic::make(side, &format!("v{version}"), &[])?;
        side.ask("empty log, -1", version, &delete_records(&topic, -1));
        side.ask("empty log, 0", version, &delete_records(&topic, 0));
        side.ask("empty log, 1", version, &delete_records(&topic, 1));
        topic.fill(side, [Batch::timed(5, 1_000), Batch::timed(5, 2_000)])?;
        for offset in [-2, i64::MIN, 0, 3, 3, 1, 11, i64::MAX, 5, 10, -1, 9] {
            side.ask(&format!("offset {offset}"), version, &delete_records(&topic, offset));
        }
        fetch(side, "afterwards", 12, &topic, Reading::from(10));
    }
    Ok(())
}

fn policies(side: &mut Side) -> Ran {
    for policy in ["delete", "compact", "compact,delete", "delete,compact", ""] {
        let topic = Topic::make(side, &format!("p{}", policy.len()), &[("cleanup.policy", policy)]).or_else(
            |why| {
                if policy == "delete,compact" {
                    Topic::make(side, "again", &[("cleanup.policy", policy)])
                } else {
                    Err(why)
                }
            },
        )?;
        topic.fill(side, [Batch::timed(3, 1_000)])?;
        side.ask(&format!("policy '{policy}'"), 2, &delete_records(&topic, 2));
    }
    Ok(())
}

fn unknown(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    for version in 0..=2 {
        side.ask("unknown topic", version, &delete_records(&unknown, 0));
        for partition in [1, -1] {
            let mut request = delete_records(&topic, 0);
            request.topics[0].partitions[0].partition_index = partition;
            side.ask(&format!("partition {partition}"), version, &request);
        }
        let mut request = delete_records(&topic, 0);
        request.topics.clear();
        side.ask("no topic", version, &request);
    }
    Ok(())
}
