//! `ottla log verify`: whether everything on disk is as it was written.

use super::{Selection, report};
use crate::arguments::{Common, Form};
use crate::exit::{Failure, HELP, Outcome, Status};
use crate::output;
use ottla_storage::inspect::Mend;
use ottla_storage::inspect::verify::{Depth, Totals, Verified, verify};
use serde_json::json;

/// Check logs on disk: checksums, offsets, indexes, snapshots and checkpoints. Changes nothing.
///
/// The exit status is 0 if nothing is wrong, 6 if something is damaged and 4 if a broker works on the directory.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{HELP}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    /// Also unpack every batch and read every record.
    #[arg(long)]
    deep: bool,
}

const EXAMPLES: &str = "Examples:
  ottla log verify --data /var/lib/ottla
  ottla log verify --data /var/lib/ottla --deep flights audit-0
  ottla log verify --output json | jq 'select(.cause)'";

/// Carries out the verb.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Outcome {
    let selection = &arguments.selection;
    let data = selection.hold()?;
    let depth = if arguments.deep { Depth::Records } else { Depth::Batches };
    let progress = output::progress_bytes(common, selection.bytes(&data)?);
    let verified = verify(&data, depth, &|files| selection.has(files), &mut |bytes| progress.inc(bytes))?;
    progress.finish_and_clear();
    for finding in &verified.findings {
        report::finding(common, data.path(), finding, None)?;
    }
    summary(common, &verified)?;
    if !data.is_clean() && verified.totals.segments > 0 {
        output::note(
            common,
            "The broker was not stopped in order, or is being repaired: its next start checks the ends of the logs.",
        );
    }
    if verified.is_sound() {
        return Ok(());
    }
    let wrong = verified.findings.iter().filter(|finding| finding.mend != Mend::NextStart).count();
    Err(Failure::new(
        Status::Data,
        format!(
            "{wrong} finding(s) in {}: 'ottla log repair' mends what can be mended",
            data.path().display()
        ),
    ))
}

/// What was looked at.
pub(super) fn summary(common: &Common, verified: &Verified) -> Outcome {
    let Totals { partitions, segments, batches, records, gaps, bytes } = verified.totals;
    let findings = verified.findings.len();
    match common.output {
        Form::Human => output::line(format!(
            "{partitions} partition(s), {segments} segment(s), {batches} batches, {records} records, {bytes} bytes, \
             {gaps} gap(s) in the offsets: {findings} finding(s)"
        )),
        Form::Json => output::json(&json!({
            "summary": {
                "partitions": partitions, "segments": segments, "batches": batches, "records": records, "gaps": gaps,
                "bytes": bytes, "findings": findings, "sound": verified.is_sound(),
            }
        })),
    }
}
