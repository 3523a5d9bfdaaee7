//! Places where a broker cannot start: it says in one line what is wrong and what to do, and ends with a status
//! that a script can see.

use super::broker::{Broker, refused};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

/// Statuses of a start that failed, as `ottla --help` lists them.
const DATA_IN_USE: i32 = 4;
const ADDRESS: i32 = 5;
const DATA: i32 = 6;

/// A start that failed as it should: its status, and one line that names every one of `words`.
#[track_caller]
fn assert_explained(output: &Output, status: i32, words: &[&str]) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{text}");
    let errors: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(errors.len(), 1, "one line, not {}: {text}", errors.len());
    for word in words {
        assert!(text.contains(word), "{word:?} is missing: {text}");
    }
}

#[test]
fn a_data_directory_that_is_in_use_is_left_alone() {
    let mut first = Broker::start();
    let data = first.data().to_path_buf();
    assert_explained(
        &refused(&data, "127.0.0.1:0"),
        DATA_IN_USE,
        &[&data.display().to_string(), "in use by process", "stop that process"],
    );
    first.assert_healthy();
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    assert_explained(&refused(data.path(), &address), ADDRESS, &[&address, "in use", "--listen"]);
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    for data in [file.clone(), file.join("below")] {
        assert_explained(&refused(&data, "127.0.0.1:0"), DATA, &[&data.display().to_string()]);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "no directory", "what was there is untouched");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::tmpfs(place.path(), "size=1m,mode=755") else { return };
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(place.path()).status();
    assert!(read_only.unwrap().success());
    let data = place.path().join("data");
    assert_explained(&refused(&data, "127.0.0.1:0"), DATA, &[&data.display().to_string()]);
    drop(mount);
}

#[test]
fn a_full_disk_is_named_and_a_start_after_making_room_works() {
    let place = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::tmpfs(place.path(), "size=32m") else { return };
    let data = place.path().join("data");
    let filler = place.path().join("filler");
    fill(&filler);
    assert_explained(
        &refused(&data, "127.0.0.1:0"),
        DATA,
        &[&data.display().to_string(), "no space is left", "free some"],
    );
    std::fs::remove_file(filler).unwrap();
    Broker::start_on(&data).assert_healthy();
    drop(mount);
}

/// Writes until the disk refuses.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// A small file system of its own, gone when dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// None, with a line that says so, where this user may not mount.
    fn tmpfs(at: &'a Path, options: &str) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "ottla-test"]).arg(at).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        println!("skipped: mounting a small file system needs more rights than this user has");
        None
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
