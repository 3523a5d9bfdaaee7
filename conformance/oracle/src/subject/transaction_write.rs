//! Produce within transactions: by whom, in which, in which version.

use crate::asking::{Reading, Topic, fetch, produce, produce_to, topic_data};
use crate::batch::Batch;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::transacting::{Producer, completed, settle};
use ottla_wire::message::ProduceRequest;
use ottla_wire::message::produce_request::PartitionProduceData;

pub const SUBJECT: Subject = Subject {
    name: "transaction-write",
    about: "Produce within transactions, before version 11, at 11, and from 12 on.",
    scenarios: &[
        Scenario { name: "not-added", asks: "partitions that were not added", run: not_added, differs: &[] },
        Scenario {
            name: "mismatched",
            asks: "ids that do not belong together",
            run: mismatched,
            differs: MISMATCHED,
        },
        Scenario { name: "fenced", asks: "older and newer epochs", run: fenced, differs: FENCED },
        Scenario {
            name: "plain-while-open",
            asks: "batches outside of the open transaction",
            run: plain,
            differs: &[],
        },
        Scenario {
            name: "sequences",
            asks: "first sequences, gaps and duplicates",
            run: sequences,
            differs: &[],
        },
    ],
};

const VERSIONS: [i16; 5] = [3, 9, 10, 11, 12];

fn not_added(side: &mut Side) -> Ran {
    for version in [3, 9, 10, 11, 12, 13] {
        let topic = Topic::next(side, &[])?;
        let producer = Producer::begin(side, &format!("p{version}"))?;
        side.ask("not added", version, &producer.write(&topic, 2, 0));
        producer.join(side, &topic)?;
        side.ask("added", version, &producer.write(&topic, 2, 0));
        side.ask("again", version, &producer.write(&topic, 2, 0));
        side.ask("next", version, &producer.write(&topic, 1, 2));
        fetch(side, "open", 12, &topic, Reading::committed(0));
        let mut ending = producer.clone();
        ending.ended(side, if version < 12 { 4 } else { 5 }, true)?;
        settle(side, &topic)?;
        completed(side, &producer)?;
        side.ask("after the end, by the old epoch", version, &producer.write(&topic, 1, 3));
        side.ask(
            "after the end, by the new",
            version,
            &ending.write(&topic, 1, if version < 12 { 3 } else { 0 }),
        );
    }
    Ok(())
}

fn mismatched(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::next(side, &[])?;
        let producer = Producer::begin(side, &format!("p{version}"))?;
        let other = Producer::begin(side, &format!("o{version}"))?;
        producer.join(side, &topic)?;
        let transactional = Batch::transactional(1, producer.signed(0));
        side.ask("no name", version, &produce(&topic, -1, transactional.clone().wire()));
        let named = |name: &Producer, batch: Batch| ProduceRequest {
            transactional_id: Some(name.name.clone()),
            ..produce(&topic, -1, batch.wire())
        };
        side.ask("another's name", version, &named(&other, transactional.clone()));
        let unknown = Producer { name: side.name("unknown"), id: -1, epoch: -1 };
        side.ask("an unknown name", version, &named(&unknown, transactional.clone()));
        let empty = Producer { name: "".into(), id: -1, epoch: -1 };
        side.ask("an empty name", version, &named(&empty, transactional.clone()));
        side.ask("a name and a plain batch", version, &named(&producer, Batch::plain(1)));
        side.ask(
            "no producer",
            version,
            &named(&producer, Batch::plain(1).flagged(crate::batch::TRANSACTIONAL)),
        );
        side.ask("an unknown id", version, &producer.but(777_777, 0).write(&topic, 1, 0));
        let wide = Topic::make_wide(side, &format!("w{version}"), 2, &[])?;
        let data = |index, batch: Batch| PartitionProduceData { index, records: batch.wire() };
        let parts = vec![
            data(0, Batch::transactional(1, producer.signed(0))),
            data(1, Batch::transactional(1, other.signed(0))),
        ];
        let mut request = ProduceRequest {
            transactional_id: Some(producer.name.clone()),
            ..produce_to(&wide, 0, -1, None)
        };
        request.topic_data = vec![topic_data(&wide, parts)];
        side.ask("two ids in one request", version, &request);
    }
    Ok(())
}

fn fenced(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::next(side, &[])?;
        let mut producer = Producer::begin(side, &format!("p{version}"))?;
        producer.renew(side)?;
        producer.renew(side)?;
        producer.join(side, &topic)?;
        side.ask("newer, before the first", version, &producer.shifted(1).write(&topic, 1, 0));
        side.ask("older, before the first", version, &producer.shifted(-1).write(&topic, 1, 0));
        side.ask("right", version, &producer.write(&topic, 1, 0));
        side.ask("older", version, &producer.shifted(-1).write(&topic, 1, 1));
        side.ask("newer", version, &producer.shifted(1).write(&topic, 1, 0));
        side.ask("right again", version, &producer.write(&topic, 1, 1));
    }
    Ok(())
}

fn plain(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::next(side, &[])?;
        let producer = Producer::begin(side, &format!("p{version}"))?;
        producer.join(side, &topic)?;
        side.ask("plain before", version, &produce(&topic, -1, Batch::signed(1, producer.signed(0)).wire()));
        side.ask("in the transaction", version, &producer.write(&topic, 1, 1));
        side.ask(
            "plain while open",
            version,
            &produce(&topic, -1, Batch::signed(1, producer.signed(2)).wire()),
        );
        let named = ProduceRequest {
            transactional_id: Some(producer.name.clone()),
            ..produce(&topic, -1, Batch::signed(1, producer.signed(2)).wire())
        };
        side.ask("plain while open, with the name", version, &named);
        side.ask("another's plain batch", version, &produce(&topic, -1, Batch::plain(1).wire()));
        fetch(side, "stored", 12, &topic, Reading::from(0));
    }
    Ok(())
}

fn sequences(side: &mut Side) -> Ran {
    for version in VERSIONS {
        let topic = Topic::next(side, &[])?;
        let producer = Producer::begin(side, &format!("p{version}"))?;
        producer.join(side, &topic)?;
        side.ask("first is 5", version, &producer.write(&topic, 1, 5));
        side.ask("first is 0", version, &producer.write(&topic, 1, 0));
        side.ask("a gap", version, &producer.write(&topic, 1, 9));
        side.ask("a duplicate", version, &producer.write(&topic, 1, 0));
    }
    Ok(())
}

const MISMATCHED: &[Difference] = &[Difference {
    step: "no producer",
    field: "",
    because: "A transactional batch without a producer id belongs to no transaction and could never be aborted. Apache \
              Kafka stores it.",
}];

const FENCED: &[Difference] = &[Difference {
    step: "right again",
    field: "",
    because: "Apache Kafka remembers the sequence of a batch that it refused because of its epoch, and then refuses the good \
              batch, too. In Ottla what is refused leaves nothing behind.",
}];
