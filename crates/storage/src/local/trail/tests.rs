use super::*;
use bytes::{Bytes, BytesMut};
use ottla_base::Timestamp;
use ottla_wire::record::{self, BatchBuilder, BatchHeader, BatchOptions};

/// A batch of two records at `base`, which lies at `position`.
fn found(base: i64, position: u64) -> Found {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for value in [b"a", b"b"] {
        builder.append(Timestamp(0), None, Some(value), &[]).unwrap();
    }
    let batch: Bytes = builder.build();
    let mut batch = BytesMut::from(&batch[..]);
    record::set_base_offset(&mut batch, Offset(base));
    Found { header: BatchHeader::parse(&batch).unwrap(), position }
}

#[test]
fn a_header_that_does_not_fit_leads_nobody() {
    let of = |known| BatchAt::of(&found(7, 100), known).map(|batch| batch.from);
    assert_eq!(of(Known::From(Offset(7))), Some(Offset(7)));
    assert_eq!(of(Known::From(Offset(5))), Some(Offset(5)), "compaction has left a gap before it");
    assert_eq!(of(Known::From(Offset(8))), None, "the batch before it says that it ends later");
    assert_eq!(of(Known::Last(Offset(8))), Some(Offset(7)));
    assert_eq!(of(Known::Last(Offset(9))), None, "the index has another last offset");
}

#[test]
fn a_place_is_found_by_its_offset_alone() {
    let trail = Trail::default();
    let batch = BatchAt::of(&found(7, 100), Known::From(Offset(5))).unwrap();
    trail.keep(batch);
    assert_eq!(trail.find(Offset(5)), Some(batch));
    for other in [4, 6, 7, 8] {
        assert_eq!(trail.find(Offset(other)), None);
    }
}

#[test]
fn the_oldest_place_makes_room() {
    let trail = Trail::default();
    let batch = |n: usize| BatchAt::found(&found(10 * n as i64, 100 * n as u64));
    let is_kept = |n| trail.find(batch(n).base) == Some(batch(n));
    for n in 0..PLACES_MAX + 3 {
        trail.keep(batch(n));
        // Many who read the same need one place.
        trail.keep(batch(n));
    }
    assert_eq!((0..PLACES_MAX + 3).filter(|n| !is_kept(*n)).collect::<Vec<_>>(), [0, 1, 2]);
}
