//! Every subject, in the order of the document; a new one is a file here and a line.

mod broker_configs;
mod classic_groups;
mod cluster;
mod compaction;
mod consumer_groups;
mod features;
mod fetch;
mod fetch_sessions;
mod fetch_waits;
mod group_configs;
mod groups_listed;
mod idempotence;
mod leader_epochs;
mod list_offsets;
mod live_settings;
mod log_dirs;
mod metadata;
mod offered;
mod offsets;
mod produce_records;
mod produce_rules;
mod produce_time;
mod quorum;
mod reassignments;
mod removal;
mod retention;
mod share;
mod share_groups;
mod static_members;
mod streams_groups;
mod topic_configs;
mod topics;
mod topology_description;
mod transaction_end;
mod transaction_offsets;
mod transaction_shown;
mod transaction_start;
mod transaction_write;

use crate::scenario::Subject;

pub const ALL: &[Subject] = &[
    offered::SUBJECT,
    cluster::SUBJECT,
    topics::SUBJECT,
    metadata::SUBJECT,
    produce_rules::SUBJECT,
    produce_records::SUBJECT,
    produce_time::SUBJECT,
    idempotence::SUBJECT,
    fetch::SUBJECT,
    fetch_sessions::SUBJECT,
    fetch_waits::SUBJECT,
    leader_epochs::SUBJECT,
    list_offsets::SUBJECT,
    removal::SUBJECT,
    retention::SUBJECT,
    compaction::SUBJECT,
    live_settings::SUBJECT,
    topic_configs::SUBJECT,
    group_configs::SUBJECT,
    broker_configs::SUBJECT,
    classic_groups::SUBJECT,
    static_members::SUBJECT,
    offsets::SUBJECT,
    consumer_groups::SUBJECT,
    share_groups::SUBJECT,
    share::SUBJECT,
    streams_groups::SUBJECT,
    topology_description::SUBJECT,
    groups_listed::SUBJECT,
    transaction_start::SUBJECT,
    transaction_write::SUBJECT,
    transaction_end::SUBJECT,
    transaction_offsets::SUBJECT,
    transaction_shown::SUBJECT,
    log_dirs::SUBJECT,
    reassignments::SUBJECT,
    features::SUBJECT,
    quorum::SUBJECT,
];
