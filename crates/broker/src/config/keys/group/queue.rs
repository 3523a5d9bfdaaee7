//! What one share group may set that only Ottla knows, so that every client of share groups has a better queue.

use crate::config::kinds::QueueOrder;
use ottla_base::config::{Change, Parsed, Unit, Valid};

ottla_base::config! {
    /// The settings of one share group as a queue.
    pub struct QueueSettings, keys QUEUE;

    /// Whether the group gets no records for now. Members stay, locks run on, and what was delivered can still be
    /// acknowledged.
    paused: bool {
        name: "queue.paused",
        default: Some("false"),
        change: Change::Live,
    }

    /// How long a record waits before it is delivered again, after a member released it or its lock ran out. 0
    /// delivers it at once, as Apache Kafka does.
    retry_backoff_ms: u64 {
        name: "queue.retry.backoff.ms",
        default: Some("0"),
        valid: Valid::Within { min: 0, max: 2592000000 },
        unit: Unit::Milliseconds,
        low: "A record that fails now fails again at once.",
        high: "A record that failed for a moment waits long.",
        change: Change::Live,
    }

    /// The longest wait between two deliveries of a record, however often it failed.
    retry_backoff_max_ms: u64 {
        name: "queue.retry.backoff.max.ms",
        default: Some("600000"),
        valid: Valid::Within { min: 0, max: 2592000000 },
        unit: Unit::Milliseconds,
        low: "Records that keep failing are tried often.",
        high: "Records that keep failing are tried seldom.",
        change: Change::Live,
    }

    /// How much longer each wait is than the one before; 1.0 keeps them equal.
    retry_backoff_multiplier: f64 {
        name: "queue.retry.backoff.multiplier",
        default: Some("2.0"),
        low: "Records that keep failing are tried often.",
        high: "The longest wait is reached after few deliveries.",
        change: Change::Live,
        check: is_multiplier,
    }

    /// Whether the headers `ottla-deliver-at` and `ottla-delay` of a record put its delivery off. Off, they are
    /// data like any other, and the broker need not look into batches.
    delay_enable: bool {
        name: "queue.delay.enable",
        default: Some("false"),
        low: "Delayed records are delivered at once.",
        high: "Batches are unpacked once for each group that reads them.",
        change: Change::Live,
    }

    /// How many records of one partition may wait for a time to come, delayed or between two deliveries. At the limit,
    /// the group reads no further in the partition until one of them is due.
    delayed_records_max: usize {
        name: "queue.delayed.records.max",
        default: Some("100000"),
        valid: Valid::Within { min: 1, max: 1000000 },
        unit: Unit::Count,
        low: "Records behind many delayed ones wait, too.",
        high: "More memory.",
        change: Change::Live,
    }

    /// Whether the headers `ottla-ttl` and `ottla-expires-at` of a record end its life in this group: it is then no
    /// longer delivered, but archived, or moved to the dead letters if the group keeps any.
    ttl_enable: bool {
        name: "queue.ttl.enable",
        default: Some("false"),
        low: "Records are delivered although they are too old to be of use.",
        high: "Batches are unpacked once for each group that reads them.",
        change: Change::Live,
    }

    /// How long after its timestamp a record without such headers is delivered by this group; -1 is for ever.
    ttl_ms: i64 {
        name: "queue.ttl.ms",
        default: Some("-1"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Milliseconds,
        low: "Records of a short pause are lost to the group.",
        high: "Members get records that are too old to be of use.",
        change: Change::Live,
    }

    /// Whether the header `ottla-priority` of a record, from 0 to 9, lets it overtake those of lower priority; 9
    /// comes first, and a record without the header has 4.
    priority_enable: bool {
        name: "queue.priority.enable",
        default: Some("false"),
        low: "Urgent records wait behind others.",
        high: "Batches are unpacked once for each group that reads them.",
        change: Change::Live,
    }

    /// Whether records of one key are delivered one after the other: `key` delivers the next one when the one
    /// before is acknowledged, while other keys go on. Records without key have no order.
    order: QueueOrder {
        name: "queue.order",
        default: Some("none"),
        low: "Records of one key may be processed at the same time and in any order.",
        high: "A key whose record fails waits until it is done or given up.",
        change: Change::Live,
    }

    /// How many records of the whole group one member may have in flight; 0 is no limit.
    member_in_flight_max: usize {
        name: "queue.member.in.flight.max",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Members wait for their next record.",
        high: "One slow member may hold many records.",
        change: Change::Live,
    }
}

/// A wait never gets shorter from delivery to delivery.
fn is_multiplier(parsed: &Parsed) -> Result<(), String> {
    match parsed {
        Parsed::Number(n) if (1.0..=100.0).contains(n) => Ok(()),
        _ => Err("a decimal number from 1 to 100".into()),
    }
}
