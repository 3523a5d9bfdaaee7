//! Fetch sessions (KIP-227): what is told again, what is not, and what ends a session.

use crate::asking::{Topic, trim, unpacked};
use crate::batch::Batch;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::FetchRequest;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};

pub const SUBJECT: Subject = Subject {
    name: "fetch-sessions",
    about: "Fetch sessions: what is told again, what is not, and what ends a session.",
    scenarios: &[
        Scenario { name: "changes", asks: "what changed since the last answer", run: changes, differs: &[] },
        Scenario {
            name: "refusals",
            asks: "sessions, epochs and names that do not fit",
            run: refusals,
            differs: &[],
        },
        Scenario { name: "members", asks: "partitions that come and go", run: members, differs: &[] },
        Scenario {
            name: "errors",
            asks: "partitions that cannot be read, and recover",
            run: errors,
            differs: &[],
        },
        Scenario { name: "turns", asks: "which partition is served first", run: turns, differs: &[] },
    ],
};

const VERSIONS: [i16; 4] = [7, 12, 13, 18];

/// A client with its session.
struct Client {
    version: i16,
    id: i32,
    epoch: i32,
    bytes_max: i32,
}

impl Client {
    fn new(version: i16) -> Self {
        Self { version, id: 0, epoch: 0, bytes_max: 50 << 20 }
    }

    fn request(&self, topics: Vec<FetchTopic>, forgotten: Vec<ForgottenTopic>) -> FetchRequest {
        FetchRequest {
            replica_id: -1,
            max_bytes: self.bytes_max,
            session_id: self.id,
            session_epoch: self.epoch,
            topics,
            forgotten_topics_data: forgotten,
            ..Default::default()
        }
    }

    /// Fetches, keeps the answer, and goes on with the session that it names.
    fn fetch(&mut self, side: &mut Side, step: &str, topics: Vec<FetchTopic>) {
        self.fetch_and_forget(side, step, topics, Vec::new());
    }

    fn fetch_and_forget(
        &mut self,
        side: &mut Side,
        step: &str,
        topics: Vec<FetchTopic>,
        forgotten: Vec<ForgottenTopic>,
    ) {
        let request = self.request(topics, forgotten);
        let fields = match side.call(self.version, &request) {
            Ok(answer) => {
                if answer.error_code.is_none() && 0 <= self.epoch {
                    self.id = answer.session_id;
                    self.epoch += 1;
                }
                unpacked(answer)
            }
            Err(why) => vec![("the answer".to_owned(), why.to_string())],
        };
        side.keep_as::<FetchRequest>(step, self.version, fields);
    }
}

fn part(partition: i32, offset: i64) -> FetchPartition {
    FetchPartition {
        partition,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        ..Default::default()
    }
}

fn of(topic: &Topic, partitions: Vec<FetchPartition>) -> Vec<FetchTopic> {
    vec![FetchTopic { topic: topic.name.clone(), topic_id: topic.id, partitions }]
}

fn without(topic: &Topic, partitions: Vec<i32>) -> Vec<ForgottenTopic> {
    vec![ForgottenTopic { topic: topic.name.clone(), topic_id: topic.id, partitions }]
}

fn changes(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::make_wide(side, &format!("t{version}"), 2, &[])?;
        topic.fill(side, [Batch::timed(2, 1_000), Batch::timed(2, 2_000)])?;
        let mut client = Client::new(version);
        client.fetch(side, "all", of(&topic, vec![part(0, 0), part(1, 0)]));
        client.fetch(side, "the same position", Vec::new());
        client.fetch(side, "the end", of(&topic, vec![part(0, 4)]));
        client.fetch(side, "nothing new", Vec::new());
        topic.fill(side, [Batch::timed(1, 3_000)])?;
        client.fetch(side, "one more", Vec::new());
        client.fetch(side, "read", of(&topic, vec![part(0, 5)]));
        trim(side, &topic, 2)?;
        client.fetch(side, "the start moved", Vec::new());
        client.fetch(side, "told already", Vec::new());
    }
    Ok(())
}

fn refusals(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::make(side, &format!("t{version}"), &[])?;
        topic.fill(side, [Batch::timed(2, 1_000)])?;
        let all = || of(&topic, vec![part(0, 0)]);
        let mut client = Client::new(version);
        client.fetch(side, "begins", all());
        let session = client.id;
        let with = |id, epoch| Client { id, epoch, ..Client::new(version) };
        for (step, id, epoch) in [
            ("an epoch too late", session, 2),
            ("an epoch that was", session, 0x7fff_ffff),
            ("nobody's session", session ^ 1, 1),
            ("no session, epoch 1", 0, 1),
            ("epoch -2", session, -2),
        ] {
            with(id, epoch).fetch(side, step, Vec::new());
        }
        let other = if version < 13 { 13 } else { 12 };
        Client { id: session, epoch: 1, ..Client::new(other) }.fetch(side, "named the other way", Vec::new());
        client.fetch(side, "still there", Vec::new());
        with(session, -1).fetch(side, "closed", all());
        client.fetch(side, "after its end", Vec::new());
        with(0, -1).fetch(side, "without a session", all());
        let mut second = Client::new(version);
        second.fetch(side, "the next begins", all());
        with(second.id, 0).fetch(side, "begun anew", all());
        second.fetch(side, "the replaced one", Vec::new());
        let mut third = Client::new(version);
        third.fetch(side, "nothing in it", Vec::new());
        third.fetch(side, "one comes into it", all());
        let mut fourth = Client::new(version);
        fourth.fetch(side, "nothing in it again", Vec::new());
        fourth.fetch(side, "still nothing", Vec::new());
        fourth.fetch(side, "it is gone", all());
    }
    Ok(())
}

fn members(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::make_wide(side, &format!("t{version}"), 3, &[])?;
        topic.fill(side, [Batch::timed(2, 1_000)])?;
        let other = Topic::make(side, &format!("o{version}"), &[])?;
        other.fill(side, [Batch::timed(1, 1_000)])?;
        let mut client = Client::new(version);
        client.fetch(side, "one", of(&topic, vec![part(1, 0)]));
        client.fetch(side, "another comes", of(&topic, vec![part(0, 0)]));
        client.fetch(side, "another topic", of(&other, vec![part(0, 0)]));
        client.fetch_and_forget(side, "one goes", Vec::new(), without(&topic, vec![0]));
        client.fetch_and_forget(side, "one that never was", Vec::new(), without(&topic, vec![2, 7]));
        client.fetch_and_forget(
            side,
            "one goes, one comes",
            of(&topic, vec![part(0, 1)]),
            without(&other, vec![0]),
        );
        client.fetch_and_forget(side, "the last go", Vec::new(), without(&topic, vec![0, 1]));
        client.fetch(side, "after that", Vec::new());
    }
    Ok(())
}

fn errors(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::make(side, &format!("t{version}"), &[])?;
        topic.fill(side, [Batch::timed(2, 1_000)])?;
        let other = Topic::make(side, &format!("o{version}"), &[])?;
        let unknown = Topic::unknown(side);
        let mut client = Client::new(version);
        let mut wanted = of(&topic, vec![part(0, 9)]);
        wanted.extend(of(&other, vec![part(5, 0)]));
        wanted.extend(of(&unknown, vec![part(0, 0)]));
        client.fetch(side, "three errors", wanted);
        client.fetch(side, "the same errors", Vec::new());
        client.fetch(side, "one is well again, at the end", of(&topic, vec![part(0, 2)]));
        client.fetch(side, "it is not told again", Vec::new());
        let fenced = FetchPartition { current_leader_epoch: 99, ..part(0, 2) };
        client.fetch(side, "a leader epoch of the future", of(&topic, vec![fenced]));
        client.fetch(side, "again", Vec::new());
        client.fetch(side, "well again", of(&topic, vec![part(0, 0)]));
    }
    Ok(())
}

fn turns(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topics = [
            Topic::make(side, &format!("a{version}"), &[])?,
            Topic::make(side, &format!("b{version}"), &[])?,
        ];
        for topic in &topics {
            topic.fill(side, [Batch::timed(2, 1_000), Batch::timed(2, 2_000), Batch::timed(2, 3_000)])?;
        }
        let mut client = Client { bytes_max: 1, ..Client::new(version) };
        let both = |offset| topics.iter().flat_map(|topic| of(topic, vec![part(0, offset)])).collect();
        // Kafka serves the one that it served first a second time before the others have their turn.
        client.fetch(side, "begins at the end", both(6));
        client.fetch(side, "goes back to the start", both(0));
        for turn in 1..=4 {
            client.fetch(side, &format!("turn {turn}"), Vec::new());
        }
        let [first, second] = &topics;
        client.fetch(side, "the first goes on", of(first, vec![part(0, 2)]));
        client.fetch(side, "the second goes on", of(second, vec![part(0, 2)]));
    }
    Ok(())
}
