//! Where a group shall go on, by the flags of `--reset-offsets`.

use super::{Ran, Tool, csv};
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::hash_order;
use crate::offsets::{self, Found};
use crate::output;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp as Moment};
use ottla_base::{Offset, Timestamp};
use ottla_client::{OffsetSpec, TopicPartition};

/// The offsets to set for a group, of these partitions; with `--from-file`, of those in the file.
pub(super) async fn make(
    tool: &Tool<'_>,
    now: Timestamp,
    group: &str,
    partitions: &[TopicPartition],
) -> Ran<Found> {
    let given = tool.given;
    let all = |offset: i64| partitions.iter().map(|partition| (partition.clone(), Offset(offset))).collect();
    if let Some(offset) = given.number("to-offset")? {
        return within_range(tool, all(offset)).await;
    }
    if given.has("to-earliest") {
        return Ok(offsets::find(&tool.client, partitions, OffsetSpec::Earliest).await?);
    }
    if given.has("to-latest") {
        return Ok(offsets::find(&tool.client, partitions, OffsetSpec::Latest).await?);
    }
    if let Some(by) = given.number::<i64>("shift-by")? {
        return shifted(tool, group, partitions, by).await;
    }
    if let Some(text) = given.one("to-datetime")? {
        return by_time(tool, partitions, moment(text)?).await;
    }
    if let Some(text) = given.one("by-duration")? {
        return by_time(tool, partitions, Timestamp(now.0.saturating_sub(duration(text)?))).await;
    }
    if let Some(path) = given.one("from-file")? {
        return of_file(tool, group, path).await;
    }
    if given.has("to-current") {
        let committed = tool.committed(group).await?;
        let ends = offsets::find(&tool.client, partitions, OffsetSpec::Latest).await?;
        let of = |partition: &TopicPartition| {
            committed.get(partition).map_or(ends[partition], |found| found.offset)
        };
        return Ok(partitions.iter().map(|partition| (partition.clone(), of(partition))).collect());
    }
    let scenarios: Vec<String> = super::TARGETS.iter().map(|target| format!("[{target}]")).collect();
    Err(Stop::Usage(format!(
        "Option '[reset-offsets]' requires one of the following scenarios: [{}]",
        scenarios.join(", ")
    )))
}

async fn shifted(tool: &Tool<'_>, group: &str, partitions: &[TopicPartition], by: i64) -> Ran<Found> {
    let committed = tool.committed(group).await?;
    let mut wanted = Found::new();
    for partition in partitions {
        let Some(from) = committed.get(partition) else {
            return Err(Stop::Usage(format!(
                "Cannot shift offset for partition {partition} since there is no current committed offset"
            )));
        };
        wanted.insert(partition.clone(), from.offset.plus(by));
    }
    within_range(tool, wanted).await
}

async fn of_file(tool: &Tool<'_>, group: &str, path: &str) -> Ran<Found> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Trouble::general(format!("{path} cannot be read: {error}")))?;
    let groups = tool.given.all("group");
    let only_group = if let [only] = groups[..] { Some(only) } else { None };
    match csv::read(&text, only_group)?.remove(group) {
        Some(plan) => within_range(tool, plan).await,
        None => {
            output::line(format_args!("\nError: No reset plan for group {group} found."))?;
            Ok(Found::new())
        }
    }
}

/// The nearest offsets that are there, each of which that is another one is told.
async fn within_range(tool: &Tool<'_>, wanted: Found) -> Ran<Found> {
    let partitions: Vec<TopicPartition> = wanted.keys().cloned().collect();
    let starts = offsets::find(&tool.client, &partitions, OffsetSpec::Earliest).await?;
    let ends = offsets::find(&tool.client, &partitions, OffsetSpec::Latest).await?;
    let near = |(partition, offset): (TopicPartition, Offset)| {
        let (start, end) = (starts[&partition], ends[&partition]);
        let to = if end < offset { end } else { offset.max(start) };
        if to != offset {
            let side = if end < offset { "higher than latest" } else { "lower than earliest" };
            output::aside(format_args!(
                "WARN New offset ({offset}) is {side} offset for topic partition {partition}. Value will be set to {to}."
            ));
        }
        (partition, to)
    };
    Ok(wanted.into_iter().map(near).collect())
}

/// The first record since that time, and where there is none, the end.
async fn by_time(tool: &Tool<'_>, partitions: &[TopicPartition], at: Timestamp) -> Ran<Found> {
    let mut found = offsets::find(&tool.client, partitions, OffsetSpec::At(at)).await?;
    let is_old = |(_, offset): &(&TopicPartition, &Offset)| **offset == Offset::NONE;
    let mut old: Vec<TopicPartition> =
        found.iter().filter(is_old).map(|(partition, _)| partition.clone()).collect();
    hash_order::sort(&mut old, hash_order::UNSAID, |at| hash_order::of_partition(&at.topic, at.partition.0));
    for partition in &old {
        output::line(format_args!(
            "\nWarn: Partition {} from topic {} is empty. Falling back to latest known offset.",
            partition.partition, partition.topic
        ))?;
    }
    found.extend(offsets::find(&tool.client, &old, OffsetSpec::Latest).await?);
    Ok(found)
}

/// A moment as `2026-11-26T06:00:00.000`, in UTC unless an offset follows.
fn moment(text: &str) -> Ran<Timestamp> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok();
    let parsed = match text.parse::<Moment>() {
        Ok(moment) => Some(moment),
        Err(_) if text.contains('T') => local().map(|zoned| zoned.timestamp()),
        Err(_) => None,
    };
    parsed.map(|moment| Timestamp(moment.as_millisecond())).ok_or_else(|| {
        Trouble::general(format!("java.text.ParseException: Unparseable date: \"{text}\"")).into()
    })
}

/// A length of time as `P1DT2H`, in milliseconds.
fn duration(text: &str) -> Ran<i64> {
    let unreadable = || Trouble::general("Text cannot be parsed to a Duration");
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let split = text.strip_prefix(['P', 'p']).and_then(|rest| rest.split_once(['D', 'd']));
    let (days, rest) = match split {
        Some((days, rest)) => (days.parse::<i64>().map_err(|_| unreadable())?, format!("P{rest}")),
        None => (0, text.to_owned()),
    };
    let rest = match rest.as_str() {
        "P" if split.is_some() => SignedDuration::ZERO,
        rest if rest.starts_with(['P', 'p']) => rest.parse().map_err(|_| unreadable())?,
        // The library of times reads more than Java does.
        _ => return Err(unreadable().into()),
    };
    let ms =
        i64::try_from(rest.as_millis()).ok().and_then(|ms| days.checked_mul(86_400_000)?.checked_add(ms));
    let ms = ms.ok_or_else(unreadable)?;
    Ok(if is_negative { -ms } else { ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_without_an_offset_are_utc() {
        for text in ["1970-01-01T00:00:01.500", "1970-01-01T01:00:01.500+01:00", "1970-01-01T00:00:01.5Z"] {
            assert_eq!(moment(text), Ok(Timestamp(1500)), "{text}");
        }
        assert!(moment("1970-01-01").is_err() && moment("yesterday").is_err());
    }

    #[test]
    fn durations_are_read_as_java_writes_them() {
        let cases = [
            ("PT1H30M", 5_400_000),
            ("P1D", 86_400_000),
            ("P2DT0.5S", 172_800_500),
            ("-PT1M", -60_000),
            ("PT0S", 0),
        ];
        for (text, ms) in cases {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for bad in ["1h", "P", "PxD", "P99999999999999999D"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
