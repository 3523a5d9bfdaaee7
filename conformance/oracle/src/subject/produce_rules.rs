//! Produce: what is refused before anyone looks at the batch, and how acks answer.

use crate::asking::{Topic, produce, produce_to, topic_data, trim, versions};
use crate::batch::Batch;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::transacting::{GROUP, TRANSACTION, coordinator};
use ottla_wire::message::ProduceRequest;
use ottla_wire::message::produce_request::PartitionProduceData;

pub const SUBJECT: Subject = Subject {
    name: "produce-rules",
    about: "Produce: acks, names and ids of topics, answers of partitions, internal topics.",
    scenarios: &[
        Scenario { name: "acks", asks: "acks 1, all and values that do not exist", run: acks, differs: &[] },
        Scenario {
            name: "acks-none",
            asks: "acks 0, well and with each kind of error",
            run: acks_none,
            differs: NULL,
        },
        Scenario {
            name: "unknown",
            asks: "topics, ids and partitions that are not there",
            run: unknown,
            differs: &[],
        },
        Scenario {
            name: "nothing",
            asks: "requests without topics or partitions",
            run: nothing,
            differs: &[],
        },
        Scenario {
            name: "mixed",
            asks: "one good partition beside bad ones, and one partition twice",
            run: mixed,
            differs: TWICE,
        },
        Scenario {
            name: "start",
            asks: "the log's start in the answer, by version",
            run: start,
            differs: &[],
        },
        Scenario {
            name: "internal",
            asks: "writing to internal topics, as an admin and not",
            run: internal,
            differs: INTERNAL,
        },
    ],
};

const NULL: &[Difference] = &[Difference {
    step: "no batch",
    field: "",
    because: "Apache Kafka fails inside and neither answers nor closes. Ottla closes, as for every other error: \
              with acks 0 a client has no other way to learn of it.",
}];

fn acks(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in versions::<ProduceRequest>() {
        for acks in [1, -1, 2, -2, i16::MAX, i16::MIN] {
            side.ask(&format!("acks {acks}"), version, &produce(&topic, acks, Batch::plain(2).wire()));
        }
    }
    Ok(())
}

fn acks_none(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    for version in [3, 8, 9, 12, 13] {
        side.tell("well", version, &produce(&topic, 0, Batch::plain(1).wire()))?;
        side.tell("unknown topic", version, &produce(&unknown, 0, Batch::plain(1).wire()))?;
        side.tell("unknown partition", version, &produce_to(&topic, 9, 0, Batch::plain(1).wire()))?;
        side.tell("bad checksum", version, &produce(&topic, 0, Batch::plain(1).damaged(62, &[0x7f]).wire()))?;
        side.tell("no batch", version, &produce(&topic, 0, None))?;
        side.tell("no topic", version, &ProduceRequest { acks: 0, timeout_ms: 1000, ..Default::default() })?;
    }
    Ok(())
}

fn unknown(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let unknown = Topic::unknown(side);
    let nameless = Topic { name: "".into(), id: uuid::Uuid::nil() };
    let illegal = Topic { name: "not a name!".into(), id: uuid::Uuid::from_u128(7) };
    for version in versions::<ProduceRequest>() {
        side.ask("unknown topic", version, &produce(&unknown, -1, Batch::plain(1).wire()));
        side.ask("no name, no id", version, &produce(&nameless, -1, Batch::plain(1).wire()));
        side.ask("illegal name", version, &produce(&illegal, -1, Batch::plain(1).wire()));
        side.ask("unknown partition", version, &produce_to(&topic, 1, -1, Batch::plain(1).wire()));
        side.ask("negative partition", version, &produce_to(&topic, -1, -1, Batch::plain(1).wire()));
        side.ask("unknown topic, bad acks", version, &produce(&unknown, 5, Batch::plain(1).wire()));
        side.ask("unknown topic, bad batch", version, &produce(&unknown, -1, None));
    }
    Ok(())
}

fn nothing(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in versions::<ProduceRequest>() {
        for acks in [-1, 1, 7] {
            let step = format!("no topic, acks {acks}");
            side.ask(&step, version, &ProduceRequest { acks, timeout_ms: 1000, ..Default::default() });
            let request = ProduceRequest {
                acks,
                timeout_ms: 1000,
                topic_data: vec![topic_data(&topic, Vec::new())],
                ..Default::default()
            };
            side.ask(&format!("no partition, acks {acks}"), version, &request);
        }
    }
    Ok(())
}

fn mixed(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 3, &[])?;
    let unknown = Topic::unknown(side);
    let data = |index, batch: Batch| PartitionProduceData { index, records: batch.wire() };
    for version in versions::<ProduceRequest>() {
        let request =
            |topic_data| ProduceRequest { acks: -1, timeout_ms: 9000, topic_data, ..Default::default() };
        let bad = Batch::plain(1).damaged(66, &[0x55]);
        let parts =
            vec![data(0, Batch::plain(1)), data(1, bad), data(2, Batch::plain(3)), data(3, Batch::plain(1))];
        let other = vec![data(0, Batch::plain(1))];
        side.ask(
            "good and bad",
            version,
            &request(vec![topic_data(&unknown, other), topic_data(&topic, parts)]),
        );
        let topic = Topic::make_wide(side, &format!("v{version}"), 2, &[])?;
        let twice = vec![data(0, Batch::plain(1)), data(0, Batch::plain(2))];
        side.ask("one partition twice", version, &request(vec![topic_data(&topic, twice)]));
        let topic = Topic::make_wide(side, &format!("w{version}"), 2, &[])?;
        let (one, two) = (vec![data(0, Batch::plain(1))], vec![data(1, Batch::plain(1))]);
        side.ask(
            "one topic twice",
            version,
            &request(vec![topic_data(&topic, one), topic_data(&topic, two)]),
        );
    }
    Ok(())
}

fn start(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::plain(3), Batch::plain(3)])?;
    trim(side, &topic, 4)?;
    for version in versions::<ProduceRequest>() {
        side.ask("well", version, &produce(&topic, -1, Batch::plain(1).wire()));
        side.ask("refused", version, &produce(&topic, -1, Batch::plain(1).damaged(66, &[0x55]).wire()));
        side.ask("acks 1", version, &produce(&topic, 1, Batch::plain(1).wire()));
    }
    Ok(())
}

fn internal(side: &mut Side) -> Ran {
    // Kafka makes these topics when the first coordinator is asked for.
    let key = side.name("any");
    coordinator(side, &key, GROUP)?;
    coordinator(side, &key, TRANSACTION)?;
    for name in ["__consumer_offsets", "__transaction_state"] {
        let topic = Topic { name: name.into(), id: uuid::Uuid::nil() };
        for version in [3, 9, 12] {
            side.ask(name, version, &produce(&topic, -1, Batch::plain(1).wire()));
            side.ask_as(
                "__admin_client",
                &format!("{name} as an admin, bad batch"),
                version,
                &produce(&topic, -1, Batch::plain(1).damaged(66, &[0x55]).wire()),
            )?;
        }
    }
    Ok(())
}

const INTERNAL: &[Difference] = &[
    Difference { step: "__consumer_offsets as an admin", field: "", because: JOURNAL },
    Difference { step: "__transaction_state as an admin", field: "", because: JOURNAL },
];

const JOURNAL: &str = "Ottla has no such topics: what groups and transactions decide is in its journal. Clients are refused \
                       as in Apache Kafka; one that calls itself `__admin_client` finds nothing to write to.";

const TWICE: &[Difference] = &[
    Difference { step: "one partition twice", field: "", because: BOTH },
    Difference { step: "one topic twice", field: "(time 2)", because: FOLDED },
];

const BOTH: &str = "Apache Kafka stores the last batch for a partition and silently drops the one before it. Ottla stores both \
                    and answers for both.";

const FOLDED: &str =
    "Ottla answers entry by entry, as it was asked; Apache Kafka folds the entries of a topic into one.";
