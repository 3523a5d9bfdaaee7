//! What a crash leaves is cut at the last whole batch, and nothing that was durable is.

mod damage;
mod directory;
mod epochs;
mod hole;
mod indexes;

use super::*;
use std::io::Write;

const LOG: &str = "00000000000000000000.log";

/// A world with three batches, of which the first is below the recovery point, and where each begins.
fn three() -> (World, [u64; 3]) {
    let mut world = World::new();
    let mut starts = [0; 3];
    for (n, value) in ["one", "two", "three"].into_iter().enumerate() {
        starts[n] = world.log().size(ID);
        world.put(&[value]);
        if n == 0 {
            world.log().checkpoint().unwrap();
        }
    }
    world.log = None;
    (world, starts)
}

fn append_bytes(world: &World, bytes: &[u8]) {
    let mut file = std::fs::File::options().append(true).open(world.file(LOG)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn after_a_clean_stop_nothing_is_checked() {
    let mut world = World::new();
    world.put(&["a", "b"]);
    world.restart();
    assert_eq!(world.report, RecoveryReport { clean: true, partitions: 1, ..RecoveryReport::default() });
    assert_eq!(world.values(0, 1000), ["a", "b"]);
    assert_eq!(world.offsets().leader_epoch, LeaderEpoch(0));
    // The next start is checked again, however this one ends: the marker is gone for good.
    assert!(world.faults().synced.lock().contains(&world.dir.path().to_owned()));
    world.crash();
    assert!(!world.report.clean);
    assert_eq!(world.values(0, 1000), ["a", "b"]);
}

/// All of this is paid for by every partition there is.
#[test]
fn a_clean_start_looks_at_a_partition_few_times() {
    let mut world = World::new();
    world.put(&["a", "b"]);
    world.log.take().unwrap().close();
    let disk = Faults::default();
    *disk.looks_left.lock() = Some(("t-0", 1000));
    world.open_on(disk);
    let looks = 1000 - world.faults().looks_left.lock().take().unwrap().1;
    // Its topic's id and its epochs are opened and read, it is listed, and its log and its aborts have lengths.
    assert_eq!(looks, 2 + 2 + 1 + 2);
}

#[test]
fn after_a_crash_only_what_follows_the_recovery_point_is_checked() {
    let (mut world, starts) = three();
    let size = std::fs::metadata(world.file(LOG)).unwrap().len();
    world.open();
    assert_eq!(world.report.bytes_checked, size - starts[1]);
    assert_eq!(world.report.cuts, []);
    assert_eq!(world.values(0, 1000), ["one", "two", "three"]);
    // Recovery ends with a new recovery point.
    world.crash();
    assert_eq!(world.report.bytes_checked, 0);
}

#[test]
fn a_torn_batch_is_cut_off() {
    for kept in [1, 11, 12, 60, 61, 62] {
        let (mut world, _) = three();
        let whole = std::fs::metadata(world.file(LOG)).unwrap().len();
        let mut torn = bytes::BytesMut::from(batch(&["torn"], START_MS));
        ottla_wire::record::set_base_offset(&mut torn, Offset(3));
        append_bytes(&world, &torn[..kept]);
        world.open();
        assert_eq!(world.report.cuts.len(), 1, "{kept} bytes");
        let cut = &world.report.cuts[0];
        assert_eq!((cut.end, cut.bytes, &cut.kept), (Offset(3), kept as u64, &None));
        assert_eq!(std::fs::metadata(world.file(LOG)).unwrap().len(), whole);
        assert_eq!(world.values(0, 1000), ["one", "two", "three"]);
        assert_eq!(world.put(&["four"]), Offset(3));
        assert_eq!(world.values(0, 1000), ["one", "two", "three", "four"]);
    }
}

#[test]
fn zeros_at_the_end_are_cut_off() {
    let (mut world, _) = three();
    append_bytes(&world, &[0; 5000]);
    world.open();
    assert_eq!(world.report.cuts[0].bytes, 5000);
    assert_eq!(world.values(0, 1000), ["one", "two", "three"]);
}

#[test]
fn a_flipped_bit_in_the_last_batch_is_found() {
    let (mut world, starts) = three();
    world.flip(LOG, usize::try_from(starts[2]).unwrap() + 65);
    world.open();
    assert_eq!(world.report.cuts[0].end, Offset(2));
    assert!(world.report.cuts[0].reason.contains("checksum"), "{:?}", world.report.cuts);
    assert_eq!(world.values(0, 1000), ["one", "two"]);
    // Consumers that have seen the third record can tell that the log has changed.
    assert_eq!(world.offsets().leader_epoch, LeaderEpoch(1));
    assert_eq!(world.log().epoch_end(ID, LeaderEpoch(0)), Some((LeaderEpoch(0), Offset(2))));
}

/// Whole batches behind the damage show that this is no torn write: what is cut is kept for the operator.
#[test]
fn what_is_cut_before_whole_batches_is_kept_in_a_copy() {
    let (mut world, starts) = three();
    let before = std::fs::read(world.file(LOG)).unwrap();
    world.flip(LOG, usize::try_from(starts[1]).unwrap() + 65);
    world.open();
    let cut = &world.report.cuts[0];
    assert_eq!(cut.end, Offset(1));
    let kept = std::fs::read(cut.kept.as_ref().unwrap()).unwrap();
    assert_eq!(kept.len() as u64, cut.bytes);
    assert_eq!(kept[kept.len() - 10..], before[before.len() - 10..]);
    assert_eq!(world.values(0, 1000), ["one"]);
}

#[test]
fn the_topics_without_a_recovery_point_are_checked_from_the_start() {
    let mut world = World::with(|settings| settings.segment_bytes = 500);
    for n in 0..30 {
        world.put(&[&n.to_string()]);
    }
    world.log = None;
    world.open();
    let size: u64 = world.log().size(ID);
    assert_eq!(world.report.bytes_checked, size);
    assert_eq!(world.values(0, 300).len(), 30);
    let checkpoint = world.dir.path().join("recovery-point-offset-checkpoint");
    assert_eq!(std::fs::read_to_string(checkpoint).unwrap(), "0\n1\nt 0 30\n");
}

#[test]
fn damage_in_an_older_segment_sets_the_later_ones_aside() {
    let mut world = World::with(|settings| settings.segment_bytes = 200);
    for n in 0..9 {
        world.put(&[&n.to_string()]);
    }
    world.log = None;
    let logs: Vec<_> = world.files().into_iter().filter(|name| name.ends_with(".log")).collect();
    world.flip(&logs[1], 65);
    world.open();
    let first_end = world.offsets().end;
    assert_eq!(format!("{:020}.log", first_end.0), logs[1]);
    assert_eq!(world.report.cuts.len(), logs.len() - 1);
    let aside = world.files().into_iter().filter(|name| name.ends_with(".cut")).count();
    assert_eq!(aside, logs.len() - 1);
    assert_eq!(world.values(0, 1000).len() as i64, first_end.0);
    world.put(&["next"]);
    world.restart();
    assert_eq!(world.values(0, 1000).len() as i64, first_end.0 + 1);
}

/// Regression: a roll that fails in the middle leaves an empty segment with an offset of the active one.
#[test]
fn an_empty_segment_inside_another_is_removed() {
    let mut world = World::new();
    world.put(&["a"]);
    world.put(&["b"]);
    world.log = None;
    std::fs::write(world.file("00000000000000000001.log"), []).unwrap();
    world.open();
    assert_eq!(world.values(0, 1000), ["a", "b"]);
    assert_eq!(world.put(&["c"]), Offset(2));
    world.restart();
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

#[test]
fn a_damaged_producer_snapshot_costs_reading_but_no_knowledge() {
    let mut world = World::with(|settings| settings.segment_bytes = 400);
    for sequence in 0..20 {
        world.append(sequenced(9, 0, sequence, &["x"])).unwrap();
    }
    world.log.take().unwrap().close();
    let snapshots: Vec<_> = world.files().into_iter().filter(|name| name.ends_with(".snapshot")).collect();
    assert!(2 <= snapshots.len());
    world.flip(snapshots.last().unwrap(), 20);
    world.open();
    assert_eq!(world.append(sequenced(9, 0, 19, &["x"])).unwrap().base_offset, Offset(19));
    assert_eq!(world.append(sequenced(9, 0, 20, &["x"])).unwrap().base_offset, Offset(20));
}

/// Regression: a trim is durable at once, the records before it perhaps never were.
#[test]
fn a_log_that_ends_before_its_start_goes_on_there() {
    let (mut world, starts) = three();
    world.open();
    world.log().trim(ID, Offset(3)).unwrap();
    world.log = None;
    // As if the second and third batch had never reached the disk.
    std::fs::write(world.dir.path().join("recovery-point-offset-checkpoint"), "0\n1\nt 0 1\n").unwrap();
    let file = std::fs::File::options().write(true).open(world.file(LOG)).unwrap();
    file.set_len(starts[1]).unwrap();
    world.open();
    let Offsets { log_start, end, .. } = world.offsets();
    assert_eq!((log_start, end), (Offset(3), Offset(3)));
    assert_eq!(world.put(&["four"]), Offset(3));
    world.restart();
    assert_eq!(world.values(3, 1000), ["four"]);
}

/// Regression, found by the simulator: the end of a segment was lost in a power cut, and the next segment, rolled
/// already, was kept. The log had a hole, and a producer could not repeat what had been in it.
#[test]
fn a_log_ends_where_its_next_segment_does_not_follow() {
    for is_empty in [true, false] {
        let mut world = World::with(|settings| settings.segment_bytes = 200);
        let mut logs = Vec::new();
        for n in 0..9 {
            world.put(&[&n.to_string()]);
            logs = world.files().into_iter().filter(|name| name.ends_with(".log")).collect();
        }
        world.log = None;
        let (first, second) = (world.file(&logs[0]), world.file(&logs[1]));
        let size = std::fs::metadata(&first).unwrap().len();
        let batch_bytes = size / u64::try_from(logs[1][..20].parse::<i64>().unwrap()).unwrap();
        std::fs::File::options().write(true).open(first).unwrap().set_len(size - batch_bytes).unwrap();
        if is_empty {
            std::fs::write(&second, []).unwrap();
        }
        world.open();
        let end = world.offsets().end;
        assert!(end.0 < logs[1][..20].parse().unwrap(), "{end}");
        let set_aside = logs.len() - 1 - usize::from(is_empty);
        assert_eq!(world.report.cuts.len(), set_aside);
        assert!(world.report.cuts.iter().all(|cut| cut.end == end && cut.kept.is_some()));
        assert!(!second.exists());
        assert_eq!(world.put(&["next"]), end);
        world.restart();
        assert_eq!(world.values(0, 1000).len() as i64, end.0 + 1);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// A flipped bit behind the recovery point costs its batch and what follows, and nothing else. (A leader epoch
    /// that is lower than it was is no reason to cut.)
    #[test]
    fn any_flipped_bit_behind_the_recovery_point_costs_the_rest_of_the_tail(
        place in proptest::prelude::any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let (mut world, starts) = three();
        let mut bytes = std::fs::read(world.file(LOG)).unwrap();
        let tail = usize::try_from(starts[1]).unwrap();
        let at = tail + place.index(bytes.len() - tail);
        bytes[at] ^= 1 << bit;
        std::fs::write(world.file(LOG), bytes).unwrap();
        world.open();
        let kept = starts.iter().filter(|start| **start <= at as u64).count() - 1;
        let is_sign_of_epoch = starts.iter().any(|start| *start as usize + 12 == at) && bit == 7;
        let kept = if is_sign_of_epoch { 3 } else { kept };
        proptest::prop_assert_eq!(&world.report.damages, &[]);
        proptest::prop_assert_eq!(world.report.cuts.len(), usize::from(kept < 3));
        proptest::prop_assert_eq!(world.values(0, 1000), &["one", "two", "three"][..kept]);
        proptest::prop_assert_eq!(world.put(&["next"]), Offset(kept as i64));
    }

    /// However much of the tail is missing.
    #[test]
    fn any_truncation_behind_the_recovery_point_costs_the_rest_of_the_tail(
        place in proptest::prelude::any::<proptest::sample::Index>(),
    ) {
        let (mut world, starts) = three();
        let length = std::fs::metadata(world.file(LOG)).unwrap().len();
        let at = starts[1] + place.index(usize::try_from(length - starts[1]).unwrap()) as u64;
        std::fs::File::options().write(true).open(world.file(LOG)).unwrap().set_len(at).unwrap();
        world.open();
        let kept = starts.iter().filter(|start| **start <= at).count() - 1;
        proptest::prop_assert_eq!(&world.report.damages, &[]);
        proptest::prop_assert_eq!(world.values(0, 1000), &["one", "two", "three"][..kept]);
        proptest::prop_assert_eq!(world.put(&["next"]), Offset(kept as i64));
    }
}
