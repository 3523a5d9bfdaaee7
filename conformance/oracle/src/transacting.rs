//! A transactional producer that is driven one request at a time.

use crate::asking::{Topic, list_offsets, produce};
use crate::batch::{Batch, Signed};
use crate::side::{Side, until};
use ottla_wire::message::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_wire::message::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, DescribeTransactionsRequest, EndTxnRequest,
    FindCoordinatorRequest, InitProducerIdRequest, OffsetFetchRequest, ProduceRequest,
    TxnOffsetCommitRequest,
};
use ottla_wire::{ErrorCode, Str};

/// Who produces: the name, the id and the epoch that it has now.
#[derive(Clone, Debug)]
pub struct Producer {
    pub name: Str,
    pub id: i64,
    pub epoch: i16,
}

impl Producer {
    /// A name that can be used from now on, with no id yet.
    pub fn named(side: &mut Side, suffix: &str) -> Result<Self, String> {
        let name = side.name(suffix);
        coordinator(side, &name, TRANSACTION)?;
        // One that is named has not always loaded what it has to know. Only then does it deny to know the name.
        let nobody = Self { name, id: 0, epoch: 0 };
        until(|| {
            let code = side.setup(3, &nobody.end(true))?.error_code;
            Ok((code == ErrorCode::INVALID_PRODUCER_ID_MAPPING).then_some(()))
        })?;
        let Self { name, .. } = nobody;
        Ok(Self { name, id: -1, epoch: -1 })
    }

    /// A producer with its first id and epoch.
    pub fn begin(side: &mut Side, suffix: &str) -> Result<Self, String> {
        let mut producer = Self::named(side, suffix)?;
        producer.renew(side)?;
        side.learn("producer", producer.id);
        Ok(producer)
    }

    /// Asks for the next epoch, as a new instance would, until it is given.
    pub fn renew(&mut self, side: &mut Side) -> Result<(), String> {
        let request = self.init(60_000);
        let (id, epoch) = until(|| {
            let answer = side.setup(4, &request)?;
            match answer.error_code {
                ErrorCode::NONE => Ok(Some((answer.producer_id, answer.producer_epoch))),
                ErrorCode::CONCURRENT_TRANSACTIONS | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => Ok(None),
                code => Err(format!("InitProducerId: {code}")),
            }
        })?;
        (self.id, self.epoch) = (id, epoch);
        Ok(())
    }

    /// A request for an id without saying who one was.
    pub fn init(&self, timeout_ms: i32) -> InitProducerIdRequest {
        InitProducerIdRequest {
            transactional_id: Some(self.name.clone()),
            transaction_timeout_ms: timeout_ms,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        }
    }

    /// The same name with another id or epoch.
    pub fn but(&self, id: i64, epoch: i16) -> Self {
        Self { name: self.name.clone(), id, epoch }
    }

    /// As one with an older epoch, or a newer one.
    pub fn shifted(&self, by: i16) -> Self {
        self.but(self.id, self.epoch + by)
    }

    pub fn signed(&self, sequence: i32) -> Signed {
        Signed { id: self.id, epoch: self.epoch, sequence }
    }

    /// One batch of a transaction, for partition 0.
    pub fn write(&self, topic: &Topic, count: usize, sequence: i32) -> ProduceRequest {
        let batch = Batch::transactional(count, self.signed(sequence));
        ProduceRequest { transactional_id: Some(self.name.clone()), ..produce(topic, -1, batch.wire()) }
    }

    /// Versions 0 to 3, which clients send.
    pub fn add(&self, topics: &[(&Str, &[i32])]) -> AddPartitionsToTxnRequest {
        AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.name.clone(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: added(topics),
            ..Default::default()
        }
    }

    /// Versions 4 and 5, which brokers send.
    pub fn add_as_broker(&self, verify_only: bool, topics: &[(&Str, &[i32])]) -> AddPartitionsToTxnRequest {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: self.name.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            verify_only,
            topics: added(topics),
        };
        AddPartitionsToTxnRequest { transactions: vec![transaction], ..Default::default() }
    }

    /// Adds partition 0 of a topic, by version 1 of transactions.
    pub fn join(&self, side: &mut Side, topic: &Topic) -> Result<(), String> {
        let request = self.add(&[(&topic.name, &[0])]);
        until(|| {
            let answer = side.setup(3, &request)?;
            let part =
                answer.results_by_topic_v3_and_below.first().and_then(|one| one.results_by_partition.first());
            match part.ok_or("no partition in the answer")?.partition_error_code {
                ErrorCode::NONE => Ok(Some(())),
                ErrorCode::CONCURRENT_TRANSACTIONS => Ok(None),
                code => Err(format!("AddPartitionsToTxn: {code}")),
            }
        })
    }

    pub fn end(&self, committed: bool) -> EndTxnRequest {
        EndTxnRequest {
            transactional_id: self.name.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
        }
    }

    /// Ends the transaction, which must go well, and takes the new epoch, if there is one.
    pub fn ended(&mut self, side: &mut Side, version: i16, committed: bool) -> Result<(), String> {
        let request = self.end(committed);
        until(|| {
            let answer = side.setup(version, &request)?;
            match answer.error_code {
                ErrorCode::NONE => Ok(Some((answer.producer_id, answer.producer_epoch))),
                ErrorCode::CONCURRENT_TRANSACTIONS => Ok(None),
                code => Err(format!("EndTxn: {code}")),
            }
        })
        .map(|(id, epoch)| {
            if FIRST_VERSION_WITH_EPOCH <= version {
                (self.id, self.epoch) = (id, epoch);
            }
        })
    }

    pub fn add_offsets(&self, group: &Str) -> AddOffsetsToTxnRequest {
        AddOffsetsToTxnRequest {
            transactional_id: self.name.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            group_id: group.clone(),
        }
    }

    /// Adds a group, by version 1 of transactions.
    pub fn join_group(&self, side: &mut Side, group: &Str) -> Result<(), String> {
        let request = self.add_offsets(group);
        until(|| match side.setup(3, &request)?.error_code {
            ErrorCode::NONE => Ok(Some(())),
            ErrorCode::CONCURRENT_TRANSACTIONS => Ok(None),
            code => Err(format!("AddOffsetsToTxn: {code}")),
        })
    }

    pub fn commit_offset(&self, group: &Str, topic: &Topic, offset: i64) -> TxnOffsetCommitRequest {
        let partition = TxnOffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: offset,
            committed_leader_epoch: -1,
            committed_metadata: Some("m".into()),
        };
        TxnOffsetCommitRequest {
            transactional_id: self.name.clone(),
            group_id: group.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            generation_id_or_member_epoch: -1,
            member_id: Str::default(),
            group_instance_id: None,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: topic.name.clone(),
                topic_id: topic.id,
                partitions: vec![partition],
            }],
        }
    }
}

fn added(topics: &[(&Str, &[i32])]) -> Vec<AddPartitionsToTxnTopic> {
    topics
        .iter()
        .map(|(name, partitions)| AddPartitionsToTxnTopic {
            name: (*name).clone(),
            partitions: partitions.to_vec(),
        })
        .collect()
}

/// Writes into a transaction, which must go well.
pub fn wrote(side: &mut Side, version: i16, request: &ProduceRequest) -> Result<(), String> {
    until(|| {
        let answer = side.setup(version, request)?;
        let part = answer.responses.first().and_then(|topic| topic.partition_responses.first());
        match part.ok_or("no partition in the answer")?.error_code {
            ErrorCode::NONE => Ok(Some(())),
            ErrorCode::CONCURRENT_TRANSACTIONS | ErrorCode::NOT_ENOUGH_REPLICAS => Ok(None),
            code => Err(format!("Produce: {code}")),
        }
    })
}

/// Waits until the coordinator of a group or a transactional id is there, which makes Kafka's internal topics.
pub fn coordinator(side: &mut Side, key: &Str, key_type: i8) -> Result<(), String> {
    let request =
        FindCoordinatorRequest { key_type, coordinator_keys: vec![key.clone()], ..Default::default() };
    until(|| {
        let answer = side.setup(4, &request)?;
        let code = answer.coordinators.first().map(|one| one.error_code);
        Ok(code.filter(|code| code.is_none()).map(drop))
    })
}

/// Waits until no transaction is open in partition 0: markers follow the answer of EndTxn in Kafka.
pub fn settle(side: &mut Side, topic: &Topic) -> Result<(), String> {
    until(|| {
        let mut latest = |committed| -> Result<i64, String> {
            let answer = side.setup(7, &list_offsets(topic, -1, committed))?;
            let part = answer.topics.first().and_then(|topic| topic.partitions.first());
            Ok(part.ok_or("no partition in the answer")?.offset)
        };
        let (stable, all) = (latest(true)?, latest(false)?);
        Ok((stable == all).then_some(()))
    })
}

/// Waits until the coordinator knows that the markers are written, which it does after readers do.
pub fn completed(side: &mut Side, producer: &Producer) -> Result<(), String> {
    let request = DescribeTransactionsRequest { transactional_ids: vec![producer.name.clone()] };
    until(|| {
        let answer = side.setup(0, &request)?;
        let state = answer.transaction_states.first().map(|one| one.transaction_state.to_string());
        Ok(state.filter(|state| !state.starts_with("Prepare")).map(drop))
    })
}

/// What a group has committed for partition 0 of a topic.
pub fn committed(group: &Str, topic: &Topic, require_stable: bool) -> OffsetFetchRequest {
    let asked =
        OffsetFetchRequestTopics { name: topic.name.clone(), topic_id: topic.id, partition_indexes: vec![0] };
    let asked = OffsetFetchRequestGroup {
        group_id: group.clone(),
        member_epoch: -1,
        topics: Some(vec![asked]),
        ..Default::default()
    };
    OffsetFetchRequest { groups: vec![asked], require_stable, ..Default::default() }
}

pub const GROUP: i8 = 0;
pub const TRANSACTION: i8 = 1;
const FIRST_VERSION_WITH_EPOCH: i16 = 5;
