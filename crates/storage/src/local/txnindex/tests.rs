use super::*;
use crate::disk::{Disk, system};
use crate::settings::Syncs;
use proptest::prelude::*;
use std::sync::Arc;

const BASE: Offset = Offset(100);

fn entry(producer: i64, first: i64, marker: i64, last_stable: i64) -> AbortedEntry {
    AbortedEntry {
        producer: ProducerId(producer),
        first: Offset(first),
        marker: Offset(marker),
        last_stable: Offset(last_stable),
    }
}

fn with_place<T>(test: impl FnOnce(&Place) -> T) -> T {
    let (directory, disk) = (tempfile::tempdir().unwrap(), system(Syncs::Skipped));
    let disk: &Arc<dyn Disk> = &disk;
    test(&Place::new(&**disk, directory.path().to_owned()))
}

#[test]
fn the_bytes_are_kafkas() {
    let mut bytes = Vec::new();
    entry(5, 101, 258, 259).put(&mut bytes);
    let expected = [
        &[0, 0][..],
        &5_i64.to_be_bytes(),
        &101_i64.to_be_bytes(),
        &258_i64.to_be_bytes(),
        &259_i64.to_be_bytes(),
    ];
    assert_eq!(bytes, expected.concat());
    assert_eq!(AbortedEntry::parse(&bytes), entry(5, 101, 258, 259));
}

#[test]
fn what_cannot_have_been_written_is_not_loaded() {
    with_place(|place| {
        assert_eq!(load(place, BASE, None).unwrap(), None, "a missing file is lost, not empty");
        let good = [entry(1, 50, 110, 111), entry(2, 120, 130, 131)];
        for whole in [&good[..], &[]] {
            write(place, BASE, whole).unwrap();
            assert_eq!(load(place, BASE, None).unwrap().as_deref(), Some(whole));
        }
        let bad = [
            [entry(1, 50, 99, 100), good[1]],
            [entry(1, 110, 110, 111), good[1]],
            [entry(1, -1, 110, 111), good[1]],
            [good[1], good[0]],
            [good[0], good[0]],
        ];
        for entries in bad {
            write(place, BASE, &entries).unwrap();
            assert_eq!(load(place, BASE, None).unwrap(), None, "{entries:?}");
        }
        write(place, BASE, &good).unwrap();
        let path = place.file(BASE, Kind::TxnIndex);
        let bytes = place.disk.read(&path).unwrap();
        place.disk.write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(load(place, BASE, None).unwrap(), None, "torn");
        place.disk.write(&path, &[&[0, 1], &bytes[2..]].concat()).unwrap();
        assert_eq!(load(place, BASE, None).unwrap(), None, "another version");
    });
}

#[test]
fn what_a_power_cut_leaves_behind_the_durable_entries_is_passed_over() {
    with_place(|place| {
        let entries = [entry(1, 50, 110, 111), entry(2, 120, 130, 131), entry(3, 121, 140, 141)];
        let path = place.file(BASE, Kind::TxnIndex);
        let durable_to = Some(Offset(135));
        let load = |bytes: &[u8]| {
            place.disk.write(&path, bytes).unwrap();
            load(place, BASE, durable_to).unwrap()
        };
        write(place, BASE, &entries).unwrap();
        let whole = place.disk.read(&path).unwrap();
        let durable = Some(entries[..2].to_vec());
        assert_eq!(load(&whole), durable);
        for torn in [&[][..], &[0; 17], &[0; 34], &[0xff; 50], &whole[68..90]] {
            assert_eq!(load(&[&whole[..68], torn].concat()), durable, "{torn:?}");
        }
        // A durable entry behind the damage: that is no torn write.
        assert_eq!(load(&[&[0xff; 34], &whole[34..]].concat()), None);
        assert_eq!(load(&[&whole[..34], &[0; 34], &whole[34..]].concat()), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever lies in the file and whatever waits, those that overlap are found.
    #[test]
    fn those_that_overlap_are_found(
        steps in prop::collection::vec((1..5_i64, 1..40_i64), 0..400),
        written in any::<prop::sample::Index>(),
        (from, length) in (90..1200_i64, 1..80_i64),
    ) {
        let (mut marker, mut all) = (100, Vec::new());
        for (step, length) in steps {
            marker += step;
            // No transaction is open when this one ends.
            all.push(entry(marker, (marker - length).max(0), marker, marker + 1));
        }
        // What is stable is bounded by those that end later.
        for at in 0..all.len() {
            let later = all[at + 1..].iter().map(|later| later.first).min();
            all[at].last_stable = later.map_or(all[at].last_stable, |later| later.min(all[at].last_stable));
        }
        let range = Offset(from)..Offset(from + length);
        let expected: Vec<_> = all.iter()
            .filter(|entry| range.start <= entry.marker && entry.first < range.end)
            .map(|entry| entry.first)
            .collect();
        let (file, pending) = all.split_at(if all.is_empty() { 0 } else { written.index(all.len()) });
        let found = with_place(|place| {
            let mut found = Vec::new();
            write(place, BASE, file).unwrap();
            let _ = collect(place, BASE, pending, &range, &mut found).unwrap();
            found
        });
        prop_assert_eq!(found.iter().map(|found| found.first_offset).collect::<Vec<_>>(), expected);
    }
}
