//! Small text files that are replaced as a whole, in Kafka's form: a version line `0`, the number of lines that
//! follow, then the lines. A reader sees the old file or the new one, never a mixture.

use super::names;
use crate::disk::Disk;
use ottla_base::{Offset, PartitionIndex, TopicName};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Offsets by partition, as `recovery-point-offset-checkpoint` and `log-start-offset-checkpoint` have them:
/// `topic partition offset` on each line.
pub(crate) type Offsets = HashMap<(TopicName, PartitionIndex), Offset>;

/// Reads a file of offsets. A missing or damaged file has none: the caller then assumes the least.
pub(crate) fn load(path: &Path, disk: &dyn Disk) -> io::Result<Offsets> {
    let Some(text) = read(path, disk)? else { return Ok(Offsets::new()) };
    let Some(lines) = parse(&text) else {
        tracing::warn!(path = %path.display(), "the checkpoint is damaged; more has to be checked");
        return Ok(Offsets::new());
    };
    Ok(lines.filter_map(parse_offset).collect())
}

/// The text of a file; `None` if it is missing or no text.
pub(crate) fn read(path: &Path, disk: &dyn Disk) -> io::Result<Option<String>> {
    match disk.read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn parse_offset(line: &str) -> Option<((TopicName, PartitionIndex), Offset)> {
    let mut words = line.split(' ');
    let topic = TopicName::parse(words.next()?).ok()?;
    let index = PartitionIndex(words.next()?.parse().ok()?);
    Some(((topic, index), Offset(words.next()?.parse().ok()?)))
}

/// A line of a file of offsets.
pub(crate) fn line(topic: &TopicName, index: PartitionIndex, offset: Offset) -> String {
    format!("{topic} {index} {offset}")
}

/// Replaces the file durably.
pub(crate) fn write(path: &Path, lines: impl Iterator<Item = String>, disk: &dyn Disk) -> io::Result<()> {
    let temporary = temporary(path);
    let file = disk.write(&temporary, text(lines).as_bytes())?;
    disk.sync_data(&file)?;
    disk.rename(&temporary, path)?;
    disk.sync_directory(path.parent().expect("a file lies in a directory"))
}

/// Replaces the file as a whole, and leaves it to others to make that durable.
pub(crate) fn write_unsynced(
    path: &Path,
    lines: impl Iterator<Item = String>,
    disk: &dyn Disk,
) -> io::Result<()> {
    let temporary = temporary(path);
    disk.write(&temporary, text(lines).as_bytes())?;
    disk.rename(&temporary, path)
}

/// Where the new file is written.
fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(names::TEMPORARY_SUFFIX);
    temporary.into()
}

/// The contents of a file with these lines.
pub(crate) fn text(lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.collect();
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The lines of a file, if its version and their number are right.
pub(crate) fn parse(text: &str) -> Option<std::iter::Take<std::str::Lines<'_>>> {
    let mut lines = text.lines();
    if lines.next()? != "0" {
        return None;
    }
    let count: usize = lines.next()?.parse().ok()?;
    (lines.clone().filter(|line| !line.is_empty()).count() == count).then(|| lines.take(count))
}
