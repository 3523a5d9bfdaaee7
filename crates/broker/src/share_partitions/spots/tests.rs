//! What is remembered of where batches lie, beside what looking them up gives.

use super::super::feed::{self, Found, Reader};
use super::*;
use crate::config::kinds::Isolation;
use crate::testing::{Bench, bench};
use ottla_base::PartitionIndex;
use ottla_coordinator::share_partition::{Config, Feed};
use ottla_wire::record::Records;

/// A queue of batches of two records.
async fn queue(bench: &Bench, batches: usize) -> Id {
    let topic = bench.create_queue(1).await;
    for _ in 0..batches {
        bench.append(topic, 0, &["a", "b"]).await;
    }
    Id { group: "g".into(), partition: PartitionId { topic, index: PartitionIndex(0) } }
}

fn scanned(bench: &Bench, id: &Id) -> Vec<Placed> {
    let config = Config::default();
    let reader = Reader { group: "g", config: &config, isolation: Isolation::ReadUncommitted };
    let feed = Feed { from: Offset(0), records_max: 1_000 };
    let found = feed::scan(&bench.broker.log, id.partition, reader, feed).expect("it is readable");
    let Found { placed, .. } = found.expect("there is something");
    placed
}

fn range(first: i64, last: i64) -> Range {
    Range { first: Offset(first), last: Offset(last), delivery_count: 1 }
}

fn located(bench: &Bench, id: &Id, ranges: &[Range], known: Known) -> (Vec<Range>, Records) {
    feed::locate(&bench.broker.log, id.partition, ranges.to_vec(), known).expect("it is readable")
}

#[test]
fn spots_lead_to_what_looking_up_finds_and_are_used_up() {
    bench(|bench| async move {
        let id = queue(&bench, 6).await;
        let spots = Spots::default();
        spots.put(&id, &scanned(&bench, &id));
        assert_eq!(spots.count(), 6);
        for (ranges, left) in [
            (vec![range(3, 3), range(6, 8)], 4),
            (vec![range(0, 0)], 4),
            (vec![range(1, 1), range(4, 4), range(5, 5)], 2),
            (vec![range(0, 11)], 0),
            (vec![range(2, 9)], 0),
        ] {
            let looked_up = located(&bench, &id, &ranges, Known::default());
            let known = spots.take(&id, &ranges);
            assert_eq!(located(&bench, &id, &ranges, known), looked_up);
            assert_eq!(spots.count(), left, "after {ranges:?}");
        }
    });
}

#[test]
fn a_spot_is_of_no_use_when_the_log_has_another_file_there_or_none() {
    bench(|bench| async move {
        let id = queue(&bench, 3).await;
        let placed = scanned(&bench, &id);
        let replaced = placed.iter().map(|placed| {
            let Region::File(region) = &placed.region else { panic!("it lies in a file") };
            let file = Arc::new(region.file.try_clone().expect("one more handle"));
            // As if the batch began elsewhere in the file that was there before.
            let region = FileRegion { file, position: region.position + 1, ..*region };
            Placed { region: Region::File(region), ..placed.clone() }
        });
        let replaced: Vec<Placed> = replaced.collect();
        let (spots, ranges) = (Spots::default(), [range(1, 4)]);
        spots.put(&id, &replaced);
        let looked_up = located(&bench, &id, &ranges, Known::default());
        assert_eq!(located(&bench, &id, &ranges, spots.take(&id, &ranges)), looked_up);
        spots.put(&id, &placed);
        bench.broker.log.trim(id.partition, Offset(4)).expect("it can be trimmed");
        let (ranges, records) = located(&bench, &id, &ranges, spots.take(&id, &ranges));
        assert_eq!((ranges, records.len()), (vec![], 0), "what retention took is nobody's");
    });
}

#[test]
fn a_spot_keeps_no_file_open() {
    bench(|bench| async move {
        let id = queue(&bench, 1).await;
        let mut placed = scanned(&bench, &id);
        let Region::File(region) = &mut placed[0].region else { panic!("it lies in a file") };
        region.file = Arc::new(region.file.try_clone().expect("one more handle"));
        let file = Arc::downgrade(&region.file);
        let spots = Spots::default();
        spots.put(&id, &placed);
        drop(placed);
        assert!(file.upgrade().is_none());
    });
}

#[test]
fn at_the_limit_everything_else_is_forgotten() {
    bench(|bench| async move {
        let id = queue(&bench, 2).await;
        let placed = scanned(&bench, &id);
        let spots = Spots::default();
        for number in 0..SPOTS_MAX / 2 {
            spots.put(&Id { group: number.to_string().into(), partition: id.partition }, &placed);
        }
        assert_eq!(spots.count(), SPOTS_MAX);
        spots.put(&id, &placed);
        assert_eq!(spots.count(), 2);
        let ranges = [range(0, 3)];
        let looked_up = located(&bench, &id, &ranges, Known::default());
        assert_eq!(located(&bench, &id, &ranges, spots.take(&id, &ranges)), looked_up);
    });
}
