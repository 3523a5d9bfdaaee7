//! Fetch: what readers see of a log: watermarks, edges, sizes.

use crate::asking::{Reading, Topic, fetch, trim};
use crate::batch::Batch;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::record::Compression;

pub const SUBJECT: Subject = Subject {
    name: "fetch",
    about: "Fetch: offsets and watermarks, the edges of a log, size limits, epochs.",
    scenarios: &[
        Scenario { name: "empty", asks: "a topic without records", run: empty, differs: &[] },
        Scenario { name: "edges", asks: "offsets at and beyond both ends", run: edges, differs: &[] },
        Scenario { name: "sizes", asks: "limits smaller than a batch", run: sizes, differs: SIZES },
        Scenario { name: "inside", asks: "an offset inside of a batch", run: inside, differs: &[] },
        Scenario { name: "epochs", asks: "leader epochs that fit and do not", run: epochs, differs: &[] },
        Scenario {
            name: "unknown",
            asks: "topics and partitions that are not there",
            run: unknown,
            differs: &[],
        },
    ],
};

fn empty(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    for version in 4..=18 {
        for offset in [0, 1, -1, i64::MAX] {
            fetch(side, &format!("from {offset}"), version, &topic, Reading::from(offset));
            fetch(side, &format!("committed, from {offset}"), version, &topic, Reading::committed(offset));
        }
    }
    Ok(())
}

fn edges(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(3, 1_000), Batch::timed(3, 2_000), Batch::timed(1, 3_000)])?;
    let all = |side: &mut Side, when: &str| {
        for version in 4..=18 {
            for offset in [-2, -1, 0, 3, 6, 7, 8] {
                fetch(side, &format!("{when}, from {offset}"), version, &topic, Reading::from(offset));
            }
            fetch(side, &format!("{when}, committed from 6"), version, &topic, Reading::committed(6));
        }
    };
    all(side, "whole");
    trim(side, &topic, 4)?;
    all(side, "trimmed to 4");
    trim(side, &topic, -1)?;
    all(side, "trimmed to the end");
    Ok(())
}

fn sizes(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(10, 1_000), Batch::timed(10, 2_000), Batch::timed(10, 3_000)])?;
    for version in [4, 8, 12, 13, 16, 18] {
        for (all, partition) in
            [(1, 1), (0, 0), (1, 1000), (1000, 1), (180, 1000), (1000, 180), (400, 400), (-1, -1)]
        {
            let reading = Reading { bytes_max: all, partition_bytes_max: partition, ..Reading::from(0) };
            fetch(side, &format!("at most {all}, {partition} of a partition"), version, &topic, reading);
        }
    }
    Ok(())
}

fn inside(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let compressed = Batch::compressed(5, Compression::Lz4);
    topic.fill(side, [Batch::timed(5, 1_000), compressed, Batch::timed(5, 3_000)])?;
    trim(side, &topic, 2)?;
    for version in [4, 12, 18] {
        for offset in [1, 2, 3, 7, 9, 10, 14] {
            fetch(side, &format!("from {offset}"), version, &topic, Reading::from(offset));
        }
    }
    Ok(())
}

fn epochs(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    topic.fill(side, [Batch::timed(5, 1_000)])?;
    for version in 9..=18 {
        for epoch in [0, 1, 99, -2] {
            let reading = Reading { leader_epoch: epoch, ..Reading::from(0) };
            fetch(side, &format!("leader epoch {epoch}"), version, &topic, reading);
        }
        for epoch in [0, 1, 99] {
            let reading = Reading { last_fetched_epoch: epoch, ..Reading::from(3) };
            fetch(side, &format!("last fetched epoch {epoch}"), version, &topic, reading);
        }
    }
    Ok(())
}

fn unknown(side: &mut Side) -> Ran {
    let topic = Topic::unknown(side);
    let nameless = Topic { name: "".into(), id: uuid::Uuid::nil() };
    for version in 4..=18 {
        fetch(side, "unknown topic", version, &topic, Reading::from(0));
        fetch(side, "no name, no id", version, &nameless, Reading::from(0));
    }
    Ok(())
}

const SIZES: &[Difference] = &[Difference {
    step: "at most -1",
    field: "",
    because: "Apache Kafka fails inside and says UNKNOWN_SERVER_ERROR. Ottla takes less than nothing for nothing, which \
              still brings one batch.",
}];
