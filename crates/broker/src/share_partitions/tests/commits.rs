//! When what share-partitions write is committed.

use crate::environment::SystemEnv;
use crate::share_partitions::{SharePartitions, id};
use ottla_base::{Env, Offset, PartitionId};
use ottla_coordinator::share_partition::{Command, Open, Reply};
use ottla_storage::disk::system;
use ottla_storage::{Database, LogOptions, Syncs, Work};
use std::sync::Arc;

/// Many members acknowledge at the same time, and a commit for each would cost more than all that they ask.
#[tokio::test]
async fn what_is_ready_to_be_decided_shares_a_commit() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let options =
        LogOptions { work: Work::Driven, disk: system(Syncs::Skipped), ..LogOptions::new(dir.path()) };
    let env: Arc<dyn Env> = Arc::new(SystemEnv::new());
    let (meta, journal) = Database::open(&options, env.as_ref()).expect("an empty directory can be opened");
    let partitions = Arc::new(SharePartitions::open(&journal, &env).expect("there is nothing"));
    let open = move |group: &'static str| {
        let id = id(&group.into(), PartitionId::default());
        partitions.ask(group, |ticket| Command::Open(Open { ticket, id, start: Offset::ZERO }))
    };
    // What the writer, which only works when it is told to, was called for.
    let has = move |what: &str| assert!(format!("{journal:?}").contains(what), "{what}: {journal:?}");

    let first = open("a");
    has("1 jobs, called: false");
    // Runs behind what waits for the commit of the first.
    let second = tokio::spawn(async move {
        let second = open("b");
        has("2 jobs, called: false");
        (second, has)
    });
    let (second, has) = second.await.expect("it asserts nothing wrong");
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    has("2 jobs, called: true");
    assert!(meta.commit_waiting());
    assert!(!meta.commit_waiting(), "it was one commit");
    for opened in [first, second] {
        assert!(matches!(opened.await, Ok(Reply::Opened { .. })));
    }
}
