//! The task that sends batches and tells how they ended.

use super::accumulator::{Ack, Batch, Ending, Identity, Outcome};
use super::{Acks, ProduceError, Shared, new_identity};
use crate::connection::Connection;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::TopicPartition;
use crate::retry;
use ottla_base::{Offset, Timestamp};
use ottla_wire::ErrorCode;
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::message::{ProduceRequest, ProduceResponse};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long the broker may wait for replicas.
const REPLICATION_TIMEOUT: Duration = Duration::from_secs(30);

/// What a spawned task brings back.
enum Done {
    /// The answers to one request.
    Sent(Vec<(Batch, Result<Ack, RequestError>)>),
    /// A new identity, or none yet.
    Renewed(Option<Identity>),
}

pub(super) async fn run(shared: Arc<Shared>) {
    let mut tasks = JoinSet::new();
    loop {
        let now = Instant::now();
        let ready = shared.accumulator().take_ready(now);
        if ready.renew {
            let client = shared.client.clone();
            tasks.spawn(async move { Done::Renewed(new_identity(&client).await.ok()) });
        }
        for (leader, batches) in requests(&shared, ready.batches) {
            tasks.spawn(send(Arc::clone(&shared), leader, batches));
        }
        tokio::select! {
            () = shared.wake.notified() => {}
            Some(done) = tasks.join_next(), if !tasks.is_empty() => match done {
                Ok(Done::Sent(results)) => results.into_iter().for_each(|(batch, result)| settle(&shared, batch, result)),
                Ok(Done::Renewed(identity)) => shared.accumulator().renewed(identity),
                // A panic in a task: its batches are gone, and their senders with them, which is an outcome.
                Err(error) => tracing::error!(%error, "a request of the producer ended without a result"),
            },
            () = tokio::time::sleep_until(ready.next.unwrap_or(now)), if ready.next.is_some() => {}
        }
    }
}

/// Puts together what goes to the same leader, in requests of limited size.
fn requests(shared: &Shared, batches: Vec<Batch>) -> Vec<(Option<i32>, Vec<Batch>)> {
    let mut by_leader: BTreeMap<Option<i32>, Vec<Batch>> = BTreeMap::new();
    for batch in batches {
        let topic = shared.client.fresh_topic(&batch.topic);
        let leader = topic.and_then(|topic| topic.partition(batch.partition)?.leader);
        by_leader.entry(leader).or_default().push(batch);
    }
    let mut requests = Vec::new();
    for (leader, batches) in by_leader {
        let mut size = 0;
        let mut request = Vec::new();
        for batch in batches {
            let after = size + batch.bytes;
            // A batch whose leader has to be found goes alone, because others may have other leaders.
            let full = shared.options.request_bytes_max < after || leader.is_none();
            if full && !request.is_empty() {
                requests.push((leader, std::mem::take(&mut request)));
                size = 0;
            }
            size += batch.bytes;
            request.push(batch);
        }
        requests.push((leader, request));
    }
    requests
}

async fn send(shared: Arc<Shared>, leader: Option<i32>, mut batches: Vec<Batch>) -> Done {
    let result = match connect(&shared, leader, &batches).await {
        Ok(connection) => exchange(&shared, &connection, &mut batches).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(results) => Done::Sent(batches.into_iter().zip(results).collect()),
        Err(error) => Done::Sent(batches.into_iter().map(|batch| (batch, Err(error.clone()))).collect()),
    }
}

async fn connect(
    shared: &Shared,
    leader: Option<i32>,
    batches: &[Batch],
) -> Result<Connection, RequestError> {
    let leader = match (leader, batches.first()) {
        (Some(leader), _) => leader,
        (None, Some(batch)) => shared.client.leader(&batch.topic, batch.partition).await?,
        (None, None) => return Err(CallError::UnknownBroker(-1).into()),
    };
    Ok(shared.client.broker(leader).await?)
}

/// One result for each batch, in their order.
async fn exchange(
    shared: &Shared,
    connection: &Connection,
    batches: &mut [Batch],
) -> Result<Vec<Result<Ack, RequestError>>, RequestError> {
    let mut request = ProduceRequest {
        acks: shared.options.acks as i16,
        timeout_ms: i32::try_from(REPLICATION_TIMEOUT.as_millis()).expect("half a minute"),
        ..ProduceRequest::default()
    };
    if let Some(scope) = &shared.scope {
        request.transactional_id = Some(scope.id.clone());
        let identity = batches.iter().find_map(|batch| batch.stamp).map(|(identity, _)| identity);
        let partitions = batches.iter().map(|batch| TopicPartition::new(&*batch.topic, batch.partition.0));
        if let Some(identity) = identity {
            scope.add(&shared.client, identity, partitions).await?;
        }
    }
    for batch in batches.iter_mut() {
        batch.attempts += 1;
        let records = Some(batch.bytes().into());
        let partition = PartitionProduceData { index: batch.partition.0, records };
        match request.topic_data.last_mut() {
            Some(topic) if topic.name.as_str() == &*batch.topic => topic.partition_data.push(partition),
            _ => request.topic_data.push(TopicProduceData {
                name: (&*batch.topic).into(),
                topic_id: shared
                    .client
                    .fresh_topic(&batch.topic)
                    .map_or_else(Default::default, |topic| topic.id.0),
                partition_data: vec![partition],
            }),
        }
    }
    if shared.options.acks == Acks::None {
        connection.tell(&request).await?;
        return Ok(batches.iter().map(|_| Ok(Ack { base_offset: None, log_append_time: None })).collect());
    }
    let response = match &shared.scope {
        None => connection.call_within(&request, REPLICATION_TIMEOUT).await?,
        Some(scope) => {
            let version = connection.version_of::<ProduceRequest>()?.min(scope.version.produce_max());
            connection.call_at(&request, version).await?
        }
    };
    Ok(batches.iter().map(|batch| answer(&request, &response, batch)).collect())
}

fn answer(request: &ProduceRequest, response: &ProduceResponse, batch: &Batch) -> Result<Ack, RequestError> {
    let asked = request.topic_data.iter().find(|topic| topic.name.as_str() == &*batch.topic);
    // Newer versions answer with the id alone, older ones with the name alone.
    let same = |topic: &&TopicProduceResponse| {
        topic.name.as_str() == &*batch.topic
            || (topic.name.is_empty() && asked.is_some_and(|asked| asked.topic_id == topic.topic_id))
    };
    let of_topic = response.responses.iter().filter(same).flat_map(|topic| &topic.partition_responses);
    let what = format_args!("partition {}-{}", batch.topic, batch.partition).to_string();
    let Some(found) = of_topic.into_iter().find(|partition| partition.index == batch.partition.0) else {
        let message = Some("the broker did not answer for this partition".into());
        return Err(Refused { what: what.into(), code: ErrorCode::UNKNOWN_SERVER_ERROR, message }.into());
    };
    match found.error_code {
        ErrorCode::DUPLICATE_SEQUENCE_NUMBER => return Ok(Ack { base_offset: None, log_append_time: None }),
        code => Refused::check(what, code, words(found).as_deref())?,
    }
    Ok(Ack {
        base_offset: (0 <= found.base_offset).then_some(Offset(found.base_offset)),
        log_append_time: (0 <= found.log_append_time_ms).then_some(Timestamp(found.log_append_time_ms)),
    })
}

/// What the broker says of the batch, or of the first record that it objects to.
fn words(found: &PartitionProduceResponse) -> Option<String> {
    let whole = found.error_message.as_deref().map(str::to_owned);
    let mut records = found.record_errors.iter();
    let of_record = records.find_map(|record| {
        let message = record.batch_index_error_message.as_deref()?;
        Some(format!("record {} of the batch: {message}", record.batch_index))
    });
    match (whole, of_record) {
        (Some(whole), Some(of_record)) => Some(format!("{whole} ({of_record})")),
        (whole, of_record) => whole.or(of_record),
    }
}

/// Ends a batch, or sends it again later.
fn settle(shared: &Shared, batch: Batch, result: Result<Ack, RequestError>) {
    let error = match result {
        Ok(ack) => return finish(shared, batch, Ending::Written, Ok(ack)),
        Err(error) => error,
    };
    let in_time = batch.created.elapsed() < shared.options.delivery_timeout;
    if error.is_retriable() {
        shared.client.forget_topic(&batch.topic);
        // In a transaction that cannot be committed there is no point in trying again.
        if in_time && shared.accumulator().broken().is_none() {
            tracing::debug!(topic = %batch.topic, partition = batch.partition.0, %error, "sending a batch again");
            let pause = retry::backoff(shared.client.options(), batch.attempts, &**shared.client.env());
            return shared.accumulator().put_back(batch, Instant::now() + pause);
        }
    }
    let ending = match &error {
        // After an attempt whose answer was lost, a refusal does not tell that nothing was written.
        RequestError::Refused(refused) if batch.attempts <= 1 && !uncertain(refused.code) => {
            Ending::NotWritten
        }
        _ => Ending::Unknown,
    };
    let error = match error {
        error if error.is_retriable() => ProduceError::TimedOut {
            after_ms: u64::try_from(shared.options.delivery_timeout.as_millis()).unwrap_or(u64::MAX),
            last: Box::new(error),
        },
        RequestError::Call(error) => ProduceError::Failed(error),
        RequestError::Refused(refused) => ProduceError::Refused(refused),
    };
    finish(shared, batch, ending, Err(error));
}

/// Refusals after which the broker's idea of the next sequence number is not ours.
fn uncertain(code: ErrorCode) -> bool {
    [
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode::UNKNOWN_PRODUCER_ID,
        ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::UNKNOWN_SERVER_ERROR,
    ]
    .contains(&code)
}

fn finish(shared: &Shared, batch: Batch, ending: Ending, outcome: Outcome) {
    let mut permits = batch.bytes;
    {
        let failed = outcome.as_ref().err().cloned();
        let mut accumulator = shared.accumulator();
        accumulator.finish(batch, ending, outcome);
        if let (Some(error), Some(_)) = (failed, &shared.scope) {
            permits += accumulator.give_up(error);
        }
    }
    shared.room.add_permits(permits);
}
