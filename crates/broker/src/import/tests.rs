//! Kafka's own records, made by hand from their published fields; a real Kafka is asked by `cargo xtask conformance`.

use super::fields::Fields;
use super::groups::Groups;
use super::transactions::Transactions;
use super::*;
use crate::groups::shard_of;
use bytes::Bytes;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use ottla_coordinator::Machine;
use ottla_storage::{Database, LogOptions};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Marker, MarkerKind};

/// A directory of Kafka, written log by log.
struct Kafka(tempfile::TempDir);

type Pair = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Kafka {
    fn new() -> Self {
        let kafka = Self(tempfile::tempdir().unwrap());
        std::fs::write(kafka.path().join(".kafka_cleanshutdown"), "{}").unwrap();
        std::fs::write(kafka.path().join(".lock"), "").unwrap();
        kafka
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn plan(&self) -> Result<Plan, ImportError> {
        Plan::read(&[self.path().to_owned()], Unclean::Refuse)
    }

    /// A partition whose log is these batches.
    fn log(&self, name: &str, topic: u128, batches: &[Bytes]) {
        let directory = self.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("00000000000000000000.log"), batches.concat()).unwrap();
        std::fs::write(directory.join("leader-epoch-checkpoint"), "0\n1\n0 0\n").unwrap();
        let id = ottla_storage::base64::encode(uuid::Uuid::from_u128(topic));
        std::fs::write(directory.join("partition.metadata"), format!("version: 0\ntopic_id: {id}\n"))
            .unwrap();
    }

    fn metadata(&self, records: &[Vec<u8>]) {
        let pairs: Vec<Pair> = records.iter().map(|record| (None, Some(record.clone()))).collect();
        self.log("__cluster_metadata-0", 1, &[batch(0, &pairs)]);
    }
}

fn batch(base: i64, records: &[Pair]) -> Bytes {
    batch_in(BatchOptions { base_offset: Offset(base), ..BatchOptions::default() }, records)
}

fn batch_in(options: BatchOptions, records: &[Pair]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for (key, value) in records {
        builder.append(Timestamp(5), key.as_deref(), value.as_deref(), &[]).unwrap();
    }
    builder.build()
}

/// A batch of producer 9's transaction.
fn inside(base: i64, records: &[Pair]) -> Bytes {
    let options = BatchOptions {
        base_offset: Offset(base),
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(0),
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    batch_in(options, records)
}

fn marker(base: i64, kind: MarkerKind) -> Bytes {
    let mut bytes =
        Marker { kind, coordinator_epoch: 0 }.batch(ProducerId(9), ProducerEpoch(0), Timestamp(6)).to_vec();
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes.into()
}

/// Text of a flexible version, shorter than 127 bytes.
fn compact(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len() + 1).unwrap()];
    bytes.extend(text.as_bytes());
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = i16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

fn meta(key: u8, fields: &[&[u8]]) -> Vec<u8> {
    [&[1, key, 0], fields.concat().as_slice(), &[0]].concat()
}

fn topic(name: &str, id: u128) -> Vec<u8> {
    meta(2, &[&compact(name), &id.to_be_bytes()])
}

fn partition(id: u128, index: i32) -> Vec<u8> {
    meta(3, &[&index.to_be_bytes(), &id.to_be_bytes(), &[1; 5]])
}

fn setting(topic: &str, name: &str, value: Option<&str>) -> Vec<u8> {
    meta(4, &[&[2], &compact(topic), &compact(name), &value.map_or(vec![0], compact)])
}

fn offset_key(group: &str, topic: &str, partition: i32) -> Option<Vec<u8>> {
    Some([&[0, 1], text(group).as_slice(), &text(topic), &partition.to_be_bytes()].concat())
}

/// Version 3.
fn offset_value(offset: i64) -> Option<Vec<u8>> {
    let (epoch, at) = (7_i32.to_be_bytes(), 1000_i64.to_be_bytes());
    Some([&[0, 3], offset.to_be_bytes().as_slice(), &epoch, &text("m"), &at].concat())
}

/// Version 4, with the id of a topic.
fn offset_value_of(offset: i64, topic: u128) -> Option<Vec<u8>> {
    let (epoch, at) = (7_i32.to_be_bytes(), 1000_i64.to_be_bytes());
    let tagged = [&[1, 0, 16], topic.to_be_bytes().as_slice()].concat();
    Some([&[0, 4], offset.to_be_bytes().as_slice(), &epoch, &compact(""), &at, &tagged].concat())
}

fn transaction(epoch: i16, status: u8) -> Vec<u8> {
    let partitions = [vec![2], compact("t"), vec![3], vec![0; 8], vec![0]].concat();
    let ends = [vec![0; 16], vec![1, 2, 2, 0, 2]].concat();
    let head =
        [9_i64.to_be_bytes().as_slice(), &epoch.to_be_bytes(), &60_000_i32.to_be_bytes(), &[status]].concat();
    [&[0, 1], head.as_slice(), &partitions, &ends].concat()
}

/// A cluster with the topic `t` of one partition with two records.
fn small() -> Kafka {
    let kafka = Kafka::new();
    kafka.metadata(&[
        topic("gone", 3),
        partition(3, 0),
        topic("t", 2),
        partition(2, 0),
        setting("t", "retention.ms", Some("5")),
        setting("t", "max.message.bytes", Some("5")),
        setting("t", "max.message.bytes", None),
        setting("t", "follower.replication.throttled.replicas", Some("nonsense")),
        meta(9, &[&3_u128.to_be_bytes()]),
        meta(23, &[]),
        topic("never", 4),
        meta(25, &[]),
        meta(23, &[]),
        topic("u", 5),
        partition(5, 0),
        meta(24, &[]),
        meta(15, &[&1_i32.to_be_bytes(), &1_i64.to_be_bytes(), &5000_i64.to_be_bytes()]),
        meta(18, &[]),
    ]);
    kafka.log("t-0", 2, &[batch(0, &[(None, Some(b"a".to_vec())), (None, Some(b"b".to_vec()))])]);
    kafka.log("u-0", 5, &[]);
    kafka
}

#[test]
fn topics_are_those_that_are_left_at_the_end() {
    let plan = small().plan().unwrap();
    let topics: Vec<_> = plan.topics().map(|topic| (topic.name.as_str(), topic.partitions)).collect();
    assert_eq!(topics, [("t", 1), ("u", 1)]);
    assert_eq!(plan.topics().next().unwrap().configs["retention.ms"], "5");
    assert!(!plan.topics().next().unwrap().configs.contains_key("max.message.bytes"));
    assert_eq!(plan.next_producer_id, 5000);
    assert!(plan.left().iter().any(|left| left.contains("access control lists")), "{:?}", plan.left());
}

#[test]
fn what_is_not_whole_is_refused() {
    let kafka = small();
    std::fs::remove_file(kafka.path().join(".kafka_cleanshutdown")).unwrap();
    assert!(matches!(kafka.plan(), Err(ImportError::Unclean(_))));
    assert!(Plan::read(&[kafka.path().to_owned()], Unclean::Take).is_ok());

    let kafka = small();
    std::fs::remove_dir_all(kafka.path().join("t-0")).unwrap();
    let Err(ImportError::Missing { count: 1, first }) = kafka.plan() else { panic!("it is missing") };
    assert_eq!(first, "t-0");

    let kafka = Kafka::new();
    assert!(matches!(kafka.plan(), Err(ImportError::NotKafka { .. })));
    kafka.metadata(&[vec![7, 7, 7]]);
    assert!(matches!(kafka.plan(), Err(ImportError::Unreadable { offset: 0, .. })));
}

#[test]
fn positions_are_the_newest_that_were_committed() {
    let kafka = small();
    let batches = [
        batch(
            0,
            &[
                (offset_key("g", "t", 0), offset_value(1)),
                (offset_key("h", "t", 0), offset_value(1)),
                (offset_key("g", "gone", 0), offset_value(1)),
                (offset_key("again", "t", 0), offset_value_of(4, 77)),
                (offset_key("known", "t", 0), offset_value_of(4, 2)),
            ],
        ),
        batch(5, &[(offset_key("h", "t", 0), None), (offset_key("g", "t", 0), offset_value(2))]),
        inside(7, &[(offset_key("g", "t", 0), offset_value(50))]),
        marker(8, MarkerKind::Abort),
        inside(9, &[(offset_key("tx", "t", 0), offset_value(3))]),
        marker(10, MarkerKind::Commit),
        inside(11, &[(offset_key("tx", "t", 0), offset_value(60))]),
    ];
    kafka.log("__consumer_offsets-7", 8, &batches);
    let plan = kafka.plan().unwrap();
    let rows = plan.groups.rows().filter_map(|(group, row)| match row {
        ottla_coordinator::group::Record::Offset { committed, .. } => {
            Some((group.to_owned(), committed?.offset.0))
        }
        _ => None,
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows, [("g".to_owned(), 2), ("known".to_owned(), 4), ("tx".to_owned(), 3)]);
    assert!(plan.left().iter().any(|left| left.starts_with("2 committed offset(s)")), "{:?}", plan.left());
}

#[test]
fn transactional_ids_come_to_rest() {
    let kafka = small();
    let key = |id: &str| Some([&[0, 0], text(id).as_slice()].concat());
    let all = [("rest", 3, 4), ("open", 3, 1), ("used-up", i16::MAX - 1, 5), ("dead", 3, 6)];
    let records: Vec<Pair> =
        all.iter().map(|(id, epoch, status)| (key(id), Some(transaction(*epoch, *status)))).collect();
    kafka.log("__transaction_state-0", 8, &[batch(0, &records)]);
    let plan = kafka.plan().unwrap();
    let rows: Vec<_> = plan.transactions.rows().map(|(id, row)| format!("{id} {row:?}")).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("open") && rows[0].contains("epoch: ProducerEpoch(4)"), "{rows:?}");
    assert!(rows[1].starts_with("rest") && rows[1].contains("epoch: ProducerEpoch(3)"), "{rows:?}");
    assert!(rows[1].contains("version: Two") && rows[1].contains("timeout_ms: 60000"), "{rows:?}");

    let kafka = small();
    kafka.log("__transaction_state-0", 8, &[batch(0, &[(key("half"), Some(transaction(3, 2)))])]);
    assert!(matches!(kafka.plan(), Err(ImportError::HalfEnded(id)) if id == "half"));
}

#[tokio::test]
async fn the_target_is_whole_or_not_there() {
    let kafka = small();
    kafka.log("__consumer_offsets-7", 8, &[batch(0, &[(offset_key("g", "t", 0), offset_value(1))])]);
    let parent = tempfile::tempdir().unwrap();
    let target = parent.path().join("data");
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("x"), "").unwrap();
    let plan = kafka.plan().unwrap();
    let refused = plan.carry_out(&target, How::Copy, &mut |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Target(_))));
    std::fs::remove_file(target.join("x")).unwrap();

    let imported = plan.carry_out(&target, How::Link, &mut |_| {}).await.unwrap();
    assert_eq!(imported.partitions.iter().map(|found| found.end.0).collect::<Vec<_>>(), [2, 0]);
    let left: Vec<_> = std::fs::read_dir(parent.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
    let env = crate::environment::SystemEnv::new();
    let (meta, journal) = Database::open(&LogOptions::new(&target), &env).unwrap();
    let topic = meta.topic("t").unwrap();
    assert_eq!((topic.id, topic.partitions), (TopicId(uuid::Uuid::from_u128(2)), 1));
    assert_eq!(meta.allocate_producer_ids(1).await.unwrap(), ProducerId(5000));
    let rows = journal.load(u32::try_from(shard_of("g")).unwrap()).unwrap();
    assert_eq!(rows.len(), 2);
    for (key, value) in rows {
        ottla_coordinator::group::Groups::decode(&key, &value).unwrap();
    }
}

#[tokio::test]
async fn damage_is_no_import() {
    let kafka = small();
    let log = kafka.path().join("t-0/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let whole = bytes.clone();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    bytes.extend(&whole);
    std::fs::write(&log, bytes).unwrap();
    let target = kafka.path().join("../target-of-damage");
    let refused = kafka.plan().unwrap().carry_out(&target, How::Copy, &mut |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Data(OpenError::Damaged { .. }))));
    assert!(!target.exists());
    std::fs::remove_dir_all(target.with_file_name("target-of-damage.importing")).unwrap();
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    let mut bytes = Vec::new();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.push(u8::try_from(state >> 56).unwrap() & if state & 1 == 0 { 0xff } else { 3 });
        let from = bytes.len().saturating_sub(60);
        let (key, value) = bytes[from..].split_at((bytes.len() - from) / 2);
        let mut groups = Groups::default();
        let _ = groups.take(&mut Fields(key), Some(value));
        let _ = Transactions::understands(value);
        let mut fields = Fields(value);
        let _ = (fields.varint(), fields.compact_text(), fields.tagged());
    }
}
