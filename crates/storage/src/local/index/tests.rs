use super::*;
use crate::disk::system;
use crate::settings::Syncs;
use proptest::prelude::*;

fn place<'a>(disk: &'a Arc<dyn Disk>, directory: &tempfile::TempDir) -> Place<'a> {
    Place::new(&**disk, directory.path().to_owned())
}

fn write(place: &Place, relatives: &[u32]) -> Growing<OffsetEntry> {
    let mut index = Growing::default();
    for (n, relative) in relatives.iter().enumerate() {
        index.push(OffsetEntry { relative: *relative, position: u32::try_from(n).unwrap() });
        if index.is_due() {
            index.flush(place, Offset(5)).unwrap();
        }
    }
    index.flush(place, Offset(5)).unwrap();
    index
}

#[test]
fn entries_are_big_endian() {
    let mut bytes = Vec::new();
    OffsetEntry { relative: 1, position: 258 }.put(&mut bytes);
    TimeEntry { timestamp: Timestamp(-2), relative: 3 }.put(&mut bytes);
    let expected = [0, 0, 0, 1, 0, 0, 1, 2, 255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 3];
    assert_eq!(bytes, expected);
    assert_eq!(OffsetEntry::parse(&bytes), OffsetEntry { relative: 1, position: 258 });
    assert_eq!(TimeEntry::parse(&bytes[8..]), TimeEntry { timestamp: Timestamp(-2), relative: 3 });
}

#[test]
fn an_index_is_full_before_it_passes_its_limit() {
    let mut index = Growing::<OffsetEntry>::default();
    for _ in 0..3 {
        assert!(!index.is_full(31));
        index.push(OffsetEntry { relative: 0, position: 0 });
    }
    assert!(index.is_full(31));
    assert!(!index.is_full(32));
}

#[test]
fn writing_goes_on_behind_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let disk = system(Syncs::Skipped);
    let place = &place(&disk, &directory);
    write(place, &[1, 2]);
    let mut index = Growing::<OffsetEntry>::resume(place, Offset(5)).unwrap();
    index.push(OffsetEntry { relative: 3, position: 9 });
    index.flush(place, Offset(5)).unwrap();
    let last = last::<OffsetEntry>(place, Offset(5)).unwrap();
    assert_eq!(last, Some(OffsetEntry { relative: 3, position: 9 }));
    truncate::<OffsetEntry>(place, Offset(5), |_, entry| entry.relative < 2).unwrap();
    let last = super::last::<OffsetEntry>(place, Offset(5)).unwrap();
    assert_eq!(last, Some(OffsetEntry { relative: 1, position: 0 }));
}

proptest! {
    /// Wherever something is expected, and whatever was looked up before.
    #[test]
    fn lookups_agree_with_a_list(
        steps in prop::collection::vec(1..4_u32, 0..4000),
        targets in prop::collection::vec((0..12_000_u32, 0..5_u64), 20),
    ) {
        let relatives: Vec<u32> = steps.iter().scan(0, |sum, step| { *sum += step; Some(*sum) }).collect();
        let directory = tempfile::tempdir().unwrap();
        let disk = system(Syncs::Skipped);
        let place = &place(&disk, &directory);
        write(place, &relatives);
        let file = open::<OffsetEntry>(place, Offset(5)).unwrap();
        let mut lookup = file.map(|file| Lookup::new(&*disk, file).unwrap());
        for (target, part) in targets {
            let expected = relatives.iter().rposition(|relative| *relative <= target);
            let likely = Share { part, whole: 3 };
            let found = lookup.as_mut().and_then(|lookup| {
                lookup.last_before(likely, |entry: &OffsetEntry| entry.relative <= target).unwrap()
            });
            prop_assert_eq!(found.map(|entry| entry.position as usize), expected);
        }
    }
}
