//! `ottla group reset-offsets`: where a group goes on reading.

use super::state;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::offsets::{self, At, Found, Key};
use crate::output;
use ottla_base::{Offset, PartitionIndex, Timestamp};
use ottla_client::{Client, CoordinatorKind, Refused, RequestError};
use ottla_wire::message::OffsetCommitRequest;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Set where a group goes on reading. The plan is shown first; the group must have no members.
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
    let committed = state::committed(&client, &arguments.group).await?;
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
            vec![json!(key.0), json!(key.1.0), json!(from), json!(to.0), json!(from.map(|from| to.0 - from))]
        })
        .collect();
    output::rows(session.common, &["topic", "partition", "from", "to", "moves-by"], rows)?;
    if arguments.dry_run {
        output::note(session.common, "nothing was changed");
        return Ok(());
    }
    refuse_if_busy(&client, &arguments.group).await?;
    output::confirm(arguments.yes, &format!("Let group {} go on from there?", arguments.group))?;
    commit(&client, &arguments.group, &plan).await?;
    output::note(session.common, "changed");
    Ok(())
}

async fn partitions(client: &Client, topics: &[String], committed: &Found) -> Outcome<BTreeSet<Key>> {
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
            let key = (topic.to_owned(), PartitionIndex(index));
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
    partitions: &BTreeSet<Key>,
    committed: &Found,
) -> Outcome<Found> {
    let all: Vec<Key> = partitions.iter().cloned().collect();
    let starts = offsets::find(client, &all, At::Start).await?;
    let ends = offsets::find(client, &all, At::End).await?;
    let by_time = match target.to_datetime {
        Some(at) => offsets::find(client, &all, At::Time(at)).await?,
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
async fn refuse_if_busy(client: &Client, group: &str) -> Outcome {
    match state::describe(client, group).await {
        Ok(described) if !described.members.is_empty() => Err(Failure::new(
            crate::exit::Status::Refused,
            format!("group {group} has {} member(s): stop them first", described.members.len()),
        )),
        Ok(_) => Ok(()),
        Err(failure) if failure.status == crate::exit::Status::NotFound => Ok(()),
        Err(failure) => Err(failure),
    }
}

async fn commit(client: &Client, group: &str, plan: &Found) -> Outcome {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for ((topic, index), offset) in plan {
        topics.entry(topic).or_default().push(OffsetCommitRequestPartition {
            partition_index: index.0,
            committed_offset: offset.0,
            committed_metadata: Some("".into()),
            ..Default::default()
        });
    }
    let topic = |(name, partitions): (&str, _)| OffsetCommitRequestTopic {
        name: name.into(),
        partitions,
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.into(),
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    };
    let coordinator = client.coordinator(CoordinatorKind::Group, group).await?;
    let version = coordinator.version_of::<OffsetCommitRequest>()?.min(LAST_VERSION_BY_NAME);
    let response = coordinator.call_at(&request, version).await?;
    for topic in response.topics {
        for partition in topic.partitions {
            let what = format!("offset of {}-{}", topic.name, partition.partition_index);
            Refused::check(what, partition.error_code, None).map_err(RequestError::from)?;
        }
    }
    Ok(())
}

const LAST_VERSION_BY_NAME: i16 = 9;
