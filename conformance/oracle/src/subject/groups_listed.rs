//! ListGroups, DescribeGroups and DeleteGroups: what tools see of groups of every type, and how groups go.

use crate::asking::{Topic, versions};
use crate::joining::{Group, Member, ONE};
use crate::scenario::{Ran, Scenario, Subject};
use crate::settings;
use crate::side::{Side, until};
use ottla_wire::Str;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "groups-listed",
    about: "ListGroups, DescribeGroups and DeleteGroups: groups of all types and states, filters, refusals.",
    scenarios: &[
        Scenario { name: "listed", asks: "groups by state and type", run: listed, differs: &[] },
        Scenario {
            name: "described",
            asks: "groups of all types, nobody, twice the same",
            run: described,
            differs: &[],
        },
        Scenario {
            name: "deleted-groups",
            asks: "groups with and without members",
            run: deleted,
            differs: &[],
        },
    ],
};

/// One group of each kind, in an order that does not matter.
struct Kinds {
    stable: Group,
    empty: Group,
    offsets: Group,
    consumer: Str,
    share: Str,
}

impl Kinds {
    fn make(side: &mut Side) -> Result<Self, String> {
        let topic = Topic::make(side, "t", &[])?;
        let stable = Group::make(side, "stable")?;
        stable.stable(side)?;
        let empty = Group::make(side, "empty")?;
        let (member, _) = empty.stable(side)?;
        side.setup(5, &empty.leave(5, &[&member]))?;
        let offsets = Group::make(side, "offsets")?;
        commit(side, &offsets.id, &topic)?;
        let consumer = settings::group(side, "consumer", &[("consumer.assignment.interval.ms", "0")])?;
        let request = ConsumerGroupHeartbeatRequest {
            group_id: consumer.clone(),
            member_id: "a".into(),
            rebalance_timeout_ms: 60_000,
            subscribed_topic_names: Some(vec![topic.name.clone()]),
            topic_partitions: Some(Vec::new()),
            ..Default::default()
        };
        side.setup(1, &request)?.error_code.ok().map_err(|code| format!("a consumer: {code}"))?;
        let share = settings::group(side, "share", &[("share.assignment.interval.ms", "0")])?;
        let request = ShareGroupHeartbeatRequest {
            group_id: share.clone(),
            member_id: "a".into(),
            subscribed_topic_names: Some(vec![topic.name.clone()]),
            ..Default::default()
        };
        side.setup(1, &request)?.error_code.ok().map_err(|code| format!("a share consumer: {code}"))?;
        // A share group is initialised and assigned a little later in Apache Kafka.
        until(|| {
            let answer = side.setup(5, &list(&[], &[]))?;
            let is_stable = |name: &Str| {
                answer.groups.iter().any(|group| group.group_id == *name && *group.group_state == *"Stable")
            };
            Ok((is_stable(&share) && is_stable(&stable.id)).then_some(()))
        })?;
        Ok(Self { stable, empty, offsets, consumer, share })
    }

    fn names(&self) -> Vec<Str> {
        let Self { stable, empty, offsets, consumer, share } = self;
        vec![stable.id.clone(), empty.id.clone(), offsets.id.clone(), consumer.clone(), share.clone()]
    }
}

fn commit(side: &mut Side, group: &Str, topic: &Topic) -> Ran {
    let partition = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
    let topics = vec![OffsetCommitRequestTopic {
        name: topic.name.clone(),
        partitions: vec![partition],
        ..Default::default()
    }];
    let request = OffsetCommitRequest {
        group_id: group.clone(),
        generation_id_or_member_epoch: -1,
        topics,
        ..Default::default()
    };
    until(|| {
        let answer = side.setup(9, &request)?;
        let part = answer.topics.first().and_then(|topic| topic.partitions.first());
        Ok(part.ok_or("no partition in the answer")?.error_code.is_none().then_some(()))
    })
}

fn list(states: &[&str], types: &[&str]) -> ListGroupsRequest {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).into()).collect();
    ListGroupsRequest { states_filter: strings(states), types_filter: strings(types) }
}

/// Lists the groups of this run: others have theirs.
fn own(side: &mut Side, step: &str, version: i16, request: &ListGroupsRequest) {
    side.ask_for(step, version, request, |side, response| {
        response.groups.retain(|group| side.is_own(&group.group_id));
    });
}

fn listed(side: &mut Side) -> Ran {
    Kinds::make(side)?;
    let preparing = Group::make(side, "preparing")?;
    let (member, generation) = preparing.stable(side)?;
    let joining = side.begin("b joins", 3, &preparing.join(&Member::default(), ONE))?;
    preparing.until_rebalancing(side, &member, generation)?;
    let completing = Group::make(side, "completing")?;
    completing.joined(side, ONE)?;
    for version in versions::<ListGroupsRequest>() {
        own(side, "all", version, &list(&[], &[]));
        if version < 4 {
            continue;
        }
        for states in [
            &["Stable"][..],
            &["stable"],
            &["STABLE"],
            &["Empty"],
            &["Stable", "Empty"],
            &["PreparingRebalance"],
            &["CompletingRebalance"],
            &["Assigning"],
            &["Reconciling"],
            &["NotReady"],
            &["Dead"],
            &["Unknown"],
            &["nonsense"],
            &[""],
            &["Stable", "nonsense"],
            &["Stable", "Stable"],
        ] {
            own(side, &format!("in {states:?}"), version, &list(states, &[]));
        }
        if version < 5 {
            continue;
        }
        for types in [
            &["classic"][..],
            &["Classic"],
            &["CLASSIC"],
            &["consumer"],
            &["share"],
            &["streams"],
            &["Unknown"],
            &["nonsense"],
            &[""],
            &["classic", "share"],
            &["classic", "nonsense"],
        ] {
            own(side, &format!("of {types:?}"), version, &list(&[], types));
            own(side, &format!("of {types:?}, stable"), version, &list(&["Stable"], types));
        }
    }
    side.setup(9, &preparing.join(&member, ONE))?;
    side.end(joining);
    Ok(())
}

fn describe(groups: &[Str], include_authorized_operations: bool) -> DescribeGroupsRequest {
    DescribeGroupsRequest { groups: groups.to_vec(), include_authorized_operations }
}

fn described(side: &mut Side) -> Ran {
    let kinds = Kinds::make(side)?;
    let unknown = side.name("unknown");
    for version in versions::<DescribeGroupsRequest>() {
        side.ask("nothing", version, &describe(&[], false));
        for (kind, name) in
            ["stable", "empty", "of offsets", "a consumer group", "a share group"].iter().zip(kinds.names())
        {
            side.ask(kind, version, &describe(&[name], false));
        }
        side.ask("an unknown one", version, &describe(&[unknown.clone()], false));
        side.ask("no name", version, &describe(&["".into()], false));
        let some = [kinds.stable.id.clone(), unknown.clone(), kinds.empty.id.clone()];
        side.ask("three at once", version, &describe(&some, false));
        let twice = [kinds.stable.id.clone(), kinds.stable.id.clone()];
        side.ask("twice the same", version, &describe(&twice, false));
        if 3 <= version {
            side.ask("with rights", version, &describe(&some, true));
            side.ask("with rights, of others", version, &describe(&kinds.names(), true));
        }
    }
    Ok(())
}

fn delete(groups: &[&Str]) -> DeleteGroupsRequest {
    DeleteGroupsRequest { groups_names: groups.iter().map(|name| (*name).clone()).collect() }
}

fn deleted(side: &mut Side) -> Ran {
    let kinds = Kinds::make(side)?;
    let topic = Topic::make(side, "other", &[])?;
    let unknown = side.name("unknown");
    let nameless: Str = "".into();
    for version in versions::<DeleteGroupsRequest>() {
        side.ask("nothing", version, &delete(&[]));
        side.ask("with a member", version, &delete(&[&kinds.stable.id]));
        side.ask("with a consumer", version, &delete(&[&kinds.consumer]));
        side.ask("with a share consumer", version, &delete(&[&kinds.share]));
        side.ask("unknown", version, &delete(&[&unknown]));
        side.ask("unknown twice", version, &delete(&[&unknown, &unknown]));
        side.ask("no name", version, &delete(&[&nameless]));
        let group = Group::make(side, &format!("v{version}"))?;
        commit(side, &group.id, &topic)?;
        side.ask("of offsets, beside others", version, &delete(&[&group.id, &unknown, &kinds.stable.id]));
        side.ask("again", version, &delete(&[&group.id]));
        side.ask("described", 6, &describe(&[group.id.clone()], false));
        commit(side, &group.id, &topic)?;
        side.ask("twice in one request", version, &delete(&[&group.id, &group.id]));
        let empty = Group::make(side, &format!("empty-v{version}"))?;
        let (member, _) = empty.stable(side)?;
        side.setup(5, &empty.leave(5, &[&member]))?;
        side.ask("which members have left", version, &delete(&[&empty.id]));
        side.ask("join again", 9, &empty.join(&member, ONE));
        let pending = Group::make(side, &format!("pending-v{version}"))?;
        side.setup(9, &pending.join(&Member::default(), ONE))?;
        side.ask("which somebody is about to join", version, &delete(&[&pending.id]));
    }
    Ok(())
}
