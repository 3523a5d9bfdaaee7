//! Compaction: what is left of a log, and what readers find of it, after each pass of the cleaner.
//!
//! Each batch begins a segment, because its records are newer than those before by more than `segment.ms`, and no pass
//! begins before all is there. After that, one more batch makes one more pass.

use crate::asking::{Reading, Topic, fetch, produce};
use crate::batch::{Batch, Given, Signed};
use crate::reading::{EARLIEST, LATEST, keep_log, keep_offsets, wait_for_log};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::settings::alter;
use crate::side::{Side, now_ms};
use crate::transacting::{Producer, completed, settle, wrote};
use ottla_wire::record::{Compression, Record};

pub const SUBJECT: Subject = Subject {
    name: "compaction",
    about: "Compaction: keys, tombstones, sequences and transactions, and how readers find what is left.",
    scenarios: &[
        Scenario { name: "newest", asks: "the newest record of each key", run: newest, differs: &[] },
        Scenario {
            name: "tombstones",
            asks: "deleted keys, before and after their time",
            run: tombstones,
            differs: &[],
        },
        Scenario {
            name: "last-batches",
            asks: "idempotent producers whose records are all replaced",
            run: last_batches,
            differs: &[],
        },
        Scenario {
            name: "markers",
            asks: "committed and aborted transactions, before and after the time of their markers",
            run: markers,
            differs: MARKERS,
        },
        Scenario { name: "timed", asks: "a topic whose records the broker times", run: timed, differs: &[] },
        Scenario {
            name: "switched",
            asks: "a topic that was not compacted when its records without keys came",
            run: switched,
            differs: &[],
        },
    ],
};

/// A compacted topic of which nothing is compacted before [`begin`].
fn make(side: &mut Side, suffix: &str, settings: &[(&str, &str)]) -> Result<Topic, String> {
    let usual = [("cleanup.policy", "compact"), ("segment.ms", "1"), ("min.cleanable.dirty.ratio", "1")];
    let all: Vec<(&str, &str)> = usual.iter().chain(settings).copied().collect();
    Topic::make(side, suffix, &all)
}

fn begin(side: &mut Side, topic: &Topic) -> Ran {
    alter(side, topic, "min.cleanable.dirty.ratio", "0")
}

fn is_gone(records: &[Record], offset: i64) -> bool {
    records.iter().all(|record| record.offset.0 != offset)
}

fn wait_until_gone(side: &mut Side, topic: &Topic, offset: i64) -> Ran {
    wait_for_log(side, topic, |records| is_gone(records, offset))
}

/// One more batch of the key `z` at this time, and the pass that follows it, which removes the record at `offset`.
fn pass(side: &mut Side, topic: &Topic, (value, time): (&str, i64), offset: i64) -> Ran {
    topic.fill(side, [Batch::records(&[(Some("z"), Some(value), time)])])?;
    wait_until_gone(side, topic, offset)
}

fn read_from_each(side: &mut Side, when: &str, topic: &Topic, end: i64) {
    for offset in 0..=end {
        fetch(side, &format!("{when}, from {offset}"), 12, topic, Reading::from(offset));
    }
}

fn newest(side: &mut Side) -> Ran {
    let topic = make(side, "t", &[])?;
    let given: [&[Given]; 2] = [
        &[(Some("a"), Some("1"), 1_000), (Some("b"), Some("1"), 1_500), (Some("c"), Some("1"), 1_200)],
        &[(Some("a"), Some("2"), 2_000), (Some("d"), Some("1"), 2_000)],
    ];
    topic.fill(side, given.map(Batch::records))?;
    let packed: &[Given] =
        &[(Some("c"), Some("2"), 3_000), (Some("f"), Some("1"), 3_700), (Some("a"), Some("3"), 3_300)];
    let codecs = [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    for (codec, later) in codecs.into_iter().zip(0..) {
        let packed: Vec<Given> =
            packed.iter().map(|(key, value, time)| (*key, *value, time + later * 1_000)).collect();
        topic.fill(side, [Batch::packed(&packed, codec)])?;
    }
    topic.fill(side, [Batch::records(&[(Some("f"), Some("2"), 8_000), (Some("d"), Some("2"), 8_100)])])?;
    topic.fill(side, [Batch::records(&[(Some("z"), Some("0"), 9_000)])])?;
    topic.fill(side, [Batch::records(&[(Some("z"), Some("1"), 10_000)])])?;
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 0)?;
    keep_log(side, "one pass", &topic)?;
    let times = [LATEST, EARLIEST, -3, 0, 1_000, 1_400, 2_000, 3_500, 6_500, 8_050, 9_500, 10_001];
    keep_offsets(side, "one pass", &topic, &times);
    read_from_each(side, "one pass", &topic, 20);
    pass(side, &topic, ("2", 11_000), 19)?;
    keep_log(side, "two passes", &topic)?;
    keep_offsets(side, "two passes", &topic, &times);
    Ok(())
}

fn tombstones(side: &mut Side) -> Ran {
    let topic = make(side, "t", &[("delete.retention.ms", "100000")])?;
    topic.fill(
        side,
        [
            Batch::records(&[(Some("a"), Some("1"), 1_000), (Some("b"), Some("1"), 1_000)]),
            Batch::records(&[
                (Some("a"), None, 2_000),
                (Some("c"), Some("1"), 2_500),
                (Some("c"), None, 2_600),
            ]),
            Batch::records(&[(Some("d"), None, 3_000)]),
            Batch::records(&[(Some("z"), Some("0"), 4_000)]),
            Batch::records(&[(Some("z"), Some("1"), 5_000)]),
        ],
    )?;
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 0)?;
    keep_log(side, "their time begins", &topic)?;
    keep_offsets(side, "their time begins", &topic, &[-3, 0, 2_000, 2_550, 3_000]);
    pass(side, &topic, ("2", 6_000), 6)?;
    keep_log(side, "their time runs", &topic)?;
    // What marks a deletion may go with the second pass here.
    let quick = make(side, "quick", &[("delete.retention.ms", "1")])?;
    quick.fill(
        side,
        [
            Batch::records(&[(Some("a"), Some("1"), 1_000), (Some("b"), Some("1"), 1_000)]),
            Batch::records(&[(Some("a"), None, 2_000), (Some("c"), Some("1"), 2_500)]),
            Batch::records(&[(Some("d"), None, 3_000)]),
            Batch::records(&[(Some("z"), Some("0"), 4_000)]),
            Batch::records(&[(Some("z"), Some("1"), 5_000)]),
        ],
    )?;
    begin(side, &quick)?;
    wait_until_gone(side, &quick, 0)?;
    keep_log(side, "quick: first pass", &quick)?;
    pass(side, &quick, ("2", 6_000), 5)?;
    keep_log(side, "quick: second pass", &quick)?;
    read_from_each(side, "quick: second pass", &quick, 8);
    Ok(())
}

fn last_batches(side: &mut Side) -> Ran {
    let topic = make(side, "t", &[])?;
    let signed = |id, sequence| Signed { id, epoch: 0, sequence };
    topic.fill(
        side,
        [
            Batch::signed(2, signed(870_001, 0)),
            Batch::signed(3, signed(870_001, 2)),
            Batch::signed(2, signed(870_002, 10)),
            Batch::records(&[(Some("k"), Some("newest"), 2_000_000)]),
            Batch::records(&[(Some("z"), Some("0"), 3_000_000)]),
            Batch::records(&[(Some("z"), Some("1"), 4_000_000)]),
        ],
    )?;
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 6)?;
    keep_log(side, "compacted", &topic)?;
    keep_offsets(side, "compacted", &topic, &[EARLIEST, -3, 0, 1_000_000, 1_000_011]);
    read_from_each(side, "compacted", &topic, 8);
    for (step, id, count, sequence) in [
        ("the first again", 870_001, 2, 0),
        ("the last again", 870_001, 3, 2),
        ("a gap", 870_001, 1, 6),
        ("the next", 870_001, 1, 5),
        ("the other's last again", 870_002, 2, 10),
    ] {
        let batch = Batch::signed(count, signed(id, sequence));
        side.ask(step, 12, &produce(&topic, -1, batch.wire()));
    }
    Ok(())
}

fn markers(side: &mut Side) -> Ran {
    let topic = make(side, "t", &[("delete.retention.ms", "1")])?;
    let mut producer = Producer::begin(side, "p")?;
    let mut other = Producer::begin(side, "q")?;
    for (count, committed) in [(2, true), (2, false), (1, true)] {
        wrote(side, 12, &producer.write(&topic, count, 0))?;
        producer.ended(side, 5, committed)?;
        settle(side, &topic)?;
        completed(side, &producer)?;
    }
    wrote(side, 12, &other.write(&topic, 1, 0))?;
    other.ended(side, 5, false)?;
    settle(side, &topic)?;
    let soon = now_ms() + 60_000;
    topic.fill(side, [Batch::records(&[(Some("z"), Some("0"), soon)])])?;
    topic.fill(side, [Batch::records(&[(Some("z"), Some("1"), soon + 1_000)])])?;
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 0)?;
    let look = |side: &mut Side, when: &str| {
        keep_log(side, when, &topic)?;
        for offset in [0, 3, 6, 8, 10] {
            fetch(side, &format!("{when}, committed, from {offset}"), 12, &topic, Reading::committed(offset));
        }
        Ok::<_, String>(())
    };
    look(side, "first pass")?;
    pass(side, &topic, ("2", soon + 2_000), 10)?;
    look(side, "second pass")?;
    pass(side, &topic, ("3", soon + 3_000), 11)?;
    look(side, "third pass")?;
    pass(side, &topic, ("4", soon + 4_000), 12)?;
    look(side, "fourth pass")
}

fn timed(side: &mut Side) -> Ran {
    let settings = [("message.timestamp.type", "LogAppendTime"), ("delete.retention.ms", "100000")];
    let topic = make(side, "t", &settings)?;
    let all: [&[Given]; 5] = [
        &[(Some("a"), Some("1"), 1_000), (Some("b"), Some("1"), 1_000)],
        &[(Some("a"), Some("2"), 1_000), (Some("c"), Some("1"), 1_000), (Some("d"), None, 1_000)],
        &[(Some("c"), Some("2"), 1_000)],
        &[(Some("z"), Some("0"), 1_000)],
        &[(Some("z"), Some("1"), 1_000)],
    ];
    for batch in all.map(Batch::records) {
        topic.fill(side, [batch])?;
        // The next one is to begin a segment.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 0)?;
    keep_log(side, "compacted", &topic)?;
    keep_offsets(side, "compacted", &topic, &[EARLIEST, -3, 0]);
    Ok(())
}

fn switched(side: &mut Side) -> Ran {
    let topic = make(side, "t", &[])?;
    alter(side, &topic, "cleanup.policy", "delete")?;
    topic.fill(
        side,
        [
            Batch::records(&[(None, Some("1"), 1_000), (Some("a"), Some("1"), 1_000)]),
            Batch::records(&[(None, None, 2_000), (None, Some("3"), 2_000)]),
            Batch::records(&[(Some("a"), Some("2"), 3_000), (None, Some("4"), 3_000)]),
        ],
    )?;
    alter(side, &topic, "cleanup.policy", "compact")?;
    side.ask("no key any more", 12, &produce(&topic, -1, Batch::records(&[(None, Some("5"), 4_000)]).wire()));
    topic.fill(side, [Batch::records(&[(Some("z"), Some("0"), 5_000)])])?;
    topic.fill(side, [Batch::records(&[(Some("z"), Some("1"), 6_000)])])?;
    begin(side, &topic)?;
    wait_until_gone(side, &topic, 0)?;
    keep_log(side, "compacted", &topic)?;
    keep_offsets(side, "compacted", &topic, &[EARLIEST, LATEST, -3, 0, 2_000]);
    Ok(())
}

const MARKERS: &[Difference] = &[
    Difference { step: "third pass", field: "[producer-2]", because: LAST_MARKER },
    Difference { step: "fourth pass", field: "[producer-2]", because: LAST_MARKER },
];

const LAST_MARKER: &str = "Of a producer that is still remembered, and of which nothing else is left, both keep the last marker. Apache Kafka \
     empties it, and then nobody can learn the producer's epoch from the log; Ottla keeps it as it is.";
