//! Batches of transactions: written under the lock of the transaction, so that its end cannot come in between and leave
//! in a log what nobody ends. All or nothing is about transactions, not about requests: one partition's refusal leaves
//! the others alone.

use super::Batch;
use crate::api::Context;
use crate::transactions::{Rule, Writer};
use crate::validation::Refusal;
use ottla_coordinator::transaction::Participant;
use ottla_storage::{Append, Appended, TransactionVersion};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;

/// Since then what is written to takes part in the transaction by itself (KIP-890).
const FIRST_VERSION_THAT_ADDS: i16 = 12;

/// Since then clients know what TRANSACTION_ABORTABLE means.
const FIRST_VERSION_WITH_ABORTABLE: i16 = 11;

/// Who writes the transactional ones among `batches`; `None` if there are none.
///
/// # Errors
/// What all batches of the request are refused with.
pub(super) fn writer(
    version: i16,
    transactional_id: Option<&Str>,
    batches: &[Batch],
) -> Result<Option<Writer>, Refusal> {
    let mut claims = batches.iter().filter_map(|batch| batch.transaction);
    let Some(claim) = claims.next() else { return Ok(None) };
    let Some(id) = transactional_id else {
        let why = "a batch is part of a transaction and the request names none: set transactional.id";
        return Err(Refusal::new(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, why));
    };
    if claims.any(|other| other != claim) {
        let why = "the transactional batches of one request have more than one producer id or epoch";
        return Err(Refusal::new(ErrorCode::INVALID_PRODUCER_ID_MAPPING, why));
    }
    let rule = if version < FIRST_VERSION_THAT_ADDS { Rule::Verified } else { Rule::Added };
    Ok(Some(Writer { id: id.clone(), claim, rule }))
}

/// Writes what may be written, before the first await. Resolves when that, and that its transaction knows of it, is
/// durable.
pub(super) async fn append(
    context: &Context,
    writer: Writer,
    batches: Vec<Batch>,
) -> Vec<Result<Appended, Refusal>> {
    let rule = writer.rule;
    let part = |batch: &Batch| batch.transaction.map(|_| Participant::Partition(batch.append.id));
    let participants: Vec<_> = batches.iter().filter_map(part).collect();
    let is_transactional: Vec<_> = batches.iter().map(|batch| batch.transaction.is_some()).collect();
    let (vouched, written) = context.broker.transactions.write(writer, participants, |allowed| {
        let (appends, refused) = sort(context.version, batches, allowed);
        (context.broker.log.append_with(appends, version_of(rule)), refused)
    });
    let Some((ticket, refused)) = written else {
        return is_transactional.iter().map(|_| Err(coordinator_is_loading())).collect();
    };
    let mut appended = ticket.await.into_iter();
    let is_known = vouched.durable().await.is_ok();
    let outcome = |(refused, is_transactional): (Option<Refusal>, bool)| match refused {
        Some(refusal) => Err(refusal),
        None => match appended.next().expect("one outcome for each append") {
            Ok(_) if is_transactional && !is_known => Err(coordinator_is_loading()),
            outcome => outcome.map_err(Refusal::from),
        },
    };
    refused.into_iter().zip(is_transactional).map(outcome).collect()
}

/// What is to be appended, and for each batch why it is not.
fn sort(
    version: i16,
    batches: Vec<Batch>,
    allowed: Vec<Result<(), ErrorCode>>,
) -> (Vec<Append>, Vec<Option<Refusal>>) {
    let mut allowed = allowed.into_iter();
    let mut appends = Vec::with_capacity(batches.len());
    let refused = batches.into_iter().map(|Batch { append, transaction }| {
        let answer = transaction.and_then(|_| allowed.next()).unwrap_or(Ok(()));
        match answer {
            Ok(()) => {
                appends.push(append);
                None
            }
            Err(code) => Some(refusal(version, code)),
        }
    });
    let refused = refused.collect();
    (appends, refused)
}

fn version_of(rule: Rule) -> TransactionVersion {
    match rule {
        Rule::Verified => TransactionVersion::V1,
        Rule::Added => TransactionVersion::V2,
    }
}

/// What the coordinator says, as a producer of this version understands it.
fn refusal(version: i16, code: ErrorCode) -> Refusal {
    match code {
        ErrorCode::PRODUCER_FENCED => {
            let why =
                "another producer has taken the transactional id over, or the transaction has timed out";
            Refusal::new(ErrorCode::INVALID_PRODUCER_EPOCH, why)
        }
        ErrorCode::TRANSACTION_ABORTABLE => {
            let why = "the partition is not part of the transaction: abort it and begin anew";
            let is_known = FIRST_VERSION_WITH_ABORTABLE <= version;
            Refusal::new(if is_known { code } else { ErrorCode::INVALID_TXN_STATE }, why)
        }
        // Older clients try this again without asking for metadata first.
        ErrorCode::CONCURRENT_TRANSACTIONS if version < FIRST_VERSION_THAT_ADDS => {
            Refusal::new(ErrorCode::NOT_ENOUGH_REPLICAS, "the transaction is about to end: try again")
        }
        ErrorCode::CONCURRENT_TRANSACTIONS => {
            Refusal::new(code, "the previous transaction is about to end: try again")
        }
        ErrorCode::INVALID_PRODUCER_ID_MAPPING => {
            let why = "the producer id does not belong to the transactional id, which may have expired: \
                       initialise the producer again";
            Refusal::new(code, why)
        }
        code => Refusal::from(code),
    }
}

/// Every client tries this again, as with Kafka.
fn coordinator_is_loading() -> Refusal {
    Refusal::new(ErrorCode::NOT_ENOUGH_REPLICAS, "the transaction's state is being loaded: try again")
}
