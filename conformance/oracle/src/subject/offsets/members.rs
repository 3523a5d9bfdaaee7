//! Commits of members: whom a group takes them from, in which generation or epoch, and in which of its states.

use super::{Who, commit, fetch, simple};
use crate::asking::{Topic, versions};
use crate::joining::{Group, Member, ONE};
use crate::scenario::{Difference, Ran};
use crate::settings;
use crate::side::{Side, until};
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::message::*;

pub(super) const CONSUMERS: &[Difference] = &[Difference {
    step: "fetch as None 2",
    field: "error_code",
    because: "An epoch without a member: Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR, Ottla says what is wrong.",
}];

pub(super) fn classic(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in versions::<OffsetCommitRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let (member, generation) = group.stable(side)?;
        let (nobody, stranger) = (Member::default(), Member::dynamic("x"));
        let who = Who { group: &group.id, member: &member, generation };
        for (step, who) in [
            ("a member", who),
            ("an older generation", Who { generation: generation - 1, ..who }),
            ("a newer generation", Who { generation: generation + 1, ..who }),
            ("a member without generation", Who { generation: -1, ..who }),
            ("a stranger", Who { member: &stranger, ..who }),
            ("a stranger without generation", Who { member: &stranger, generation: -1, ..who }),
            ("nobody", Who { member: &nobody, generation: -1, ..who }),
            ("nobody, with a generation", Who { member: &nobody, ..who }),
        ] {
            side.ask(step, version, &simple(version, who, &topic, 5));
        }
        side.ask("nothing by a stranger", version, &commit(version, Who { member: &stranger, ..who }, &[]));
        side.ask("shown", 8, &fetch(8, &group.id, Some(&[(&topic, &[0])])));
        side.setup(5, &group.leave(5, &[&member]))?;
        side.ask("the member that left", version, &simple(version, who, &topic, 6));
        let late = Who { generation: -1, ..who };
        side.ask("it left, without generation", version, &simple(version, late, &topic, 7));
        let alone = Who { member: &nobody, generation: -1, ..who };
        side.ask("nobody in an empty group", version, &simple(version, alone, &topic, 8));
        side.ask("shown in the end", 8, &fetch(8, &group.id, None));
    }
    Ok(())
}

pub(super) fn states(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in versions::<OffsetCommitRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let (a, first) = group.stable(side)?;
        let joining = side.begin("b joins", 3, &group.join(&Member::default(), ONE))?;
        group.until_rebalancing(side, &a, first)?;
        let who = Who { group: &group.id, member: &a, generation: first };
        let nobody = Member::default();
        side.ask("preparing", version, &simple(version, who, &topic, 1));
        let alone = Who { member: &nobody, generation: -1, ..who };
        side.ask("preparing: nobody", version, &simple(version, alone, &topic, 1));
        let second = side.ask("a joins", 9, &group.join(&a, ONE)).ok_or("no answer")?.generation_id;
        let b = Member::dynamic(&side.end(joining).ok_or("no answer")?.member_id);
        let who = Who { generation: second, ..who };
        side.ask("completing", version, &simple(version, who, &topic, 2));
        side.ask("completing: b", version, &simple(version, Who { member: &b, ..who }, &topic, 2));
        let former = Who { generation: first, ..who };
        side.ask("completing: the former generation", version, &simple(version, former, &topic, 2));
        side.ask("a syncs", 5, &group.sync(&a, second, &[(&a, "a"), (&b, "b")]));
        side.ask("stable", version, &simple(version, who, &topic, 3));
        side.ask("shown", 8, &fetch(8, &group.id, None));
    }
    Ok(())
}

pub(super) fn instances(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in 7..=10 {
        let group = Group::make(side, &format!("v{version}"))?;
        let newcomer = Member::of("i", "");
        let answer = side.setup(9, &group.join(&newcomer, ONE))?;
        let (former, generation) = (Member::of("i", &answer.member_id), answer.generation_id);
        side.learn("member", &*former.id);
        side.setup(5, &group.sync(&former, generation, &[(&former, "all")]))?;
        let answer = side.setup(9, &group.join(&newcomer, ONE))?;
        let now = Member::of("i", &answer.member_id);
        let (plain, other, alone) = (Member::dynamic(&now.id), Member::of("k", &now.id), Member::of("i", ""));
        let who = Who { group: &group.id, member: &now, generation: answer.generation_id };
        for (step, member) in [
            ("the member", &now),
            ("its former self", &former),
            ("without its instance", &plain),
            ("as an unknown instance", &other),
            ("as an instance alone", &alone),
        ] {
            side.ask(step, version, &simple(version, Who { member, ..who }, &topic, 1));
            let without = Who { member, generation: -1, ..who };
            side.ask(&format!("{step}, without generation"), version, &simple(version, without, &topic, 1));
        }
    }
    Ok(())
}

pub(super) fn consumers(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    for version in versions::<OffsetCommitRequest>() {
        let suffix = format!("v{version}");
        let group = settings::group(side, &suffix, &[("consumer.assignment.interval.ms", "0")])?;
        let beat = |epoch| ConsumerGroupHeartbeatRequest {
            group_id: group.clone(),
            member_id: "a".into(),
            member_epoch: epoch,
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec![topic.name.clone()]),
            topic_partitions: Some(Vec::new()),
            ..Default::default()
        };
        let epoch = until(|| {
            let answer = side.setup(1, &beat(0))?;
            Ok(answer.error_code.is_none().then_some(answer.member_epoch))
        })?;
        let owned = TopicPartitions { topic_id: topic.id, partitions: vec![0, 1] };
        side.setup(1, &ConsumerGroupHeartbeatRequest { topic_partitions: Some(vec![owned]), ..beat(epoch) })?;
        let (member, stranger, nobody) = (Member::dynamic("a"), Member::dynamic("x"), Member::default());
        let who = Who { group: &group, member: &member, generation: epoch };
        for (step, who) in [
            ("a member", who),
            ("an older epoch", Who { generation: epoch - 1, ..who }),
            ("epoch 0", Who { generation: 0, ..who }),
            ("a newer epoch", Who { generation: epoch + 1, ..who }),
            ("a member without epoch", Who { generation: -1, ..who }),
            ("a stranger", Who { member: &stranger, ..who }),
            ("a stranger without epoch", Who { member: &stranger, generation: -1, ..who }),
            ("nobody", Who { member: &nobody, generation: -1, ..who }),
            ("nobody, with an epoch", Who { member: &nobody, ..who }),
        ] {
            side.ask(step, version, &simple(version, who, &topic, 5));
        }
        side.ask("shown", 8, &fetch(8, &group, Some(&[(&topic, &[0])])));
        if 9 <= version {
            for (member_id, member_epoch) in [
                (Some("a"), epoch),
                (Some("a"), epoch - 1),
                (Some("a"), epoch + 1),
                (Some("a"), -1),
                (Some("x"), epoch),
                (Some("x"), -1),
                (Some(""), epoch),
                (None, epoch),
                (None, -1),
            ] {
                let mut request = fetch(version, &group, Some(&[(&topic, &[0])]));
                request.groups[0].member_id = member_id.map(Into::into);
                request.groups[0].member_epoch = member_epoch;
                side.ask(&format!("fetch as {member_id:?} {member_epoch}"), version, &request);
            }
        }
        let leave = ConsumerGroupHeartbeatRequest {
            group_id: group.clone(),
            member_id: "a".into(),
            member_epoch: -1,
            rebalance_timeout_ms: -1,
            ..Default::default()
        };
        side.setup(1, &leave)?;
        side.ask("the member that left", version, &simple(version, who, &topic, 6));
        let alone = Who { member: &nobody, generation: -1, ..who };
        side.ask("nobody in an empty group", version, &simple(version, alone, &topic, 7));
        side.ask("shown in the end", 8, &fetch(8, &group, None));
    }
    Ok(())
}
