//! EndTxn, and what readers see before and after it.

use crate::asking::{Reading, Topic, fetch, list_offsets, trim};
use crate::batch::Batch;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use crate::transacting::{Producer, completed, settle, wrote};

pub const SUBJECT: Subject = Subject {
    name: "transaction-end",
    about: "EndTxn: outcomes, repetitions, epochs; markers, the last stable offset, aborted transactions.",
    scenarios: &[
        Scenario { name: "end", asks: "commit and abort, again and otherwise", run: end, differs: &[] },
        Scenario {
            name: "end-empty",
            asks: "transactions in which nothing happened",
            run: empty,
            differs: &[],
        },
        Scenario { name: "end-refused", asks: "wrong ids, epochs and names", run: refused, differs: &[] },
        Scenario {
            name: "seen",
            asks: "what is read of open, committed and aborted transactions",
            run: seen,
            differs: &[],
        },
        Scenario { name: "interleaved", asks: "three producers at once", run: interleaved, differs: &[] },
    ],
};

fn end(side: &mut Side) -> Ran {
    for version in 0..=5 {
        for committed in [true, false] {
            let topic = Topic::next(side, &[])?;
            let what = if committed { "commit" } else { "abort" };
            let mut producer = Producer::begin(side, &format!("p{version}-{what}"))?;
            producer.join(side, &topic)?;
            wrote(side, if version < 5 { 9 } else { 12 }, &producer.write(&topic, 2, 0))?;
            let old = producer.clone();
            let answer = side.ask(what, version, &producer.end(committed));
            if let Some(answer) = answer.filter(|_| version == 5) {
                (producer.id, producer.epoch) = (answer.producer_id, answer.producer_epoch);
            }
            settle(side, &topic)?;
            completed(side, &producer)?;
            side.ask(&format!("{what} again"), version, &old.end(committed));
            side.ask(&format!("{what}, then the other"), version, &old.end(!committed));
            side.ask(&format!("{what} by the new epoch"), version, &producer.end(committed));
            completed(side, &producer)?;
            side.ask(&format!("{what}, then the other by the new epoch"), version, &producer.end(!committed));
            fetch(side, &format!("{what}: stored"), 12, &topic, Reading::from(0));
            fetch(side, &format!("{what}: committed"), 12, &topic, Reading::committed(0));
        }
    }
    Ok(())
}

fn empty(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in 0..=5 {
        for committed in [true, false] {
            let what = if committed { "commit" } else { "abort" };
            let producer = Producer::begin(side, &format!("p{version}-{what}"))?;
            side.ask(&format!("{what}: nothing ever added"), version, &producer.end(committed));
            completed(side, &producer)?;
            side.ask(&format!("{what}: again"), version, &producer.end(committed));
            let mut producer = Producer::begin(side, &format!("q{version}-{what}"))?;
            producer.join(side, &topic)?;
            let answer = side.ask(&format!("{what}: added, not written"), version, &producer.end(committed));
            if let Some(answer) = answer.filter(|_| version == 5) {
                (producer.id, producer.epoch) = (answer.producer_id, answer.producer_epoch);
            }
            settle(side, &topic)?;
            completed(side, &producer)?;
            if version == 5 {
                side.ask(&format!("{what}: the next, empty"), version, &producer.end(committed));
            }
        }
    }
    fetch(side, "markers", 12, &topic, Reading::from(0));
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let nobody = Producer::named(side, "nobody")?;
    for version in 0..=5 {
        let mut producer = Producer::begin(side, &format!("p{version}"))?;
        producer.renew(side)?;
        producer.join(side, &topic)?;
        side.ask("older epoch", version, &producer.shifted(-1).end(true));
        side.ask("newer epoch", version, &producer.shifted(1).end(true));
        side.ask("another id", version, &producer.but(producer.id + 999_999, producer.epoch).end(true));
        side.ask("unknown name", version, &nobody.but(4, 0).end(true));
        let nameless = Producer { name: "".into(), id: 4, epoch: 0 };
        side.ask("empty name", version, &nameless.end(true));
        side.ask("right", version, &producer.end(true));
    }
    Ok(())
}

fn seen(side: &mut Side) -> Ran {
    let look = |side: &mut Side, when: &str, topic: &Topic| {
        for version in [4, 5, 7, 11, 12, 13, 16, 18] {
            for offset in [0, 2, 3, 4, 5, 6, 8] {
                let step = format!("{when}, from {offset}");
                fetch(side, &format!("{step}, committed"), version, topic, Reading::committed(offset));
                fetch(side, &step, version, topic, Reading::from(offset));
            }
        }
        for version in [2, 4, 7, 10] {
            for time in [-1, -2, -3, 0] {
                for committed in [true, false] {
                    if time == -3 && version < 7 {
                        continue;
                    }
                    let level = if committed { "committed" } else { "uncommitted" };
                    side.ask(
                        &format!("{when}, time {time}, {level}"),
                        version,
                        &list_offsets(topic, time, committed),
                    );
                }
            }
        }
    };
    let topic = Topic::make(side, "t", &[])?;
    let mut producer = Producer::begin(side, "p")?;
    topic.fill(side, [Batch::timed(2, 1_000)])?;
    wrote(side, 12, &producer.write(&topic, 2, 0))?;
    look(side, "open", &topic);
    topic.fill(side, [Batch::timed(1, 2_000)])?;
    look(side, "open with others behind", &topic);
    producer.ended(side, 5, false)?;
    settle(side, &topic)?;
    look(side, "aborted", &topic);
    wrote(side, 12, &producer.write(&topic, 2, 0))?;
    look(side, "the next is open", &topic);
    producer.ended(side, 5, true)?;
    settle(side, &topic)?;
    look(side, "committed", &topic);
    trim(side, &topic, 4)?;
    look(side, "trimmed into the aborted", &topic);
    Ok(())
}

fn interleaved(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let mut producers = Vec::new();
    for name in ["a", "b", "c"] {
        producers.push(Producer::begin(side, name)?);
    }
    for round in 0..3 {
        for producer in &producers {
            wrote(side, 12, &producer.write(&topic, 1, round))?;
        }
    }
    for (at, committed) in [(1, false), (2, true), (0, false)] {
        fetch(side, &format!("before {at}"), 12, &topic, Reading::committed(0));
        side.ask(&format!("before {at}: stable"), 7, &list_offsets(&topic, -1, true));
        producers[at].ended(side, 5, committed)?;
        // The marker follows the answer in Kafka; without the others' it cannot be waited for by the watermark.
        crate::side::until(|| {
            let answer = side.setup(7, &list_offsets(&topic, -1, false))?;
            let end = answer.topics[0].partitions[0].offset;
            Ok((end == 10 + [(1, 0), (2, 1), (0, 2)].iter().find(|one| one.0 == at).map_or(0, |one| one.1))
                .then_some(()))
        })?;
    }
    for offset in 0..=12 {
        fetch(side, &format!("all ended, from {offset}"), 12, &topic, Reading::committed(offset));
    }
    let reading = Reading { partition_bytes_max: 150, bytes_max: 150, ..Reading::committed(0) };
    fetch(side, "all ended, two batches", 12, &topic, reading);
    Ok(())
}
