//! `ottla queue dlq requeue`.

use super::letters::Settled;
use super::selection::Selection;
use super::settle;
use crate::command::Session;
use crate::exit::Outcome;

/// Write the records of dead letters to their topics again, so that the queue gets them once more.
///
/// A record goes to the partition it came from, with its key, value and headers, and with the header
/// `ottla-requeued-for: QUEUE`. Other share groups that read the topic do not get it a second time; all other consumers do,
/// and can skip it by that header. Its timestamp is new, so that a delay or a lifetime counted from it begins again; what
/// had to be delivered before a moment that is over (ottla-expires-at) expires again.
///
/// Record and receipt count together, in one transaction, so that a crash neither loses a letter nor requeues it twice. But
/// a queue with share.isolation.level=read_uncommitted, which is the default, may be given also what an interrupted requeue
/// has left, and the record once more when the requeue is repeated; read_committed keeps that from it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue dlq requeue thumbnails 0/42 0/43
  ottla queue dlq requeue thumbnails --all --dry-run
  ottla queue dlq requeue thumbnails --all --yes")]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Requeues them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    settle::run(session, &arguments.selection, Settled::Requeued).await
}
