//! What lies in the directory, and who may move there.

use super::*;
use crate::testing::{Bench, bench, bench_in};
use ottla_base::{PartitionId, Timestamp};
use ottla_storage::Append;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::AlterReplicaLogDirsRequest;
use ottla_wire::message::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use ottla_wire::record::{BatchBuilder, BatchOptions};

/// Appends a batch and returns its bytes.
async fn fill(bench: &Bench, topic: &str, index: i32) -> i64 {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(0), Some(b"k"), Some(b"a value"), &[]).expect("a small record fits");
    let batch = builder.build();
    let bytes = signed(batch.len() as u64);
    let id: PartitionId =
        bench.broker.image.topic(topic).and_then(|it| it.partition(index)).expect("created");
    bench.broker.log.append(vec![Append { id, batch }]).await.remove(0).expect("it fits");
    bytes
}

async fn described(bench: &Bench, topics: Option<&[(&str, &[i32])]>, version: i16) -> DescribeLogDirsResult {
    let asked = |(topic, partitions): &(&str, &[i32])| DescribableLogDirTopic {
        topic: (*topic).into(),
        partitions: partitions.to_vec(),
    };
    let topics = topics.map(|topics| topics.iter().map(asked).collect());
    let mut answer = bench.call(&DescribeLogDirsRequest { topics }, version).await;
    assert_eq!((answer.error_code, answer.results.len()), (ErrorCode::NONE, 1), "v{version}");
    let directory = answer.results.remove(0);
    assert_eq!((directory.error_code, directory.is_cordoned), (ErrorCode::NONE, false));
    directory
}

/// Topic, partition, size of each.
fn sizes(directory: &DescribeLogDirsResult) -> Vec<(&str, i32, i64)> {
    let all = directory.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|one| (topic.name.as_str(), one.partition_index, one.partition_size))
    });
    all.collect()
}

#[test]
fn the_sizes_are_those_of_the_batches_in_every_version() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let ours = dir.path().to_str().expect("text").to_owned();
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("b", 2).await;
        bench.create_topic("a", 1).await;
        let bytes = fill(&bench, "b", 1).await;
        fill(&bench, "b", 1).await;
        let all = [("a", 0, 0), ("b", 0, 0), ("b", 1, 2 * bytes)];
        for version in VERSIONS {
            let directory = described(&bench, None, version).await;
            assert_eq!(sizes(&directory), all, "v{version}");
            assert_eq!(directory.log_dir, ours);
            let volume = (directory.total_bytes, directory.usable_bytes);
            match version {
                ..=3 => assert_eq!(volume, (UNKNOWN, UNKNOWN)),
                _ => assert!(0 < volume.1 && volume.1 <= volume.0, "{volume:?}"),
            }
        }
    });
}

#[test]
fn what_is_not_there_is_left_out() {
    bench(|bench| async move {
        bench.create_topic("t", 2).await;
        let asked: &[(&str, &[i32])] = &[("nowhere", &[0]), ("t", &[1, 7, -1, 1]), ("t", &[1])];
        assert_eq!(sizes(&described(&bench, Some(asked), 5).await), [("t", 1, 0)]);
        assert_eq!(sizes(&described(&bench, Some(&[("t", &[9])]), 5).await), []);
        assert_eq!(sizes(&described(&bench, Some(&[]), 5).await), []);
    });
}

#[test]
fn a_partition_may_be_where_it_is_and_nowhere_else() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let ours = path(&bench.broker);
        for version in 1..=2 {
            let moved = |path: &str, name: &'static str, partitions: &[i32]| {
                let topics =
                    vec![AlterReplicaLogDirTopic { name: name.into(), partitions: partitions.to_vec() }];
                AlterReplicaLogDir { path: path.into(), topics }
            };
            let dirs = vec![
                moved(&ours, "t", &[0, 5]),
                moved(&ours, "nowhere", &[0]),
                moved("/elsewhere", "gone", &[0]),
                moved("/elsewhere", "t", &[5]),
            ];
            let answer = bench.call(&AlterReplicaLogDirsRequest { dirs }, version).await;
            let codes: Vec<_> = answer
                .results
                .iter()
                .flat_map(|topic| topic.partitions.iter().map(|one| (&*topic.topic_name, one.error_code)))
                .collect();
            let expected = [
                ("gone", ErrorCode::LOG_DIR_NOT_FOUND),
                ("nowhere", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                ("t", ErrorCode::NONE),
                ("t", ErrorCode::LOG_DIR_NOT_FOUND),
            ];
            assert_eq!(codes, expected, "v{version}");
        }
    });
}
