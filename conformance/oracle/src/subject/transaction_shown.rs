//! Looking at transactions, and ending those that hang.

use crate::asking::{Reading, Topic, fetch};
use crate::batch::{Batch, Signed};
use crate::flat;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::transacting::{Producer, completed, settle, wrote};
use ottla_wire::Str;
use ottla_wire::message::describe_producers_request::TopicRequest;
use ottla_wire::message::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use ottla_wire::message::{
    DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest, WriteTxnMarkersRequest,
};

pub const SUBJECT: Subject = Subject {
    name: "transaction-shown",
    about: "DescribeProducers, DescribeTransactions, ListTransactions, WriteTxnMarkers.",
    scenarios: &[
        Scenario { name: "producers", asks: "who writes to a partition", run: producers, differs: &[] },
        Scenario {
            name: "transactions",
            asks: "a transaction through its life",
            run: transactions,
            differs: &[],
        },
        Scenario { name: "list", asks: "each filter of ListTransactions", run: list, differs: &[] },
        Scenario {
            name: "markers",
            asks: "WriteTxnMarkers for open, ended and unknown ones",
            run: markers,
            differs: MARKERS,
        },
    ],
};

fn describe_producers(name: &Str, partitions: &[i32]) -> DescribeProducersRequest {
    let topic = TopicRequest { name: name.clone(), partition_indexes: partitions.to_vec() };
    DescribeProducersRequest { topics: vec![topic] }
}

fn producers(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let ask = |side: &mut Side, step: &str| {
        side.ask(step, 0, &describe_producers(&topic.name, &[0]));
    };
    ask(side, "nobody");
    topic.fill(side, [Batch::plain(1)])?;
    ask(side, "a plain batch");
    topic.fill(side, [Batch::signed(3, Signed { id: 990_001, epoch: 2, sequence: 0 })])?;
    ask(side, "an idempotent one");
    let mut producer = Producer::begin(side, "p")?;
    wrote(side, 12, &producer.write(&topic, 2, 0))?;
    ask(side, "an open transaction");
    producer.ended(side, 5, true)?;
    settle(side, &topic)?;
    ask(side, "a committed one");
    let one = Producer::begin(side, "q")?;
    one.join(side, &topic)?;
    wrote(side, 9, &one.write(&topic, 2, 0))?;
    one.clone().ended(side, 4, false)?;
    settle(side, &topic)?;
    ask(side, "an aborted one of version 1");
    side.ask("partitions that are not there", 0, &describe_producers(&topic.name, &[0, 3, -1]));
    side.ask("unknown topic", 0, &describe_producers(&Topic::unknown(side).name, &[0]));
    side.ask("illegal name", 0, &describe_producers(&"a b!".into(), &[0]));
    side.ask("no partition", 0, &describe_producers(&topic.name, &[]));
    side.ask("no topic", 0, &DescribeProducersRequest::default());
    Ok(())
}

fn transactions(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let mut producer = Producer::begin(side, "p")?;
    let name = producer.name.clone();
    let ask = |side: &mut Side, step: &str| {
        side.ask(step, 0, &DescribeTransactionsRequest { transactional_ids: vec![name.clone()] });
    };
    ask(side, "empty");
    let request = producer.add(&[(&topic.name, &[0, 1])]);
    side.setup(3, &request)?;
    ask(side, "open");
    producer.ended(side, 5, true)?;
    settle(side, &topic)?;
    completed(side, &producer)?;
    ask(side, "committed");
    wrote(side, 12, &producer.write(&topic, 1, 0))?;
    ask(side, "open again");
    producer.ended(side, 5, false)?;
    settle(side, &topic)?;
    completed(side, &producer)?;
    ask(side, "aborted");
    let unknown = side.name("unknown");
    side.ask("unknown", 0, &DescribeTransactionsRequest { transactional_ids: vec![unknown.clone()] });
    side.ask("both", 0, &DescribeTransactionsRequest { transactional_ids: vec![unknown, name] });
    side.ask("empty name", 0, &DescribeTransactionsRequest { transactional_ids: vec!["".into()] });
    side.ask("none", 0, &DescribeTransactionsRequest::default());
    Ok(())
}

/// Other scenarios' transactions are none of this one's business.
fn list_ours(side: &mut Side, step: &str, version: i16, request: &ListTransactionsRequest) -> Ran {
    let ours = side.name("");
    let ours = ours.split('-').next().unwrap_or_default().to_owned();
    let run = side.name("").rsplit('.').next().unwrap_or_default().to_owned();
    let mut answer = side.setup(version, request)?;
    answer
        .transaction_states
        .retain(|one| one.transactional_id.starts_with(&ours) && one.transactional_id.ends_with(&run));
    answer.transaction_states.sort_by(|a, b| a.transactional_id.cmp(&b.transactional_id));
    side.keep_as::<ListTransactionsRequest>(step, version, flat::fields(&answer));
    Ok(())
}

fn list(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let empty = Producer::begin(side, "empty")?;
    let open = Producer::begin(side, "open")?;
    wrote(side, 12, &open.write(&topic, 1, 0))?;
    let other = Topic::make(side, "o", &[])?;
    let mut done = Producer::begin(side, "done")?;
    wrote(side, 12, &done.write(&other, 1, 0))?;
    done.ended(side, 5, true)?;
    settle(side, &other)?;
    completed(side, &done)?;
    let all = ListTransactionsRequest { duration_filter: -1, ..Default::default() };
    for version in 0..=2 {
        list_ours(side, "all", version, &all)?;
        for states in [
            vec!["Empty"],
            vec!["Ongoing"],
            vec!["CompleteCommit", "Empty"],
            vec!["NoSuch"],
            vec!["ongoing"],
            vec!["Ongoing", "NoSuch"],
        ] {
            let step = format!("states {}", states.join(", "));
            let state_filters = states.iter().map(|state| (*state).into()).collect();
            list_ours(side, &step, version, &ListTransactionsRequest { state_filters, ..all.clone() })?;
        }
        for (step, ids) in
            [("one's id", vec![open.id]), ("two ids", vec![open.id, empty.id]), ("an unknown id", vec![4])]
        {
            list_ours(
                side,
                step,
                version,
                &ListTransactionsRequest { producer_id_filters: ids, ..all.clone() },
            )?;
        }
        if 1 <= version {
            for duration_filter in [0, 1_000_000, -2] {
                let request = ListTransactionsRequest { duration_filter, ..all.clone() };
                list_ours(side, &format!("for {duration_filter} ms"), version, &request)?;
            }
        }
        if 2 <= version {
            for pattern in ["list-.*", "list-open.*", "open", ".*open.*", "(", "", "LIST.*"] {
                let request =
                    ListTransactionsRequest { transactional_id_pattern: Some(pattern.into()), ..all.clone() };
                list_ours(side, &format!("pattern {pattern}"), version, &request)?;
            }
        }
    }
    Ok(())
}

struct Asked<'a> {
    id: i64,
    epoch: i16,
    commits: bool,
    coordinator_epoch: i32,
    transaction_version: i8,
    topics: &'a [(&'a Str, &'a [i32])],
}

fn write(asked: &Asked) -> WriteTxnMarkersRequest {
    let topics = asked.topics.iter().map(|(name, partitions)| WritableTxnMarkerTopic {
        name: (*name).clone(),
        partition_indexes: partitions.to_vec(),
    });
    let marker = WritableTxnMarker {
        producer_id: asked.id,
        producer_epoch: asked.epoch,
        transaction_result: asked.commits,
        topics: topics.collect(),
        coordinator_epoch: asked.coordinator_epoch,
        transaction_version: asked.transaction_version,
    };
    WriteTxnMarkersRequest { markers: vec![marker] }
}

fn markers(side: &mut Side) -> Ran {
    for (version, transaction_version) in [(1, 0), (2, 0), (2, 1), (2, 2)] {
        let when = format!("transaction version {transaction_version}");
        let topic = Topic::next(side, &[])?;
        let producer = Producer::begin(side, &format!("p{version}-{transaction_version}"))?;
        wrote(side, 12, &producer.write(&topic, 2, 0))?;
        let zero: &[i32] = &[0];
        let topics = [(&topic.name, zero)];
        let good = || Asked {
            id: producer.id,
            epoch: producer.epoch,
            commits: false,
            coordinator_epoch: 0,
            transaction_version,
            topics: &topics,
        };
        let unknown = Topic::unknown(side).name;
        let elsewhere: [(&Str, &[i32]); 2] = [(&unknown, &[0]), (&topic.name, &[5])];
        side.ask(
            &format!("{when}: unknown partitions"),
            version,
            &write(&Asked { topics: &elsewhere, ..good() }),
        );
        side.ask(
            &format!("{when}: older epoch"),
            version,
            &write(&Asked { epoch: producer.epoch - 1, ..good() }),
        );
        fetch(side, &format!("{when}: still open"), 12, &topic, Reading::committed(0));
        side.ask(&format!("{when}: the same epoch"), version, &write(&good()));
        fetch(side, &format!("{when}: after it"), 12, &topic, Reading::committed(0));
        side.ask(
            &format!("{when}: the next epoch"),
            version,
            &write(&Asked { epoch: producer.epoch + 1, ..good() }),
        );
        fetch(side, &format!("{when}: after that"), 12, &topic, Reading::committed(0));
        side.ask(&format!("{when}: again"), version, &write(&Asked { epoch: producer.epoch + 1, ..good() }));
        side.ask(
            &format!("{when}: older coordinator"),
            version,
            &write(&Asked { epoch: producer.epoch + 1, coordinator_epoch: -1, ..good() }),
        );
        side.ask(
            &format!("{when}: an unknown producer"),
            version,
            &write(&Asked { id: 991_000, commits: true, ..good() }),
        );
        fetch(side, &format!("{when}: in the end"), 12, &topic, Reading::from(0));
    }
    side.ask("nothing", 1, &WriteTxnMarkersRequest::default());
    Ok(())
}

const MARKERS: &[Difference] = &[
    Difference { step: "transaction version 0: older epoch", field: "", because: UNMAPPED },
    Difference { step: "transaction version 1: older epoch", field: "", because: UNMAPPED },
    Difference { step: "transaction version 2: older epoch", field: "", because: UNMAPPED },
];

const UNMAPPED: &str =
    "Apache Kafka refuses the marker and says UNKNOWN_SERVER_ERROR, Ottla says why: INVALID_PRODUCER_EPOCH.";
