//! ShareFetch, key 78, versions 1–2: records for a member of a share group, and what it says of those it had.
//!
//! - A session names the partitions once (`share_session.rs`): epoch 0 opens it and acknowledges nothing, -1 acknowledges
//!   and gives back the rest, others must follow each other. It ends with its connection. Where there is no room for one,
//!   the answer SHARE_SESSION_LIMIT_REACHED comes after MaxWaitMs, so that a client does not ask all the time.
//! - Acknowledgements are carried out before records are looked for, and the answer waits until they are durable. Those of
//!   one partition succeed or fail together, and their result has a field of its own.
//! - Nothing to deliver: the answer waits for MaxWaitMs, for new records, for what others give back or lose, and for
//!   what becomes due. With MinBytes above 1 records that are less are left alone until the time is up.
//! - MaxRecords is for all partitions together: never more in mode `record_limit` (v2), else whole batches. MaxBytes is
//!   for all together; the first batch comes in any case.
//! - Records leave as regions of segment files. They are whole batches, of which AcquiredRecords tells what is the
//!   member's.
//! - An unknown topic or partition is told beside the others, and at once if there are no others.
//! - v2: acquire mode, renewal of locks. A request that renews (IsRenewAck) gets no records and must ask for none.
//! - Whether the member is one of the group is not looked at, as in Apache Kafka. Whether the group knows the partition
//!   is, as there: UNKNOWN_SERVER_ERROR if no member has ever subscribed to its topic.

mod answer;
mod partition;
mod poll;
mod request;

use self::answer::Results;
use self::partition::Outcome;
use super::{Api, Context};
use crate::share_session::{Acknowledges, Begin, Stage};
use ottla_base::PartitionId;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{ShareFetchRequest, ShareFetchResponse};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

pub(super) use request::{Asking, acknowledge, batch_of, id_of, member_of, set_out};

const VERSIONS: RangeInclusive<i16> = 1..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

/// An answer without partitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    /// Cause and cure.
    pub(super) message: &'static str,
}

async fn handle(context: Context, request: ShareFetchRequest) -> ShareFetchResponse {
    match fetch(&context, request).await {
        Ok(response) => response,
        Err(Refused { code, message }) => ShareFetchResponse {
            error_code: code,
            error_message: (!message.is_empty()).then(|| message.into()),
            ..Default::default()
        },
    }
}

async fn fetch(context: &Context, request: ShareFetchRequest) -> Result<ShareFetchResponse, Refused> {
    let broker = &context.broker;
    let key = member_of(request.group_id.as_ref(), request.member_id.as_ref())?;
    request::check_renewal(&request)?;
    let asked = request::take_apart(&request);
    let begin = Begin {
        key: key.clone(),
        epoch: request.share_session_epoch,
        connection: context.peer.connection,
        added: asked.partitions,
        forgotten: asked.forgotten,
        acknowledges: if asked.acknowledges { Acknowledges::Some } else { Acknowledges::None },
    };
    let sessions_max = broker.config().share_groups.max_share_sessions;
    let begun = broker.share.sessions.lock().begin(begin, sessions_max);
    let plan = match begun {
        Ok(plan) => plan,
        Err(code) => {
            if code == ErrorCode::SHARE_SESSION_LIMIT_REACHED {
                wait_in_vain(context, &request).await;
            }
            return Err(of_session(code));
        }
    };
    let (_, config) = broker.share_config(&key.group);
    let asking = Asking { key: &key, config: &config, is_renewal: request.is_renew_ack };
    // Decided now: what is given back here may be handed out below.
    let acknowledging = set_out(context, asking, asked.acknowledgements);
    let fetches = plan.stage != Stage::Closing && !request.is_renew_ack;
    let outcomes: Vec<Outcome> = if fetches {
        let poll = poll::Poll::new(context, &key, &request);
        poll.run(&plan.partitions).await
    } else {
        plan.partitions.iter().map(|_| Outcome::default()).collect()
    };
    let acknowledged = acknowledge(acknowledging).await;
    let included = if plan.stage == Stage::Closing {
        broker.end_share_session(&key).await;
        Vec::new()
    } else if request.is_renew_ack {
        Vec::new()
    } else {
        let reported: Vec<_> = outcomes.iter().map(Outcome::reported).collect();
        broker.share.sessions.lock().finish(&key, &plan, &reported).map_err(of_session)?
    };
    let parts = plan.partitions.into_iter().zip(outcomes).zip(included);
    let fetched = parts.filter_map(|(part, included)| included.then_some(part));
    Ok(Results { lock_ms: config.lock_duration_ms, fetched: fetched.collect(), acknowledged }.answer())
}

/// There is no room for the client's session, and it would ask again at once.
async fn wait_in_vain(context: &Context, request: &ShareFetchRequest) {
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let broker = &context.broker;
    if wait.is_zero() {
        return;
    }
    // No partition has that id: nothing is waited for but the end of the time, and of the broker.
    let waiter = broker.waiting.park(vec![PartitionId::default()], broker.waiting.so_far());
    let deadline = Instant::now() + wait;
    while !broker.waiting.is_closed() {
        tokio::select! {
            biased;
            () = waiter.progress() => {}
            () = context.peer.alarm.at(deadline) => return,
        }
    }
}

/// What a member is told whose session is not as it thinks.
pub(super) fn of_session(code: ErrorCode) -> Refused {
    let message = match code {
        ErrorCode::SHARE_SESSION_NOT_FOUND => {
            "there is no such share session: it ended with its connection; open one with epoch 0"
        }
        ErrorCode::INVALID_SHARE_SESSION_EPOCH => {
            "the share session is at another epoch: open a new one with epoch 0"
        }
        ErrorCode::SHARE_SESSION_LIMIT_REACHED => {
            "group.share.max.share.sessions are open: close some, or start the broker with a higher limit"
        }
        ErrorCode::INVALID_REQUEST => {
            "a request that opens a share session acknowledges nothing, and a session has at most 100000 partitions"
        }
        _ => "",
    };
    Refused { code, message }
}

/// Cause and cure of what may be wrong with one partition.
pub(super) fn of_partition(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::UNKNOWN_TOPIC_ID => {
            Some("there is no topic with this id: it was deleted or made anew; ask for its metadata again")
        }
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
            Some("the topic has no such partition: ask for its metadata again")
        }
        ErrorCode::NOT_LEADER_OR_FOLLOWER => {
            Some("what the group knows of the partition is being loaded: try again")
        }
        ErrorCode::KAFKA_STORAGE_ERROR => {
            Some("the partition cannot be read: the log of the broker says why, and 'ottla log verify' where")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
