//! One transactional producer: which of its two requests comes next.

use crate::call::{
    ATTEMPTS, Coordinator, accept, ask, await_coordinator, decode, frame, is_not_ready, pause,
};
use crate::clock;
use crate::command::{Failure, Outcome, While};
use crate::open_loop::Connection;
use bytes::Bytes;
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::{
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, ProduceRequest, ProduceResponse,
};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope};
use ottla_wire::{ErrorCode, Str};

/// What every transaction is made of.
pub(super) struct Plan {
    pub(super) topic: Str,
    pub(super) partitions: u32,
    pub(super) records_per_partition: u32,
    pub(super) value: Vec<u8>,
}

/// One producer.
pub(super) struct Producer {
    transactional_id: Str,
    id: i64,
    epoch: i16,
    correlation: i32,
    next: Next,
}

/// What was not asked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Produce,
    Commit,
}

impl Producer {
    /// Gets its id.
    pub(super) fn begin(plan: &Plan, number: u32, connection: &mut Connection) -> Result<Self, Failure> {
        let transactional_id: Str = format!("{}-{number}", plan.topic).into();
        await_coordinator(connection, Coordinator::Transaction, &transactional_id)?;
        let init = InitProducerIdRequest {
            transactional_id: Some(transactional_id.clone()),
            transaction_timeout_ms: TIMEOUT_MS,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        for _ in 0..ATTEMPTS {
            let given = ask(connection, &init, INIT_PRODUCER_ID_VERSION)?;
            let is_busy = given.error_code == ErrorCode::CONCURRENT_TRANSACTIONS;
            if !is_busy && !is_not_ready(given.error_code) {
                accept("InitProducerId", given.error_code)?;
                let (id, epoch) = (given.producer_id, given.producer_epoch);
                return Ok(Self { transactional_id, id, epoch, correlation: 0, next: Next::Produce });
            }
            pause()?;
        }
        Err(Failure::new("there is no transaction coordinator: is the broker still starting?"))
    }

    /// Sends what comes next.
    pub(super) fn go_on(&mut self, plan: &Plan, connection: &mut Connection) -> Outcome {
        self.correlation = self.correlation.wrapping_add(1);
        let frame = match self.next {
            Next::Produce => frame(self.correlation, &self.produce(plan)?, PRODUCE_VERSION)?,
            Next::Commit => frame(self.correlation, &self.commit(), END_TXN_VERSION)?,
        };
        connection.send(&frame)
    }

    /// Takes an answer. Whether a transaction was committed.
    pub(super) fn take(&mut self, frame: &[u8]) -> Result<bool, Failure> {
        let body = Bytes::copy_from_slice(frame);
        match self.next {
            Next::Produce => {
                let answer: ProduceResponse = decode(body, self.correlation, PRODUCE_VERSION)?;
                let partitions = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
                partitions.clone().try_for_each(|partition| accept("Produce", partition.error_code))?;
                self.next = Next::Commit;
                Ok(false)
            }
            Next::Commit => {
                let answer: EndTxnResponse = decode(body, self.correlation, END_TXN_VERSION)?;
                // Another broker may still be busy with the end of the transaction before.
                if answer.error_code == ErrorCode::CONCURRENT_TRANSACTIONS {
                    return Ok(false);
                }
                accept("EndTxn", answer.error_code)?;
                (self.id, self.epoch, self.next) = (answer.producer_id, answer.producer_epoch, Next::Produce);
                Ok(true)
            }
        }
    }

    fn produce(&self, plan: &Plan) -> Result<ProduceRequest, Failure> {
        let batch = self.batch(plan)?;
        let partitions = (0..plan.partitions).map(|index| PartitionProduceData {
            index: i32::try_from(index).unwrap_or(i32::MAX),
            records: Some(batch.clone().into()),
        });
        let topic = TopicProduceData {
            name: plan.topic.clone(),
            partition_data: partitions.collect(),
            ..TopicProduceData::default()
        };
        Ok(ProduceRequest {
            transactional_id: Some(self.transactional_id.clone()),
            acks: -1,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![topic],
        })
    }

    /// The same for every partition. Sequences begin anew with each transaction, for it has an epoch of its own.
    fn batch(&self, plan: &Plan) -> Result<Bytes, Failure> {
        let mut batch = BatchBuilder::new(BatchOptions {
            producer_id: ProducerId(self.id),
            producer_epoch: ProducerEpoch(self.epoch),
            base_sequence: 0,
            scope: BatchScope::Transactional,
            ..BatchOptions::default()
        });
        let now = Timestamp(clock::wall_ms());
        for _ in 0..plan.records_per_partition {
            batch.append(now, None, Some(&plan.value), &[]).while_doing("making a batch")?;
        }
        Ok(batch.build())
    }

    fn commit(&self) -> EndTxnRequest {
        EndTxnRequest {
            transactional_id: self.transactional_id.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed: true,
        }
    }
}

const TIMEOUT_MS: i32 = 60_000;
const INIT_PRODUCER_ID_VERSION: i16 = 5;
/// The last that names topics; from 12 on, a producer of transaction version 2 adds partitions by writing.
const PRODUCE_VERSION: i16 = 12;
/// From 5 on, a transaction has an epoch of its own.
const END_TXN_VERSION: i16 = 5;

#[cfg(test)]
mod tests;
