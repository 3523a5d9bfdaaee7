//! OffsetCommit and OffsetFetch outside of transactions: by name and by id, of lone consumers, and in [`members`] of those
//! that a group knows.

mod members;

use crate::asking::{Topic, versions};
use crate::joining::{Group, Member};
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::{Side, until};
use ottla_wire::Str;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use ottla_wire::message::*;
use uuid::Uuid;

pub const SUBJECT: Subject = Subject {
    name: "offsets",
    about: "OffsetCommit and OffsetFetch: lone consumers, members of both protocols, topics by name and by id.",
    scenarios: &[
        Scenario {
            name: "offsets-alone",
            asks: "commits without a group's knowledge, and what is told of them",
            run: alone,
            differs: &[],
        },
        Scenario {
            name: "offsets-refused",
            asks: "topics, partitions, metadata and groups that are wrong",
            run: refused,
            differs: &[],
        },
        Scenario {
            name: "offsets-fetched",
            asks: "everything, nothing, several groups, what was never committed",
            run: fetched,
            differs: &[],
        },
        Scenario {
            name: "offsets-members",
            asks: "members of a classic group, strangers, other generations",
            run: members::classic,
            differs: &[],
        },
        Scenario {
            name: "offsets-states",
            asks: "commits in each state of a classic group",
            run: members::states,
            differs: &[],
        },
        Scenario {
            name: "offsets-instances",
            asks: "static members and their former selves",
            run: members::instances,
            differs: &[],
        },
        Scenario {
            name: "offsets-consumers",
            asks: "members of a consumer group, other epochs, older versions",
            run: members::consumers,
            differs: members::CONSUMERS,
        },
        Scenario {
            name: "offsets-gone",
            asks: "offsets of topics that are deleted and made again",
            run: gone,
            differs: &[],
        },
    ],
};

/// Who commits, and as what.
#[derive(Clone, Copy)]
struct Who<'a> {
    group: &'a Str,
    member: &'a Member,
    generation: i32,
}

/// A part of a commit: its partition, the offset, and what is said about it.
fn part(partition_index: i32, committed_offset: i64, metadata: Option<&str>) -> OffsetCommitRequestPartition {
    OffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        committed_leader_epoch: -1,
        committed_metadata: metadata.map(Into::into),
    }
}

fn commit(
    version: i16,
    who: Who<'_>,
    topics: &[(&Topic, Vec<OffsetCommitRequestPartition>)],
) -> OffsetCommitRequest {
    let topics = topics.iter().map(|(topic, partitions)| OffsetCommitRequestTopic {
        name: topic.name.clone(),
        topic_id: topic.id,
        partitions: partitions.clone(),
    });
    OffsetCommitRequest {
        group_id: who.group.clone(),
        generation_id_or_member_epoch: who.generation,
        member_id: who.member.id.clone(),
        group_instance_id: who.member.instance.clone().filter(|_| 7 <= version),
        topics: topics.collect(),
        ..Default::default()
    }
}

/// One partition of one topic.
fn simple(version: i16, who: Who<'_>, topic: &Topic, offset: i64) -> OffsetCommitRequest {
    commit(version, who, &[(topic, vec![part(0, offset, Some("m"))])])
}

/// Asks one group for some partitions, or for all, in the form of the version.
fn fetch(version: i16, group: &Str, topics: Option<&[(&Topic, &[i32])]>) -> OffsetFetchRequest {
    if version < 8 {
        let topics = topics.map(|topics| {
            let asked = topics.iter().map(|(topic, indexes)| OffsetFetchRequestTopic {
                name: topic.name.clone(),
                partition_indexes: indexes.to_vec(),
            });
            asked.collect()
        });
        return OffsetFetchRequest { group_id: group.clone(), topics, ..Default::default() };
    }
    fetch_many(vec![asked(group, topics)])
}

fn fetch_many(groups: Vec<OffsetFetchRequestGroup>) -> OffsetFetchRequest {
    OffsetFetchRequest { groups, ..Default::default() }
}

fn asked(group: &Str, topics: Option<&[(&Topic, &[i32])]>) -> OffsetFetchRequestGroup {
    let topics = topics.map(|topics| {
        let asked = topics.iter().map(|(topic, indexes)| OffsetFetchRequestTopics {
            name: topic.name.clone(),
            topic_id: topic.id,
            partition_indexes: indexes.to_vec(),
        });
        asked.collect()
    });
    OffsetFetchRequestGroup { group_id: group.clone(), member_epoch: -1, topics, ..Default::default() }
}

/// What all versions tell of a group.
fn shown(side: &mut Side, step: &str, group: &Str, topics: &[(&Topic, &[i32])]) {
    for version in versions::<OffsetFetchRequest>() {
        side.ask(&format!("{step}: some"), version, &fetch(version, group, Some(topics)));
        if 2 <= version {
            side.ask(&format!("{step}: all"), version, &fetch(version, group, None));
        }
    }
}

fn alone(side: &mut Side) -> Ran {
    let (one, two) = (Topic::make(side, "one", &[])?, Topic::make_wide(side, "two", 3, &[])?);
    let nobody = Member::default();
    for version in versions::<OffsetCommitRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let who = Who { group: &group.id, member: &nobody, generation: -1 };
        shown(side, "before", &group.id, &[(&one, &[0])]);
        let mut epoch = part(2, 7, None);
        epoch.committed_leader_epoch = 0;
        let topics = [
            (&one, vec![part(0, 5, Some("m"))]),
            (&two, vec![part(0, 0, Some("")), part(1, i64::MAX, Some(&"m".repeat(4096))), epoch]),
        ];
        side.ask("commit", version, &commit(version, who, &topics));
        shown(side, "after", &group.id, &[(&one, &[0]), (&two, &[0, 1, 2])]);
        side.ask("back", version, &simple(version, who, &one, 1));
        side.ask("offset -1", version, &commit(version, who, &[(&two, vec![part(0, -1, None)])]));
        side.ask("offset -2", version, &commit(version, who, &[(&two, vec![part(1, -2, None)])]));
        let mut epoch = part(2, 8, None);
        epoch.committed_leader_epoch = 1_000;
        side.ask("an epoch to come", version, &commit(version, who, &[(&two, vec![epoch])]));
        if version < 5 {
            let request =
                OffsetCommitRequest { retention_time_ms: 3_600_000, ..simple(version, who, &one, 2) };
            side.ask("kept for an hour", version, &request);
        }
        shown(side, "in the end", &group.id, &[(&one, &[0]), (&two, &[0, 1, 2])]);
        group.describe(side, "described");
    }
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let (topic, unknown) = (Topic::make_wide(side, "t", 2, &[])?, Topic::unknown(side));
    let nothing = Topic { name: "".into(), id: Uuid::nil() };
    let illegal = Topic { name: "a b".into(), id: Uuid::from_u128(7) };
    let nobody = Member::default();
    for version in versions::<OffsetCommitRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let who = Who { group: &group.id, member: &nobody, generation: -1 };
        let one = |offset| vec![part(0, offset, Some("m"))];
        for (step, topics) in [
            ("nothing", vec![]),
            ("a topic of nothing", vec![(&topic, vec![])]),
            ("an unknown topic", vec![(&unknown, one(1))]),
            ("an unknown topic of nothing", vec![(&unknown, vec![])]),
            ("an illegal name", vec![(&illegal, one(1))]),
            ("no name and no id", vec![(&nothing, one(1))]),
            ("an unknown partition", vec![(&topic, vec![part(2, 1, None)])]),
            ("a partition below 0", vec![(&topic, vec![part(-1, 1, None)])]),
            ("a good partition and a bad one", vec![(&topic, vec![part(0, 1, None), part(9, 1, None)])]),
            ("a good topic and a bad one", vec![(&topic, one(2)), (&unknown, one(2))]),
            ("long metadata", vec![(&topic, vec![part(0, 3, Some(&"m".repeat(4097)))])]),
            (
                "long metadata beside short",
                vec![(&topic, vec![part(0, 3, Some(&"m".repeat(4097))), part(1, 3, None)])],
            ),
            ("wide metadata", vec![(&topic, vec![part(0, 4, Some(&"\u{e9}".repeat(4096)))])]),
            ("very wide metadata", vec![(&topic, vec![part(0, 4, Some(&"\u{1f980}".repeat(2049)))])]),
            ("a partition twice", vec![(&topic, vec![part(0, 5, None), part(0, 6, None)])]),
        ] {
            side.ask(step, version, &commit(version, who, &topics));
        }
        shown(side, "in the end", &group.id, &[(&topic, &[0, 1])]);
        let nameless: Str = "".into();
        side.ask("no group id", version, &simple(version, Who { group: &nameless, ..who }, &topic, 1));
        let fresh = side.name(&format!("fresh-v{version}"));
        let stranger = Member::dynamic("x");
        let unknown = Who { group: &fresh, ..who };
        for (step, who) in [
            ("generation 3", Who { generation: 3, ..unknown }),
            ("generation 0", Who { generation: 0, ..unknown }),
            ("a member and generation 3", Who { member: &stranger, generation: 3, ..unknown }),
        ] {
            side.ask(&format!("an unknown group: {step}"), version, &simple(version, who, &topic, 1));
            let known = Who { group: &group.id, ..who };
            side.ask(&format!("a group of offsets: {step}"), version, &simple(version, known, &topic, 1));
        }
        let known = Who { member: &stranger, ..who };
        side.ask("a group of offsets: a member alone", version, &simple(version, known, &topic, 7));
        let unknown = Who { member: &stranger, ..unknown };
        side.ask("an unknown group: a member alone", version, &simple(version, unknown, &topic, 8));
        if 7 <= version {
            let instance = Member::of("i", "");
            let known = Who { member: &instance, ..who };
            side.ask("a group of offsets: an instance", version, &simple(version, known, &topic, 9));
        }
    }
    Ok(())
}

fn fetched(side: &mut Side) -> Ran {
    let (one, two, unknown) =
        (Topic::make_wide(side, "one", 2, &[])?, Topic::make(side, "two", &[])?, Topic::unknown(side));
    let (group, other) = (Group::make(side, "g")?, Group::make(side, "other")?);
    let nobody = Member::default();
    let nothing: Str = side.name("nothing");
    let nameless: Str = "".into();
    for group in [&group, &other] {
        let who = Who { group: &group.id, member: &nobody, generation: -1 };
        side.ask(
            "commit",
            9,
            &commit(9, who, &[(&one, vec![part(0, 1, None)]), (&two, vec![part(0, 2, None)])]),
        );
    }
    for version in versions::<OffsetFetchRequest>() {
        let cases: [(&str, &[(&Topic, &[i32])]); 8] = [
            ("none", &[]),
            ("no partition", &[(&one, &[])]),
            ("never committed", &[(&one, &[1])]),
            ("unknown partitions", &[(&one, &[-1, 0, 7])]),
            ("an unknown topic", &[(&unknown, &[0])]),
            ("a good topic and an unknown one", &[(&two, &[0]), (&unknown, &[0])]),
            ("a partition twice", &[(&two, &[0, 0])]),
            ("a topic twice", &[(&one, &[0]), (&one, &[1])]),
        ];
        for (step, topics) in cases {
            side.ask(step, version, &fetch(version, &group.id, Some(topics)));
            side.ask(&format!("{step}, of nobody"), version, &fetch(version, &nothing, Some(topics)));
        }
        side.ask("no group id", version, &fetch(version, &nameless, Some(&[(&one, &[0])])));
        if 2 <= version {
            side.ask("all of nobody", version, &fetch(version, &nothing, None));
        }
        if 7 <= version {
            for topics in [Some(&[(&one, &[0] as &[i32])] as &[(&Topic, &[i32])]), None] {
                let request =
                    OffsetFetchRequest { require_stable: true, ..fetch(version, &group.id, topics) };
                side.ask("stable", version, &request);
            }
        }
        if version < 8 {
            continue;
        }
        let some: [(&Topic, &[i32]); 1] = [(&one, &[0])];
        let many = |groups: &[(&Str, bool)]| {
            let one = |(group, is_all): &(&Str, bool)| asked(group, if *is_all { None } else { Some(&some) });
            fetch_many(groups.iter().map(one).collect())
        };
        side.ask("no groups", version, &many(&[]));
        side.ask("two groups", version, &many(&[(&group.id, true), (&other.id, false)]));
        side.ask("a group and nobody", version, &many(&[(&group.id, false), (&nothing, false)]));
        side.ask("a group and no name", version, &many(&[(&group.id, false), (&nameless, false)]));
        side.ask("a group twice", version, &many(&[(&group.id, false), (&group.id, true)]));
        if version < 9 {
            continue;
        }
        for (member_id, member_epoch) in [(Some("x"), 3), (Some("x"), -1), (None, 3), (Some(""), 0)] {
            let mut request = many(&[(&group.id, false)]);
            request.groups[0].member_id = member_id.map(Into::into);
            request.groups[0].member_epoch = member_epoch;
            side.ask(&format!("as {member_id:?} {member_epoch}"), version, &request);
        }
    }
    Ok(())
}

fn gone(side: &mut Side) -> Ran {
    let (topic, stays) = (Topic::make(side, "t", &[])?, Topic::make(side, "stays", &[])?);
    let group = Group::make(side, "g")?;
    let nobody = Member::default();
    let who = Who { group: &group.id, member: &nobody, generation: -1 };
    let both = [(&topic, vec![part(0, 5, None)]), (&stays, vec![part(0, 6, None)])];
    side.ask("commit", 10, &commit(10, who, &both));
    let deletion = DeleteTopicsRequest {
        topic_names: vec![topic.name.clone()],
        timeout_ms: 10_000,
        ..Default::default()
    };
    side.setup(5, &deletion)?;
    // The groups hear of it some time after.
    until(|| {
        let answer = side.setup(9, &fetch(9, &group.id, None))?;
        let count = answer.groups.first().map_or(0, |group| group.topics.len());
        Ok((count < 2).then_some(()))
    })?;
    shown(side, "without it", &group.id, &[(&topic, &[0]), (&stays, &[0])]);
    side.ask("commit for it", 9, &simple(9, who, &topic, 7));
    side.ask("commit for it by id", 10, &simple(10, who, &topic, 7));
    let again = Topic::make(side, "t", &[])?;
    shown(side, "made again", &group.id, &[(&again, &[0]), (&stays, &[0])]);
    side.ask("its former id", 10, &fetch(10, &group.id, Some(&[(&topic, &[0])])));
    side.ask("commit for the new one", 9, &simple(9, who, &again, 8));
    shown(side, "committed", &group.id, &[(&again, &[0]), (&stays, &[0])]);
    Ok(())
}
