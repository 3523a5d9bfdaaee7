//! `syncloop`: writes to a growing file and syncs it, again and again. How fast a disk can be told to keep something.
//!
//! Nothing overlaps: a write waits for the sync before it. A broker may do better, for it can receive while it syncs.
//! The file grows by what is written, as a segment does.

use super::Outcome;
use crate::command::{Failure, While};
use crate::outcome::{self, Measured};
use crate::{clock, payload};
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

/// What `syncloop` may be told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An existing directory on the disk; the file in it is removed at the end
    #[arg(long, value_name = "DIRECTORY")]
    data: PathBuf,
    /// Bytes of a write
    #[arg(long, value_name = "BYTES", default_value = "65536")]
    bytes: NonZeroUsize,
    /// Writes before each sync
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    per_sync: NonZeroUsize,
    /// Bytes to write before measuring
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    warm_up_bytes: u64,
    /// Bytes to write while measuring
    #[arg(long, value_name = "BYTES")]
    total_bytes: NonZeroU64,
}

/// What was measured. `requests` are syncs, and `records` are writes.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    measured: Measured,
    /// How long a sync took, in microseconds.
    sync_p50_us: u64,
    sync_p99_us: u64,
    sync_max_us: u64,
}

/// Runs until all is written.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.data.join(format!("syncloop-{}", std::process::id()));
    let file = File::create_new(&path).while_doing(format_args!("making {}", path.display()))?;
    let report = measure(arguments, &file);
    drop(file);
    std::fs::remove_file(&path).while_doing(format_args!("removing {}", path.display()))?;
    outcome::end(&report?)
}

fn measure(arguments: &Arguments, file: &File) -> Result<Report, Failure> {
    let mut content = vec![0; arguments.bytes.get()];
    payload::fill(&mut content, 0);
    let per_sync = arguments.per_sync.get();
    write(file, &content, per_sync, arguments.warm_up_bytes)?;
    outcome::begin()?;
    let (measured, syncs) = write(file, &content, per_sync, arguments.total_bytes.get())?;
    Ok(Report {
        measured,
        sync_p50_us: syncs.value_at_quantile(0.5),
        sync_p99_us: syncs.value_at_quantile(0.99),
        sync_max_us: syncs.max(),
    })
}

/// Writes and syncs until at least `bytes` are kept. Gives also how long each sync took.
fn write(
    mut file: &File,
    content: &[u8],
    per_sync: usize,
    bytes: u64,
) -> Result<(Measured, Histogram<u64>), Failure> {
    let mut syncs = Histogram::new(3).expect("three digits are allowed");
    let (start, mut done) = (clock::now(), Measured::default());
    while done.bytes < bytes {
        for _ in 0..per_sync {
            file.write_all(content).while_doing("writing")?;
            done.records += 1;
            done.bytes += content.len() as u64;
        }
        let written = clock::now();
        rustix::fs::fdatasync(file).while_doing("syncing")?;
        done.requests += 1;
        syncs += micros(clock::now().duration_since(written));
    }
    done.wire_bytes = done.bytes;
    Ok((done.lasting(clock::now().duration_since(start)), syncs))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
