//! Produce: what a batch has to be.

use crate::asking::{Topic, produce, versions};
use crate::batch::{
    BASE_TIMESTAMP_AT, Batch, CONTROL, COUNT_AT, DELETE_HORIZON, LAST_DELTA_AT, LENGTH_AT, LOG_APPEND_TIME,
    MAGIC_AT, MAX_TIMESTAMP_AT, RECORD_AT, Signed, TRANSACTIONAL,
};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::{Side, now_ms};
use ottla_wire::message::ProduceRequest;
use ottla_wire::record::Compression;

pub const SUBJECT: Subject = Subject {
    name: "produce-records",
    about: "Produce: number, format, size, shape, flags and keys of batches.",
    scenarios: &[
        Scenario { name: "number", asks: "no batch, two, and rests of one", run: number, differs: NUMBER },
        Scenario { name: "magic", asks: "other record formats", run: magic, differs: &[] },
        Scenario {
            name: "compression",
            asks: "every compression at every version",
            run: compression,
            differs: UNASSIGNED,
        },
        Scenario { name: "checksum", asks: "damaged batches", run: checksum, differs: UNREAD },
        Scenario {
            name: "size",
            asks: "batches around max.message.bytes and segment.bytes",
            run: size,
            differs: &[],
        },
        Scenario { name: "shape", asks: "wrong counts, deltas and offsets", run: shape, differs: &[] },
        Scenario {
            name: "flags",
            asks: "attribute bits that a client may not set",
            run: flags,
            differs: FLAGS,
        },
        Scenario {
            name: "sequence",
            asks: "producer ids without sequence or epoch",
            run: sequence,
            differs: SEQUENCE,
        },
        Scenario { name: "keys", asks: "records without keys on compacted topics", run: keys, differs: &[] },
        Scenario {
            name: "inner",
            asks: "records whose bytes are not as they should be",
            run: inner,
            differs: INNER,
        },
        Scenario {
            name: "recompressed",
            asks: "topics with a compression of their own",
            run: recompressed,
            differs: &[],
        },
    ],
};

/// A topic for each batch, so that one that is accepted here and refused there moves no offset of the next.
fn each(side: &mut Side, configs: &[(&str, &str)], batches: &[(&str, Batch)]) -> Ran {
    for (step, batch) in batches {
        let topic = Topic::next(side, configs)?;
        for version in versions::<ProduceRequest>() {
            side.ask(step, version, &produce(&topic, -1, batch.clone().wire()));
        }
    }
    Ok(())
}

fn number(side: &mut Side) -> Ran {
    // Apache Kafka does not answer: one version is enough to wait for.
    let topic = Topic::next(side, &[])?;
    side.ask("null", 9, &produce(&topic, -1, None));
    let one = Batch::plain(2);
    let length = |length: i32| one.clone().damaged(LENGTH_AT, &length.to_be_bytes());
    each(
        side,
        &[],
        &[
            ("no byte", one.clone().cut(0)),
            ("11 bytes", one.clone().cut(11)),
            ("60 bytes", one.clone().cut(60)),
            ("header alone", one.clone().cut(61)),
            ("last byte missing", one.clone().cut(70)),
            ("two batches", one.clone().then(&one)),
            ("bytes behind", one.clone().then(&one.clone().cut(5))),
            ("half a batch behind", one.clone().then(&one.clone().cut(66))),
            ("length 0", length(0)),
            ("length -1", length(-1)),
            ("length too small", length(40)),
            ("length too large", length(1000)),
            ("length less than the records", length(52)),
        ],
    )
}

fn magic(side: &mut Side) -> Ran {
    let with = |magic: i8| Batch::plain(2).damaged(MAGIC_AT, &magic.to_be_bytes());
    each(
        side,
        &[],
        &[("magic 0", with(0)), ("magic 1", with(1)), ("magic 3", with(3)), ("magic -1", with(-1))],
    )
}

fn compression(side: &mut Side) -> Ran {
    let with = |compression| Batch::compressed(3, compression);
    each(
        side,
        &[],
        &[
            ("gzip", with(Compression::Gzip)),
            ("snappy", with(Compression::Snappy)),
            ("lz4", with(Compression::Lz4)),
            ("zstd", with(Compression::Zstd)),
            ("type 5", Batch::plain(2).flagged(5)),
            ("type 6", Batch::plain(2).flagged(6)),
            ("type 7", Batch::plain(2).flagged(7)),
        ],
    )
}

fn checksum(side: &mut Side) -> Ran {
    let one = Batch::plain(2);
    each(
        side,
        &[],
        &[
            ("a record's byte", one.clone().damaged(66, &[0xff])),
            ("an attribute", one.clone().damaged(22, &[0x40])),
            ("the checksum", one.clone().damaged(17, &[1, 2, 3, 4])),
            ("the leader epoch, which it does not cover", one.damaged(12, &[0, 0, 0, 9])),
            ("gzip that is none", Batch::plain(2).flagged(1)),
            ("lz4 that is none", Batch::plain(2).flagged(3)),
            ("zstd that is none", Batch::plain(2).flagged(4)),
            ("snappy that is none", Batch::plain(2).flagged(2)),
            ("gzip cut short", Batch::compressed(50, Compression::Gzip).with(80, &[0; 8])),
        ],
    )
}

fn size(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "default", &[])?;
    // The header, the record's own bytes and the value.
    let exact = |bytes: usize| Batch::sized(bytes - 61 - 12);
    for (step, bytes) in [("1048588", 1_048_588), ("1048589", 1_048_589), ("1048587", 1_048_587)] {
        for version in [3, 8, 10, 13] {
            side.ask(step, version, &produce(&topic, -1, exact(bytes).wire()));
        }
    }
    each(
        side,
        &[("max.message.bytes", "200")],
        &[
            ("200 of 200", Batch::sized(200 - 61 - 10)),
            ("201 of 200", Batch::sized(201 - 61 - 10)),
            ("compressed to less than 200", Batch::compressed(60, Compression::Gzip)),
        ],
    )?;
    let wide = Topic::make(side, "wide", &[("max.message.bytes", "3000000"), ("segment.bytes", "1048576")])?;
    for version in versions::<ProduceRequest>() {
        side.ask("larger than a segment", version, &produce(&wide, -1, Batch::sized(1_100_000).wire()));
    }
    Ok(())
}

fn shape(side: &mut Side) -> Ran {
    let three = || Batch::plain(3);
    let count = |count: i32| three().with(COUNT_AT, &count.to_be_bytes());
    let delta = |delta: i32| three().with(LAST_DELTA_AT, &delta.to_be_bytes());
    let base = |base: i64| three().damaged(0, &base.to_be_bytes());
    each(
        side,
        &[],
        &[
            ("count 2 of 3", count(2)),
            ("count 4 of 3", count(4)),
            ("count 0", count(0)),
            ("count -1", count(-1)),
            ("last delta 1 of 2", delta(1)),
            ("last delta 3 of 2", delta(3)),
            ("last delta -1", delta(-1)),
            ("no record at all", Batch::plain(1).with(COUNT_AT, &[0; 4]).with(LAST_DELTA_AT, &[0xff; 4])),
            ("count and delta agree on one more", count(4).with(LAST_DELTA_AT, &3_i32.to_be_bytes())),
            ("count and delta agree on one less", count(2).with(LAST_DELTA_AT, &1_i32.to_be_bytes())),
            ("base offset 1", base(1)),
            ("base offset -1", base(-1)),
            ("base offset too large", base(i64::MAX)),
            ("maximum timestamp too small", three().with(MAX_TIMESTAMP_AT, &7_i64.to_be_bytes())),
            ("maximum timestamp -1", three().with(MAX_TIMESTAMP_AT, &(-1_i64).to_be_bytes())),
            ("base timestamp 0", three().with(BASE_TIMESTAMP_AT, &[0; 8])),
        ],
    )
}

fn flags(side: &mut Side) -> Ran {
    let batches = [
        ("control", Batch::plain(1).flagged(CONTROL)),
        ("control and transactional", Batch::plain(1).flagged(CONTROL | TRANSACTIONAL)),
        ("transactional without a producer", Batch::plain(1).flagged(TRANSACTIONAL)),
        ("delete horizon", Batch::plain(1).flagged(DELETE_HORIZON)),
        ("log append time", Batch::plain(1).flagged(LOG_APPEND_TIME)),
        ("unassigned bits", Batch::plain(1).flagged(0x0f80)),
        ("sign bit", Batch::plain(1).flagged(i16::MIN)),
    ];
    each(side, &[], &batches)?;
    let batches = batches.map(|(step, batch)| (format!("stamped topic: {step}"), batch));
    for (step, batch) in &batches {
        each(side, &[("message.timestamp.type", "LogAppendTime")], &[(step, batch.clone())])?;
    }
    Ok(())
}

fn sequence(side: &mut Side) -> Ran {
    let signed = |id, epoch, sequence| Batch::signed(1, Signed { id, epoch, sequence });
    each(
        side,
        &[],
        &[
            ("sequence -1", signed(77_000, 0, -1)),
            ("sequence -2", signed(77_000, 0, -2)),
            ("epoch -1", signed(77_001, -1, 0)),
            ("epoch -2", signed(77_002, -2, 0)),
            ("id -2", signed(-2, 0, 0)),
            ("no id, sequence 5", signed(-1, -1, 5)),
            ("no id, epoch 3", signed(-1, 3, -1)),
        ],
    )
}

fn keys(side: &mut Side) -> Ran {
    let now = now_ms();
    let given = |key: Option<&'static str>| (key, Some("v"), now);
    let batches = [
        ("no key", Batch::records(&[given(None)])),
        ("an empty key", Batch::records(&[given(Some(""))])),
        (
            "second and fourth without",
            Batch::records(&[given(Some("a")), given(None), given(Some("b")), given(None)]),
        ),
        ("second without, gzip", Batch::packed(&[given(Some("a")), given(None)], Compression::Gzip)),
        ("tombstone", Batch::records(&[(Some("a"), None, now)])),
        ("neither key nor value", Batch::records(&[(None, None, now)])),
        (
            "no key, too new",
            Batch::records(&[(None, Some("v"), now + 7_200_000), given(Some("a")), given(None)]),
        ),
    ];
    for policy in ["compact", "compact,delete", "delete"] {
        for (step, batch) in &batches {
            each(side, &[("cleanup.policy", policy)], &[(&format!("{policy}: {step}"), batch.clone())])?;
        }
    }
    Ok(())
}

fn inner(side: &mut Side) -> Ran {
    for (name, policy) in [("plain", "delete"), ("compacted", "compact")] {
        for (step, batch) in [
            ("attributes 1", Batch::plain(1).with(RECORD_AT + 1, &[1])),
            ("attributes 3", Batch::plain(1).with(RECORD_AT + 1, &[3])),
            ("attributes 8", Batch::plain(1).with(RECORD_AT + 1, &[8])),
            ("timestamp delta", Batch::plain(1).with(RECORD_AT + 2, &[0x02])),
            ("offset delta 1", Batch::plain(1).with(RECORD_AT + 3, &[0x02])),
            ("offset delta -1", Batch::plain(1).with(RECORD_AT + 3, &[0x01])),
            ("key longer than the record", Batch::plain(1).with(RECORD_AT + 4, &[0x40])),
            ("key shorter", Batch::plain(1).with(RECORD_AT + 4, &[0x00])),
            ("record longer than the batch", Batch::plain(1).with(RECORD_AT, &[0x40])),
            ("record shorter", Batch::plain(1).with(RECORD_AT, &[0x08])),
            ("length negative", Batch::plain(1).with(RECORD_AT, &[0x01])),
        ] {
            let topic = Topic::next(side, &[("cleanup.policy", policy)])?;
            for version in [3, 8, 13] {
                let step = format!("{name}: {step}");
                side.ask(&step, version, &produce(&topic, -1, batch.clone().wire()));
            }
        }
    }
    Ok(())
}

fn recompressed(side: &mut Side) -> Ran {
    for wanted in ["uncompressed", "gzip", "zstd", "lz4", "snappy"] {
        let topic = Topic::make(side, wanted, &[("compression.type", wanted)])?;
        for (step, batch) in [("plain", Batch::plain(3)), ("gzip", Batch::compressed(3, Compression::Gzip))] {
            side.ask(&format!("{wanted} topic, {step} batch"), 9, &produce(&topic, -1, batch.wire()));
        }
        crate::asking::fetch(side, &format!("{wanted} topic"), 12, &topic, crate::asking::Reading::from(0));
    }
    Ok(())
}

/// What is not read cannot be refused.
const LAZY: &str = "Apache Kafka unpacks every batch that it takes. Ottla keeps a compressed batch byte for byte and unpacks it \
                    only where the topic's settings ask for it; checksum, size, flags and the header's counts are always \
                    checked, and uncompressed records are read. A producer that signs a block which is none harms who \
                    reads it.";

const UNREAD: &[Difference] = &[
    Difference { step: "gzip", field: "", because: LAZY },
    Difference { step: "lz4", field: "", because: LAZY },
    Difference { step: "zstd", field: "", because: LAZY },
    Difference { step: "snappy", field: "", because: LAZY },
];

const NUMBER: &[Difference] = &[
    Difference {
        step: "null",
        field: "",
        because: "Apache Kafka fails inside, leaves the connection open and never answers; a client learns nothing. \
                  Ottla answers as for an empty field.",
    },
    Difference { step: "bytes behind", field: "", because: REST },
    Difference { step: "half a batch behind", field: "", because: REST },
    Difference { step: "length less than the records", field: "error_code", because: SHORT },
];

const REST: &str = "Apache Kafka acknowledges the whole batch and silently drops the rest of what was sent. Ottla acknowledges \
                    nothing of which a part is lost.";

const SHORT: &str = "The bytes behind the announced length are no batch of their own for Ottla and no checksum is computed; \
                     both refuse.";

const UNASSIGNED: &[Difference] = &[Difference {
    step: "type ",
    field: "",
    because: "No compression has this number. Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR, Ottla says what is \
              wrong: UNSUPPORTED_COMPRESSION_TYPE.",
}];

const FLAGS: &[Difference] = &[
    Difference {
        step: "log append time",
        field: "",
        because: "Apache Kafka takes the batch and clears the bit. Ottla keeps what a producer signs as it is, so it does \
                  not take a batch that claims the broker's own mark, whatever the topic.",
    },
    Difference {
        step: "stamped topic: log append time",
        field: "record_errors",
        because: "The flag is the batch's, and so is the refusal. Apache Kafka blames each of its records.",
    },
    Difference { step: "control and transactional", field: "", because: BOTH },
    Difference { step: "stamped topic: control and transactional", field: "", because: BOTH },
];

const BOTH: &str = "Two things are wrong with it, and the two brokers look at them in another order.";

const SEQUENCE: &[Difference] = &[Difference {
    step: "id -2",
    field: "",
    because: "No producer has such an id. Apache Kafka takes every negative id for none; Ottla takes -1 for none.",
}];

const INNER: &[Difference] = &[
    Difference { step: "plain: offset delta", field: "", because: OFFSETS },
    Difference { step: "compacted: offset delta", field: "", because: OFFSETS },
];

const OFFSETS: &str = "Apache Kafka stores the record with an offset that is not its own. Where Ottla reads records it \
                       refuses those whose offsets do not follow each other.";
