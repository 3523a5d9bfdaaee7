//! Idempotent producers: duplicates, gaps, epochs, and what is forgotten.

use crate::asking::{Reading, Topic, fetch, produce, trim};
use crate::batch::{Batch, Signed};
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::{InitProducerIdRequest, ProduceRequest};

pub const SUBJECT: Subject = Subject {
    name: "idempotence",
    about: "Idempotent producers: duplicates, gaps, epochs, wrap, unknown producers.",
    scenarios: &[
        Scenario { name: "ids", asks: "InitProducerId without a transactional id", run: ids, differs: &[] },
        Scenario {
            name: "window",
            asks: "duplicates within the last five batches and beyond",
            run: window,
            differs: &[],
        },
        Scenario {
            name: "ranges",
            asks: "batches that overlap one that is there",
            run: ranges,
            differs: &[],
        },
        Scenario { name: "gaps", asks: "sequences that do not follow", run: gaps, differs: &[] },
        Scenario { name: "wrap", asks: "the sequence after 2147483647", run: wrap, differs: &[] },
        Scenario { name: "epochs", asks: "new and old epochs", run: epochs, differs: &[] },
        Scenario { name: "unknown", asks: "a producer of whom nothing is known", run: unknown, differs: &[] },
        Scenario {
            name: "deleted",
            asks: "a producer whose records were deleted",
            run: deleted,
            differs: &[],
        },
        Scenario {
            name: "stamped",
            asks: "a duplicate where the broker sets the time",
            run: stamped,
            differs: &[],
        },
    ],
};

/// Sends `count` records at each of these sequence numbers, by id and epoch.
fn send(side: &mut Side, topic: &Topic, step: &str, count: usize, signed: Signed) {
    for version in [3, 12] {
        let step = format!("{step}, sequence {} epoch {}", signed.sequence, signed.epoch);
        side.ask(&step, version, &produce(topic, -1, Batch::signed(count, signed).wire()));
        if step.starts_with("once") {
            return;
        }
    }
}

fn by(id: i64, epoch: i16, sequence: i32) -> Signed {
    Signed { id, epoch, sequence }
}

fn ids(side: &mut Side) -> Ran {
    for version in 0..=6 {
        let request = InitProducerIdRequest {
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        side.ask("new", version, &request);
        side.ask(
            "timeout 0",
            version,
            &InitProducerIdRequest { transaction_timeout_ms: 0, ..request.clone() },
        );
        side.ask(
            "timeout -1",
            version,
            &InitProducerIdRequest { transaction_timeout_ms: -1, ..request.clone() },
        );
        if 3 <= version {
            let named = |producer_id, producer_epoch| InitProducerIdRequest {
                producer_id,
                producer_epoch,
                ..request.clone()
            };
            side.ask("with an id and epoch", version, &named(5, 0));
            side.ask("with an id alone", version, &named(5, -1));
            side.ask("with an epoch alone", version, &named(-1, 3));
        }
    }
    Ok(())
}

fn window(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_001;
    for batch in 0..7 {
        send(side, &topic, "once", 2, by(id, 0, batch * 2));
    }
    for batch in (0..7).rev() {
        send(side, &topic, "again", 2, by(id, 0, batch * 2));
    }
    send(side, &topic, "once: next", 2, by(id, 0, 14));
    fetch(side, "stored", 12, &topic, Reading::from(0));
    Ok(())
}

fn ranges(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_002;
    send(side, &topic, "once", 4, by(id, 0, 0));
    send(side, &topic, "once", 4, by(id, 0, 4));
    for (step, count, sequence) in [
        ("first half", 2, 4),
        ("second half", 2, 6),
        ("two batches in one", 8, 0),
        ("one too many", 5, 4),
        ("shifted", 4, 3),
        ("second half and more", 4, 6),
    ] {
        send(side, &topic, step, count, by(id, 0, sequence));
    }
    send(side, &topic, "another epoch, same range", 4, by(id, 1, 4));
    Ok(())
}

fn gaps(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_003;
    send(side, &topic, "once", 3, by(id, 0, 0));
    send(side, &topic, "one missing", 3, by(id, 0, 4));
    send(side, &topic, "far ahead", 3, by(id, 0, 1_000_000));
    send(side, &topic, "largest", 1, by(id, 0, i32::MAX));
    send(side, &topic, "once: next", 3, by(id, 0, 3));
    fetch(side, "stored", 12, &topic, Reading::from(0));
    Ok(())
}

fn wrap(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_004;
    send(side, &topic, "once: begin near the end", 2, by(id, 0, i32::MAX - 3));
    send(side, &topic, "once: over the end", 4, by(id, 0, i32::MAX - 1));
    send(side, &topic, "over the end again", 4, by(id, 0, i32::MAX - 1));
    send(side, &topic, "behind the end, one missing", 1, by(id, 0, 3));
    send(side, &topic, "once: next", 2, by(id, 0, 2));
    fetch(side, "stored", 12, &topic, Reading::from(0));
    let exact = Topic::make(side, "exact", &[])?;
    send(side, &exact, "once: ends at the end", 2, by(id, 0, i32::MAX - 1));
    send(side, &exact, "once: begins at 0", 2, by(id, 0, 0));
    Ok(())
}

fn epochs(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_005;
    send(side, &topic, "once", 2, by(id, 3, 0));
    send(side, &topic, "older", 2, by(id, 2, 2));
    send(side, &topic, "older from 0", 2, by(id, 2, 0));
    send(side, &topic, "newer, not from 0", 2, by(id, 4, 2));
    send(side, &topic, "once: newer from 0", 2, by(id, 5, 0));
    send(side, &topic, "the former", 2, by(id, 3, 2));
    send(side, &topic, "the former again", 2, by(id, 3, 0));
    send(side, &topic, "once: the newer goes on", 2, by(id, 5, 2));
    send(side, &topic, "largest epoch", 2, by(id, i16::MAX, 0));
    Ok(())
}

fn unknown(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for (id, sequence) in [(880_010, 0), (880_011, 1), (880_012, 500), (880_013, i32::MAX)] {
        send(side, &topic, "first", 1, by(id, 0, sequence));
    }
    send(side, &topic, "first", 1, by(880_014, 7, 0));
    send(side, &topic, "first", 1, by(880_015, 7, 9));
    Ok(())
}

fn deleted(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let id = 880_006;
    send(side, &topic, "once", 2, by(id, 1, 0));
    send(side, &topic, "once", 2, by(id, 1, 2));
    trim(side, &topic, 4)?;
    send(side, &topic, "a duplicate of what was deleted", 2, by(id, 1, 2));
    send(side, &topic, "a gap", 2, by(id, 1, 9));
    send(side, &topic, "older epoch", 2, by(id, 0, 0));
    send(side, &topic, "once: next", 2, by(id, 1, 4));
    fetch(side, "stored", 12, &topic, Reading::from(4));
    Ok(())
}

fn stamped(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("message.timestamp.type", "LogAppendTime")])?;
    for version in [3, 8, 13] {
        let request: ProduceRequest = produce(&topic, -1, Batch::signed(2, by(880_007, 0, 0)).wire());
        side.ask("once and again", version, &request);
    }
    Ok(())
}
