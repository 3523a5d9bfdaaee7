//! Transactions in compacted logs.

use super::super::transactions::end;
use super::*;
use crate::sequencer::TransactionVersion::V1;

impl World {
    fn commit(&self, producer: i64) {
        self.finish(end(producer, 0, MarkerKind::Commit, V1)).unwrap();
    }

    fn abort(&self, producer: i64) {
        self.finish(end(producer, 0, MarkerKind::Abort, V1)).unwrap();
    }

    fn committed(&self) -> Vec<Seen> {
        self.consume(self.offsets().log_start.0, ReadBound::LastStable)
    }

    /// Base offsets and record counts of the batches that are in the files.
    fn batches(&self) -> Vec<(i64, i32)> {
        let (mut at, mut found) = (self.offsets().log_start.0, Vec::new());
        loop {
            let bytes = self.read(at, 0).unwrap();
            let Some(entry) = batches(&bytes).next() else { return found };
            let (header, _) = entry.unwrap();
            found.push((header.base_offset.0, header.record_count));
            at = header.next_offset().0;
        }
    }

    /// Another pass, some time later.
    fn pass(&self) {
        self.set(&["pass=1"]);
        self.roll();
        self.compact();
    }
}

fn seen(offset: i64, key: &str, value: &str) -> Seen {
    (offset, key.to_owned(), Some(value.to_owned()))
}

/// A write of the index that a full disk broke off leaves a piece of an entry, which made the whole index look lost.
#[test]
fn a_piece_of_an_entry_hides_no_aborts() {
    let world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1"]);
    world.append(inside(9, 0, &["a=2"])).unwrap();
    world.roll();
    world.abort(9);
    world.log().checkpoint().unwrap();
    let path = world.file("00000000000000000002.txnindex");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 34);
    std::fs::write(&path, [&bytes[..], &[0; 9]].concat()).unwrap();
    world.compact();
    assert_eq!(world.committed(), [seen(0, "a", "1")]);
}

#[test]
fn aborted_records_supersede_nothing_and_go() {
    let mut world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1", "b=1"]);
    world.append(inside(9, 0, &["a=2", "b"])).unwrap();
    world.abort(9);
    world.set(&["b=3"]);
    world.roll();
    world.compact();
    let left = [seen(0, "a", "1"), seen(5, "b", "3")];
    assert_eq!(world.committed(), left);
    // Also who reads uncommitted has them no more; what stays is the header for the sequence, and the marker.
    assert_eq!(world.seen_from(0), left);
    assert_eq!(world.batches(), [(0, 1), (2, 0), (4, 1), (5, 1)]);
    for _ in 0..2 {
        world.crash();
        assert_eq!(world.committed(), left);
        assert_eq!(world.log().open_transactions(), []);
        world.restart();
    }
    world.assert_tidy();
}

#[test]
fn an_open_transaction_stops_compaction() {
    let world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1", "a=2"]);
    world.roll();
    world.append(inside(9, 0, &["a=3"])).unwrap();
    world.set(&["b=1", "b=2"]);
    world.roll();
    world.compact();
    assert_eq!(world.seen(), ["1:a=2", "2:a=3", "3:b=1", "4:b=2"]);
    world.commit(9);
    world.roll();
    world.compact();
    assert_eq!(world.seen(), ["2:a=3", "4:b=2"]);
}

/// A marker may be in a segment that is not compacted, when its data is.
#[test]
fn a_transaction_may_end_behind_what_is_compacted() {
    let mut world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1"]);
    world.append(inside(9, 0, &["a=2"])).unwrap();
    world.append(inside(8, 0, &["a=3"])).unwrap();
    world.roll();
    world.abort(8);
    world.commit(9);
    world.compact();
    assert_eq!(world.committed(), [seen(1, "a", "2")]);
    world.crash();
    assert_eq!(world.committed(), [seen(1, "a", "2")]);
    world.pass();
    assert_eq!(world.committed()[0], seen(1, "a", "2"));
}

#[test]
fn a_marker_goes_some_time_after_the_last_of_its_transaction() {
    let world = compacted(|settings| settings.compaction = always());
    world.append(inside(9, 0, &["a=1"])).unwrap();
    world.commit(9);
    // The producer goes on, so that no header has to be kept for its sequence.
    world.append(inside(9, 1, &["b=1"])).unwrap();
    world.commit(9);
    world.set(&["a=2"]);
    world.pass();
    let has_marker = |world: &World| world.batches().contains(&(1, 1));
    assert!(has_marker(&world), "its data was still there when this pass began");
    world.pass();
    assert!(has_marker(&world), "now its time begins");
    world.pass_ms(999);
    world.pass();
    assert!(has_marker(&world));
    world.pass_ms(1);
    world.pass();
    assert!(!has_marker(&world));
    assert!(world.batches().contains(&(3, 1)), "that of b is needed");
}

#[test]
fn the_index_of_aborted_transactions_fits_the_compacted_segment() {
    let world = compacted(|settings| settings.compaction = always());
    // The data of the abort survives as a header, because it is the producer's last.
    for producer in 0..3 {
        world.append(inside(producer, 0, &["a=1"])).unwrap();
        world.abort(producer);
        world.roll();
    }
    let entries = |world: &World| -> Vec<u64> {
        let names = world.files().into_iter().filter(|name| name.ends_with(".txnindex"));
        names.map(|name| std::fs::metadata(world.file(&name)).unwrap().len() / 34).collect()
    };
    world.set(&["a=2"]);
    world.roll();
    assert_eq!(entries(&world), [1, 1, 1, 0]);
    world.compact();
    // The last is the active one's, which the checkpoint has made.
    assert_eq!(entries(&world), [3, 0, 0]);
    let read = world.log().read(ID, Offset(0), 1000, ReadBound::LastStable, WholeFirst::Yes).unwrap();
    assert_eq!(read.aborted.len(), 3);
    assert_eq!(world.committed(), [seen(6, "a", "2")]);
    // When the producers are forgotten, so is what they have aborted.
    world.pass_ms(100_000);
    world.log().expire_producers(1000);
    world.pass();
    world.pass();
    world.pass_ms(1000);
    world.pass();
    assert_eq!(world.batches().iter().filter(|(offset, _)| *offset < 6).count(), 0);
    assert!(entries(&world).iter().all(|entries| *entries == 0));
}

/// A reader may have found the old segment's records before the swap and asks for its aborts after it.
#[test]
fn readers_of_committed_records_are_not_confused_by_a_swap() {
    let world = compacted(|settings| {
        settings.compaction = always();
        settings.segment_bytes = 1000;
    });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    for (_, key, value) in world.committed() {
                        assert_ne!(value.as_deref(), Some("aborted"), "{key}");
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut cleaner = world.log().cleaner(OPTIONS);
            while !done.load(Ordering::SeqCst) {
                cleaner.step();
            }
        });
        for n in 0..300 {
            let value = if n % 3 == 0 { "aborted" } else { "fine" };
            world.append(inside(n % 5, (n / 5) as i32, &[&format!("k{}={value}", n % 7)])).unwrap();
            if n % 3 == 0 { world.abort(n % 5) } else { world.commit(n % 5) }
        }
        done.store(true, Ordering::SeqCst);
    });
    world.roll();
    world.compact();
    assert!(world.committed().iter().all(|(_, _, value)| value.as_deref() == Some("fine")));
    assert_eq!(world.committed().len(), 7);
}
