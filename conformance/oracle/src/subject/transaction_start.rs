//! InitProducerId with a transactional id, and AddPartitionsToTxn.

use crate::asking::Topic;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::{Side, until};
use crate::transacting::{Producer, wrote};
use ottla_wire::ErrorCode;
use ottla_wire::message::InitProducerIdRequest;

pub const SUBJECT: Subject = Subject {
    name: "transaction-start",
    about: "InitProducerId with a transactional id, AddPartitionsToTxn: refusals, epochs, fencing.",
    scenarios: &[
        Scenario { name: "init", asks: "ids and epochs, time after time", run: init, differs: &[] },
        Scenario {
            name: "init-refused",
            asks: "empty ids and impossible timeouts",
            run: refused,
            differs: &[],
        },
        Scenario { name: "init-expected", asks: "saying who one was", run: expected, differs: &[] },
        Scenario {
            name: "init-ongoing",
            asks: "while a transaction is open",
            run: ongoing,
            differs: ONGOING,
        },
        Scenario { name: "add", asks: "AddPartitionsToTxn from clients", run: add, differs: &[] },
        Scenario {
            name: "add-as-broker",
            asks: "AddPartitionsToTxn from brokers",
            run: as_broker,
            differs: &[],
        },
        Scenario { name: "timeout", asks: "a transaction that takes too long", run: timeout, differs: &[] },
    ],
};

fn init(side: &mut Side) -> Ran {
    for version in 0..=5 {
        let producer = Producer::named(side, &format!("p{version}"))?;
        for time in ["first", "second", "third"] {
            side.ask(time, version, &producer.init(60_000));
        }
    }
    Ok(())
}

fn refused(side: &mut Side) -> Ran {
    let producer = Producer::named(side, "p")?;
    for version in 0..=5 {
        let empty = InitProducerIdRequest { transactional_id: Some("".into()), ..producer.init(60_000) };
        side.ask("empty id", version, &empty);
        for timeout in [0, -1, 900_001, i32::MAX, i32::MIN] {
            side.ask(&format!("timeout {timeout}"), version, &producer.init(timeout));
        }
    }
    side.ask("timeout 900000", 4, &producer.init(900_000));
    side.ask("timeout 1", 4, &producer.init(1));
    Ok(())
}

fn expected(side: &mut Side) -> Ran {
    for version in 3..=5 {
        let producer = Producer::named(side, &format!("p{version}"))?;
        let as_one = |who: &Producer| InitProducerIdRequest {
            producer_id: who.id,
            producer_epoch: who.epoch,
            ..who.init(60_000)
        };
        side.ask("nobody is known, with an id", version, &as_one(&producer.but(12_345, 0)));
        let mut producer = Producer::begin(side, &format!("q{version}"))?;
        side.ask("as oneself", version, &as_one(&producer));
        side.ask("the same again", version, &as_one(&producer));
        producer.renew(side)?;
        side.ask("older epoch", version, &as_one(&producer.shifted(-2)));
        side.ask("the epoch before", version, &as_one(&producer.shifted(-1)));
        side.ask("newer epoch", version, &as_one(&producer.shifted(5)));
        side.ask("another id", version, &as_one(&producer.but(producer.id + 1_000_000, producer.epoch)));
        side.ask("an id without epoch", version, &as_one(&producer.but(producer.id, -1)));
        side.ask("an epoch without id", version, &as_one(&producer.but(-1, producer.epoch)));
        side.ask("nobody", version, &producer.init(60_000));
    }
    Ok(())
}

/// Asks until the open transaction has been aborted, and keeps the last answer.
fn ask_until_done(side: &mut Side, step: &str, version: i16, request: &InitProducerIdRequest) -> Ran {
    let fields = until(|| {
        let answer = side.setup(version, request)?;
        let waits = answer.error_code == ErrorCode::CONCURRENT_TRANSACTIONS;
        Ok((!waits).then(|| crate::flat::fields(&answer)))
    })?;
    side.keep_as::<InitProducerIdRequest>(step, version, fields);
    Ok(())
}

fn ongoing(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for (version, produced) in [(3, 9), (4, 12), (5, 12)] {
        let old = Producer::begin(side, &format!("p{version}"))?;
        old.join(side, &topic)?;
        wrote(side, produced, &old.write(&topic, 2, 0))?;
        side.ask("the first time", version, &old.init(60_000));
        ask_until_done(side, "in the end", version, &old.init(60_000))?;
        side.ask("the old one writes", produced, &old.write(&topic, 1, 2));
        side.ask("the old one commits", 3, &old.end(true));
        side.ask("the old one commits, v1", 1, &old.end(true));
        side.ask("the old one adds", 3, &old.add(&[(&topic.name, &[0])]));
        side.ask("the old one adds, v1", 1, &old.add(&[(&topic.name, &[0])]));
        let as_old =
            InitProducerIdRequest { producer_id: old.id, producer_epoch: old.epoch, ..old.init(60_000) };
        side.ask("the old one begins anew", version, &as_old);

        let own = Producer::begin(side, &format!("q{version}"))?;
        own.join(side, &topic)?;
        let as_own =
            InitProducerIdRequest { producer_id: own.id, producer_epoch: own.epoch, ..own.init(60_000) };
        ask_until_done(side, "the same one begins anew", version, &as_own)?;
        crate::transacting::settle(side, &topic)?;

        let taken = Producer::begin(side, &format!("r{version}"))?;
        taken.join(side, &topic)?;
        side.ask("another begins", version, &taken.init(60_000));
        crate::transacting::settle(side, &topic)?;
        let as_taken = InitProducerIdRequest {
            producer_id: taken.id,
            producer_epoch: taken.epoch,
            ..taken.init(60_000)
        };
        ask_until_done(side, "the old one begins anew before the other returns", version, &as_taken)?;
        ask_until_done(side, "the other returns", version, &taken.init(60_000))?;
    }
    crate::asking::fetch(side, "afterwards", 12, &topic, crate::asking::Reading::committed(0));
    Ok(())
}

fn add(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let other = Topic::make(side, "o", &[])?;
    let unknown = Topic::unknown(side);
    let nobody = Producer::named(side, "nobody")?;
    for version in 0..=3 {
        let producer = Producer::begin(side, &format!("p{version}"))?;
        side.ask("nothing", version, &producer.add(&[]));
        side.ask("two partitions", version, &producer.add(&[(&topic.name, &[0, 1])]));
        side.ask("the same again", version, &producer.add(&[(&topic.name, &[0, 1])]));
        side.ask("one more", version, &producer.add(&[(&other.name, &[0])]));
        side.ask(
            "one that is not there",
            version,
            &producer.add(&[(&topic.name, &[0, 7]), (&other.name, &[0])]),
        );
        side.ask("unknown topic", version, &producer.add(&[(&unknown.name, &[0]), (&other.name, &[0])]));
        side.ask("older epoch", version, &producer.shifted(-1).add(&[(&topic.name, &[0])]));
        side.ask("newer epoch", version, &producer.shifted(1).add(&[(&topic.name, &[0])]));
        side.ask("another id", version, &producer.but(producer.id + 999_999, 0).add(&[(&topic.name, &[0])]));
        side.ask("unknown name", version, &nobody.but(5, 0).add(&[(&topic.name, &[0])]));
        let nameless = Producer { name: "".into(), id: 5, epoch: 0 };
        side.ask("empty name", version, &nameless.add(&[(&topic.name, &[0])]));
    }
    Ok(())
}

fn as_broker(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 3, &[])?;
    let unknown = Topic::unknown(side);
    for version in 4..=5 {
        let producer = Producer::begin(side, &format!("p{version}"))?;
        side.ask("verify before", version, &producer.add_as_broker(true, &[(&topic.name, &[0])]));
        side.ask("add", version, &producer.add_as_broker(false, &[(&topic.name, &[0])]));
        side.ask("verify", version, &producer.add_as_broker(true, &[(&topic.name, &[0])]));
        side.ask("verify another too", version, &producer.add_as_broker(true, &[(&topic.name, &[0, 1])]));
        side.ask(
            "verify, older epoch",
            version,
            &producer.shifted(-1).add_as_broker(true, &[(&topic.name, &[0])]),
        );
        side.ask(
            "verify, newer epoch",
            version,
            &producer.shifted(1).add_as_broker(true, &[(&topic.name, &[0])]),
        );
        side.ask(
            "verify, another id",
            version,
            &producer.but(999_999, 0).add_as_broker(true, &[(&topic.name, &[0])]),
        );
        side.ask(
            "unknown topic",
            version,
            &producer.add_as_broker(false, &[(&unknown.name, &[0]), (&topic.name, &[2])]),
        );
        side.ask("nothing", version, &producer.add_as_broker(false, &[]));
    }
    Ok(())
}

fn timeout(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for (suffix, produced, ended) in [("one", 9, 4), ("two", 12, 5)] {
        let mut producer = Producer::named(side, suffix)?;
        let answer = side.setup(4, &producer.init(1_000))?;
        (producer.id, producer.epoch) = (answer.producer_id, answer.producer_epoch);
        side.learn("producer", producer.id);
        producer.join(side, &topic)?;
        wrote(side, produced, &producer.write(&topic, 2, 0))?;
        crate::transacting::settle(side, &topic)?;
        crate::transacting::completed(side, &producer)?;
        side.ask(&format!("{suffix}: too late to commit"), ended, &producer.end(true));
        side.ask(&format!("{suffix}: too late to abort"), ended, &producer.end(false));
        side.ask(&format!("{suffix}: too late to write"), produced, &producer.write(&topic, 1, 2));
        let as_old = InitProducerIdRequest {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            ..producer.init(1_000)
        };
        side.ask(&format!("{suffix}: begins anew"), 4, &as_old);
        side.ask(&format!("{suffix}: another begins"), 4, &producer.init(1_000));
    }
    crate::asking::fetch(side, "afterwards", 12, &topic, crate::asking::Reading::committed(0));
    Ok(())
}

const ONGOING: &[Difference] = &[Difference {
    step: "the old one begins anew before the other returns",
    field: "",
    because: "Another producer has taken the id over, and its first request already aborted the old one's transaction. \
              Apache Kafka lets the old one in again for as long as the other has not repeated its request; in Ottla it \
              is fenced from then on.",
}];
