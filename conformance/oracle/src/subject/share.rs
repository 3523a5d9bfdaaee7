//! Share groups: sessions, what is acquired, what is acknowledged, and offsets.

use crate::asking::Topic;
use crate::batch::Batch;
use crate::flat;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings;
use crate::side::{Side, until};
use crate::transacting::{GROUP, coordinator};
use ottla_wire::message::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use ottla_wire::message::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic;
use ottla_wire::message::describe_share_group_offsets_request::{
    DescribeShareGroupOffsetsRequestGroup, DescribeShareGroupOffsetsRequestTopic,
};
use ottla_wire::message::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as Said,
};
use ottla_wire::message::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic, ForgottenTopic,
};
use ottla_wire::message::{
    AlterShareGroupOffsetsRequest, DeleteShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequest,
    ShareAcknowledgeRequest, ShareFetchRequest, ShareGroupHeartbeatRequest,
};
use ottla_wire::{ErrorCode, Str};
use std::thread::sleep;
use std::time::Duration;

pub const SUBJECT: Subject = Subject {
    name: "share",
    about: "ShareFetch, ShareAcknowledge, and the offsets of share groups.",
    scenarios: &[
        Scenario { name: "share-sessions", asks: "epochs, topics, members", run: sessions, differs: &[] },
        Scenario { name: "share-limits", asks: "both modes, all limits", run: limits, differs: LIMITS },
        Scenario {
            name: "share-acknowledge",
            asks: "every kind of acknowledgement, well made and not",
            run: acknowledgements,
            differs: ACKNOWLEDGEMENTS,
        },
        Scenario { name: "share-renew", asks: "renewal", run: renewal, differs: &[] },
        Scenario {
            name: "share-older",
            asks: "the version before there were renewals",
            run: older,
            differs: &[],
        },
        Scenario { name: "share-again", asks: "delivery counts up to the limit", run: again, differs: &[] },
        Scenario { name: "share-offsets", asks: "keys 90 to 92", run: offsets, differs: OFFSETS },
    ],
};

const LIMITS: &[Difference] = &[Difference {
    step: "mode 1,",
    field: "acquired_records",
    because: "in this mode the ends of batches and of earlier requests cut the ranges of the two brokers differently; \
              the records and their delivery counts are the same.",
}];

const ACKNOWLEDGEMENTS: &[Difference] = &[
    Difference {
        step: "touching",
        field: "error_code",
        because: "an offset that comes twice is a malformed request here; Apache Kafka finds it done when it meets it \
                  again.",
    },
    Difference {
        step: "again the first",
        field: "error_code",
        because: "nobody is told that an acknowledgement counts that does not; Apache Kafka lets everything before the \
                  start pass, whoever says it.",
    },
];

const STORED_LATER: &str =
    "Apache Kafka stores a start that has moved with the next acknowledgement; lag is the same.";

const OFFSETS: &[Difference] = &[
    Difference { step: "all", field: "start_offset", because: STORED_LATER },
    Difference { step: "some", field: "start_offset", because: STORED_LATER },
];

/// How long Apache Kafka may take to give back the records of a session, the end of which it has answered already.
const GIVEN_BACK: Duration = Duration::from_millis(400);

/// A member of a group, as the broker knows it.
struct Member {
    group: Str,
    name: Str,
}

/// What a member says of records: first, last, types.
type Saying<'a> = (i64, i64, &'a [i8]);

impl Member {
    /// Joins a group of its own that begins at the beginning, and waits for its partition.
    fn join(side: &mut Side, suffix: &str, topic: &Topic, configs: &[(&str, &str)]) -> Result<Self, String> {
        let earliest = [("share.auto.offset.reset", "earliest")];
        let settings: Vec<(&str, &str)> = earliest.iter().chain(configs).copied().collect();
        let group = settings::group(side, suffix, &settings)?;
        let name = Str::from_static("00000000-1111-2222-3333-444444444444");
        let member = Self { group, name };
        let first = ShareGroupHeartbeatRequest {
            group_id: member.group.clone(),
            member_id: member.name.clone(),
            member_epoch: 0,
            subscribed_topic_names: Some(vec![topic.name.clone()]),
            ..Default::default()
        };
        let mut epoch = 0;
        until(|| {
            let request = ShareGroupHeartbeatRequest {
                member_epoch: epoch,
                subscribed_topic_names: first.subscribed_topic_names.clone().filter(|_| epoch == 0),
                ..first.clone()
            };
            let answer = side.setup(1, &request)?;
            if answer.error_code == ErrorCode::NONE {
                epoch = answer.member_epoch;
            }
            let has_any = answer.assignment.is_some_and(|given| !given.topic_partitions.is_empty());
            Ok(has_any.then_some(()))
        })?;
        Ok(member)
    }

    fn leave(&self, side: &mut Side) -> Ran {
        let request = ShareGroupHeartbeatRequest {
            group_id: self.group.clone(),
            member_id: self.name.clone(),
            member_epoch: -1,
            ..Default::default()
        };
        side.setup(1, &request).map(drop)
    }

    fn fetch(&self, topic: &Topic, epoch: i32, says: &[Saying]) -> ShareFetchRequest {
        let batch = |(first, last, types): &Saying| AcknowledgementBatch {
            first_offset: *first,
            last_offset: *last,
            acknowledge_types: types.to_vec(),
        };
        let partition =
            FetchPartition { partition_index: 0, acknowledgement_batches: says.iter().map(batch).collect() };
        ShareFetchRequest {
            group_id: Some(self.group.clone()),
            member_id: Some(self.name.clone()),
            share_session_epoch: epoch,
            max_wait_ms: 200,
            min_bytes: 1,
            max_bytes: 1 << 20,
            max_records: 500,
            batch_size: 500,
            topics: vec![FetchTopic { topic_id: topic.id, partitions: vec![partition] }],
            ..Default::default()
        }
    }

    fn say(&self, topic: &Topic, epoch: i32, says: &[Saying]) -> ShareAcknowledgeRequest {
        let batch = |(first, last, types): &Saying| Said {
            first_offset: *first,
            last_offset: *last,
            acknowledge_types: types.to_vec(),
        };
        let partition = AcknowledgePartition {
            partition_index: 0,
            acknowledgement_batches: says.iter().map(batch).collect(),
        };
        ShareAcknowledgeRequest {
            group_id: Some(self.group.clone()),
            member_id: Some(self.name.clone()),
            share_session_epoch: epoch,
            topics: vec![AcknowledgeTopic { topic_id: topic.id, partitions: vec![partition] }],
            ..Default::default()
        }
    }
}

/// Fetches; of the records is kept whether there are any.
fn fetched(side: &mut Side, step: &str, version: i16, request: &ShareFetchRequest) {
    match side.call(version, request) {
        Err(why) => {
            side.keep_as::<ShareFetchRequest>(step, version, vec![("the answer".into(), why.to_string())]);
        }
        Ok(mut response) => {
            for data in response.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
                data.records = None;
            }
            side.keep_as::<ShareFetchRequest>(step, version, flat::fields(&response));
        }
    }
}

/// The first fetch, until it has records: a broker makes the state of a share-partition in its own time.
fn first(side: &mut Side, step: &str, request: &ShareFetchRequest) -> Ran {
    let response = until(|| {
        let response = side.setup(2, request)?;
        let has_any = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partitions)
            .any(|data| !data.acquired_records.is_empty());
        Ok(has_any.then_some(response))
    });
    let mut response = response?;
    for data in response.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
        data.records = None;
    }
    side.keep_as::<ShareFetchRequest>(step, 2, flat::fields(&response));
    Ok(())
}

fn sessions(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(3, 1_000)])?;
    let member = Member::join(side, "g", &topic, &[])?;
    let unknown = Topic::unknown(side);
    for epoch in [-1, 1, 5] {
        fetched(side, &format!("no session, epoch {epoch}"), 2, &member.fetch(&topic, epoch, &[]));
        side.ask(&format!("no session, epoch {epoch}"), 2, &member.say(&topic, epoch, &[]));
    }
    fetched(side, "opens and acknowledges", 2, &member.fetch(&topic, 0, &[(0, 0, &[1])]));
    first(side, "opens", &member.fetch(&topic, 0, &[]))?;
    for epoch in [2, -2, i32::MAX] {
        fetched(side, &format!("epoch {epoch}"), 2, &member.fetch(&topic, epoch, &[]));
        side.ask(&format!("epoch {epoch}"), 2, &member.say(&topic, epoch, &[(0, 0, &[1])]));
    }
    side.ask("acknowledges at epoch 0", 2, &member.say(&topic, 0, &[(0, 0, &[1])]));
    fetched(side, "goes on", 2, &ShareFetchRequest { topics: vec![], ..member.fetch(&topic, 1, &[]) });
    side.ask("acknowledges", 1, &member.say(&topic, 2, &[(0, 0, &[1])]));
    let mut request = member.fetch(&topic, 3, &[]);
    request.topics[0].topic_id = unknown.id;
    fetched(side, "an unknown topic", 2, &request);
    let mut request = member.fetch(&topic, 4, &[]);
    request.topics[0].partitions[0].partition_index = 7;
    fetched(side, "an unknown partition", 2, &request);
    let forgotten = vec![
        ForgottenTopic { topic_id: unknown.id, partitions: vec![0] },
        ForgottenTopic { topic_id: topic.id, partitions: vec![7, 9] },
    ];
    let request = ShareFetchRequest {
        topics: vec![],
        forgotten_topics_data: forgotten,
        ..member.fetch(&topic, 5, &[])
    };
    fetched(side, "forgotten", 2, &request);
    let mut request = member.say(&topic, 6, &[(1, 1, &[1])]);
    request.topics[0].topic_id = unknown.id;
    side.ask("acknowledges in an unknown topic", 2, &request);
    let mut request = member.say(&topic, 7, &[(1, 1, &[1])]);
    request.topics[0].partitions[0].partition_index = 7;
    side.ask("acknowledges in an unknown partition", 2, &request);
    fetched(side, "closes, acknowledges and fetches", 2, &member.fetch(&topic, -1, &[(1, 1, &[1])]));
    fetched(side, "closes again", 2, &member.fetch(&topic, -1, &[]));
    for (step, group, name) in [
        ("no group", None, Some(member.name.clone())),
        ("no member", Some(member.group.clone()), None),
        ("an empty member", Some(member.group.clone()), Some("".into())),
        ("a long member", Some(member.group.clone()), Some("x".repeat(37).into())),
        ("an empty group", Some("".into()), Some(member.name.clone())),
        ("another member", Some(member.group.clone()), Some("nobody".into())),
    ] {
        let mut request = member.fetch(&topic, 0, &[]);
        (request.group_id, request.member_id) = (group.clone(), name.clone());
        fetched(side, step, 2, &request);
        let mut request = member.say(&topic, 1, &[]);
        (request.group_id, request.member_id) = (group, name);
        side.ask(step, 2, &request);
    }
    member.leave(side)
}

fn limits(side: &mut Side) -> Ran {
    for (number, mode) in [0, 1].into_iter().enumerate() {
        let topic = Topic::make(side, &format!("t{number}"), &[])?;
        topic.fill(side, (0..4).map(|_| Batch::timed(5, 1_000)))?;
        let member = Member::join(side, &format!("g{number}"), &topic, &[])?;
        let limited = |epoch, max_records, batch_size, max_bytes| ShareFetchRequest {
            share_acquire_mode: mode,
            max_records,
            batch_size,
            max_bytes,
            ..member.fetch(&topic, epoch, &[])
        };
        first(side, &format!("mode {mode}, 3 records"), &limited(0, 3, 3, 1 << 20))?;
        fetched(side, &format!("mode {mode}, 1 record"), 2, &limited(1, 1, 1, 1 << 20));
        fetched(side, &format!("mode {mode}, 7 records in batches of 5"), 2, &limited(2, 7, 5, 1 << 20));
        fetched(side, &format!("mode {mode}, no record"), 2, &limited(3, 0, 5, 1 << 20));
        side.ask(&format!("mode {mode}, all back"), 2, &member.say(&topic, -1, &[]));
        sleep(GIVEN_BACK);
        fetched(side, &format!("mode {mode}, everything again"), 2, &limited(0, 500, 500, 1 << 20));
        side.ask(&format!("mode {mode}, back again"), 2, &member.say(&topic, -1, &[]));
        sleep(GIVEN_BACK);
        fetched(side, &format!("mode {mode}, few bytes"), 2, &limited(0, 500, 500, 10));
        member.leave(side)?;
    }
    Ok(())
}

fn acknowledgements(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, (0..4).map(|_| Batch::timed(5, 1_000)))?;
    let member = Member::join(side, "g", &topic, &[])?;
    first(side, "opens", &member.fetch(&topic, 0, &[]))?;
    let wrong: &[(&str, &[Saying])] = &[
        ("first after last", &[(3, 2, &[1])]),
        ("overlapping", &[(0, 4, &[1]), (3, 5, &[1])]),
        ("touching", &[(0, 4, &[1]), (4, 5, &[1])]),
        ("descending", &[(5, 9, &[1]), (0, 4, &[1])]),
        ("no type", &[(0, 4, &[])]),
        ("too few types", &[(0, 4, &[1, 1])]),
        ("too many types", &[(0, 1, &[1, 1, 1])]),
        ("type 5", &[(0, 4, &[5])]),
        ("type -1", &[(0, 4, &[-1])]),
        ("type 4 without the flag", &[(0, 4, &[4])]),
        ("beyond the end", &[(18, 25, &[1])]),
        ("far beyond the end", &[(100, 105, &[1])]),
        ("negative", &[(-5, -1, &[1])]),
        ("good and bad", &[(0, 0, &[1]), (100, 100, &[1])]),
        ("nothing", &[]),
    ];
    let mut epoch = 0;
    let mut next = || {
        epoch += 1;
        epoch
    };
    for (step, says) in wrong {
        side.ask(step, 2, &member.say(&topic, next(), says));
        fetched(side, step, 2, &member.fetch(&topic, next(), says));
    }
    side.ask("type 4 in version 1", 1, &member.say(&topic, next(), &[(0, 4, &[4])]));
    side.ask("accept some", 2, &member.say(&topic, next(), &[(2, 3, &[1])]));
    side.ask("accept the same", 2, &member.say(&topic, next(), &[(2, 3, &[1])]));
    side.ask("accept more around it", 2, &member.say(&topic, next(), &[(0, 4, &[1])]));
    side.ask("accept the first", 2, &member.say(&topic, next(), &[(0, 1, &[1])]));
    side.ask("again the first", 2, &member.say(&topic, next(), &[(0, 1, &[1])]));
    side.ask("one for each", 2, &member.say(&topic, next(), &[(4, 8, &[1, 2, 3, 0, 1])]));
    fetched(side, "what was released", 2, &member.fetch(&topic, next(), &[]));
    side.ask(
        "with gaps between",
        2,
        &member.say(&topic, next(), &[(5, 5, &[1]), (9, 9, &[1]), (12, 13, &[3])]),
    );
    fetched(side, "with a fetch", 2, &member.fetch(&topic, next(), &[(10, 11, &[2])]));
    side.ask("closes", 2, &member.say(&topic, -1, &[(10, 10, &[1])]));
    fetched(side, "the rest", 2, &member.fetch(&topic, 0, &[]));
    member.leave(side)
}

fn renewal(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(5, 1_000)])?;
    let member = Member::join(side, "g", &topic, &[])?;
    first(side, "opens", &member.fetch(&topic, 0, &[]))?;
    let quiet = |request: ShareFetchRequest| ShareFetchRequest {
        is_renew_ack: true,
        max_wait_ms: 0,
        min_bytes: 0,
        max_bytes: 0,
        max_records: 0,
        ..request
    };
    fetched(side, "renews", 2, &quiet(member.fetch(&topic, 1, &[(0, 4, &[4])])));
    fetched(
        side,
        "renews with limits",
        2,
        &ShareFetchRequest { max_bytes: 1, ..quiet(member.fetch(&topic, 2, &[(0, 4, &[4])])) },
    );
    fetched(side, "renews and accepts", 2, &quiet(member.fetch(&topic, 2, &[(0, 1, &[4]), (2, 2, &[1])])));
    fetched(side, "renews what is done", 2, &quiet(member.fetch(&topic, 3, &[(2, 2, &[4])])));
    let renews = |epoch, says: &[Saying]| ShareAcknowledgeRequest {
        is_renew_ack: true,
        ..member.say(&topic, epoch, says)
    };
    side.ask("renews without a fetch", 2, &renews(4, &[(0, 1, &[4])]));
    side.ask("the flag without a renewal", 2, &renews(5, &[(0, 0, &[1])]));
    side.ask("closes", 2, &renews(-1, &[(1, 1, &[4])]));
    fetched(side, "the rest", 2, &member.fetch(&topic, 0, &[]));
    member.leave(side)?;
    let fixed = Member::join(side, "fixed", &topic, &[("share.renew.acknowledge.enable", "false")])?;
    first(side, "opens where nobody renews", &fixed.fetch(&topic, 0, &[]))?;
    fetched(side, "renews where nobody does", 2, &quiet(fixed.fetch(&topic, 1, &[(0, 4, &[4])])));
    fixed.leave(side)
}

fn older(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(5, 1_000), Batch::timed(5, 1_000)])?;
    let member = Member::join(side, "g", &topic, &[])?;
    first(side, "opens", &ShareFetchRequest { max_records: 5, ..member.fetch(&topic, 0, &[]) })?;
    fetched(side, "goes on", 1, &member.fetch(&topic, 1, &[]));
    fetched(side, "acknowledges", 1, &member.fetch(&topic, 2, &[(0, 4, &[1, 2, 3, 0, 1])]));
    fetched(side, "renews", 1, &member.fetch(&topic, 3, &[(5, 5, &[4])]));
    fetched(side, "another epoch", 1, &member.fetch(&topic, 9, &[]));
    fetched(side, "closes", 1, &member.fetch(&topic, -1, &[]));
    fetched(side, "no session", 1, &member.fetch(&topic, 1, &[]));
    member.leave(side)
}

fn again(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(8, 1_000)])?;
    let member = Member::join(side, "g", &topic, &[])?;
    first(side, "delivery 1", &member.fetch(&topic, 0, &[]))?;
    for round in 0..20 {
        side.ask(&format!("round {round}, back"), 2, &member.say(&topic, -1, &[]));
        sleep(GIVEN_BACK);
        fetched(side, &format!("round {round}"), 2, &member.fetch(&topic, 0, &[]));
    }
    member.leave(side)
}

fn describe(group: &Str, topics: Option<Vec<(&Str, Vec<i32>)>>) -> DescribeShareGroupOffsetsRequest {
    let topic = |(name, partitions): (&Str, Vec<i32>)| DescribeShareGroupOffsetsRequestTopic {
        topic_name: name.clone(),
        partitions,
    };
    let topics = topics.map(|topics| topics.into_iter().map(topic).collect());
    let group = DescribeShareGroupOffsetsRequestGroup { group_id: group.clone(), topics };
    DescribeShareGroupOffsetsRequest { groups: vec![group], ..Default::default() }
}

fn alter(group: &Str, topic: &Str, partition: i32, start: i64) -> AlterShareGroupOffsetsRequest {
    let partition =
        AlterShareGroupOffsetsRequestPartition { partition_index: partition, start_offset: start };
    let topic = AlterShareGroupOffsetsRequestTopic { topic_name: topic.clone(), partitions: vec![partition] };
    AlterShareGroupOffsetsRequest { group_id: group.clone(), topics: vec![topic], ..Default::default() }
}

fn delete(group: &Str, topics: &[&Str]) -> DeleteShareGroupOffsetsRequest {
    let topic = |name: &&Str| DeleteShareGroupOffsetsRequestTopic { topic_name: (*name).clone() };
    DeleteShareGroupOffsetsRequest { group_id: group.clone(), topics: topics.iter().map(topic).collect() }
}

fn offsets(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let other = Topic::make(side, "other", &[])?;
    let unknown = Topic::unknown(side);
    topic.fill(side, [Batch::timed(5, 1_000), Batch::timed(5, 1_000)])?;
    let nobody = side.name("nobody");
    coordinator(side, &nobody, GROUP)?;
    for version in 0..=1 {
        side.ask("no group, all", version, &describe(&nobody, None));
        side.ask("no group, a topic", version, &describe(&nobody, Some(vec![(&topic.name, vec![0])])));
    }
    side.ask("no group", 0, &delete(&nobody, &[&topic.name]));
    side.ask("an empty name", 0, &alter(&"".into(), &topic.name, 0, 1));
    side.ask("an empty name", 0, &delete(&"".into(), &[&topic.name]));
    let member = Member::join(side, "g", &topic, &[])?;
    first(side, "opens", &member.fetch(&topic, 0, &[]))?;
    side.ask("accepts", 2, &member.say(&topic, 1, &[(0, 1, &[1]), (4, 5, &[1])]));
    let group = member.group.clone();
    let some = vec![(&topic.name, vec![0]), (&unknown.name, vec![0]), (&other.name, vec![0])];
    for version in 0..=1 {
        side.ask("all", version, &describe(&group, None));
        side.ask("some", version, &describe(&group, Some(some.clone())));
        side.ask("none", version, &describe(&group, Some(vec![])));
    }
    side.ask("with a member", 0, &alter(&group, &topic.name, 0, 3));
    side.ask("with a member", 0, &delete(&group, &[&topic.name]));
    side.ask("closes", 2, &member.say(&topic, -1, &[]));
    member.leave(side)?;
    side.ask("alters", 0, &alter(&group, &topic.name, 0, 3));
    side.ask("alters, unknown partition", 0, &alter(&group, &topic.name, 5, 3));
    side.ask("alters, unknown topic", 0, &alter(&group, &unknown.name, 0, 3));
    side.ask("after that", 1, &describe(&group, None));
    side.ask("alters the other", 0, &alter(&group, &other.name, 0, 0));
    side.ask("after that, both", 1, &describe(&group, None));
    let made = side.name("made");
    coordinator(side, &made, GROUP)?;
    side.ask("alters a group that is not there", 0, &alter(&made, &topic.name, 0, 2));
    side.ask("which is there then", 1, &describe(&made, None));
    side.ask("deletes", 0, &delete(&group, &[&unknown.name, &topic.name]));
    side.ask("deletes again", 0, &delete(&group, &[&topic.name]));
    side.ask("after all", 1, &describe(&group, Some(vec![(&topic.name, vec![0])])));
    Ok(())
}
