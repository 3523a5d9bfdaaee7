//! What is fed to the machine, and where acquired records are found.

use super::*;
use crate::testing::{Bench, bench};
use ottla_base::{PartitionIndex, ProducerEpoch, Timestamp};
use ottla_storage::{Append, TransactionEnd, TransactionVersion};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Header, Marker, MarkerKind};

fn partition(bench: &Bench) -> PartitionId {
    let topic = bench.broker.image.topic("t").expect("it was created").id;
    PartitionId { topic, index: PartitionIndex(0) }
}

async fn write(bench: &Bench, producer: Option<i64>, sequence: i32, records: usize) {
    write_with(bench, producer, sequence, &vec![None; records]).await;
}

/// One batch of records, each requeued for the group that is named.
async fn write_with(bench: &Bench, producer: Option<i64>, sequence: i32, groups: &[Option<&'static str>]) {
    let scope = if producer.is_some() { BatchScope::Transactional } else { BatchScope::Plain };
    let options = match producer {
        None => BatchOptions::default(),
        Some(producer) => BatchOptions {
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            base_sequence: sequence,
            scope,
            ..BatchOptions::default()
        },
    };
    let mut builder = BatchBuilder::new(options);
    for group in groups {
        let headers: Vec<_> = group.iter().map(|group| Header::new("ottla-requeued-for", *group)).collect();
        builder.append(Timestamp(1_000), None, Some(b"v"), &headers).expect("a small record fits");
    }
    let append = Append { id: partition(bench), batch: builder.build() };
    bench.broker.log.append(vec![append]).await.remove(0).expect("it is the next");
}

async fn end(bench: &Bench, producer: i64, kind: MarkerKind) {
    let end = TransactionEnd {
        producer: ProducerId(producer),
        epoch: ProducerEpoch(0),
        marker: Marker { kind, coordinator_epoch: 0 },
        version: TransactionVersion::V1,
    };
    let ends = vec![(partition(bench), end)];
    bench.broker.log.append_markers(ends).await.remove(0).expect("it is open");
}

fn scanned(bench: &Bench, isolation: Isolation, from: i64, records_max: i64) -> Option<Scanned> {
    scan_as(bench, &Config::default(), isolation, Feed { from: Offset(from), records_max })
}

fn scan_as(bench: &Bench, config: &Config, isolation: Isolation, feed: Feed) -> Option<Scanned> {
    let reader = Reader { group: "g", config, isolation };
    scan(&bench.broker.log, partition(bench), reader, feed)
        .expect("it is readable")
        .map(|found| found.scanned)
}

/// Where it ended, and the batches.
fn shape(scanned: Option<Scanned>) -> Option<(i64, Vec<(i64, i64)>)> {
    let batches = |scanned: &Scanned| scanned.batches.iter().map(|b| (b.first.0, b.last.0)).collect();
    scanned.map(|scanned| (scanned.to.0, batches(&scanned)))
}

/// 0–1 plain | 2 aborted, 3–4 committed, 5 aborted, 6 abort, 7 commit | 8 open | 9 plain.
async fn mixed(bench: &Bench) {
    bench.create_topic("t", 1).await;
    write(bench, None, 0, 2).await;
    write(bench, Some(1), 0, 1).await;
    write(bench, Some(2), 0, 2).await;
    write(bench, Some(1), 1, 1).await;
    end(bench, 1, MarkerKind::Abort).await;
    end(bench, 2, MarkerKind::Commit).await;
    write(bench, Some(1), 2, 1).await;
    write(bench, None, 0, 1).await;
}

#[test]
fn aborted_records_and_markers_are_left_out_of_what_is_committed() {
    bench(|bench| async move {
        mixed(&bench).await;
        let committed = shape(scanned(&bench, Isolation::ReadCommitted, 0, 100));
        assert_eq!(committed, Some((8, vec![(0, 1), (3, 4)])), "up to the transaction that is open");
        let all = shape(scanned(&bench, Isolation::ReadUncommitted, 0, 100));
        assert_eq!(all, Some((10, vec![(0, 1), (2, 2), (3, 4), (5, 5), (8, 8), (9, 9)])));
        end(&bench, 1, MarkerKind::Commit).await;
        let rest = shape(scanned(&bench, Isolation::ReadCommitted, 3, 100));
        assert_eq!(rest, Some((11, vec![(3, 4), (8, 8), (9, 9)])), "also from within a transaction");
    });
}

#[test]
fn a_scan_stops_before_the_batch_that_is_too_far() {
    bench(|bench| async move {
        mixed(&bench).await;
        let some = |records_max| shape(scanned(&bench, Isolation::ReadUncommitted, 0, records_max));
        assert_eq!(some(1), Some((2, vec![(0, 1)])));
        assert_eq!(some(4), Some((5, vec![(0, 1), (2, 2), (3, 4)])));
        assert_eq!(shape(scanned(&bench, Isolation::ReadUncommitted, 10, 5)), None, "there is no more");
        assert_eq!(shape(scanned(&bench, Isolation::ReadUncommitted, 99, 5)), None, "nor there");
        assert_eq!(shape(scanned(&bench, Isolation::ReadUncommitted, 1, 1)), Some((2, vec![(0, 1)])));
    });
}

#[test]
fn records_are_looked_at_where_the_settings_ask_and_left_as_they_are_if_they_cannot_be() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let headers = [Header::new("ottla-priority", "9")];
        let options =
            BatchOptions { compression: ottla_wire::record::Compression::Gzip, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options);
        builder.append(Timestamp(5), None, None, &headers).expect("it fits");
        builder.append(Timestamp(5), None, None, &[]).expect("it fits");
        let good = builder.build();
        let mut bad = good.to_vec();
        let last = bad.len() - 9;
        bad[last..].fill(0);
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &bad[21..]);
        bad[17..21].copy_from_slice(&u32::try_from(crc).expect("32 bits").to_be_bytes());
        let appends = [good, bad.into()].map(|batch| Append { id: partition(&bench), batch });
        for appended in bench.broker.log.append(appends.into()).await {
            appended.expect("what is packed is not looked at");
        }
        let config = Config { priority: true, ..Config::default() };
        let feed = Feed { from: Offset(0), records_max: 10 };
        let found = scan_as(&bench, &config, Isolation::ReadUncommitted, feed);
        let batches = found.expect("there is something").batches;
        let priorities = |batch: &ScannedBatch| {
            let records = batch.records.as_ref()?;
            Some(records.iter().map(|(offset, facts)| (offset.0, facts.priority)).collect::<Vec<_>>())
        };
        assert_eq!(priorities(&batches[0]), Some(vec![(0, 9), (1, 4)]));
        assert_eq!(priorities(&batches[1]), None, "its consumers will see");
    });
}

/// 0 for another group, 1 for this one, 2 for nobody in particular, 3 commit | 4 no transaction | 5–6 not alone, 7 commit
#[test]
fn records_that_were_requeued_for_another_group_are_left_out() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        for (sequence, group) in [Some("h"), Some("g"), None].into_iter().enumerate() {
            write_with(&bench, Some(1), i32::try_from(sequence).expect("3 records"), &[group]).await;
        }
        end(&bench, 1, MarkerKind::Commit).await;
        write_with(&bench, None, 0, &[Some("h")]).await;
        write_with(&bench, Some(2), 0, &[Some("h"), Some("h")]).await;
        end(&bench, 2, MarkerKind::Commit).await;
        let configs = [Config::default(), Config { priority: true, ..Config::default() }];
        for (config, isolation) in configs
            .iter()
            .flat_map(|config| [Isolation::ReadCommitted, Isolation::ReadUncommitted].map(|it| (config, it)))
        {
            let found = scan_as(&bench, config, isolation, Feed { from: Offset(0), records_max: 100 });
            assert_eq!(shape(found), Some((8, vec![(1, 1), (2, 2), (4, 4), (5, 6)])));
        }
    });
}

#[test]
fn scattered_ranges_are_located_as_whole_batches_each_once() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        for _ in 0..5 {
            write(&bench, None, 0, 2).await;
        }
        let range = |first, last| Range { first: Offset(first), last: Offset(last), delivery_count: 1 };
        let located = |ranges| {
            let (found, records) = locate(&bench.broker.log, partition(&bench), ranges, Known::default())
                .expect("it is readable");
            let batches = walk(&records).map(|placed| placed.expect("whole batches").header.base_offset.0);
            (found.len(), batches.collect::<Vec<_>>(), records.0.iter().count())
        };
        assert_eq!(located(vec![range(0, 9)]), (1, vec![0, 2, 4, 6, 8], 1), "one region of the file");
        assert_eq!(located(vec![range(1, 1), range(3, 3), range(8, 9)]), (3, vec![0, 2, 8], 2));
        assert_eq!(located(vec![range(2, 2), range(3, 3)]), (2, vec![2], 1), "of one batch");
        bench.broker.log.trim(partition(&bench), Offset(4)).expect("it can be trimmed");
        assert_eq!(located(vec![range(0, 1), range(5, 5)]), (1, vec![4], 1), "what is gone is left out");
    });
}
