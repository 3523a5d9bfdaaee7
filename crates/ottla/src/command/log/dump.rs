//! `ottla log dump`: what is in a file of a log.

use super::lines;
use crate::arguments::Common;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use ottla_base::Offset;
use ottla_storage::inspect::dump::{self, FileKind, Piece};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Show what is in a file of a log: batches, records, index entries, producers, checkpoints. Changes nothing.
///
/// Takes .log, .index, .timeindex, .txnindex and .snapshot files, checkpoints, and partitions' directories, which stand
/// for all segments in them. A broker may be running: the end of a file that it writes may then be half there. Files of
/// Apache Kafka have the same format.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla log dump /var/lib/ottla/flights-0
  ottla log dump /var/lib/ottla/flights-0/00000000000000000000.log --records
  ottla log dump /var/lib/ottla/flights-0 --from 1000 --to 1100 --records --output json
  ottla log dump /var/lib/ottla/flights-0/*.index")]
pub(crate) struct Arguments {
    /// Files, or directories of partitions.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Also the records in the batches.
    #[arg(long)]
    records: bool,

    /// Only batches with this offset or later ones.
    #[arg(long, value_name = "OFFSET", default_value_t = 0)]
    from: i64,

    /// Only batches that begin before this offset.
    #[arg(long, value_name = "OFFSET", default_value_t = i64::MAX)]
    to: i64,
}

/// Carries out the verb.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Outcome {
    let mut damaged = 0;
    for path in &arguments.paths {
        for file in files(path)? {
            damaged += dump(common, arguments, &file)?;
        }
    }
    match damaged {
        0 => Ok(()),
        _ => {
            Err(Failure::new(Status::Data, format!("{damaged} place(s) are damaged: see 'ottla log verify'")))
        }
    }
}

/// The file itself, or the logs in a directory, in the order of their offsets.
fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    let cannot =
        |error| Failure::new(Status::NotFound, format!("{} cannot be read: {error}", path.display()));
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        if matches!(dump::kind_of(&file), Some((FileKind::Log, _))) {
            found.push(file);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(Failure::not_found(format!(
            "{} has no .log file: name a partition's directory",
            path.display()
        ))),
        false => Ok(found),
    }
}

/// Returns the number of damaged places.
fn dump(common: &Common, arguments: &Arguments, path: &Path) -> Outcome<usize> {
    let Some((kind, base)) = dump::kind_of(path) else {
        return Err(Failure::usage(format!(
            "{} is no file of a log: expected .log, .index, .timeindex, .txnindex, .snapshot or a checkpoint",
            path.display()
        )));
    };
    let cannot =
        |error| Failure::new(Status::NotFound, format!("{} cannot be read: {error}", path.display()));
    output::note(common, path.display());
    let (header, rows, damaged): (&[&str], Vec<Vec<Value>>, usize) = match kind {
        FileKind::Log => return log(common, arguments, path, base),
        FileKind::OffsetIndex => {
            let entries = dump::offset_index(path, base).map_err(cannot)?;
            (
                &["offset", "position"],
                entries.iter().map(|(offset, at)| vec![json!(offset.0), json!(at)]).collect(),
                0,
            )
        }
        FileKind::TimeIndex => {
            let entries = dump::time_index(path, base).map_err(cannot)?;
            let row = |(timestamp, offset): &(ottla_base::Timestamp, Offset)| {
                vec![json!(timestamp.0), json!(offset.0)]
            };
            (&["timestamp", "offset"], entries.iter().map(row).collect(), 0)
        }
        FileKind::AbortedIndex => {
            let (entries, wrong_at) = dump::aborted_index(path, base).map_err(cannot)?;
            (lines::ABORTED, entries.iter().map(lines::aborted).collect(), usize::from(wrong_at.is_some()))
        }
        FileKind::Snapshot => match dump::snapshot(path).map_err(cannot)? {
            Some(entries) => (lines::PRODUCERS, entries.iter().map(lines::producer).collect(), 0),
            None => (lines::PRODUCERS, Vec::new(), 1),
        },
        FileKind::Checkpoint => match dump::checkpoint(path).map_err(cannot)? {
            Some(text) => (&["line"], text.into_iter().map(|line| vec![json!(line)]).collect(), 0),
            None => (&["line"], Vec::new(), 1),
        },
    };
    output::rows(common, header, rows)?;
    if damaged > 0 {
        output::note(common, "the file is damaged");
    }
    Ok(damaged)
}

/// Batches are printed as they are read: a log may be large.
fn log(common: &Common, arguments: &Arguments, path: &Path, base: Offset) -> Outcome<usize> {
    let cannot =
        |error| Failure::new(Status::NotFound, format!("{} cannot be read: {error}", path.display()));
    let mut damaged = 0;
    for piece in dump::pieces(path, base).map_err(cannot)? {
        match piece.map_err(cannot)? {
            Piece::Batch { header, .. } if header.last_offset().0 < arguments.from => {}
            Piece::Batch { header, .. } if arguments.to <= header.base_offset.0 => break,
            Piece::Batch { position, header, bytes } => {
                lines::batch(common, position, &header)?;
                if arguments.records {
                    damaged += lines::records(common, header, &bytes)?;
                }
            }
            Piece::Damage { position, end, reason, next } => {
                damaged += 1;
                lines::damage(common, (position, end), &reason, next)?;
            }
        }
    }
    Ok(damaged)
}
