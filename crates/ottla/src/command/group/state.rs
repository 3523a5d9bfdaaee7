//! What a group's coordinator knows of it, and where the partitions it reads end.

use crate::exit::{Failure, Outcome, Status};
use crate::offsets::{self, Found};
use ottla_base::Offset;
use ottla_client::admin::GroupDescription;
use ottla_client::{Admin, Client, OffsetSpec, TopicPartition, TopicSet};
use ottla_wire::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};

/// The group as its coordinator describes it, whichever type it has.
pub(super) async fn describe(admin: &Admin, group: &str) -> Outcome<GroupDescription> {
    describe_as(admin, group, &type_of(admin, group).await?).await
}

/// Kafka's name of its type; empty if there is no such group, or from an old broker.
pub(super) async fn type_of(admin: &Admin, group: &str) -> Outcome<String> {
    let listed = admin.list_groups().await?;
    let found = listed.into_iter().find(|listed| listed.id == group);
    Ok(found.map(|listed| listed.group_type.to_ascii_lowercase()).unwrap_or_default())
}

/// As [`describe`], for a group whose type is known; brokers before Kafka 3.8 do not tell it.
pub(super) async fn describe_as(admin: &Admin, group: &str, group_type: &str) -> Outcome<GroupDescription> {
    let missing =
        || Failure::not_found(format!("there is no group '{group}': 'ottla group list' has all of them"));
    let described = match group_type.to_ascii_lowercase().as_str() {
        "consumer" => admin.describe_consumer_group(group).await,
        "share" => admin.describe_share_group(group).await,
        "streams" => admin.describe_streams_group(group).await,
        _ => admin.describe_group(group).await,
    };
    match described {
        Ok(described) if described.state == "Dead" => Err(missing()),
        Ok(described) => Ok(described),
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// `None` if there is no such group after all.
pub(super) fn if_there(described: Outcome<GroupDescription>) -> Outcome<Option<GroupDescription>> {
    match described {
        Ok(described) => Ok(Some(described)),
        Err(failure) if failure.status == Status::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// How far a group is in a partition.
pub(super) struct Progress {
    /// Everything before it is done: what was committed, or where a share group starts.
    pub(super) done: Offset,
    /// How many records are not done, if the broker tells it: behind its start a share group may have done some.
    left: Option<i64>,
}

impl Progress {
    /// How many records are not done.
    pub(super) fn lag(&self, end: Option<&Offset>) -> Option<i64> {
        self.left.or_else(|| end.map(|end| (end.0 - self.done.0).max(0)))
    }
}

/// How far the group is in each partition that it has worked on.
pub(super) async fn progress(
    admin: &Admin,
    group: &GroupDescription,
) -> Outcome<BTreeMap<TopicPartition, Progress>> {
    if group.group_type != "share" {
        let committed = committed(admin, &group.id).await?.into_iter();
        return Ok(committed.map(|(partition, done)| (partition, Progress { done, left: None })).collect());
    }
    let partitions = admin.share_group_offsets(&group.id, NO_RANGES).await?.into_iter();
    let known = partitions
        .filter_map(|found| found.start.map(|done| (found.partition, Progress { done, left: found.lag })));
    Ok(known.collect())
}

/// Nothing but offsets is asked for.
const NO_RANGES: i32 = -1;

/// What the group has committed; nothing if there is no such group.
pub(super) async fn committed(admin: &Admin, group: &str) -> Outcome<Found> {
    match admin.group_offsets(group, None).await {
        Ok(offsets) => {
            Ok(offsets.into_iter().map(|(partition, committed)| (partition, committed.offset)).collect())
        }
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Ok(Found::new()),
        Err(error) => Err(error.into()),
    }
}

/// The ends of these partitions; those whose topic is gone are left out.
pub(crate) async fn ends(
    client: &Client,
    partitions: impl Iterator<Item = &TopicPartition>,
) -> Outcome<Found> {
    let wanted: Vec<TopicPartition> = partitions.cloned().collect();
    let names: BTreeSet<&str> = wanted.iter().map(|partition| &*partition.topic).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let view = client.view(TopicSet::Named(&names)).await?;
    let counts: BTreeMap<&str, usize> =
        view.topics.iter().map(|(name, topic)| (&**name, topic.partitions.len())).collect();
    let is_there = |partition: &&TopicPartition| {
        let count = counts.get(&*partition.topic).copied().unwrap_or_default();
        usize::try_from(partition.partition.0).is_ok_and(|index| index < count)
    };
    let there: Vec<TopicPartition> = wanted.iter().filter(is_there).cloned().collect();
    offsets::find(client, &there, OffsetSpec::Latest).await
}
