//! One line for each thing in a file.

use crate::arguments::{Common, Form};
use crate::exit::Outcome;
use crate::{output, text};
use bytes::Bytes;
use ottla_base::Offset;
use ottla_storage::inspect::dump::{AbortedIndexEntry, SnapshotEntry};
use ottla_wire::record::{self, BatchHeader, Marker, MarkerKind, Record, TimestampType};
use serde_json::{Value, json};

pub(super) const ABORTED: &[&str] = &["producer id", "first offset", "last offset", "last stable offset"];

/// A row of an index of aborted transactions.
pub(super) fn aborted(entry: &AbortedIndexEntry) -> Vec<Value> {
    let AbortedIndexEntry { producer_id, first_offset, last_offset, last_stable_offset } = *entry;
    vec![json!(producer_id.0), json!(first_offset.0), json!(last_offset.0), json!(last_stable_offset.0)]
}

pub(super) const PRODUCERS: &[&str] = &[
    "producer id",
    "epoch",
    "last sequence",
    "last offset",
    "offset delta",
    "timestamp",
    "coordinator epoch",
    "transaction start",
    "batches",
];

/// A row of a producer snapshot.
pub(super) fn producer(entry: &SnapshotEntry) -> Vec<Value> {
    vec![
        json!(entry.producer_id.0),
        json!(entry.epoch.0),
        json!(entry.last_sequence),
        json!(entry.last_offset.0),
        json!(entry.offset_delta),
        json!(entry.timestamp.0),
        json!(entry.coordinator_epoch),
        json!(entry.transaction_start.map(|start| start.0)),
        json!(entry.batches),
    ]
}

/// Prints a batch's header.
pub(super) fn batch(common: &Common, position: u64, header: &BatchHeader) -> Outcome {
    let codec = header.compression().map_or_else(|error| error.to_string(), |codec| codec.name().to_owned());
    let timestamps = match header.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    let fields = json!({
        "base_offset": header.base_offset.0,
        "last_offset": header.last_offset().0,
        "records": header.record_count,
        "position": position,
        "bytes": header.size(),
        "leader_epoch": header.partition_leader_epoch.0,
        "timestamp_type": timestamps,
        "max_timestamp": header.max_timestamp.0,
        "producer_id": header.producer_id.0,
        "producer_epoch": header.producer_epoch.0,
        "base_sequence": header.base_sequence,
        "transactional": header.is_transactional(),
        "control": header.is_control(),
        "delete_horizon": header.delete_horizon().map(|at| at.0),
        "compression": codec,
        "crc": format!("{:08x}", header.crc),
    });
    if common.output == Form::Json {
        return output::json(&fields);
    }
    let mut line = format!(
        "{}..{}  {} record(s), {} bytes at {position}, {codec}, {timestamps} {}, leader epoch {}, crc {:08x}",
        header.base_offset,
        header.last_offset(),
        header.record_count,
        header.size(),
        text::moment(header.max_timestamp),
        header.partition_leader_epoch,
        header.crc,
    );
    if 0 <= header.producer_id.0 {
        let (id, epoch, first) = (header.producer_id.0, header.producer_epoch.0, header.base_sequence);
        line.push_str(&format!(", producer {id} epoch {epoch} sequence {first}..{}", header.last_sequence()));
    }
    if header.is_transactional() {
        line.push_str(", transactional");
    }
    if header.is_control() {
        line.push_str(", control");
    }
    output::line(line)
}

/// Prints a batch's records; returns 1 if they cannot all be read.
pub(super) fn records(common: &Common, header: BatchHeader, bytes: &Bytes) -> Outcome<usize> {
    let all = match record::records(header, bytes) {
        Ok(all) => all,
        Err(error) => {
            broken(common, &error.to_string())?;
            return Ok(1);
        }
    };
    for record in all {
        match record {
            Ok(record) => one(common, header, &record)?,
            Err(error) => {
                broken(common, &error.to_string())?;
                return Ok(1);
            }
        }
    }
    Ok(0)
}

fn one(common: &Common, header: BatchHeader, record: &Record) -> Outcome {
    let marker = Marker::of(record).filter(|_| header.is_control()).map(|marker| match marker.kind {
        MarkerKind::Commit => "commit",
        MarkerKind::Abort => "abort",
    });
    let key = record.key.as_deref().map(text::of_bytes);
    let value = record.value.as_deref().map(text::of_bytes);
    let headers: Vec<Value> = record
        .headers
        .iter()
        .map(|header| json!([header.key_text(), header.value.as_deref().map(text::of_bytes)]))
        .collect();
    if common.output == Form::Json {
        return output::json(&json!({
            "offset": record.offset.0, "timestamp": record.timestamp.0, "key": key, "value": value,
            "headers": headers, "marker": marker,
        }));
    }
    if let Some(marker) = marker {
        return output::line(format!("  {}  {}  {marker}", record.offset, text::moment(record.timestamp)));
    }
    let shown = |part: Option<String>| part.map_or_else(|| "null".to_owned(), |part| format!("{part:?}"));
    let mut line =
        format!("  {}  {}  {} = {}", record.offset, text::moment(record.timestamp), shown(key), shown(value));
    if !headers.is_empty() {
        line.push_str(&format!("  headers {}", Value::Array(headers)));
    }
    output::line(line)
}

fn broken(common: &Common, reason: &str) -> Outcome {
    match common.output {
        Form::Human => output::line(format!("  !! the records cannot be read: {reason}")),
        Form::Json => output::json(&json!({ "unreadable": reason })),
    }
}

/// Prints bytes that are no batch.
pub(super) fn damage(
    common: &Common,
    (position, end): (u64, u64),
    reason: &str,
    next: Option<Offset>,
) -> Outcome {
    if common.output == Form::Json {
        return output::json(&json!({
            "damaged": reason, "position": position, "end": end, "next_offset": next.map(|next| next.0),
        }));
    }
    let then = next.map_or_else(|| "nothing whole follows".to_owned(), |next| format!("then offset {next}"));
    output::line(format!("!! {} bytes at {position} are no batch: {reason}; {then}", end - position))
}
