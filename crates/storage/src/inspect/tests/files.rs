//! Damage to the small files beside the logs.

use super::*;
use crate::TransactionEnd;
use crate::sequencer::TransactionVersion;
use ottla_wire::record::{BatchScope, Marker, MarkerKind};

/// Damages a file, and checks that it is found, that mending helps and that no record is lost.
#[track_caller]
fn damaged(name: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let dir = written();
    let path = match dir.path().join(name).exists() {
        true => dir.path().join(name),
        false => file(dir.path(), name),
    };
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    found_and_mended(dir.path())
}

#[track_caller]
fn found_and_mended(dir: &Path) -> String {
    let found = check(dir);
    assert!(!found.is_sound(), "it should be found");
    mend::mend(&DataDirectory::hold(dir).unwrap(), &found).unwrap();
    assert_eq!(told(&check(dir)), "", "after mending {}", told(&found));
    let (log, report) = open(dir);
    assert_eq!((report.damages.len(), report.cuts.len()), (0, 0));
    assert_eq!(readable(&log), (0..16).collect::<Vec<_>>());
    told(&found)
}

#[test]
fn indexes_that_disagree_with_the_log_are_made_anew() {
    for at in 0..8 {
        let told = damaged("00000000000000000000.index", |bytes| bytes[at] ^= 1);
        assert!(told.contains("RebuildIndexes"), "{told}");
    }
    for at in 0..12 {
        let told = damaged("00000000000000000000.timeindex", |bytes| bytes[at] ^= 8);
        assert!(told.contains("RebuildIndexes"), "{told}");
    }
    let told = damaged("00000000000000000000.index", |bytes| bytes.push(0));
    assert!(told.contains("no entry"), "{told}");
    let told = damaged("00000000000000000000.index", |bytes| bytes.extend([0; 8]));
    assert!(told.contains("does not come after"), "{told}");
    let told = damaged("00000000000000000000.timeindex", Vec::clear);
    assert!(told.contains("largest timestamp"), "{told}");
}

#[test]
fn a_missing_index_is_made_anew() {
    let dir = written();
    std::fs::remove_file(file(dir.path(), "00000000000000000006.timeindex")).unwrap();
    let told = found_and_mended(dir.path());
    assert!(told.contains("it is missing"), "{told}");
}

#[test]
fn a_damaged_snapshot_is_put_aside() {
    for at in [0, 3, 20, 60] {
        let told = damaged("00000000000000000016.snapshot", |bytes| bytes[at] ^= 1);
        assert!(told.contains("SetAside"), "{told}");
    }
}

#[test]
fn a_snapshot_of_the_future_is_put_aside() {
    let dir = written();
    let snapshot = |offset: i64| file(dir.path(), &format!("{offset:020}.snapshot"));
    std::fs::copy(snapshot(16), snapshot(17)).unwrap();
    let told = found_and_mended(dir.path());
    assert!(told.contains("speaks of offset 17"), "{told}");
}

#[test]
fn damaged_checkpoints_are_put_aside() {
    let told = damaged("recovery-point-offset-checkpoint", |bytes| bytes[0] = b'x');
    assert!(told.contains("SetAside"), "{told}");
    let told = damaged("log-start-offset-checkpoint", |bytes| bytes.push(0xff));
    assert!(told.contains("DeleteRecords"), "{told}");
}

#[test]
fn leader_epochs_are_made_anew_from_the_batches() {
    let told = damaged("leader-epoch-checkpoint", Vec::clear);
    assert!(told.contains("RebuildEpochs([(LeaderEpoch(0), Offset(0))])"), "{told}");
}

/// A directory with two aborted transactions that overlap, and a committed one, over several segments.
fn transactional() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    log.create(&TopicName::parse("t").unwrap(), ID, settings()).unwrap();
    let write = |producer: i64, sequence: i32| {
        let options = BatchOptions {
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            base_sequence: sequence,
            scope: BatchScope::Transactional,
            ..BatchOptions::default()
        };
        let mut builder = BatchBuilder::new(options);
        builder.append(Timestamp(START_MS), None, Some(b"x"), &[]).unwrap();
        futures(log.append(vec![Append { id: ID, batch: builder.build() }])).remove(0).unwrap();
    };
    let end = |producer: i64, kind: MarkerKind| {
        let marker = Marker { kind, coordinator_epoch: 3 };
        let (producer, epoch) = (ProducerId(producer), ProducerEpoch(0));
        let end = TransactionEnd { producer, epoch, marker, version: TransactionVersion::V1 };
        futures(log.append_markers(vec![(ID, end)])).remove(0).unwrap();
    };
    write(1, 0);
    write(2, 0);
    (0..4).for_each(|sequence| write(3, sequence));
    end(2, MarkerKind::Abort);
    end(3, MarkerKind::Commit);
    write(2, 1);
    end(1, MarkerKind::Abort);
    write(1, 1);
    log.close();
    dir
}

#[test]
fn an_index_of_aborted_transactions_is_made_anew_as_it_was() {
    let files: Vec<_> = ["00000000000000000004", "00000000000000000008"]
        .iter()
        .map(|base| format!("{base}.txnindex"))
        .collect();
    for (name, change) in [
        (&files[0], &(|bytes: &mut Vec<u8>| bytes.clear()) as &dyn Fn(&mut Vec<u8>)),
        (&files[1], &|bytes: &mut Vec<u8>| bytes[17] ^= 1),
        (&files[1], &|bytes: &mut Vec<u8>| bytes.push(0)),
        (&files[1], &|bytes: &mut Vec<u8>| bytes[1] = 1),
    ] {
        let dir = transactional();
        assert_eq!(told(&check(dir.path())), "");
        let path = file(dir.path(), name);
        let before = std::fs::read(&path).unwrap();
        assert!(!before.is_empty(), "{name}");
        let mut bytes = before.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let found = check(dir.path());
        assert!(!found.is_sound(), "it should be found");
        mend::mend(&DataDirectory::hold(dir.path()).unwrap(), &found).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before, "{}", told(&found));
    }
}
