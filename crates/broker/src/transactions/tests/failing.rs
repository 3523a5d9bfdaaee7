//! A partition whose disk fails holds up its own transaction, and no other.

use super::*;
use crate::testing::{bench_in, bench_on};
use ottla_storage::Syncs;
use ottla_storage::disk::{self, Disk, Metadata, Mode};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The system's files, of which those of topic `bad` cannot be written, or read, once a test says so.
#[derive(Debug)]
pub(super) struct Faulty {
    system: Arc<dyn Disk>,
    writes_fail: AtomicBool,
    reads_fail: AtomicBool,
    /// The bad files, by their number.
    bad: Mutex<BTreeSet<u64>>,
}

impl Faulty {
    pub(super) fn new() -> Arc<Self> {
        let (writes_fail, reads_fail) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self {
            system: disk::system(Syncs::Skipped),
            writes_fail,
            reads_fail,
            bad: Mutex::default(),
        })
    }

    pub(super) fn break_writes(&self) {
        self.writes_fail.store(true, Ordering::SeqCst);
    }

    pub(super) fn break_reads(&self) {
        self.reads_fail.store(true, Ordering::SeqCst);
    }

    fn check(&self, fails: &AtomicBool, file: &File) -> io::Result<()> {
        match fails.load(Ordering::SeqCst) && self.bad.lock().contains(&file.metadata()?.ino()) {
            true => Err(io::Error::other("the test has broken this file")),
            false => Ok(()),
        }
    }
}

impl Disk for Faulty {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<File> {
        let file = self.system.open(path, mode)?;
        if path.to_string_lossy().contains("bad-0") {
            self.bad.lock().insert(file.metadata()?.ino());
        }
        Ok(file)
    }

    fn write_all_at(&self, file: &File, slices: &mut [IoSlice], position: u64) -> io::Result<()> {
        self.check(&self.writes_fail, file)?;
        self.system.write_all_at(file, slices, position)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.system.create_dir(path)
    }

    fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        self.system.set_len(file, length)
    }

    fn read_exact_at(&self, file: &File, into: &mut [u8], position: u64) -> io::Result<()> {
        self.check(&self.reads_fail, file)?;
        self.system.read_exact_at(file, into, position)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.system.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.system.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.system.remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.system.list(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.system.metadata(path)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.system.sync_data(file)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.system.sync_directory(path)
    }

    fn sync_file_system(&self, file: &File) -> io::Result<()> {
        self.system.sync_file_system(file)
    }
}

#[test]
fn it_is_finished_when_the_disk_works_again() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let faulty = Faulty::new();
    let disk = Arc::clone(&faulty) as Arc<dyn Disk>;
    bench_on(dir.path(), disk, |bench| async move {
        bench.create_topic("bad", 1).await;
        bench.create_topic("good", 1).await;
        let mut held_up = Producer::new(&bench, "x").await;
        assert_eq!(held_up.write(&bench, TWO, "bad", "a").await.0, ErrorCode::NONE);
        held_up.sequence = 0;
        assert_eq!(held_up.write(&bench, TWO, "good", "b").await.0, ErrorCode::NONE);
        faulty.break_writes();
        let request = held_up.end_request(true);
        let mut end = pin!(bench.call(&request, 5));
        begin(end.as_mut()).await;
        // The marker that can be written is, and shows what it commits.
        assert_eq!(text(fetch(&bench, "good", 60_000).await), "b C | 2 of 2 | aborted");
        let mut other = Producer::new(&bench, "y").await;
        assert_eq!(other.write(&bench, TWO, "good", "c").await.0, ErrorCode::NONE);
        assert_eq!(other.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "good").await, "b C c C | 4 of 4 | aborted");
        assert_eq!(init(&bench, "x", 60_000).await.error_code, ErrorCode::CONCURRENT_TRANSACTIONS);
        begin(end.as_mut()).await;
    });
    bench_in(dir.path(), |bench| async move {
        bench.broker.transactions.settled().await;
        assert_eq!(seen(&bench, "bad").await, "a C | 2 of 2 | aborted");
        assert_eq!(init(&bench, "x", 60_000).await.error_code, ErrorCode::NONE);
    });
}
