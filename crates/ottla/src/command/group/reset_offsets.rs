//! `ottla group reset-offsets`: where a group goes on reading.

use super::state;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::offsets::{self, Found};
use crate::output;
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_client::group::committed::Committed;
use ottla_client::{Admin, Client, OffsetSpec, RequestError, TopicPartition};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Set where a group goes on reading. The plan is shown first; the group must have no members.
/// A share group has records instead of offsets: see 'ottla queue purge'.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla group reset-offsets billing --to-earliest --dry-run
  ottla group reset-offsets billing --topic flights --to-datetime 2026-11-23T06:00:00Z --yes
  ottla group reset-offsets billing --topic flights:0,1 --shift-by -100 --yes")]
pub(crate) struct Arguments {
    /// The group's id; a group that does not exist yet is made.
    group: String,

    /// A topic, or some of its partitions as TOPIC:0,1; may be repeated. Without it, all that the group has
    /// committed.
    #[arg(short, long, value_name = "TOPIC[:PARTITIONS]")]
    topic: Vec<String>,

    #[command(flatten)]
    target: Target,

    /// Do not ask.
    #[arg(short, long)]
    yes: bool,

    /// Show the plan; change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// To the first record that is there.
    #[arg(long)]
    to_earliest: bool,

    /// Behind the last record that is there.
    #[arg(long)]
    to_latest: bool,

    /// To this offset, or the nearest that is there.
    #[arg(long, value_name = "OFFSET")]
    to_offset: Option<i64>,

    /// To the first record at or after this time: milliseconds, or 2026-11-23T21:14:00Z.
    #[arg(long, value_name = "TIME", value_parser = crate::text::parse_moment)]
    to_datetime: Option<Timestamp>,

    /// By this many records, back if negative.
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    shift_by: Option<i64>,
}

/// Plans, asks and commits.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    refuse_queue(&admin, &arguments.group).await?;
    let committed = state::committed(&admin, &arguments.group).await?;
    let partitions = partitions(&client, &arguments.topic, &committed).await?;
    if partitions.is_empty() {
        return Err(Failure::not_found(format!(
            "group '{}' has committed nothing: name topics with --topic",
            arguments.group
        )));
    }
    let plan = plan(&client, &arguments.target, &partitions, &committed).await?;
    let rows: Vec<Vec<Value>> = plan
        .iter()
        .map(|(key, to)| {
            let from = committed.get(key).map(|offset| offset.0);
            vec![
                json!(&*key.topic),
                json!(key.partition.0),
                json!(from),
                json!(to.0),
                json!(from.map(|from| to.0 - from)),
            ]
        })
        .collect();
    output::rows(session.common, &["topic", "partition", "from", "to", "moves-by"], rows)?;
    if arguments.dry_run {
        output::note(session.common, "nothing was changed");
        return Ok(());
    }
    refuse_if_busy(&admin, &arguments.group).await?;
    output::confirm(arguments.yes, &format!("Let group {} go on from there?", arguments.group))?;
    commit(&admin, &arguments.group, &plan).await?;
    output::note(session.common, "changed");
    Ok(())
}

/// A share group has no committed offsets: each record has a state of its own.
async fn refuse_queue(admin: &Admin, group: &str) -> Outcome {
    if state::type_of(admin, group).await? != "share" {
        return Ok(());
    }
    Err(Failure::new(
        Status::Refused,
        format!(
            "group {group} is a share group and commits no offsets: 'ottla queue purge {group}' skips what waits, and \
             Apache Kafka's kafka-share-groups --reset-offsets sets where it starts"
        ),
    ))
}

async fn partitions(
    client: &Client,
    topics: &[String],
    committed: &Found,
) -> Outcome<BTreeSet<TopicPartition>> {
    if topics.is_empty() {
        return Ok(committed.keys().cloned().collect());
    }
    let mut wanted = BTreeSet::new();
    for text in topics {
        let (topic, numbers) = text.split_once(':').map_or((text.as_str(), None), |(t, n)| (t, Some(n)));
        let all = offsets::partitions(client, topic).await?;
        let Some(numbers) = numbers else {
            wanted.extend(all);
            continue;
        };
        for number in numbers.split(',') {
            let index = number.trim().parse().map_err(|_| {
                Failure::usage(format!("--topic {text}: expected TOPIC or TOPIC:0,1 with partition numbers"))
            })?;
            let key = TopicPartition::new(topic, index);
            if !all.contains(&key) {
                return Err(Failure::not_found(format!("topic {topic} has no partition {index}")));
            }
            wanted.insert(key);
        }
    }
    Ok(wanted)
}

async fn plan(
    client: &Client,
    target: &Target,
    partitions: &BTreeSet<TopicPartition>,
    committed: &Found,
) -> Outcome<Found> {
    let all: Vec<TopicPartition> = partitions.iter().cloned().collect();
    let starts = offsets::find(client, &all, OffsetSpec::Earliest).await?;
    let ends = offsets::find(client, &all, OffsetSpec::Latest).await?;
    let by_time = match target.to_datetime {
        Some(at) => offsets::find(client, &all, OffsetSpec::At(at)).await?,
        None => Found::new(),
    };
    let mut plan = Found::new();
    for key in all {
        let (start, end) = (starts[&key], ends[&key]);
        let wanted = match target {
            Target { to_earliest: true, .. } => start,
            Target { to_latest: true, .. } => end,
            Target { to_offset: Some(offset), .. } => Offset(*offset),
            // No record is that young: whatever comes next is.
            Target { to_datetime: Some(_), .. } => {
                by_time.get(&key).copied().filter(|at| *at != Offset::NONE).unwrap_or(end)
            }
            Target { shift_by, .. } => {
                committed.get(&key).copied().unwrap_or(end).plus(shift_by.unwrap_or(0))
            }
        };
        plan.insert(key, wanted.clamp(start, end));
    }
    Ok(plan)
}

/// A member would commit over what is set here.
async fn refuse_if_busy(admin: &Admin, group: &str) -> Outcome {
    let described = state::if_there(state::describe(admin, group).await)?;
    let members = described.map_or(0, |described| described.members.len());
    match members {
        0 => Ok(()),
        _ => Err(Failure::new(
            Status::Refused,
            format!("group {group} has {members} member(s): stop them first"),
        )),
    }
}

async fn commit(admin: &Admin, group: &str, plan: &Found) -> Outcome {
    let committed =
        |offset: &Offset| Committed { offset: *offset, leader_epoch: LeaderEpoch::NONE, metadata: None };
    let offsets: Vec<_> =
        plan.iter().map(|(partition, offset)| (partition.clone(), committed(offset))).collect();
    for (_, outcome) in admin.alter_group_offsets(group, &offsets).await? {
        outcome.map_err(RequestError::from)?;
    }
    Ok(())
}
