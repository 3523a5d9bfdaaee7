//! A crash at each point of an end: whatever was done, the next start does the rest, and readers see all or nothing.

use super::*;
use crate::testing::{bench_in, idle_bench_in};
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_storage::{TransactionEnd, TransactionVersion};
use ottla_wire::record::{Marker, MarkerKind};
use std::path::Path;
use std::pin::pin;

/// What the finisher had done when the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Prepared,
    OneMarker,
    AllMarkers,
    Groups,
}

/// A transaction over two topics and the offsets of a group, whose end is decided and durable, and then the end of the world.
fn crash(dir: &Path, point: Point, committed: bool) {
    idle_bench_in(dir, |bench| async move {
        let topics = [bench.create_topic("t", 1).await, bench.create_topic("u", 1).await];
        let mut producer = Producer::new(&bench, "x").await;
        for (topic, value) in [("t", "a"), ("u", "b")] {
            producer.sequence = 0;
            assert_eq!(producer.write(&bench, TWO, topic, value).await.0, ErrorCode::NONE);
        }
        let offsets = offsets::commit(&producer, 5, ("t", topics[0]), 10);
        assert_eq!(offsets::committed(&bench, &offsets, 5).await, ErrorCode::NONE);
        let request = producer.end_request(committed);
        let mut end = pin!(bench.call(&request, 5));
        begin(end.as_mut()).await;
        let described = bench.broker.transactions.describe("x".into()).await.expect("it is served");
        let state = described.expect("the id is known").state.transaction_state;
        assert_eq!(&*state, if committed { "PrepareCommit" } else { "PrepareAbort" });
        let written = match point {
            Point::Prepared => 0,
            Point::OneMarker => 1,
            Point::AllMarkers | Point::Groups => 2,
        };
        let kind = if committed { MarkerKind::Commit } else { MarkerKind::Abort };
        let ends = topics[..written].iter().map(|topic| (partition(*topic), marker(producer.claim, kind)));
        for written in bench.broker.log.append_markers(ends.collect()).await {
            written.expect("the marker is written");
        }
        if point == Point::Groups {
            let TransactionEnd { producer, epoch, .. } = marker(producer.claim, kind);
            let (groups, index) = (&bench.broker.groups, crate::groups::partition_of("g"));
            groups.complete_transaction(index, producer, epoch, kind).await.expect("the groups are loaded");
        }
    });
}

fn partition(topic: TopicId) -> PartitionId {
    PartitionId { topic, index: PartitionIndex(0) }
}

fn marker(claim: Claim, kind: MarkerKind) -> TransactionEnd {
    let epoch = ottla_base::ProducerEpoch(claim.epoch.0 + 1);
    let marker = Marker { kind, coordinator_epoch: 0 };
    TransactionEnd { producer: claim.producer, epoch, marker, version: TransactionVersion::V2 }
}

#[test]
fn what_was_decided_is_finished_before_anybody_is_let_in() {
    for point in [Point::Prepared, Point::OneMarker, Point::AllMarkers, Point::Groups] {
        for committed in [true, false] {
            let dir = tempfile::tempdir().expect("a directory for the test");
            crash(dir.path(), point, committed);
            bench_in(dir.path(), |bench| async move {
                bench.broker.transactions.settled().await;
                let (t, u) = (seen(&bench, "t").await, seen(&bench, "u").await);
                // A marker may be there twice; that is all the difference a crash makes.
                let twice_u = matches!(point, Point::AllMarkers | Point::Groups);
                let twice_t = twice_u || point == Point::OneMarker;
                assert_eq!(t, after("a", committed, twice_t), "{point:?}");
                assert_eq!(u, after("b", committed, twice_u), "{point:?}");
                let offset = if committed { 10 } else { -1 };
                assert_eq!(offsets::stable(&bench).await, (offset, ErrorCode::NONE), "{point:?}");
                // The client asks again, as it had no answer, and goes on.
                let mut producer = Producer { id: "x", claim: super::super::claim(0, 0), sequence: 0 };
                while producer.end(&bench, 5, committed).await == ErrorCode::CONCURRENT_TRANSACTIONS {
                    tokio::task::yield_now().await;
                }
                assert_eq!(producer.claim.epoch.0, 1);
                assert_eq!(producer.write(&bench, TWO, "t", "c").await.0, ErrorCode::NONE);
                assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
                assert!(seen(&bench, "t").await.contains("c C"));
            });
        }
    }
}

fn after(value: &str, committed: bool, twice: bool) -> String {
    let end = if committed { "C" } else { "A" };
    let markers = if twice { format!("{end} {end}") } else { end.to_owned() };
    let length = if twice { 3 } else { 2 };
    let aborted = if committed { "" } else { " 0" };
    format!("{value} {markers} | {length} of {length} | aborted{aborted}")
}

#[test]
fn what_was_complete_stays_as_it_is() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
    });
    bench_in(dir.path(), |bench| async move {
        bench.broker.transactions.settled().await;
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}

#[test]
fn what_was_open_can_go_on() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        assert_eq!(producer.write(&bench, TWO, "t", "a").await.0, ErrorCode::NONE);
    });
    bench_in(dir.path(), |bench| async move {
        assert_eq!(seen(&bench, "t").await, "| 0 of 1 | aborted");
        let mut producer = Producer { id: "x", claim: super::super::claim(0, 0), sequence: 1 };
        assert_eq!(producer.write(&bench, TWO, "t", "b").await, (ErrorCode::NONE, 1));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a b C | 3 of 3 | aborted");
    });
}
