//! Every subject, in the order of the document; a new one is a file here and a line.

mod compaction;
mod consumer_groups;
mod features;
mod fetch;
mod fetch_sessions;
mod fetch_waits;
mod group_configs;
mod idempotence;
mod leader_epochs;
mod list_offsets;
mod live_settings;
mod log_dirs;
mod offered;
mod produce_records;
mod produce_rules;
mod produce_time;
mod quorum;
mod reassignments;
mod removal;
mod retention;
mod share;
mod share_groups;
mod streams_groups;
mod topic_configs;
mod transaction_end;
mod transaction_offsets;
mod transaction_shown;
mod transaction_start;
mod transaction_write;

use crate::scenario::Subject;

pub const ALL: &[Subject] = &[
    offered::SUBJECT,
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
    consumer_groups::SUBJECT,
    share_groups::SUBJECT,
    share::SUBJECT,
    streams_groups::SUBJECT,
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
