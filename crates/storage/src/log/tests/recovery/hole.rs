//! Damage in what a killed process had written: the machine ran on, so that nothing of it can have been torn.

use super::*;

/// One to six, in a system that runs on.
fn six(segment_bytes: u32) -> (World, Vec<u64>) {
    let mut world = World::with(|settings| settings.segment_bytes = segment_bytes);
    in_run(&mut world, "one");
    let mut starts = Vec::new();
    for value in ["one", "two", "three", "four", "five", "six"] {
        starts.push(world.log().size(ID));
        world.put(&[value]);
    }
    world.log = None;
    (world, starts)
}

/// Opens the log in this run of the system.
fn in_run(world: &mut World, run: &'static str) {
    world.log = None;
    world.open_on(Faults::in_run(run));
}

/// So that it cannot even be skipped.
fn damage_header(world: &World, name: &str, start: u64) {
    let start = usize::try_from(start).unwrap();
    world.flip(name, start + 16);
    world.flip(name, start + 9);
}

fn holes(world: &World) -> Vec<(i64, i64)> {
    world.report.holes.iter().map(|hole| (hole.first.0, hole.next.0)).collect()
}

#[test]
fn damage_before_whole_batches_costs_only_itself() {
    let (mut world, starts) = six(1 << 20);
    damage_header(&world, LOG, starts[2]);
    in_run(&mut world, "one");
    assert_eq!((&world.report.cuts[..], &world.report.damages[..]), (&[][..], &[][..]));
    assert_eq!(holes(&world), [(2, 3)]);
    assert_eq!(
        records_of(&world.read(0, 1000).unwrap()).len(),
        2,
        "what is whole before the damage is given"
    );
    for round in 0..2 {
        assert_eq!(world.values(3, 1000)[..3], ["four", "five", "six"]);
        assert!(matches!(world.read(2, 1000), Err(ReadError::Damaged { .. })), "nobody passes over it");
        assert_eq!(world.put(&["on it goes"]), Offset(6 + round));
        world.log.take().unwrap().close();
        in_run(&mut world, "one");
    }
}

/// The machine has stopped: batches may have reached the disk in another order, and none of these was acknowledged.
#[test]
fn in_another_run_of_the_system_the_same_damage_ends_the_log() {
    let (mut world, starts) = six(1 << 20);
    damage_header(&world, LOG, starts[2]);
    in_run(&mut world, "two");
    assert_eq!((world.report.cuts.len(), holes(&world)), (1, vec![]));
    assert_eq!(world.offsets().end, Offset(2));
}

#[test]
fn the_last_write_may_be_torn_all_the_same() {
    let (mut world, starts) = six(1 << 20);
    std::fs::File::options().write(true).open(world.file(LOG)).unwrap().set_len(starts[5] + 70).unwrap();
    in_run(&mut world, "one");
    assert_eq!((world.report.cuts.len(), holes(&world)), (1, vec![]));
    assert_eq!(world.values(0, 1000), ["one", "two", "three", "four", "five"]);
    assert_eq!(world.put(&["next"]), Offset(5));
}

/// Two batches in a segment; the first of them is damaged in its first batch, at its end, or behind it.
#[test]
fn segments_behind_a_damaged_one_stay() {
    const SECOND: &str = "00000000000000000002.log";
    for (what, hole, lost) in [("first", (2, 3), "three"), ("torn", (3, 4), "four"), ("longer", (4, 4), "")] {
        let (mut world, _) = six(150);
        let path = world.file(SECOND);
        let mut bytes = std::fs::read(&path).unwrap();
        match what {
            "first" => damage_header(&world, SECOND, 0),
            "torn" => std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap(),
            _ => {
                bytes.extend([7; 100]);
                std::fs::write(&path, bytes).unwrap();
            }
        }
        in_run(&mut world, "one");
        assert_eq!(world.report.cuts, [], "{what}");
        assert_eq!(holes(&world), [hole], "{what}");
        if !lost.is_empty() {
            assert!(matches!(world.read(hole.0, 1000), Err(ReadError::Damaged { .. })), "{what}");
        }
        let mut values = Vec::new();
        for offset in (0..6).filter(|offset| lost.is_empty() || *offset != hole.0) {
            let found = records_of(&world.read(offset, 1).unwrap());
            values.extend(found.into_iter().find(|(at, _)| at.0 == offset).map(|(_, value)| value));
        }
        let all = ["one", "two", "three", "four", "five", "six"];
        assert_eq!(values, all.into_iter().filter(|value| *value != lost).collect::<Vec<_>>(), "{what}");
        assert_eq!(world.put(&["next"]), Offset(6), "{what}");
    }
}

/// No checksum covers a batch's offset, and one that is far too large hid all batches behind it.
#[test]
fn a_damaged_offset_hides_nothing() {
    for (segment_bytes, name, at) in [(1 << 20, LOG, 2), (150, "00000000000000000002.log", 0)] {
        let (mut world, starts) = six(segment_bytes);
        world.flip(name, usize::try_from(starts[at]).unwrap() + 6);
        for round in 0..2 {
            in_run(&mut world, "one");
            assert_eq!(world.report.cuts, []);
            assert_eq!(holes(&world), [(2, 3)][round..]);
            assert!(matches!(world.read(2, 1000), Err(ReadError::Damaged { .. })), "{name}, {round}");
            for (offset, value) in [(0, "one"), (1, "two"), (3, "four"), (4, "five"), (5, "six")] {
                let found = records_of(&world.read(offset, 1).unwrap());
                assert_eq!(found.last(), Some(&(Offset(offset), value.to_owned())), "{name}, {round}");
            }
            world.log.take().unwrap().close();
        }
    }
}

#[test]
fn a_missing_segment_is_told_and_those_behind_it_stay() {
    let (mut world, _) = six(150);
    std::fs::remove_file(world.file("00000000000000000002.log")).unwrap();
    in_run(&mut world, "one");
    assert_eq!((&world.report.cuts[..], holes(&world)), (&[][..], vec![(2, 4)]));
    assert_eq!(world.values(4, 1000), ["five", "six"]);
    for lost in [2, 3] {
        assert!(matches!(world.read(lost, 1000), Err(ReadError::Damaged { .. })), "{lost}");
    }
}

#[test]
fn what_follows_the_damage_counts_for_its_producer() {
    let mut world = World::new();
    in_run(&mut world, "one");
    for sequence in 0..4 {
        world.append(sequenced(9, 0, sequence, &["x"])).unwrap();
    }
    let size = world.log().size(ID);
    world.log = None;
    damage_header(&world, LOG, size / 4);
    in_run(&mut world, "one");
    assert_eq!(world.append(sequenced(9, 0, 3, &["x"])).unwrap().base_offset, Offset(3), "a repetition");
    assert_eq!(world.append(sequenced(9, 0, 4, &["x"])).unwrap().base_offset, Offset(4));
}

/// What a failed write or sync has lost is lost although the machine runs on, and nobody was told that it is there.
#[test]
fn after_a_failed_sync_or_write_damage_ends_the_log() {
    for fails in ["sync", "sync of all", "write"] {
        let mut world = World::with(|settings| settings.durability = Durability::Sync);
        in_run(&mut world, "one");
        (0..3).for_each(|_| assert!(world.append(batch(&["x"], START_MS)).is_ok()));
        let third = world.log().size(ID) / 3 * 2;
        match fails {
            "sync" => world.faults().syncs_fail.store(true, Ordering::SeqCst),
            "sync of all" => world.faults().file_system_syncs_fail.store(true, Ordering::SeqCst),
            _ => world.faults().writes_fail.store(true, Ordering::SeqCst),
        }
        match fails {
            "sync of all" => assert!(world.log().checkpoint().is_err()),
            _ => assert!(world.append(batch(&["y"], START_MS)).is_err()),
        }
        world.log = None;
        let first = third / 2;
        damage_header(&world, LOG, first);
        in_run(&mut world, "one");
        assert_eq!((world.report.cuts.len(), holes(&world)), (1, vec![]), "{fails}");
        assert_eq!(world.offsets().end, Offset(1), "{fails}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Whatever happens to a byte before the last batch, all other batches are there.
    #[test]
    fn any_flipped_bit_before_the_last_batch_costs_one_batch(
        place in proptest::prelude::any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let (mut world, starts) = six(1 << 20);
        let mut bytes = std::fs::read(world.file(LOG)).unwrap();
        let at = place.index(usize::try_from(starts[5]).unwrap());
        bytes[at] ^= 1 << bit;
        std::fs::write(world.file(LOG), &bytes).unwrap();
        in_run(&mut world, "one");
        proptest::prop_assert_eq!(&world.report.cuts, &[]);
        proptest::prop_assert_eq!(world.offsets().end, Offset(6));
        proptest::prop_assert!(world.report.holes.len() <= 1);
        let lost = starts.iter().rposition(|start| *start <= at as u64).unwrap();
        for (offset, start) in starts.iter().enumerate().filter(|(offset, _)| *offset != lost) {
            let read = world.log().read(ID, Offset(offset as i64), 1, ReadBound::HighWatermark, WholeFirst::Yes);
            let found = read.unwrap().records.to_bytes().unwrap();
            let start = usize::try_from(*start).unwrap();
            proptest::prop_assert_eq!(&found[..], &bytes[start..start + found.len()]);
        }
    }
}
