//! OffsetForLeaderEpoch, and Fetch that asks for divergence.

use crate::asking::{Topic, trim, versions};
use crate::batch::Batch;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::OffsetForLeaderEpochRequest;
use ottla_wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};

pub const SUBJECT: Subject = Subject {
    name: "leader-epochs",
    about: "OffsetForLeaderEpoch: where an epoch ended.",
    scenarios: &[
        Scenario {
            name: "ends",
            asks: "epochs that were and others, of several logs",
            run: ends,
            differs: &[],
        },
        Scenario {
            name: "nowhere",
            asks: "topics and partitions that are not there, and none at all",
            run: nowhere,
            differs: &[],
        },
    ],
};

fn asked(topic: &Topic, partition: i32, current: i32, epoch: i32) -> OffsetForLeaderEpochRequest {
    let partition =
        OffsetForLeaderPartition { partition, current_leader_epoch: current, leader_epoch: epoch };
    OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: vec![OffsetForLeaderTopic { topic: topic.name.clone(), partitions: vec![partition] }],
    }
}

fn ends(side: &mut Side) -> Ran {
    let empty = Topic::make(side, "empty", &[])?;
    let full = Topic::make(side, "full", &[])?;
    full.fill(side, [Batch::timed(5, 1_000)])?;
    let trimmed = Topic::make(side, "trimmed", &[])?;
    trimmed.fill(side, [Batch::timed(5, 1_000), Batch::timed(5, 2_000)])?;
    trim(side, &trimmed, 7)?;
    let gone = Topic::make(side, "gone", &[])?;
    gone.fill(side, [Batch::timed(5, 1_000)])?;
    trim(side, &gone, -1)?;
    for version in versions::<OffsetForLeaderEpochRequest>() {
        for (name, topic) in [("empty", &empty), ("full", &full), ("trimmed", &trimmed), ("gone", &gone)] {
            for epoch in [0, 1, 99, -1, -2] {
                for current in [-1, 0, 1, 99, -2] {
                    let step = format!("{name}, epoch {epoch}, current {current}");
                    side.ask(&step, version, &asked(topic, 0, current, epoch));
                }
            }
        }
    }
    Ok(())
}

fn nowhere(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    for version in versions::<OffsetForLeaderEpochRequest>() {
        side.ask("unknown topic", version, &asked(&unknown, 0, -1, 0));
        side.ask("unknown partition", version, &asked(&topic, 1, -1, 0));
        side.ask("negative partition", version, &asked(&topic, -1, -1, 0));
        let nothing = OffsetForLeaderEpochRequest { replica_id: -1, ..Default::default() };
        side.ask("nothing", version, &nothing);
        let mut request = asked(&topic, 0, -1, 0);
        request.topics[0].partitions.clear();
        side.ask("no partition", version, &request);
    }
    Ok(())
}
