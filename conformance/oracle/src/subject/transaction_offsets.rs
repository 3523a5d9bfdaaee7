//! Offsets of groups within transactions.

use crate::asking::Topic;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::{Side, until};
use crate::transacting::{GROUP, Producer, committed, coordinator};
use ottla_wire::ErrorCode;
use ottla_wire::message::TxnOffsetCommitRequest;

pub const SUBJECT: Subject = Subject {
    name: "transaction-offsets",
    about: "AddOffsetsToTxn, TxnOffsetCommit, and OffsetFetch before and after the end.",
    scenarios: &[
        Scenario { name: "add-offsets", asks: "who may add a group", run: add, differs: &[] },
        Scenario { name: "commit", asks: "TxnOffsetCommit, added and not", run: commit, differs: &[] },
        Scenario {
            name: "commit-refused",
            asks: "wrong members, epochs, topics, metadata",
            run: refused,
            differs: &[],
        },
        Scenario {
            name: "stable",
            asks: "offsets of open, committed and aborted transactions",
            run: stable,
            differs: &[],
        },
    ],
};

fn add(side: &mut Side) -> Ran {
    let group = side.name("g");
    coordinator(side, &group, GROUP)?;
    let nobody = Producer::named(side, "nobody")?;
    for version in 0..=4 {
        let producer = Producer::begin(side, &format!("p{version}"))?;
        side.ask("well", version, &producer.add_offsets(&group));
        side.ask("again", version, &producer.add_offsets(&group));
        side.ask("older epoch", version, &producer.shifted(-1).add_offsets(&group));
        side.ask("newer epoch", version, &producer.shifted(1).add_offsets(&group));
        side.ask("another id", version, &producer.but(999_999, 0).add_offsets(&group));
        side.ask("unknown name", version, &nobody.but(4, 0).add_offsets(&group));
        let nameless = Producer { name: "".into(), id: 4, epoch: 0 };
        side.ask("empty name", version, &nameless.add_offsets(&group));
        side.ask("empty group", version, &producer.add_offsets(&"".into()));
    }
    Ok(())
}

fn commit(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in 0..=6 {
        let group = side.name(&format!("g{version}"));
        coordinator(side, &group, GROUP)?;
        let producer = Producer::begin(side, &format!("p{version}"))?;
        side.ask("not added", version, &producer.commit_offset(&group, &topic, 5));
        producer.join_group(side, &group)?;
        side.ask("added", version, &producer.commit_offset(&group, &topic, 6));
        side.ask("older epoch", version, &producer.shifted(-1).commit_offset(&group, &topic, 7));
        side.ask("newer epoch", version, &producer.shifted(1).commit_offset(&group, &topic, 7));
        side.ask("another id", version, &producer.but(999_999, 0).commit_offset(&group, &topic, 7));
        side.ask("right again", version, &producer.commit_offset(&group, &topic, 8));
        side.ask("while open", 8, &committed(&group, &topic, false));
        side.ask("while open, stable", 8, &committed(&group, &topic, true));
        let mut ending = producer.clone();
        ending.ended(side, if version < 5 { 4 } else { 5 }, true)?;
        settled(side, "after the end", &group, &topic)?;
    }
    Ok(())
}

/// Asks until nothing is pending, and keeps the last answer.
fn settled(side: &mut Side, step: &str, group: &ottla_wire::Str, topic: &Topic) -> Ran {
    let request = committed(group, topic, true);
    until(|| {
        let answer = side.setup(8, &request)?;
        let part = answer.groups.first().and_then(|group| group.topics.first()?.partitions.first());
        let pends = part.is_some_and(|one| one.error_code == ErrorCode::UNSTABLE_OFFSET_COMMIT);
        Ok((!pends).then_some(()))
    })?;
    side.ask(step, 8, &request);
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    let group = side.name("g");
    coordinator(side, &group, GROUP)?;
    for version in 0..=6 {
        let producer = Producer::begin(side, &format!("p{version}"))?;
        producer.join_group(side, &group)?;
        let good = || producer.commit_offset(&group, &topic, 5);
        side.ask("unknown topic", version, &producer.commit_offset(&group, &unknown, 5));
        let mut request = good();
        request.topics[0].partitions[0].partition_index = 8;
        side.ask("unknown partition", version, &request);
        request.topics.clear();
        side.ask("nothing", version, &request);
        let mut request = good();
        request.topics[0].partitions[0].committed_metadata = Some("m".repeat(5000).into());
        side.ask("long metadata", version, &request);
        let mut request = good();
        request.topics[0].partitions[0].committed_offset = -1;
        side.ask("offset -1", version, &request);
        side.ask("empty group", version, &TxnOffsetCommitRequest { group_id: "".into(), ..good() });
        if 3 <= version {
            let member = TxnOffsetCommitRequest { member_id: "m".into(), ..good() };
            side.ask("a member without generation", version, &member);
            let both = TxnOffsetCommitRequest { generation_id_or_member_epoch: 3, ..member };
            side.ask("an unknown member", version, &both);
            let generation = TxnOffsetCommitRequest { generation_id_or_member_epoch: 3, ..good() };
            side.ask("a generation without member", version, &generation);
            let instance = TxnOffsetCommitRequest { group_instance_id: Some("i".into()), ..good() };
            side.ask("an unknown instance", version, &instance);
        }
        let mut ending = producer.clone();
        ending.ended(side, 4, false)?;
    }
    Ok(())
}

fn stable(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for (what, outcome) in [("commit", true), ("abort", false)] {
        let group = side.name(what);
        coordinator(side, &group, GROUP)?;
        let mut producer = Producer::begin(side, &format!("p-{what}"))?;
        for (round, offset) in [("first", 10), ("second", 20)] {
            producer.join_group(side, &group)?;
            side.ask(&format!("{what}: {round}"), 5, &producer.commit_offset(&group, &topic, offset));
            for version in 7..=10 {
                let mut request = committed(&group, &topic, true);
                if version < 8 {
                    request.groups.clear();
                    request.group_id = group.clone();
                    request.topics =
                        Some(vec![ottla_wire::message::offset_fetch_request::OffsetFetchRequestTopic {
                            name: topic.name.clone(),
                            partition_indexes: vec![0],
                        }]);
                }
                side.ask(&format!("{what}: {round}, open, stable"), version, &request);
                request.require_stable = false;
                side.ask(&format!("{what}: {round}, open"), version, &request);
            }
            producer.ended(side, 5, outcome)?;
            settled(side, &format!("{what}: {round}, ended"), &group, &topic)?;
        }
    }
    Ok(())
}
