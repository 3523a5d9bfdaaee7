//! Retention: which segments go, by age and by size, and what readers then find.
//!
//! Each batch begins a segment, because its records are newer than those before by more than `segment.ms`.

use crate::asking::{Reading, Topic, fetch, produce};
use crate::batch::Batch;
use crate::reading::{EARLIEST, LATEST, keep_offsets, wait_for_start};
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::{Side, now_ms};

pub const SUBJECT: Subject = Subject {
    name: "retention",
    about: "Retention: which segments go, by age and by size, and what is left.",
    scenarios: &[
        Scenario { name: "age", asks: "old segments before and behind young ones", run: age, differs: &[] },
        Scenario {
            name: "all-old",
            asks: "a log of which everything is too old",
            run: all_old,
            differs: &[],
        },
        Scenario { name: "bytes", asks: "a log that is too large", run: bytes, differs: &[] },
        Scenario {
            name: "kept",
            asks: "old segments that stay: of the future, without times, of other policies",
            run: kept,
            differs: TIMELESS,
        },
    ],
};

const HOUR: (&str, &str) = ("retention.ms", "3600000");
const ROLLING: (&str, &str) = ("segment.ms", "1");

fn look(side: &mut Side, when: &str, topic: &Topic, end: i64) {
    keep_offsets(side, when, topic, &[EARLIEST, LATEST, -3, -4, 0, 1_500]);
    for offset in 0..=end + 1 {
        fetch(side, &format!("{when}, from {offset}"), 12, topic, Reading::from(offset));
    }
}

fn age(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[HOUR, ROLLING])?;
    let now = now_ms();
    let times = [1_000, 2_000, now - 10_000, 3_000, now];
    topic.fill(side, times.map(|time| Batch::timed(2, time)))?;
    wait_for_start(side, &topic, 4)?;
    look(side, "old ones are gone", &topic, 10);
    side.ask("written", 12, &produce(&topic, -1, Batch::timed(1, now).wire()));
    Ok(())
}

fn all_old(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[HOUR, ROLLING])?;
    topic.fill(side, [Batch::timed(2, 1_000), Batch::timed(1, 2_000)])?;
    wait_for_start(side, &topic, 3)?;
    look(side, "all are gone", &topic, 3);
    side.ask("written", 12, &produce(&topic, -1, Batch::timed(1, now_ms()).wire()));
    look(side, "written", &topic, 4);
    Ok(())
}

fn bytes(side: &mut Side) -> Ran {
    let size = Batch::timed(1, 1_000).length();
    for (suffix, limit, start) in [
        ("exact", 3 * size, 2),
        ("less", 3 * size - 1, 2),
        ("more", 3 * size + 1, 1),
        ("one", 1, 4),
        ("nothing", 0, 5),
    ] {
        let limit = limit.to_string();
        let topic = Topic::make(side, suffix, &[("retention.bytes", &limit), ROLLING])?;
        topic.fill(side, (1..=5).map(|time| Batch::timed(1, time * 1_000)))?;
        wait_for_start(side, &topic, start)?;
        look(side, suffix, &topic, 5);
    }
    Ok(())
}

fn kept(side: &mut Side) -> Ran {
    let now = now_ms();
    let future = Topic::make(side, "future", &[HOUR, ROLLING])?;
    future.fill(side, [now + 200_000, 1_000, 2_000].map(|time| Batch::timed(1, time)))?;
    let timeless = Topic::make(side, "timeless", &[HOUR, ROLLING])?;
    timeless.fill(side, [Batch::timed(1, -1)])?;
    // The age of such a segment counts from its beginning.
    std::thread::sleep(std::time::Duration::from_millis(20));
    timeless.fill(side, [Batch::timed(1, -1)])?;
    let mut policies = Vec::new();
    for (suffix, policy) in [("none", ""), ("compact", "compact")] {
        let topic = Topic::make(side, suffix, &[HOUR, ROLLING, ("cleanup.policy", policy)])?;
        topic.fill(side, [Batch::timed(1, 1_000), Batch::timed(1, 2_000)])?;
        policies.push((suffix, topic));
    }
    let both = Topic::make(side, "both", &[HOUR, ROLLING, ("cleanup.policy", "compact,delete")])?;
    both.fill(side, [Batch::timed(1, 1_000), Batch::timed(1, 2_000)])?;
    // When these are gone the others have been looked at.
    wait_for_start(side, &both, 2)?;
    let last = Topic::make(side, "last", &[HOUR, ROLLING])?;
    last.fill(side, [Batch::timed(1, 1_000)])?;
    wait_for_start(side, &last, 1)?;
    look(side, "both policies", &both, 2);
    look(side, "future", &future, 3);
    look(side, "timeless", &timeless, 2);
    for (suffix, topic) in &policies {
        look(side, &format!("policy {suffix}"), topic, 2);
    }
    Ok(())
}

const TIMELESS: &[Difference] = &[Difference {
    step: "timeless: time -3",
    field: "",
    because: "No record has a timestamp. Apache Kafka names the first one nevertheless, with timestamp -1.",
}];
