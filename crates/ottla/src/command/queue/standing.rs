//! How a queue stands: its members, and in each partition what waits and what is in flight.

use super::reading::{self, Next, Starts};
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::offsets;
use ottla_base::{Offset, Timestamp};
use ottla_client::admin::{ConfigEntry, GroupDescription, Resource, SharePartition, Standing};
use ottla_client::{Admin, Client, OffsetSpec, TopicPartition};
use ottla_wire::ErrorCode;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// A queue: a share group and where it stands.
pub(super) struct Queue {
    pub(super) group: GroupDescription,
    pub(super) places: Vec<Place>,
}

/// A queue in one partition.
pub(super) struct Place {
    pub(super) found: SharePartition,
    /// Where the partition ends.
    pub(super) end: Offset,
}

/// Nothing of this needs ranges of records.
pub(super) const NO_RANGES: i32 = 0;

impl Queue {
    /// Looks at a queue once; with at most `ranges_max` ranges of records for each partition.
    pub(super) async fn look(admin: &Admin, group: &str, ranges_max: i32) -> Outcome<Self> {
        let group = describe(admin, group).await?;
        let found = match admin.share_group_offsets(&group.id, ranges_max).await {
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Vec::new(),
            found => found?,
        };
        let partitions: Vec<TopicPartition> = found.iter().map(|found| found.partition.clone()).collect();
        let ends = offsets::find(admin.client(), &partitions, OffsetSpec::Latest).await?;
        let places = found.into_iter().filter_map(|found| {
            let end = *ends.get(&found.partition)?;
            Some(Place { found, end })
        });
        Ok(Self { group, places: places.collect() })
    }

    /// How many records are not done.
    pub(super) fn depth(&self) -> i64 {
        self.places.iter().map(Place::depth).sum()
    }

    /// The sum of a number that only Ottla tells.
    pub(super) fn sum(&self, number: impl Fn(&Standing) -> i64) -> Option<i64> {
        let standings: Vec<&Standing> =
            self.places.iter().filter_map(|place| place.found.standing.as_ref()).collect();
        (!standings.is_empty()).then(|| standings.into_iter().map(number).sum())
    }

    /// The timestamp of the first record that is not done, by partition.
    pub(super) async fn oldest(&self, client: &Client) -> Outcome<BTreeMap<TopicPartition, Timestamp>> {
        let mut oldest = BTreeMap::new();
        let mut starts = Starts::new();
        for place in self.places.iter().filter(|place| 0 < place.depth()) {
            let told = place.found.standing.as_ref().map_or(-1, |standing| standing.oldest_timestamp);
            match place.found.start {
                _ if 0 <= told => _ = oldest.insert(place.found.partition.clone(), Timestamp(told)),
                Some(start) => _ = starts.insert(place.found.partition.clone(), start),
                None => {}
            }
        }
        reading::read(client, starts, |record| {
            let partition = TopicPartition { topic: record.topic, partition: record.partition };
            oldest.insert(partition, record.timestamp);
            ControlFlow::Continue(Next::Enough)
        })
        .await?;
        Ok(oldest)
    }
}

impl Place {
    /// How many records are not done, in flight ones included.
    pub(super) fn depth(&self) -> i64 {
        let start = self.found.start.unwrap_or(self.end);
        self.found.lag.unwrap_or((self.end.0 - start.0).max(0))
    }

    /// How many of them wait for nothing. What nobody has looked at yet is among them.
    pub(super) fn ready(&self, standing: &Standing) -> i64 {
        let Standing { blocked, scheduled, retrying, acquired, archiving, .. } = standing;
        (self.depth() - blocked - scheduled - retrying - acquired - archiving).max(0)
    }
}

/// The share group as its coordinator describes it.
pub(super) async fn describe(admin: &Admin, group: &str) -> Outcome<GroupDescription> {
    let missing = || {
        Failure::not_found(format!(
            "there is no queue '{group}': 'ottla queue list' has all of them; one begins when the first consumer of a \
             share group joins"
        ))
    };
    match admin.describe_share_group(group).await {
        Ok(described) if described.state == "Dead" => Err(missing()),
        Ok(described) => Ok(described),
        Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// What is in force for a group, of these names or all.
pub(super) async fn settings(
    admin: &Admin,
    group: &str,
    names: Option<&[&str]>,
) -> Outcome<Vec<ConfigEntry>> {
    let mut found = Vec::new();
    for (_, outcome) in admin.describe_configs(&[Resource::group(group)], names).await? {
        found = outcome.map_err(ottla_client::RequestError::from)?;
    }
    Ok(found)
}

/// The value of one setting; none if the broker does not have it.
pub(super) async fn setting(admin: &Admin, group: &str, name: &str) -> Outcome<Option<String>> {
    let found = settings(admin, group, Some(&[name])).await?;
    Ok(found.into_iter().find(|entry| entry.name == name).and_then(|entry| entry.value))
}

/// How long ago a moment was, in whole milliseconds.
pub(super) fn age_ms(session: &Session<'_>, at: Timestamp) -> i64 {
    (session.env.now().wall.0 - at.0).max(0)
}
