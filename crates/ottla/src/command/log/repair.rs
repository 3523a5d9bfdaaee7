//! `ottla log repair`: mends what `verify` finds, keeps what it takes out, and says what is lost.

use super::{Selection, report, verify};
use crate::arguments::Common;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use ottla_storage::inspect::verify::{Depth, Verified, verify};
use ottla_storage::inspect::{DataDirectory, Finding, Mend, mend};

/// Mend logs on disk. The plan is shown first; nothing is thrown away.
///
/// Damaged bytes go to a file '.cut' beside the log, what follows them becomes a segment of its own, indexes and
/// leader epochs are made anew from the logs. Offsets that are lost are named; consumers that ask for them get the next
/// record. Stop the broker first.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla log repair --data /var/lib/ottla --dry-run
  ottla log repair --data /var/lib/ottla flights-3 --yes")]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    /// Do not ask.
    #[arg(short, long)]
    yes: bool,

    /// Show the plan; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Carries out the verb.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Outcome {
    let selection = &arguments.selection;
    let data = selection.hold()?;
    let verified = look(common, selection, &data)?;
    for finding in &verified.findings {
        report::finding(common, data.path(), finding, None)?;
    }
    verify::summary(common, &verified)?;
    let (mendable, rest) =
        verified.findings.iter().partition::<Vec<&Finding>, _>(|finding| is_mendable(finding));
    if !mendable.is_empty() && !arguments.dry_run {
        let lost = mendable.iter().filter(|finding| finding.lost.is_some()).count();
        let question = format!("Mend {} finding(s), {lost} of them with lost offsets?", mendable.len());
        output::confirm(arguments.yes, &question)?;
        for mended in mend::mend(&data, &verified)? {
            report::finding(common, data.path(), &mended.finding, mended.kept.as_deref())?;
        }
        let again = look(common, selection, &data)?;
        verify::summary(common, &again)?;
        return judge(&again);
    }
    match rest.iter().find(|finding| finding.mend != Mend::NextStart) {
        Some(finding) => Err(by_hand(finding)),
        None => Ok(()),
    }
}

fn look(common: &Common, selection: &Selection, data: &DataDirectory) -> Outcome<Verified> {
    let progress = output::progress_bytes(common, selection.bytes(data)?);
    let verified =
        verify(data, Depth::Batches, &|files| selection.has(files), &mut |bytes| progress.inc(bytes))?;
    progress.finish_and_clear();
    Ok(verified)
}

fn is_mendable(finding: &Finding) -> bool {
    !matches!(finding.mend, Mend::NextStart | Mend::ByHand(_))
}

fn judge(verified: &Verified) -> Outcome {
    match verified.findings.iter().find(|finding| finding.mend != Mend::NextStart) {
        None => Ok(()),
        Some(finding) => Err(by_hand(finding)),
    }
}

fn by_hand(finding: &Finding) -> Failure {
    let message = format!("{}: {}: {}", finding.path.display(), finding.cause, finding.mend.cure());
    Failure::new(Status::Data, message)
}
