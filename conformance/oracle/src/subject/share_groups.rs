//! ShareGroupHeartbeat and ShareGroupDescribe.

use crate::asking::Topic;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings;
use crate::side::{Side, until};
use ottla_wire::Str;
use ottla_wire::message::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "share-groups",
    about: "ShareGroupHeartbeat and ShareGroupDescribe: joining, leaving, epochs, refusals, other APIs.",
    scenarios: &[
        Scenario {
            name: "share-alone",
            asks: "one member joins, subscribes anew, leaves",
            run: alone,
            differs: &[],
        },
        Scenario {
            name: "share-together",
            asks: "three members share a partition",
            run: together,
            differs: &[],
        },
        Scenario {
            name: "share-epochs",
            asks: "heartbeats of other epochs and of strangers",
            run: epochs,
            differs: &[Difference {
                step: "a again, as if the answer was lost",
                field: "assignment",
                because: "a member that has not heard the last answer is told again what it has; in Apache Kafka it has \
                          to find out by itself that it must ask",
            }],
        },
        Scenario { name: "share-refused", asks: "requests that are not whole", run: refused, differs: &[] },
        Scenario { name: "share-full", asks: "one member too many", run: full, differs: &[] },
        Scenario {
            name: "share-first",
            asks: "the first answer to a group that nobody has prepared",
            run: first,
            differs: &[Difference {
                step: "join",
                field: "assignment",
                because: "Apache Kafka has to initialise share-partitions in another log first, and assigns them at a \
                          later heartbeat; Ottla assigns them with the first answer",
            }],
        },
        Scenario {
            name: "share-other-apis",
            asks: "how lists, descriptions, deletions, joins and commits treat a share group",
            run: other_apis,
            differs: &[],
        },
        Scenario {
            name: "share-other-types",
            asks: "share consumers in a group of another type",
            run: other_types,
            differs: &[],
        },
    ],
};

/// A group whose partitions are initialised, so that both brokers assign them at once.
struct Group {
    id: Str,
}

impl Group {
    fn make(side: &mut Side, topics: &[&Topic]) -> Result<Self, String> {
        let group = Self::unprepared(side)?;
        let partition = AlterShareGroupOffsetsRequestPartition { partition_index: 0, start_offset: 0 };
        let topics = topics.iter().map(|topic| AlterShareGroupOffsetsRequestTopic {
            topic_name: topic.name.clone(),
            partitions: vec![partition.clone()],
        });
        let request = AlterShareGroupOffsetsRequest {
            group_id: group.id.clone(),
            topics: topics.collect(),
            ..Default::default()
        };
        // A coordinator that has a name has not always begun to coordinate.
        until(|| {
            let altered = side.setup(0, &request)?;
            Ok(altered.error_code.is_none().then_some(()))
        })?;
        Ok(group)
    }

    fn unprepared(side: &mut Side) -> Result<Self, String> {
        settings::group(side, "g", &[("share.assignment.interval.ms", "0")]).map(|id| Self { id })
    }

    fn join(&self, member: &str, topics: &[&Topic]) -> ShareGroupHeartbeatRequest {
        let names = topics.iter().map(|topic| topic.name.clone()).collect();
        ShareGroupHeartbeatRequest { subscribed_topic_names: Some(names), ..self.beat(member, 0) }
    }

    fn beat(&self, member: &str, epoch: i32) -> ShareGroupHeartbeatRequest {
        ShareGroupHeartbeatRequest {
            group_id: self.id.clone(),
            member_id: member.into(),
            member_epoch: epoch,
            ..Default::default()
        }
    }

    fn describe(&self, side: &mut Side, step: &str) {
        let request = ShareGroupDescribeRequest { group_ids: vec![self.id.clone()], ..Default::default() };
        side.ask(step, 1, &request);
    }
}

fn alone(side: &mut Side) -> Ran {
    let (one, two) = (Topic::make(side, "one", &[])?, Topic::make(side, "two", &[])?);
    let group = Group::make(side, &[&one, &two])?;
    group.describe(side, "describe before");
    let join = ShareGroupHeartbeatRequest { rack_id: Some("rack".into()), ..group.join("a", &[&one]) };
    side.ask("join", 1, &join);
    side.ask("again", 1, &group.beat("a", 2));
    let say = |topics: &[&Topic], epoch| ShareGroupHeartbeatRequest {
        member_epoch: epoch,
        ..group.join("a", topics)
    };
    side.ask("the same subscription", 1, &say(&[&one], 2));
    group.describe(side, "describe");
    side.ask("another subscription", 1, &say(&[&two], 2));
    side.ask("no subscription", 1, &say(&[], 3));
    side.ask("join again", 1, &group.join("a", &[&one]));
    side.ask("leave", 1, &group.beat("a", -1));
    group.describe(side, "describe when empty");
    side.ask("leave again", 1, &group.beat("a", -1));
    side.ask("go on", 1, &group.beat("a", 5));
    Ok(())
}

fn together(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side, &[&topic])?;
    side.ask("a joins", 1, &group.join("a", &[&topic]));
    side.ask("b joins", 1, &group.join("b", &[&topic]));
    side.ask("a goes on", 1, &group.beat("a", 2));
    side.ask("c joins", 1, &group.join("c", &[&topic]));
    side.ask("a leaves", 1, &group.beat("a", -1));
    side.ask("b goes on", 1, &group.beat("b", 3));
    side.ask("c goes on", 1, &group.beat("c", 4));
    side.ask("b is there", 1, &group.beat("b", 5));
    side.ask("b leaves", 1, &group.beat("b", -1));
    side.ask("c leaves", 1, &group.beat("c", -1));
    group.describe(side, "describe when empty");
    Ok(())
}

fn epochs(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side, &[&topic])?;
    side.ask("a joins", 1, &group.join("a", &[&topic]));
    side.ask("too new", 1, &group.beat("a", 3));
    side.ask("a stranger", 1, &group.beat("x", 2));
    side.ask("a stranger leaves", 1, &group.beat("x", -1));
    side.ask("b joins", 1, &group.join("b", &[&topic]));
    side.ask("a goes on", 1, &group.beat("a", 2));
    side.ask("a again, as if the answer was lost", 1, &group.beat("a", 2));
    side.ask("c joins", 1, &group.join("c", &[&topic]));
    side.ask("a comes to it", 1, &group.beat("a", 3));
    side.ask("too old", 1, &group.beat("a", 2));
    let nobody = Group { id: side.name("nobody") };
    side.ask("no such group", 1, &nobody.beat("a", 2));
    side.ask("leaving no group", 1, &nobody.beat("a", -1));
    nobody.describe(side, "describe no group");
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side, &[&topic])?;
    let join = group.join("a", &[&topic]);
    let with = |change: fn(&mut ShareGroupHeartbeatRequest)| {
        let mut request = join.clone();
        change(&mut request);
        request
    };
    side.ask("no member id", 1, &with(|request| request.member_id = Str::default()));
    side.ask("blank member id", 1, &with(|request| request.member_id = "  ".into()));
    side.ask("no group id", 1, &with(|request| request.group_id = Str::default()));
    side.ask("empty rack", 1, &with(|request| request.rack_id = Some(Str::default())));
    side.ask("no topics", 1, &with(|request| request.subscribed_topic_names = None));
    side.ask("empty topics", 1, &with(|request| request.subscribed_topic_names = Some(Vec::new())));
    side.ask("epoch -2", 1, &with(|request| request.member_epoch = -2));
    side.ask("epoch below", 1, &with(|request| request.member_epoch = i32::MIN));
    side.ask(
        "leave with an empty rack",
        1,
        &with(|request| {
            request.member_epoch = -1;
            request.rack_id = Some(Str::default());
        }),
    );
    let request = ShareGroupDescribeRequest { group_ids: vec![Str::default()], ..Default::default() };
    side.ask("describe no name", 1, &request);
    Ok(())
}

fn full(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side, &[&topic])?;
    for number in 0..199 {
        side.setup(1, &group.join(&format!("m{number:03}"), &[&topic]))?;
    }
    side.ask("the last one", 1, &group.join("m199", &[&topic]));
    side.ask("one too many", 1, &group.join("m200", &[&topic]));
    side.ask("a stranger", 1, &group.beat("m200", 7));
    side.ask("one of them", 1, &group.join("m000", &[&topic]));
    side.ask("one goes", 1, &group.beat("m000", -1));
    side.ask("another comes", 1, &group.join("m200", &[&topic]));
    Ok(())
}

fn first(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::unprepared(side)?;
    side.ask("join", 1, &group.join("a", &[&topic]));
    Ok(())
}

fn other_apis(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::make(side, &[&topic])?;
    side.ask("a joins", 1, &group.join("a", &[&topic]));
    ask_others(side, &group, &topic);
    let delete = DeleteGroupsRequest { groups_names: vec![group.id.clone()] };
    side.ask("delete", 2, &delete);
    for (types, state) in
        [("share", "stable"), ("Share", "Empty"), ("classic", "Stable"), ("consumer", "Stable")]
    {
        let request =
            ListGroupsRequest { states_filter: vec![state.into()], types_filter: vec![types.into()] };
        let answer = side.setup(5, &request)?;
        let found = answer.groups.iter().filter(|found| found.group_id == group.id).cloned().collect();
        let answer = ListGroupsResponse { groups: found, ..answer };
        side.keep_as::<ListGroupsRequest>(&format!("list {types} {state}"), 5, crate::flat::fields(&answer));
    }
    side.ask("a leaves", 1, &group.beat("a", -1));
    ask_others(side, &group, &topic);
    side.ask("delete when empty", 2, &delete);
    side.ask("delete again", 2, &delete);
    group.describe(side, "describe when deleted");
    Ok(())
}

/// Asks what is meant for other types of groups.
fn ask_others(side: &mut Side, group: &Group, topic: &Topic) {
    for version in 5..=6 {
        let request = DescribeGroupsRequest { groups: vec![group.id.clone()], ..Default::default() };
        side.ask("describe as a classic group", version, &request);
    }
    let request = ConsumerGroupDescribeRequest { group_ids: vec![group.id.clone()], ..Default::default() };
    side.ask("describe as a consumer group", 1, &request);
    let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
    let join = JoinGroupRequest {
        group_id: group.id.clone(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    side.ask("join as a classic member", 9, &join);
    side.ask("join as a known classic member", 9, &JoinGroupRequest { member_id: "x".into(), ..join });
    let heartbeat =
        HeartbeatRequest { group_id: group.id.clone(), member_id: "x".into(), ..Default::default() };
    side.ask("live as a classic member", 4, &heartbeat);
    let request = ConsumerGroupHeartbeatRequest {
        group_id: group.id.clone(),
        member_id: "x".into(),
        rebalance_timeout_ms: 10_000,
        subscribed_topic_names: Some(vec![topic.name.clone()]),
        topic_partitions: Some(Vec::new()),
        ..Default::default()
    };
    side.ask("join as a consumer", 1, &request);
    let partition = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
    let topics = vec![OffsetCommitRequestTopic {
        name: topic.name.clone(),
        partitions: vec![partition],
        ..Default::default()
    }];
    let commit = OffsetCommitRequest {
        group_id: group.id.clone(),
        generation_id_or_member_epoch: -1,
        topics,
        ..Default::default()
    };
    side.ask("commit", 9, &commit);
    let topics = vec![OffsetFetchRequestTopics {
        name: topic.name.clone(),
        partition_indexes: vec![0],
        ..Default::default()
    }];
    for topics in [Some(topics), None] {
        let asked = OffsetFetchRequestGroup { group_id: group.id.clone(), topics, ..Default::default() };
        side.ask("offsets", 9, &OffsetFetchRequest { groups: vec![asked], ..Default::default() });
    }
    let partitions = vec![OffsetDeleteRequestPartition { partition_index: 0 }];
    let topics = vec![OffsetDeleteRequestTopic { name: topic.name.clone(), partitions }];
    side.ask("delete offsets", 0, &OffsetDeleteRequest { group_id: group.id.clone(), topics });
}

fn other_types(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "one", &[])?;
    let group = Group::unprepared(side)?;
    let partition = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
    let topics = vec![OffsetCommitRequestTopic {
        name: topic.name.clone(),
        partitions: vec![partition],
        ..Default::default()
    }];
    let commit = OffsetCommitRequest {
        group_id: group.id.clone(),
        generation_id_or_member_epoch: -1,
        topics,
        ..Default::default()
    };
    until(|| {
        let answer = side.setup(9, &commit)?;
        Ok(answer.topics[0].partitions[0].error_code.is_none().then_some(()))
    })?;
    side.ask("join a group that only has offsets", 1, &group.join("a", &[&topic]));
    side.ask("live in it", 1, &group.beat("a", 2));
    side.ask("leave it", 1, &group.beat("a", -1));
    group.describe(side, "describe it");
    Ok(())
}
