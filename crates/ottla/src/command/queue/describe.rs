//! `ottla queue describe`.

use super::dlq::letters;
use super::standing::{self, Place, Queue};
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_base::Timestamp;
use ottla_client::admin::{GroupMember, StandingRange};
use ottla_client::{Admin, Client, TopicPartition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Show how a queue stands: members, depth, what is in flight and for how long yet, throughput, dead letters.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue describe thumbnails
  ottla queue describe thumbnails --ranges 100
  ottla queue describe thumbnails --sample 10 --output json | jq .out_per_second

What records can be: ready (delivered to the next member who asks), blocked (a record of the same key is first),
scheduled (not due yet), retrying (resting before the next delivery), in-flight (with a member, until its lock runs
out), archiving (on the way to the dead letters). Other brokers than Ottla tell start, end and depth only.
In JSON all lengths of time are milliseconds.")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// Show so many ranges of records of each partition.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..=10_000))]
    ranges: i32,

    /// Look twice, so many seconds apart, to tell throughput; 0 looks once.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=3600))]
    sample: u64,
}

const MEMBER: &[&str] = &["member", "client", "host", "partitions"];
const PARTITION: &[&str] = &[
    "topic",
    "partition",
    "start",
    "end",
    "depth",
    "ready",
    "blocked",
    "scheduled",
    "retrying",
    "in-flight",
    "archiving",
    "oldest",
];
const RANGE: &[&str] =
    &["topic", "partition", "first", "last", "records", "state", "deliveries", "member", "for"];
const STATES: [&str; 6] = ["ready", "blocked", "scheduled", "retrying", "in-flight", "archiving"];
const REASONS: [&str; 3] = ["rejected", "exhausted", "expired"];

/// Prints it.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let before = Queue::look(&admin, &arguments.group, arguments.ranges).await?;
    let (queue, rates) = match arguments.sample {
        0 => (before, None),
        seconds => {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let after = Queue::look(&admin, &arguments.group, arguments.ranges).await?;
            let rates = rates(&before, &after, seconds);
            (after, Some(rates))
        }
    };
    let oldest = queue.oldest(&client).await?;
    let facts = Facts::gather(&client, &admin, &queue, rates).await?;
    match session.common.output {
        Form::Json => output::json(&machine(session, &queue, &oldest, &facts)),
        Form::Human => human(session, &queue, &oldest, &facts),
    }
}

/// Records per second that came, and that were done.
type Rates = (f64, f64);

#[expect(clippy::cast_precision_loss, reason = "a rate for people; no queue has 2^52 records")]
fn rates(before: &Queue, after: &Queue, seconds: u64) -> Rates {
    let ends = |queue: &Queue| -> i64 { queue.places.iter().map(|place| place.end.0).sum() };
    let came = ends(after) - ends(before);
    let done = came - (after.depth() - before.depth());
    (came.max(0) as f64 / seconds as f64, done.max(0) as f64 / seconds as f64)
}

/// What is known of a queue beside its partitions.
struct Facts {
    rates: Option<Rates>,
    paused: Option<bool>,
    letters_topic: Option<String>,
    letters: Option<usize>,
}

impl Facts {
    async fn gather(client: &Client, admin: &Admin, queue: &Queue, rates: Option<Rates>) -> Outcome<Self> {
        let group = queue.group.id.as_str();
        let paused = standing::setting(admin, group, "queue.paused").await?.map(|text| text == "true");
        let letters_topic = letters::topic_of(admin, group).await?;
        let letters = letters::count_open(client, letters_topic.as_deref(), group).await?;
        Ok(Self { rates, paused, letters_topic, letters })
    }
}

fn machine(
    session: &Session<'_>,
    queue: &Queue,
    oldest: &BTreeMap<TopicPartition, Timestamp>,
    facts: &Facts,
) -> Value {
    let partitions = queue.places.iter().map(|place| partition(session, place, oldest));
    json!({
        "queue": queue.group.id,
        "state": queue.group.state,
        "epoch": queue.group.epoch,
        "depth": queue.depth(),
        "in_flight": queue.sum(|standing| standing.acquired),
        "oldest_ms": oldest.values().min().map(|at| standing::age_ms(session, *at)),
        "paused": facts.paused,
        "in_per_second": facts.rates.map(|(came, _)| came),
        "out_per_second": facts.rates.map(|(_, done)| done),
        "dead_letter_topic": facts.letters_topic,
        "dead_letters": facts.letters,
        "since_start": {
            "acquired": queue.sum(|standing| standing.total_acquired),
            "accepted": queue.sum(|standing| standing.total_accepted),
            "released": queue.sum(|standing| standing.total_released),
            "timed_out": queue.sum(|standing| standing.total_timed_out),
            "rejected": queue.sum(|standing| standing.total_rejected),
            "exhausted": queue.sum(|standing| standing.total_exhausted),
            "expired": queue.sum(|standing| standing.total_expired),
            "dead_lettered": queue.sum(|standing| standing.total_dead_lettered),
        },
        "members": output::named(MEMBER, queue.group.members.iter().map(member).collect()),
        "partitions": output::named(PARTITION, partitions.collect()),
        "ranges": output::named(RANGE, ranges(session, queue)),
    })
}

fn human(
    session: &Session<'_>,
    queue: &Queue,
    oldest: &BTreeMap<TopicPartition, Timestamp>,
    facts: &Facts,
) -> Outcome {
    let mut words = vec![
        queue.group.state.clone(),
        format!("{} member(s)", queue.group.members.len()),
        format!("{} record(s) not done", queue.depth()),
    ];
    words.extend(queue.sum(|standing| standing.acquired).map(|count| format!("{count} in flight")));
    let age = oldest.values().min().map(|at| standing::age_ms(session, *at));
    words.extend(age.map(|ms| format!("oldest {}", crate::text::duration(ms))));
    words.extend(facts.rates.map(|(came, done)| format!("{came:.0}/s in, {done:.0}/s out")));
    words.extend(facts.letters.map(|count| format!("{count} dead letter(s)")));
    words.extend(facts.paused.filter(|paused| *paused).map(|_| "PAUSED".to_owned()));
    output::line(format_args!("{}: {}", queue.group.id, words.join(", ")))?;
    let members: Vec<Vec<Value>> = queue.group.members.iter().map(member).collect();
    let partitions: Vec<Vec<Value>> =
        queue.places.iter().map(|place| partition(session, place, oldest)).collect();
    for (header, rows) in [(MEMBER, members), (PARTITION, partitions), (RANGE, ranges(session, queue))] {
        if !rows.is_empty() {
            output::line(format_args!("\n{}", output::table(header, &rows)))?;
        }
    }
    Ok(())
}

fn member(member: &GroupMember) -> Vec<Value> {
    let partitions: Vec<String> = member.partitions.iter().map(ToString::to_string).collect();
    vec![json!(member.member_id), json!(member.client_id), json!(member.client_host), json!(partitions)]
}

fn partition(
    session: &Session<'_>,
    place: &Place,
    oldest: &BTreeMap<TopicPartition, Timestamp>,
) -> Vec<Value> {
    let standing = place.found.standing.as_ref();
    let at = oldest.get(&place.found.partition);
    vec![
        json!(&*place.found.partition.topic),
        json!(place.found.partition.partition.0),
        json!(place.found.start.map(|start| start.0)),
        json!(place.end.0),
        json!(place.depth()),
        json!(standing.map(|standing| place.ready(standing))),
        json!(standing.map(|standing| standing.blocked)),
        json!(standing.map(|standing| standing.scheduled)),
        json!(standing.map(|standing| standing.retrying)),
        json!(standing.map(|standing| standing.acquired)),
        json!(standing.map(|standing| standing.archiving)),
        output::duration(session.common, at.map(|at| standing::age_ms(session, *at))),
    ]
}

fn ranges(session: &Session<'_>, queue: &Queue) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for place in &queue.places {
        let partition = &place.found.partition;
        for range in place.found.standing.iter().flat_map(|standing| &standing.ranges) {
            rows.push(vec![
                json!(&*partition.topic),
                json!(partition.partition.0),
                json!(range.first_offset),
                json!(range.last_offset),
                json!(range.last_offset - range.first_offset + 1),
                json!(state(range)),
                json!(range.delivery_count),
                json!(range.member_id.as_deref()),
                lasting(session, range),
            ]);
        }
    }
    rows
}

fn state(range: &StandingRange) -> String {
    let word = |words: &[&str], code: i8| {
        usize::try_from(code).ok().and_then(|at| words.get(at).map(|word| (*word).to_owned()))
    };
    let state = word(&STATES, range.state).unwrap_or_else(|| format!("state {}", range.state));
    match word(&REASONS, range.reason) {
        Some(reason) => format!("{state} ({reason})"),
        None => state,
    }
}

/// How long yet: until a lock or a rest is over, or a record is due.
fn lasting(session: &Session<'_>, range: &StandingRange) -> Value {
    let until_due = || (range.state == SCHEDULED).then(|| range.at - session.env.now().wall.0);
    let ms = if 0 <= range.rest_ms { Some(range.rest_ms) } else { until_due() };
    output::duration(session.common, ms.map(|ms| ms.max(0)))
}

const SCHEDULED: i8 = 2;
