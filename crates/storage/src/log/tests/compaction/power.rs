//! Power cuts between the syncs of a swap: of the names that changed since the last sync of the directory the disk may have
//! kept any. Files are durable by then, which the simulator sees to.

use super::super::disk::Change;
use super::super::offline::{restore, tree};
use super::super::transactions::end;
use super::*;
use crate::sequencer::TransactionVersion::V1;
use std::collections::{BTreeMap, BTreeSet};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Several segments, which become one together. The map of keys is full before the last of them ends, so that it takes two
/// passes. The batch of the aborted transaction is its producer's last and stays, empty, and with it what is known of its end.
fn dirty() -> World {
    let world = compacted(|settings| settings.segment_bytes = 3000);
    for (round, keys) in ["abc", "abd", "efg"].into_iter().enumerate() {
        for key in keys.chars() {
            world.set(&[&format!("{key}={round}")]);
        }
        world.roll();
    }
    let keys: Vec<String> = (0..120).map(|number| format!("{number}=3")).collect();
    world.set(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(world.append(inside(9, 0, &["a=aborted", "z=aborted"])).unwrap().base_offset, ABORTED);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    world.roll();
    world.log().checkpoint().unwrap();
    world
}

const ABORTED: Offset = Offset(129);

fn committed(world: &World) -> Vec<Seen> {
    world.consume(world.offsets().log_start.0, ReadBound::LastStable)
}

/// Which transactions a reader of the aborted batch is told of. Where none is, its marker would count as spent.
fn aborted(world: &World) -> Vec<AbortedTransaction> {
    world.log().read(ID, ABORTED, 1, ReadBound::LastStable, WholeFirst::Yes).unwrap().aborted
}

/// What the disk has if it kept all changes up to the last sync, and of the later ones those at `kept`.
fn surviving(before: &Files, changes: &[Change], kept: impl Fn(usize) -> bool) -> Files {
    let synced = changes.iter().rposition(|change| matches!(change, Change::Synced(_))).unwrap_or(0);
    let mut files = before.clone();
    for (at, change) in changes.iter().enumerate().filter(|(at, _)| *at < synced || kept(*at)) {
        match change {
            Change::Made(path) => _ = files.insert(path.clone(), Vec::new()),
            // If the name that it had was never there, it had none.
            Change::Renamed(from, to, bytes) if files.remove(from).is_some() || synced <= at => {
                files.insert(to.clone(), bytes.clone());
            }
            Change::Renamed(..) | Change::Synced(_) => {}
            Change::Removed(path) => _ = files.remove(path),
        }
    }
    files
}

#[test]
fn a_power_cut_between_the_syncs_of_a_swap_neither_loses_nor_doubles_a_segment() {
    let mut world = dirty();
    let old = committed(&world);
    let data = world.dir.path().to_owned();
    let before = tree(&data);
    *world.faults().changes.lock() = Some(Vec::new());
    // Room for about 100 keys.
    work(&mut world.log().cleaner(CleanerOptions { map_bytes_max: 1, map_load: 0.0, ..OPTIONS }));
    let of_partition = |path: &Path| path.ends_with("t-0");
    let in_partition = |path: &Path| path.parent().is_some_and(of_partition);
    let changes: Vec<Change> = std::mem::take(&mut *world.faults().changes.lock()).unwrap();
    let changes: Vec<Change> = changes
        .into_iter()
        .filter(|change| match change {
            Change::Made(path) | Change::Renamed(path, ..) | Change::Removed(path) => in_partition(path),
            Change::Synced(path) => of_partition(path),
        })
        .collect();
    let new = committed(&world);
    assert!(new.len() < old.len() && world.bases().len() < 5, "{:?}", world.bases());
    assert_syncs_follow_new_logs(&changes);
    world.log = None;
    let mut tried = BTreeSet::new();
    for stop in 0..=changes.len() {
        let changes = &changes[..stop];
        for one in 0..=stop {
            // All that was asked for, all but one, nothing but one.
            for files in
                [surviving(&before, changes, |at| at != one), surviving(&before, changes, |at| at == one)]
            {
                if !tried.insert(files.clone()) {
                    continue;
                }
                restore(&data, &files);
                world.open();
                let found = committed(&world);
                let what = format!("after {:?}, with {:?}", changes.last(), files.keys().collect::<Vec<_>>());
                assert_eq!((&world.report.cuts[..], &world.report.damages[..]), (&[][..], &[][..]), "{what}");
                assert!(found.iter().all(|seen| old.contains(seen)), "{what}: {found:?}");
                assert!(new.iter().all(|seen| found.contains(seen)), "{what}: {found:?}");
                assert_eq!(
                    aborted(&world),
                    [AbortedTransaction { producer: ProducerId(9), first_offset: ABORTED }],
                    "{what}"
                );
                assert!(found.is_sorted_by(|one, next| one.0 < next.0), "{what}: {found:?}");
                world.assert_tidy();
                world.log = None;
            }
        }
    }
    assert!(100 < tried.len(), "only {} outcomes", tried.len());
}

/// What a log has replaced is cut shorter from then on, so that its name must not come back.
fn assert_syncs_follow_new_logs(changes: &[Change]) {
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
    let mut new_logs = 0;
    for (at, change) in changes.iter().enumerate() {
        if matches!(change, Change::Renamed(_, to, _) if is_log(to)) {
            new_logs += 1;
            assert!(matches!(changes.get(at + 1), Some(Change::Synced(_))), "{:?}", changes.get(at + 1));
        }
    }
    assert_eq!(new_logs, 2, "one of each pass");
}
