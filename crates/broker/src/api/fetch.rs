//! Fetch, key 1, versions 4–18: reads record batches.
//!
//! - Answers at once when there are `MinBytes` to fetch, counting of each partition what its limit allows, when a
//!   segment ends before more, when any partition has an error, when nothing is asked for or when waiting is not
//!   wanted; else it parks until the log makes progress or `MaxWaitMs` passes.
//! - The first partition that has records returns at least one whole batch, however large (KIP-74).
//! - Records leave as regions of segment files; they are neither copied nor changed on the way.
//! - A consumer sees records below the high watermark: what is durable under the topic's setting.
//! - v7: incremental sessions (KIP-227). v9: the client's leader epoch is checked. v12: divergence by the last
//!   fetched epoch. v13: topics are named by id. v16: the leader's endpoint where it is another. Followers
//!   (replica id ≥ 0) do not exist here.

mod read;

use self::read::{Budget, Outcome};
use super::{Answer, Api, Context, Step};
use crate::fetch_session::{Begin, Key, Plan, TopicKey, Wanted};
use crate::waiting::SoFar;
use ottla_base::TopicId;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::fetch_response::{FetchableTopicResponse, PartitionData};
use ottla_wire::message::{FetchRequest, FetchResponse};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

const VERSIONS: RangeInclusive<i16> = 4..=18;

pub(super) fn api() -> Api {
    Api::in_steps(VERSIONS, handle)
}

/// Reads, and answers at once if that is enough.
fn handle(context: Context, request: FetchRequest) -> Step<FetchResponse> {
    let broker = &context.broker;
    let began = broker.sessions.lock().begin(context.now.tick, begin(&context, &request));
    let plan = match began {
        Ok(plan) => plan,
        Err(error_code) => {
            return Step::Answered(Answer::Send(FetchResponse { error_code, ..Default::default() }));
        }
    };
    let seen = broker.waiting.so_far();
    let outcomes = read_all(&context, &request, &plan);
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    if plan.partitions.is_empty() || wait.is_zero() || is_enough(&context, &request, &outcomes) {
        return Step::Answered(Answer::Send(answer(&context, plan, outcomes)));
    }
    Step::Waits(Box::pin(async move {
        let outcomes = wait_for_records(&context, &request, &plan, (seen, wait)).await;
        Answer::Send(answer(&context, plan, outcomes))
    }))
}

fn answer(context: &Context, plan: Plan, outcomes: Vec<Outcome>) -> FetchResponse {
    let broker = &context.broker;
    let reported: Vec<_> = outcomes.iter().map(Outcome::reported).collect();
    let fresh_id = i32::try_from(broker.env.random() >> 33).unwrap_or(1).max(1);
    let report = broker.sessions.lock().finish(broker.env.now().tick, &plan, &reported, fresh_id);
    let parts = plan.partitions.into_iter().zip(outcomes).zip(report.included);
    let included = parts.filter_map(|(part, included)| included.then_some(part));
    FetchResponse {
        session_id: report.session_id,
        responses: by_topic(included.map(|(wanted, outcome)| (wanted.key, outcome.data))),
        ..Default::default()
    }
}

fn begin(context: &Context, request: &FetchRequest) -> Begin {
    let by_id = context.version >= FIRST_VERSION_BY_ID;
    let topic_key = |id, name: &Str| {
        if by_id { TopicKey::Id(TopicId(id)) } else { TopicKey::Name(name.clone()) }
    };
    let wanted = request.topics.iter().flat_map(|topic| {
        let key = topic_key(topic.topic_id, &topic.topic);
        topic.partitions.iter().map(move |partition| Wanted {
            key: Key { topic: key.clone(), partition: partition.partition },
            offset: partition.fetch_offset,
            bytes_max: partition.partition_max_bytes,
            leader_epoch: partition.current_leader_epoch,
            last_fetched_epoch: partition.last_fetched_epoch,
        })
    });
    let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| {
        let key = topic_key(topic.topic_id, &topic.topic);
        topic.partitions.iter().map(move |&partition| Key { topic: key.clone(), partition })
    });
    Begin {
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        by_id,
        wanted: wanted.collect(),
        forgotten: forgotten.collect(),
    }
}

/// Parks until there is enough to return, or for as long as the client wants to wait. What was `seen` is too little.
async fn wait_for_records(
    context: &Context,
    request: &FetchRequest,
    plan: &Plan,
    (seen, wait): (SoFar, Duration),
) -> Vec<Outcome> {
    let waiting = &context.broker.waiting;
    let resolved = plan.partitions.iter().filter_map(|wanted| read::resolve(context, &wanted.key).ok());
    let waiter = waiting.park(resolved.map(|(_, id)| id).collect(), seen);
    let deadline = Instant::now() + wait;
    loop {
        tokio::select! {
            biased;
            () = waiter.progress() => {}
            () = context.peer.alarm.at(deadline) => return read_all(context, request, plan),
        }
        let outcomes = read_all(context, request, plan);
        if is_enough(context, request, &outcomes) || waiting.is_closed() {
            return outcomes;
        }
    }
}

fn is_enough(context: &Context, request: &FetchRequest, outcomes: &[Outcome]) -> bool {
    let bytes = outcomes.iter().map(Outcome::waiting_bytes).fold(0, usize::saturating_add);
    let needs_answer = |outcome: &Outcome| outcome.data.error_code != ErrorCode::NONE || outcome.diverges();
    // More than an answer may carry will never be there.
    let limit =
        usize::try_from(request.max_bytes).unwrap_or(0).min(context.broker.config().network.fetch_max_bytes);
    let enough = usize::try_from(request.min_bytes).unwrap_or(0).min(limit);
    enough <= bytes || outcomes.iter().any(needs_answer)
}

fn read_all(context: &Context, request: &FetchRequest, plan: &Plan) -> Vec<Outcome> {
    let mut budget = Budget::new(request.max_bytes, context.broker.config().network.fetch_max_bytes);
    let isolation = read::Isolation::of(request.isolation_level);
    plan.partitions.iter().map(|wanted| read::read(context, wanted, isolation, &mut budget)).collect()
}

/// Consecutive partitions of one topic share an entry.
fn by_topic(parts: impl Iterator<Item = (Key, PartitionData)>) -> Vec<FetchableTopicResponse> {
    let mut topics: Vec<FetchableTopicResponse> = Vec::new();
    let mut last = None;
    for (key, data) in parts {
        match topics.last_mut() {
            Some(response) if last.as_ref() == Some(&key.topic) => response.partitions.push(data),
            _ => {
                let mut response = FetchableTopicResponse { partitions: vec![data], ..Default::default() };
                match &key.topic {
                    TopicKey::Id(id) => response.topic_id = id.0,
                    TopicKey::Name(name) => response.topic = name.clone(),
                }
                topics.push(response);
                last = Some(key.topic);
            }
        }
    }
    topics
}

const FIRST_VERSION_BY_ID: i16 = 13;

#[cfg(test)]
mod tests;
