use super::*;
use ottla_base::LeaderEpoch;
use ottla_wire::record::TimestampType;

fn record(offset: i64, headers: &[(&'static str, &'static str)]) -> ConsumedRecord {
    ConsumedRecord {
        topic: "dlq.work".into(),
        partition: PartitionIndex(1),
        offset: Offset(offset),
        leader_epoch: LeaderEpoch::NONE,
        timestamp: Timestamp(5),
        timestamp_type: TimestampType::CreateTime,
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::from_static(b"v")),
        headers: headers.iter().map(|(key, value)| Header::new(*key, *value)).collect(),
    }
}

/// The headers as Apache Kafka 4.4 writes them.
fn letter(offset: i64, group: &'static str) -> ConsumedRecord {
    record(
        offset,
        &[
            ("h", "x"),
            ("__dlq.errors.topic", "work"),
            ("__dlq.errors.partition", "3"),
            ("__dlq.errors.offset", "42"),
            ("__dlq.errors.group", group),
            ("__dlq.errors.delivery.count", "5"),
            ("__dlq.errors.message", "Offset rejected by client."),
            ("ottla-dlq-reason", "rejected"),
        ],
    )
}

fn receipt(offset: i64, settles: &'static str, outcome: &'static str) -> ConsumedRecord {
    record(offset, &[(SETTLES, settles), (OUTCOME, outcome)])
}

#[test]
fn a_letter_tells_of_its_record_and_keeps_that_apart_from_its_own() {
    let Found::Letter(found) = parse(letter(7, "g")) else { panic!("it is a letter") };
    assert_eq!(found.id.to_string(), "1/7");
    assert_eq!((found.source.to_string(), found.source_offset), ("work-3".to_owned(), Offset(42)));
    assert_eq!((found.deliveries, found.reason.as_str()), (Some(5), "Offset rejected by client."));
    assert_eq!(found.headers, [Header::new("h", "x")]);
    assert_eq!(found.about.len(), 7);
}

#[test]
fn records_of_others_are_no_letters() {
    assert_eq!(parse(record(0, &[])), Found::Other);
    let broken = [("__dlq.errors.topic", "t"), ("__dlq.errors.partition", "x"), ("__dlq.errors.offset", "1")];
    assert_eq!(parse(record(0, &broken)), Found::Other);
    assert_eq!(parse(record(0, &[(SETTLES, "x")])), Found::Other);
}

#[test]
fn a_receipt_settles_the_letter_that_it_names_and_no_other() {
    let mut letters = Letters::default();
    for offset in 0..4 {
        letters.take(letter(offset, "g"), "g");
    }
    letters.take(letter(4, "another"), "g");
    letters.take(receipt(5, "1", REQUEUED), "g");
    letters.take(receipt(6, "2", DISCARDED), "g");
    let open: Vec<String> = letters.open().map(|letter| letter.id.to_string()).collect();
    assert_eq!(open, ["1/0", "1/3"]);
    let all: Vec<_> = letters.all().map(|(_, settled)| settled).collect();
    assert_eq!(all, [None, Some(Settled::Requeued), Some(Settled::Discarded), None]);
}

#[test]
fn a_letter_is_named_by_partition_and_offset() {
    assert_eq!("3/42".parse::<LetterId>().map(|id| id.to_string()), Ok("3/42".to_owned()));
    for bad in ["", "3", "3/", "/3", "a/3", "-1/3", "3/-1", "3/4/5"] {
        assert!(bad.parse::<LetterId>().is_err(), "{bad}");
    }
}
