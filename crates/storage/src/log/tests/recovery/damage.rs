//! Damage to what was durable: it is reported, nothing is cut, and what is whole stays readable.

use super::*;

#[test]
fn damage_to_what_was_durable_is_reported_and_nothing_is_cut() {
    let mut world = World::new();
    for value in ["one", "two", "three"] {
        world.put(&[value]);
    }
    world.log().checkpoint().unwrap();
    world.log = None;
    let before = std::fs::metadata(world.file(LOG)).unwrap().len();
    std::fs::File::options().write(true).open(world.file(LOG)).unwrap().set_len(before - 1).unwrap();
    world.open();
    assert_eq!(world.report.cuts, []);
    let damage = &world.report.damages[0];
    assert_eq!((damage.readable_to, damage.durable_to), (Offset(2), Offset(3)));
    assert_eq!(world.values(0, 1000), ["one", "two"]);
    assert_eq!(world.append(batch(&["x"], 0)), Err(AppendError::Storage(ID)));
    assert_eq!(std::fs::metadata(world.file(LOG)).unwrap().len(), before - 1);
    // It stays reported, until somebody has repaired it.
    world.restart();
    assert_eq!(world.report.damages.len(), 1);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// Whatever happens to a byte below the recovery point, a start cuts nothing, and records behind it are there.
    #[test]
    fn nothing_below_the_recovery_point_is_ever_cut(
        place in proptest::prelude::any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let (mut world, starts) = three();
        let mut bytes = std::fs::read(world.file(LOG)).unwrap();
        let at = place.index(usize::try_from(starts[1]).unwrap());
        bytes[at] ^= 1 << bit;
        std::fs::write(world.file(LOG), &bytes).unwrap();
        world.open();
        proptest::prop_assert_eq!(&world.report.cuts, &[]);
        proptest::prop_assert_eq!(std::fs::read(world.file(LOG)).unwrap(), bytes);
    }
}

/// Damages the header of the batch at `start`, so that it cannot be read at all.
fn damage_header(world: &World, start: u64) {
    world.flip(LOG, usize::try_from(start).unwrap() + 16);
    world.flip(LOG, usize::try_from(start).unwrap() + 9);
}

#[test]
fn what_lies_behind_damage_is_readable_and_the_damage_is_not_passed_over() {
    for restarts in [false, true] {
        let mut world = World::with(|settings| settings.segment_bytes = 300);
        let mut starts = Vec::new();
        for value in ["one", "two", "three", "four", "five", "six"] {
            starts.push(world.log().size(ID));
            world.put(&[value]);
        }
        world.log().checkpoint().unwrap();
        // Nothing of it is found in memory.
        world.restart();
        if restarts {
            world.log = None;
        }
        damage_header(&world, starts[1]);
        if restarts {
            // Recovery looks at segments that may not be on stable storage: make it look here.
            let points = world.dir.path().join("recovery-point-offset-checkpoint");
            std::fs::write(points, "0\n1\nt 0 3\n").unwrap();
            world.open();
            assert_eq!(world.report.damages.len(), 1);
            assert_eq!(world.report.cuts, []);
            assert_eq!(world.append(batch(&["x"], 0)), Err(AppendError::Storage(ID)));
        }
        assert!(matches!(world.read(1, 1000), Err(ReadError::Damaged { .. })));
        let one = records_of(&world.read(0, 1000).unwrap());
        assert_eq!(one.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), ["one"]);
        let rest = if restarts { &["three"][..] } else { &["three", "four", "five", "six"][..] };
        assert_eq!(world.values(2, 1000), rest);
    }
}
