//! The verbs of transactions: `txn-commit` and `end`.

use super::{Who, offsets};
use crate::group::*;
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_wire::record::MarkerKind;
use std::collections::HashMap;

/// As [`offsets::commit`], with `pid=` and `pepoch=`.
pub(super) fn commit(who: Who, fields: &HashMap<&str, &str>) -> Command {
    let Command::Commit(Commit { ticket, request, .. }) = offsets::commit(who, fields) else {
        unreachable!()
    };
    let topics = request.topics.into_iter().map(|topic| TxnOffsetCommitRequestTopic {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| TxnOffsetCommitRequestPartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                committed_metadata: partition.committed_metadata,
            })
            .collect(),
    });
    Command::TxnCommit(TxnCommit {
        ticket,
        request: TxnOffsetCommitRequest {
            transactional_id: "tx".into(),
            group_id: request.group_id,
            producer_id: producer(fields).0,
            producer_epoch: producer_epoch(fields).0,
            generation_id_or_member_epoch: request.generation_id_or_member_epoch,
            member_id: request.member_id,
            group_instance_id: request.group_instance_id,
            topics: topics.collect(),
        },
    })
}

fn producer(fields: &HashMap<&str, &str>) -> ProducerId {
    ProducerId(fields.get("pid").map_or(1, |id| id.parse().expect("a producer id")))
}

fn producer_epoch(fields: &HashMap<&str, &str>) -> ProducerEpoch {
    ProducerEpoch(fields.get("pepoch").map_or(0, |epoch| epoch.parse().expect("an epoch")))
}

pub(super) fn end(who: &Who, words: &[&str], fields: &HashMap<&str, &str>) -> Command {
    Command::CompleteTransaction(CompleteTransaction {
        ticket: who.ticket,
        producer_id: producer(fields),
        producer_epoch: producer_epoch(fields),
        outcome: if words.contains(&"commit") { MarkerKind::Commit } else { MarkerKind::Abort },
    })
}
