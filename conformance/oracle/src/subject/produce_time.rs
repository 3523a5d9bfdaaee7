//! Produce: timestamps, and who sets them.

use crate::asking::{Reading, Topic, fetch, list_offsets, produce, versions};
use crate::batch::Batch;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::{Side, now_ms};
use ottla_wire::message::ProduceRequest;
use ottla_wire::record::Compression;

pub const SUBJECT: Subject = Subject {
    name: "produce-time",
    about: "Produce: timestamps too old, too new, absent, and set by the broker.",
    scenarios: &[
        Scenario {
            name: "defaults",
            asks: "what a topic allows when nothing is set",
            run: defaults,
            differs: &[],
        },
        Scenario {
            name: "limits",
            asks: "message.timestamp.before.max.ms and after.max.ms",
            run: limits,
            differs: &[],
        },
        Scenario {
            name: "stamped",
            asks: "LogAppendTime: the answer and what is stored",
            run: stamped,
            differs: &[],
        },
    ],
};

const HOUR: i64 = 3_600_000;

fn defaults(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("retention.ms", "-1")])?;
    let now = now_ms();
    for (step, time) in [
        ("of 1970", 0),
        ("none", -1),
        ("-2", -2),
        ("a year ago", now - 365 * 24 * HOUR),
        ("59 minutes ahead", now + HOUR - 60_000),
        ("61 minutes ahead", now + HOUR + 60_000),
        ("at the end of time", i64::MAX),
        ("at its beginning", i64::MIN),
    ] {
        for version in versions::<ProduceRequest>() {
            side.ask(step, version, &produce(&topic, -1, Batch::timed(1, time).wire()));
        }
    }
    Ok(())
}

fn limits(side: &mut Side) -> Ran {
    let limits =
        [("message.timestamp.before.max.ms", "600000"), ("message.timestamp.after.max.ms", "600000")];
    let topic = Topic::make(side, "t", &limits)?;
    let now = now_ms();
    let at = |time: i64| (Some("k"), Some("v"), time);
    for (step, batch) in [
        ("now", Batch::timed(2, now)),
        ("20 minutes old", Batch::timed(2, now - 1_200_000)),
        ("5 minutes old", Batch::timed(2, now - 300_000)),
        ("20 minutes ahead", Batch::timed(2, now + 1_200_000)),
        ("none", Batch::timed(2, -1)),
        ("second too old, gzip", Batch::packed(&[at(now), at(now - 1_200_000), at(now)], Compression::Gzip)),
        ("first too old, zstd", Batch::packed(&[at(now - 1_200_000), at(now)], Compression::Zstd)),
        ("third too new, lz4", Batch::packed(&[at(now), at(now), at(now + 1_200_000)], Compression::Lz4)),
        ("second too old", Batch::records(&[at(now), at(now - 1_200_000), at(now)])),
        ("first and third wrong", Batch::records(&[at(now - 1_200_000), at(now), at(now + 1_200_000)])),
        ("only the maximum in the header", Batch::timed(1, now).with(35, &(now + 1_200_000).to_be_bytes())),
    ] {
        for version in versions::<ProduceRequest>() {
            side.ask(step, version, &produce(&topic, -1, batch.clone().wire()));
        }
    }
    Ok(())
}

fn stamped(side: &mut Side) -> Ran {
    let limits = [("message.timestamp.type", "LogAppendTime"), ("message.timestamp.before.max.ms", "1000")];
    let topic = Topic::make(side, "t", &limits)?;
    for version in versions::<ProduceRequest>() {
        side.ask("well", version, &produce(&topic, -1, Batch::plain(2).wire()));
        side.ask("old, which does not matter", version, &produce(&topic, -1, Batch::timed(2, 1000).wire()));
        side.ask("gzip", version, &produce(&topic, -1, Batch::compressed(2, Compression::Gzip).wire()));
        side.ask("refused", version, &produce(&topic, -1, Batch::plain(1).damaged(66, &[9]).wire()));
    }
    // The last batch has a millisecond of its own: which one is the newest must not depend on how fast a broker is.
    std::thread::sleep(std::time::Duration::from_millis(20));
    side.ask("last", 9, &produce(&topic, -1, Batch::plain(2).wire()));
    fetch(side, "stored", 12, &topic, Reading::from(0));
    for timestamp in [0, 2000, now_ms() - 100_000, now_ms() + 100_000, -3] {
        let step = if timestamp < 10_000 { format!("time {timestamp}") } else { "time near now".to_owned() };
        side.ask(&step, 9, &list_offsets(&topic, timestamp, false));
    }
    Ok(())
}
