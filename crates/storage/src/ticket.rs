//! The answer of an append, possibly before it is durable.

use crate::error::AppendError;
use crate::local::group_commit::GroupCommit;
use crate::log::Appended;
use ottla_base::PartitionId;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Resolves to one result for each batch, in the order given, when all of them are durable or refused.
///
/// The batches are written when the ticket exists; only durability is awaited. Dropping the ticket is safe: it
/// undoes nothing and leaves nothing behind. Polling after the result was given returns an empty list.
#[derive(Debug)]
#[must_use = "an append is durable only when its ticket has resolved"]
pub struct AppendTicket {
    results: Vec<Result<Appended, AppendError>>,
    pending: Option<Pending>,
}

/// What a ticket waits for.
pub(crate) struct Pending {
    pub(crate) commits: Arc<GroupCommit>,
    /// Until this sync group is finished.
    pub(crate) group: u64,
    /// Which results a failed sync turns into errors, unless they are errors already.
    pub(crate) concerned: Vec<(Range<usize>, PartitionId)>,
    pub(crate) registered: Option<Waker>,
}

/// Whose batch one is, of several that were appended together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) caller: usize,
    /// Which of his.
    pub(crate) at: usize,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("group", &self.group).finish_non_exhaustive()
    }
}

impl AppendTicket {
    pub(crate) fn new(results: Vec<Result<Appended, AppendError>>, pending: Option<Pending>) -> Self {
        Self { results, pending }
    }

    /// A ticket for each caller, where `places` says whose each batch is, and `results` has a place for each.
    pub(crate) fn split(
        self,
        places: &[Place],
        mut results: Vec<Vec<Result<Appended, AppendError>>>,
    ) -> Vec<Self> {
        for (place, result) in places.iter().zip(self.results) {
            results[place.caller][place.at] = result;
        }
        let mut tickets: Vec<_> = results.into_iter().map(|results| Self::new(results, None)).collect();
        let Some(Pending { commits, group, concerned, .. }) = self.pending else { return tickets };
        let pending = || Pending { commits: commits.clone(), group, concerned: Vec::new(), registered: None };
        for (range, id) in concerned {
            for &Place { caller, at } in &places[range] {
                let pending = tickets[caller].pending.get_or_insert_with(pending);
                pending.concerned.push((at..at + 1, id));
            }
        }
        tickets
    }

    /// Whether the ticket would resolve at once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.pending.as_ref().is_none_or(|pending| pending.commits.is_finished(pending.group))
    }

    /// The results, if the ticket would resolve at once; then it has resolved.
    pub fn results_if_ready(&mut self) -> Option<Vec<Result<Appended, AppendError>>> {
        self.is_ready().then(|| self.take())
    }

    fn take(&mut self) -> Vec<Result<Appended, AppendError>> {
        if let Some(Pending { commits, concerned, group, .. }) = self.pending.take() {
            for (range, id) in concerned {
                if commits.has_failed(id, group) {
                    let written = self.results[range].iter_mut().filter(|result| result.is_ok());
                    written.for_each(|result| *result = Err(AppendError::Storage(id)));
                }
            }
        }
        std::mem::take(&mut self.results)
    }
}

impl Future for AppendTicket {
    type Output = Vec<Result<Appended, AppendError>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.is_ready() {
            return Poll::Ready(this.take());
        }
        let pending = this.pending.as_mut().expect("a ticket without it is ready");
        if pending.registered.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return Poll::Pending;
        }
        let waker = context.waker().clone();
        pending.registered = Some(waker.clone());
        if pending.commits.wake_when_finished(pending.group, waker) {
            Poll::Pending
        } else {
            Poll::Ready(this.take())
        }
    }
}
