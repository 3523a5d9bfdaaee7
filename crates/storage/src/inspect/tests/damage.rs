//! Damage to logs: that it is found, that what is lost is told exactly, that the rest is there afterwards.

use super::*;
use proptest::prelude::*;

/// Mends everything, and checks that a broker then serves all but what was told to be lost, behind the old end.
fn mend_and_compare(dir: &Path) -> Verified {
    let found = check(dir);
    assert!(!found.is_sound(), "it should be found");
    let data = DataDirectory::hold(dir).unwrap();
    mend::mend(&data, &found).unwrap();
    drop(data);
    let after = check(dir);
    assert_eq!(told(&after), "", "after mending {}", told(&found));
    let (log, report) = open(dir);
    assert_eq!((report.damages.len(), report.cuts.len(), report.indexes_rebuilt), (0, 0, 0));
    let lost = lost_offsets(&found, 16);
    let kept: Vec<i64> = (0..16).filter(|offset| !lost.contains(offset)).collect();
    assert_eq!(readable(&log), kept, "{}", told(&found));
    assert_eq!(log.offsets(ID).unwrap().end, Offset(16), "offsets are never given twice");
    append(&log, 8);
    found
}

#[test]
fn damage_in_the_middle_costs_that_batch_alone() {
    let dir = written();
    let [first, ..] = &logs(dir.path())[..] else { unreachable!() };
    let mut bytes = std::fs::read(first).unwrap();
    let size = bytes.len() / 3;
    bytes[size + 70] ^= 1;
    std::fs::write(first, bytes).unwrap();
    let found = mend_and_compare(dir.path());
    assert_eq!(lost_offsets(&found, 16), [2, 3]);
    let kept = file(dir.path(), &format!("00000000000000000000.log.{size}.cut"));
    assert_eq!(std::fs::read(kept).unwrap().len(), size);
    assert!(file(dir.path(), "00000000000000000004.index").exists());
}

#[test]
fn a_log_that_ends_too_early_goes_on_where_it_was() {
    let dir = written();
    let last = logs(dir.path()).pop().unwrap();
    let length = std::fs::metadata(&last).unwrap().len();
    std::fs::File::options().write(true).open(last).unwrap().set_len(length / 2).unwrap();
    let found = mend_and_compare(dir.path());
    assert_eq!(lost_offsets(&found, 16), [14, 15]);
}

#[test]
fn a_missing_segment_is_told_where_it_was() {
    let dir = written();
    let last = logs(dir.path()).pop().unwrap();
    std::fs::remove_file(last).unwrap();
    let found = mend_and_compare(dir.path());
    assert_eq!(lost_offsets(&found, 16), [12, 13, 14, 15]);
}

/// Compaction leaves gaps between segments, too, but no indexes in them.
#[test]
fn a_missing_segment_in_the_middle_is_told_by_the_indexes_that_are_left() {
    let dir = written();
    std::fs::remove_file(&logs(dir.path())[1]).unwrap();
    let found = mend_and_compare(dir.path());
    assert_eq!(lost_offsets(&found, 16), [6, 7, 8, 9, 10, 11]);
    let dir = written();
    std::fs::remove_file(&logs(dir.path())[1]).unwrap();
    std::fs::write(dir.path().join("cleaner-offset-checkpoint"), "0\n1\nt 0 12\n").unwrap();
    assert!(check(dir.path()).is_sound(), "what was compacted may have gaps");
}

#[test]
fn a_torn_end_behind_the_recovery_point_is_no_damage() {
    let dir = written();
    let (log, _) = open(dir.path());
    append(&log, 8);
    drop(log);
    let last = logs(dir.path()).pop().unwrap();
    let length = std::fs::metadata(&last).unwrap().len();
    std::fs::File::options().write(true).open(last).unwrap().set_len(length - 5).unwrap();
    let verified = check(dir.path());
    assert!(verified.is_sound(), "{}", told(&verified));
    assert_eq!(verified.findings.len(), 1);
    assert_eq!(verified.findings[0].lost, None);
    assert!(mend::mend(&DataDirectory::hold(dir.path()).unwrap(), &verified).unwrap().is_empty());
    let (_, report) = open(dir.path());
    assert_eq!(report.cuts.len(), 1);
}

#[test]
fn damage_behind_the_recovery_point_ends_the_log_at_the_next_start() {
    let dir = written();
    let (log, _) = open(dir.path());
    (8..11).for_each(|number| append(&log, number));
    drop(log);
    let path = &logs(dir.path())[2];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[3 * 89 + 3] ^= 1;
    std::fs::write(path, bytes).unwrap();
    // The machine was off meanwhile.
    std::fs::write(dir.path().join(".run"), "before").unwrap();
    let verified = check(dir.path());
    assert_eq!(verified.findings.len(), 1, "{}", told(&verified));
    assert_eq!(verified.findings[0].mend, Mend::NextStart);
    let first = verified.findings[0].lost.unwrap().first;
    let (log, report) = open(dir.path());
    assert_eq!(report.cuts[0].end, first);
    assert_eq!(log.offsets(ID).unwrap().end, first);
}

/// Nothing that was written can be missing if the machine runs on: what lies before whole batches was damaged, and can
/// be taken out before the start.
#[test]
fn damage_behind_the_recovery_point_is_mended_if_only_the_process_ended() {
    let dir = written();
    let (log, _) = open(dir.path());
    (8..11).for_each(|number| append(&log, number));
    drop(log);
    let path = &logs(dir.path())[2];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[2 * 91 + 70] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let found = check(dir.path());
    assert!(matches!(found.findings[0].mend, Mend::CutTail { .. }), "{}", told(&found));
    let lost = found.findings[0].lost.unwrap();
    assert_eq!((lost.first, lost.next), (Offset(16), Some(Offset(18))));
    let data = DataDirectory::hold(dir.path()).unwrap();
    mend::mend(&data, &found).unwrap();
    drop(data);
    let (log, report) = open(dir.path());
    assert_eq!(report.cuts, []);
    assert_eq!(
        (report.holes.len(), report.holes[0].first, Some(report.holes[0].next)),
        (1, lost.first, lost.next)
    );
    assert_eq!(log.offsets(ID).unwrap().end, Offset(22));
}

#[test]
fn records_that_cannot_be_unpacked_are_found_by_a_deep_look() {
    let dir = written();
    let (log, _) = open(dir.path());
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(1), None, Some(b"x"), &[]).unwrap();
    let mut batch = builder.build().to_vec();
    // The record's length.
    batch[61] = 60;
    let crc = crc_fast::crc32_iscsi(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    futures(log.append(vec![Append { id: ID, batch: batch.into() }])).remove(0).unwrap();
    log.close();
    let verified = check(dir.path());
    assert_eq!(verified.findings.len(), 1, "{}", told(&verified));
    assert!(matches!(verified.findings[0].mend, Mend::ByHand(_)));
    let data = DataDirectory::hold(dir.path()).unwrap();
    assert!(verify(&data, Depth::Batches, &|_| true, &mut |_| {}).unwrap().is_sound());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whichever bit of whichever log flips: it is found, at most one batch is lost, and all the rest is served.
    #[test]
    fn any_flipped_bit_is_found_and_costs_one_batch(log in 0usize..3, place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let dir = written();
        let path = &logs(dir.path())[log];
        let mut bytes = std::fs::read(path).unwrap();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(path, bytes).unwrap();
        let found = mend_and_compare(dir.path());
        prop_assert!(lost_offsets(&found, 16).len() <= 2, "{}", told(&found));
    }

    /// However many bytes are gone from the end of whichever log.
    #[test]
    fn any_cut_is_found(log in 0usize..3, place in any::<prop::sample::Index>()) {
        let dir = written();
        let path = &logs(dir.path())[log];
        let length = std::fs::metadata(path).unwrap().len();
        let at = place.index(usize::try_from(length).unwrap()) as u64;
        // A whole batch less, behind the last index entry, looks as if compaction had taken it.
        prop_assume!(log == 2 || at < 178);
        std::fs::File::options().write(true).open(path).unwrap().set_len(at).unwrap();
        mend_and_compare(dir.path());
    }

    /// Garbage in place of any range of bytes.
    #[test]
    fn any_overwritten_range_is_found(
        log in 0usize..3,
        place in any::<prop::sample::Index>(),
        garbage in prop::collection::vec(any::<u8>(), 1..120),
    ) {
        let dir = written();
        let path = &logs(dir.path())[log];
        let mut bytes = std::fs::read(path).unwrap();
        let at = place.index(bytes.len());
        let end = bytes.len().min(at + garbage.len());
        let before = bytes.clone();
        bytes[at..end].copy_from_slice(&garbage[..end - at]);
        prop_assume!(bytes != before);
        std::fs::write(path, bytes).unwrap();
        mend_and_compare(dir.path());
    }
}
