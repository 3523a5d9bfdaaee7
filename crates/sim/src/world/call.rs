//! Requests on their way: each is a future that the world polls by hand, and whose answer it may lose.

use super::desk::Desk;
use ottla_broker::in_process::{InProcess, NoAnswer};
use ottla_wire::codec::Request;
use ottla_wire::message::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, CreateTopicsResponse, DeleteRecordsResponse,
    DeleteTopicsResponse, EndTxnResponse, FetchResponse, InitProducerIdResponse, ListOffsetsResponse,
    MetadataResponse, OffsetCommitResponse, OffsetFetchResponse, ProduceResponse, TxnOffsetCommitResponse,
};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// What a client hears.
#[derive(Debug)]
pub(super) enum Reply {
    CreateTopics(CreateTopicsResponse),
    DeleteTopics(DeleteTopicsResponse),
    DeleteRecords(DeleteRecordsResponse),
    Metadata(MetadataResponse),
    InitProducerId(InitProducerIdResponse),
    Produce(ProduceResponse),
    Fetch(FetchResponse),
    ListOffsets(ListOffsetsResponse),
    OffsetCommit(OffsetCommitResponse),
    OffsetFetch(OffsetFetchResponse),
    AddPartitionsToTxn(AddPartitionsToTxnResponse),
    AddOffsetsToTxn(AddOffsetsToTxnResponse),
    TxnOffsetCommit(TxnOffsetCommitResponse),
    EndTxn(EndTxnResponse),
    /// The connection is gone, and the answer with it.
    Lost,
}

/// Which request of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u64);

type Answer = Pin<Box<dyn Future<Output = Reply>>>;

struct Flying {
    client: usize,
    number: Number,
    name: &'static str,
    answer: Answer,
}

/// All requests without an answer, in the order in which they were made.
#[derive(Default)]
pub(super) struct Calls {
    flying: Vec<Flying>,
    made: u64,
}

/// Where a client asks, in one of its turns.
pub(super) struct Counter<'a> {
    pub(super) desk: &'a mut Desk,
    pub(super) broker: &'a InProcess,
    pub(super) calls: &'a mut Calls,
    pub(super) client: usize,
}

impl Counter<'_> {
    /// Makes a request. It runs up to where it waits when the world polls next, before anybody else has a turn.
    pub(super) fn ask<R: Request + 'static>(
        &mut self,
        request: &R,
        version: i16,
        reply: impl FnOnce(R::Response) -> Reply + 'static,
    ) -> Number {
        let called = self.broker.call(request, version);
        let answer = async move {
            match called.await {
                Ok(Some(response)) => reply(response),
                Ok(None) | Err(NoAnswer::Closed(_) | NoAnswer::Records(_)) => Reply::Lost,
                Err(bug @ (NoAnswer::Request(_) | NoAnswer::Response(_))) => {
                    unreachable!("{}: {bug}", R::NAME)
                }
            }
        };
        self.calls.made += 1;
        let number = Number(self.calls.made);
        let (client, name) = (self.client, R::NAME);
        self.desk.note(|| format!("{client} asks {} {name}", number.0));
        self.calls.flying.push(Flying { client, number, name, answer: Box::pin(answer) });
        number
    }
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.flying.len()
    }

    /// Lets all that can go on go on, in their order, and takes the answers until `is_dark`.
    pub(super) fn poll(&mut self, is_dark: impl Fn() -> bool) -> Vec<(usize, Number, &'static str, Reply)> {
        let mut answered = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut at = 0;
        while at < self.flying.len() && !is_dark() {
            let polled = self.flying[at].answer.as_mut().poll(&mut context);
            // What is answered after the lights went out reaches nobody.
            match polled {
                Poll::Ready(_) if is_dark() => self.flying[at].answer = Box::pin(std::future::pending()),
                Poll::Pending => at += 1,
                Poll::Ready(reply) => {
                    let Flying { client, number, name, answer: _ } = self.flying.remove(at);
                    answered.push((client, number, name, reply));
                }
            }
        }
        answered
    }

    /// One connection breaks: whose request it was, and which.
    pub(super) fn lose(&mut self, at: usize) -> (usize, Number) {
        let Flying { client, number, .. } = self.flying.remove(at);
        (client, number)
    }

    /// All connections break.
    pub(super) fn lose_all(&mut self) -> Vec<(usize, Number)> {
        self.flying.drain(..).map(|flying| (flying.client, flying.number)).collect()
    }
}

impl Number {
    pub(super) fn text(self) -> u64 {
        self.0
    }
}
