//! Offsets to reset as comma-separated values: `topic,partition,offset`, with the group in front if there are several.

use crate::command::kafka::Ran;
use crate::command::kafka::error::Trouble;
use crate::offsets::Found;
use ottla_base::Offset;
use ottla_client::TopicPartition;
use std::collections::BTreeMap;

/// The plan of a file for each group. One that names no groups is for `only_group`.
///
/// # Errors
/// A line is no such row.
pub(super) fn read(text: &str, only_group: Option<&str>) -> Ran<BTreeMap<String, Found>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_bare = lines.first().is_some_and(|line| line.split(',').count() == 3);
    let mut plans: BTreeMap<String, Found> = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let row = match (fields[..].split_last_chunk::<3>(), only_group) {
            (Some(([], row)), Some(group)) if is_bare => Some((group, row)),
            (Some(([group], row)), _) if !is_bare || only_group.is_none() => Some((*group, row)),
            _ => None,
        };
        let read = row.and_then(|(group, [topic, partition, offset])| {
            let partition = TopicPartition::new(*topic, partition.parse().ok()?);
            Some((group, partition, Offset(offset.parse().ok()?)))
        });
        let Some((group, partition, offset)) = read else {
            let form =
                if only_group.is_some() { "topic,partition,offset" } else { "group,topic,partition,offset" };
            return Err(Trouble::general(format!("'{line}' is no row of a plan: {form} is expected")).into());
        };
        plans.entry(group.to_owned()).or_default().insert(partition, offset);
    }
    Ok(plans)
}

/// One row, with the group if it is named.
pub(super) fn row(group: Option<&str>, partition: &TopicPartition, offset: Offset) -> String {
    let row = format!("{},{},{offset}\n", field(&partition.topic), partition.partition);
    group.map_or(row.clone(), |group| format!("{},{row}", field(group)))
}

/// A name, in quotes where the library of Kafka's tool puts them: it does not look whether a long one needs them.
fn field(name: &str) -> String {
    match name.chars().count() {
        ..=24 => name.to_owned(),
        _ => format!("\"{name}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_with_and_without_groups() {
        let at = TopicPartition::new("t", 1);
        for (written, only) in [(None, Some("g")), (Some("g"), Some("g")), (Some("g"), None)] {
            let plans = read(&row(written, &at, Offset(7)), only).expect("it is a plan");
            assert_eq!(plans["g"], Found::from([(at.clone(), Offset(7))]), "{written:?} {only:?}");
        }
        assert!(read("t,0,1", None).is_err() && read("t,0", Some("g")).is_err());
        assert!(read("t,x,1", Some("g")).is_err());
        for mixed in ["t,0,1\ng,t,0,1", "g,t,0,1\nt,0,1"] {
            assert!(read(mixed, Some("g")).is_err(), "{mixed}");
        }
    }
}
