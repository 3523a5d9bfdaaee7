//! The database as its two faces show it, and what becomes of it over restarts.

use super::*;
use crate::error::{JournalError, MetaError};
use crate::journal::Change;
use crate::log::tests::disk::Faults;
use crate::meta::TopicRecord;
use crate::settings::{Syncs, Work};
use ottla_base::{BrokerId, Now, ProducerId, Timestamp, TopicId, TopicName};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// Chance that counts up; there is no clock.
struct Counting(std::sync::atomic::AtomicU64);

impl Env for Counting {
    fn now(&self) -> Now {
        Now::default()
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
    }
}

fn options(dir: &Path) -> LogOptions {
    LogOptions { disk: disk::system(Syncs::Skipped), ..LogOptions::new(dir) }
}

fn open(dir: &Path) -> (Meta, Journal) {
    let env = Counting(1.into());
    Database::open(&options(dir), &env).unwrap()
}

fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

fn topic(name: &str, id: u128) -> TopicRecord {
    TopicRecord {
        name: TopicName::parse(name).unwrap(),
        id: TopicId(uuid::Uuid::from_u128(id)),
        partitions: 3,
        replication_factor: -1,
        created: Timestamp(77),
        configs: BTreeMap::from([("retention.ms".to_owned(), "5".to_owned())]),
    }
}

fn set(key: &str, value: &str) -> Change {
    Change { key: key.into(), value: Some(value.into()) }
}

#[test]
fn topics_and_their_configs_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let id = topic("a", 1).id;
    wait(meta.create_topic(topic("a", 1))).unwrap();
    wait(meta.create_topic(topic("b", 2))).unwrap();
    wait(meta.set_partitions(id, 5)).unwrap();
    let changes = vec![("retention.ms".to_owned(), None), ("x".to_owned(), Some("y".to_owned()))];
    wait(meta.alter_configs(id, changes)).unwrap();
    wait(meta.delete_topic(topic("b", 2).id)).unwrap();
    let cluster_id = meta.cluster_id();
    assert_eq!(cluster_id.len(), 22);
    let mut expected = topic("a", 1);
    expected.partitions = 5;
    expected.configs = BTreeMap::from([("x".to_owned(), "y".to_owned())]);
    let check = |meta: &Meta| {
        assert_eq!(meta.topics(), [Arc::new(expected.clone())]);
        assert_eq!(meta.topic("a"), meta.topic_by_id(id));
        assert_eq!(meta.topic("b"), None);
        assert_eq!(meta.cluster_id(), cluster_id);
    };
    check(&meta);
    drop((meta, journal));
    check(&open(dir.path()).0);
}

#[test]
fn changes_are_counted_over_restarts_and_refusals_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    assert_eq!(meta.changes(), 0);
    wait(meta.create_topic(topic("a", 1))).unwrap();
    wait(meta.create_topic(topic("a", 2))).unwrap_err();
    wait(meta.allocate_producer_ids(10)).unwrap();
    assert_eq!(meta.changes(), 2);
    drop((meta, journal));
    let (meta, journal) = open(dir.path());
    assert_eq!(meta.changes(), 2);
    wait(meta.delete_topic(topic("a", 1).id)).unwrap();
    drop((meta, journal));
    assert_eq!(open(dir.path()).0.changes(), 3);
}

#[test]
fn impossible_changes_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, _journal) = open(dir.path());
    let unknown = TopicId(uuid::Uuid::from_u128(9));
    wait(meta.create_topic(topic("a", 1))).unwrap();
    let exists = wait(meta.create_topic(topic("a", 2)));
    assert_eq!(exists, Err(MetaError::TopicExists(topic("a", 1).name)));
    let fewer = wait(meta.set_partitions(topic("a", 1).id, 3));
    assert_eq!(fewer, Err(MetaError::NotMore { current: 3, asked: 3 }));
    assert_eq!(wait(meta.delete_topic(unknown)), Err(MetaError::TopicNotFound(unknown)));
    assert_eq!(wait(meta.alter_configs(unknown, Vec::new())), Err(MetaError::TopicNotFound(unknown)));
    assert_eq!(meta.topics(), [Arc::new(topic("a", 1))]);
}

#[test]
fn broker_configs_are_kept_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let one = |value: &str| vec![("k".to_owned(), Some(value.to_owned()))];
    wait(meta.alter_broker_configs(None, one("all"))).unwrap();
    wait(meta.alter_broker_configs(Some(BrokerId(1)), one("first"))).unwrap();
    wait(meta.alter_broker_configs(Some(BrokerId(11)), one("eleventh"))).unwrap();
    wait(meta.alter_broker_configs(Some(BrokerId(11)), vec![("k".to_owned(), None)])).unwrap();
    drop((meta, journal));
    let (meta, _journal) = open(dir.path());
    let configs = |broker| meta.broker_configs(broker).into_values().collect::<Vec<_>>();
    assert_eq!(configs(None), ["all"]);
    assert_eq!(configs(Some(BrokerId(1))), ["first"]);
    assert_eq!(configs(Some(BrokerId(11))), [""; 0]);
}

#[test]
fn group_configs_are_kept_apart_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let set = |name: &str, value: &str| vec![(name.to_owned(), Some(value.to_owned()))];
    wait(meta.alter_group_configs("g", set("queue.paused", "true"))).unwrap();
    wait(meta.alter_group_configs("a/b\0c/", set("queue.order", "key"))).unwrap();
    wait(meta.alter_group_configs("gone", set("queue.order", "key"))).unwrap();
    wait(meta.alter_group_configs("gone", vec![("queue.order".to_owned(), None)])).unwrap();
    let expected = [("a/b\0c/", "queue.order", "key"), ("g", "queue.paused", "true")];
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(group, name, value)| (group.to_owned(), BTreeMap::from([(name.to_owned(), value.to_owned())])))
        .collect();
    assert_eq!(meta.group_configs(), expected);
    drop((meta, journal));
    assert_eq!(open(dir.path()).0.group_configs(), expected);
}

/// Databases that were made before groups had configs lack the table.
#[test]
fn a_database_without_group_configs_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let database = redb::Database::open(dir.path().join(FILE_NAME)).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.delete_table(GROUP_CONFIGS).unwrap());
    transaction.commit().unwrap();
    drop(database);
    let (meta, _journal) = open(dir.path());
    assert_eq!(meta.group_configs(), BTreeMap::new());
    wait(meta.alter_group_configs("g", vec![("a".to_owned(), Some("b".to_owned()))])).unwrap();
    assert_eq!(meta.group_configs().len(), 1);
}

#[test]
fn producer_ids_are_given_once() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    assert_eq!(wait(meta.allocate_producer_ids(1000)), Ok(ProducerId(0)));
    assert_eq!(wait(meta.allocate_producer_ids(10)), Ok(ProducerId(1000)));
    drop((meta, journal));
    assert_eq!(wait(open(dir.path()).0.allocate_producer_ids(1)), Ok(ProducerId(1010)));
}

#[test]
fn a_shard_is_loaded_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    wait(journal.append(1, 0, vec![set("b", "1"), set("a", "2"), set("c", "3")])).unwrap();
    wait(journal.append(1, 0, vec![set("a", "4"), Change { key: b"c".to_vec(), value: None }])).unwrap();
    wait(journal.append(2, 0, vec![set("", "other shard")])).unwrap();
    let expected = [("a", "4"), ("b", "1")].map(|(key, value)| (key.into(), value.into()));
    assert_eq!(journal.load(1).unwrap(), expected);
    drop((meta, journal));
    let (_meta, journal) = open(dir.path());
    assert_eq!(journal.load(1).unwrap(), expected);
    assert_eq!(journal.load(2).unwrap(), [(Vec::new(), b"other shard".to_vec())]);
    assert_eq!(journal.load(3).unwrap(), []);
    assert_eq!(journal.load(u32::MAX).unwrap(), []);
}

#[test]
fn a_former_owner_is_refused_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    wait(journal.append(1, 5, vec![set("k", "new owner")])).unwrap();
    let stale = Err(JournalError::StaleEpoch { shard: 1, current: 5, found: 4 });
    assert_eq!(wait(journal.append(1, 4, vec![set("k", "old owner")])), stale);
    wait(journal.append(2, 4, vec![set("k", "another shard")])).unwrap();
    drop((meta, journal));
    let (_meta, journal) = open(dir.path());
    assert_eq!(wait(journal.append(1, 4, vec![set("k", "old owner")])), stale);
    assert_eq!(journal.load(1).unwrap(), [(b"k".to_vec(), b"new owner".to_vec())]);
}

/// Changes keep their order although many go into one transaction, and those of a dropped future are made.
#[test]
fn many_changes_at_once_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let futures: Vec<_> = (0..500).map(|n| journal.append(0, 0, vec![set("k", &n.to_string())])).collect();
    futures.into_iter().take(250).for_each(|future| wait(future).unwrap());
    let create = meta.create_topic(topic("a", 1));
    let clash = meta.create_topic(topic("a", 2));
    assert!(wait(clash).is_err());
    wait(create).unwrap();
    assert_eq!(journal.load(0).unwrap(), [(b"k".to_vec(), b"499".to_vec())]);
}

#[test]
fn a_database_in_use_or_damaged_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let again = || Database::open(&options(dir.path()), &Counting(1.into())).err().unwrap();
    assert!(matches!(again(), OpenError::InUse { .. }));
    drop((meta, journal));
    std::fs::write(dir.path().join(FILE_NAME), "this is no database, whatever its name says").unwrap();
    assert!(matches!(again(), OpenError::Damaged { .. }), "{}", again());
}

#[test]
fn an_interrupted_first_start_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("meta.redb.tmp"), "half a database").unwrap();
    let (meta, _journal) = open(dir.path());
    assert_eq!(meta.topics(), []);
    assert!(!dir.path().join("meta.redb.tmp").exists());
}

/// What a simulation relies on: nothing happens that was not asked for.
#[test]
fn a_driven_database_works_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let options = LogOptions { work: Work::Driven, ..options(dir.path()) };
    let (meta, journal) = Database::open(&options, &Counting(1.into())).unwrap();
    let (created, written) = (meta.create_topic(topic("a", 1)), journal.append(3, 0, vec![set("k", "v")]));
    assert_eq!(meta.topics(), []);
    assert!(meta.commit_waiting());
    assert!(!meta.commit_waiting());
    assert_eq!((wait(created), wait(written)), (Ok(()), Ok(())));
    assert_eq!(meta.topics().len(), 1);
    drop((meta, journal));
    assert_eq!(open(dir.path()).0.topics().len(), 1);
}

/// Whether the future is ready now.
fn is_done<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
}

#[test]
fn a_quiet_change_waits_for_a_call_or_for_another_one_and_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (meta, journal) = open(dir.path());
    let mut quiet = Box::pin(journal.append_quietly(1, 0, vec![set("a", "1")]));
    let mut more = Box::pin(journal.append_quietly(2, 0, vec![set("a", "2")]));
    // The writer does what it is called for in order: it has been idle since this one.
    drop(wait(journal.append(3, 0, vec![])));
    assert!(is_done(quiet.as_mut()) && is_done(more.as_mut()), "they go with the next one");

    let mut quiet = Box::pin(journal.append_quietly(1, 0, vec![set("b", "1")]));
    assert!(!is_done(quiet.as_mut()));
    journal.commit_soon();
    wait(quiet).unwrap();

    drop(journal.append_quietly(1, 0, vec![set("c", "1")]));
    drop((meta, journal));
    let (_meta, journal) = open(dir.path());
    assert_eq!(journal.load(1).unwrap().len(), 3, "what nobody called for is made durable at the end");
}

/// A full disk passes; a failed sync does not: what the kernel dropped, a second sync would only pretend to keep.
#[test]
fn only_a_full_disk_is_got_over() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let options = LogOptions { disk: faults.clone(), ..options(dir.path()) };
    let (meta, journal) = Database::open(&options, &Counting(1.into())).unwrap();
    wait(meta.create_topic(topic("a", 1))).unwrap();

    *faults.bytes_left.lock() = Some(10);
    let refused = wait(meta.create_topic(topic("b", 2))).unwrap_err().to_string();
    assert!(refused.contains("disk is full"), "{refused}");
    assert_eq!(meta.topics().len(), 1, "readers see what is durable");
    assert!(wait(journal.append(1, 1, vec![set("k", "v")])).is_err());
    *faults.bytes_left.lock() = None;
    wait(meta.create_topic(topic("b", 2))).unwrap();
    wait(journal.append(1, 1, vec![set("k", "v")])).unwrap();
    assert_eq!(meta.topics().len(), 2);

    faults.syncs_fail.store(true, Ordering::SeqCst);
    assert!(wait(meta.create_topic(topic("c", 3))).is_err());
    faults.syncs_fail.store(false, Ordering::SeqCst);
    let refused = wait(meta.create_topic(topic("c", 3))).unwrap_err().to_string();
    assert!(!refused.contains("disk is full"), "{refused}");
    drop((meta, journal));
    let (meta, journal) = Database::open(&options, &Counting(1.into())).unwrap();
    assert!((2..=3).contains(&meta.topics().len()));
    assert_eq!(journal.load(1).unwrap().len(), 1);
}

/// Regression, found by the simulator: after a sync that failed and a restart, the database believed what only the page
/// cache still held and built upon it; the next power cut left a file that nobody could open.
#[test]
fn a_start_reads_the_database_from_stable_storage() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let options = LogOptions { disk: faults.clone(), ..options(dir.path()) };
    drop(Database::open(&options, &Counting(1.into())).unwrap());
    assert!(faults.forgotten.lock().is_empty());
    // Nor is the failure told to this process's syncs, where nobody has heard of it yet.
    faults.older_failures_of_files.store(1, Ordering::SeqCst);
    drop(Database::open(&options, &Counting(1.into())).unwrap());
    let path = dir.path().canonicalize().unwrap().join(FILE_NAME);
    assert_eq!(*faults.forgotten.lock(), [path]);
}
