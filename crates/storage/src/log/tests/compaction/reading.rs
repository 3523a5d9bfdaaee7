//! Reading a log that has gaps, and one that is being compacted.

use super::*;
use std::sync::atomic::AtomicBool;

/// Keys a, b and c in turn over three segments; only the last of each is left, and the third segment is the
/// active one.
fn with_gaps() -> World {
    let world = compacted(|_| {});
    for n in 0..20 {
        world.append(keyed(&[&format!("{}={n}", ["a", "b", "c"][n % 3])], START_MS + n as i64)).unwrap();
    }
    world.roll();
    world.append(keyed(&["x=1"], START_MS + 100)).unwrap();
    world.compact();
    world
}

#[test]
fn an_offset_that_is_gone_gives_the_next_one() {
    let mut world = with_gaps();
    for _ in 0..2 {
        for from in 0..=17 {
            let seen: Vec<i64> = world.seen_from(from).iter().map(|(at, ..)| *at).collect();
            assert_eq!(seen, [17, 18, 19, 20]);
        }
        assert_eq!(world.seen_from(18).len(), 3);
        assert_eq!(world.seen_from(21).len(), 0, "a consumer at the end waits");
        world.crash();
    }
    assert!(matches!(world.read(22, 100), Err(ReadError::OutOfRange { .. })));
}

/// The compacted segment has the name of the first that it replaces, and other batches at other positions.
#[test]
fn where_reads_of_the_old_segment_ended_is_forgotten_with_it() {
    let world = compacted(|_| {});
    let put = |n: usize| world.append(keyed(&[&format!("{}={n}", n % 60)], START_MS + n as i64)).unwrap();
    (0..100).for_each(|n| _ = put(n));
    world.roll();
    (0..3).for_each(|n| _ = world.append(keyed(&[&format!("x={n}")], START_MS + 100)).unwrap());
    let kept = |from: i64| (from.max(40)..103).collect::<Vec<_>>();
    let seen = |from| world.seen_from(from).into_iter().map(|(at, ..)| at).collect::<Vec<_>>();
    (0..100).for_each(|from| assert_eq!(seen(from), (from..103).collect::<Vec<_>>()));
    world.compact();
    for _ in 0..2 {
        (0..100).for_each(|from| assert_eq!(seen(from), kept(from), "from {from}"));
    }
}

#[test]
fn a_segment_of_which_nothing_is_left_is_no_obstacle() {
    let mut world = compacted(|settings| settings.compaction = always());
    for n in 0..5 {
        world.set(&[&format!("a={n}")]);
        world.roll();
    }
    // Too large to be joined to the others.
    world.set(&[&format!("b={}", "x".repeat(380))]);
    world.set(&["a=9", "b=9"]);
    world.roll();
    world.compact();
    for _ in 0..2 {
        assert_eq!(world.seen(), ["6:a=9", "7:b=9"]);
        for from in 0..8 {
            assert_eq!(world.seen_from(from).len(), if from < 7 { 2 } else { 1 });
        }
        assert_eq!(world.offsets().end, Offset(8));
        world.restart();
    }
    world.assert_tidy();
}

#[test]
fn records_are_found_by_time_where_they_are_now() {
    let world = with_gaps();
    let find = |at| world.log().find_by_time(ID, Timestamp(at), ReadBound::HighWatermark).unwrap();
    let found = |at| find(at).map(|found| (found.offset.0, found.timestamp.0));
    assert_eq!(found(0), Some((17, START_MS + 17)));
    assert_eq!(found(START_MS + 5), Some((17, START_MS + 17)));
    assert_eq!(found(START_MS + 19), Some((19, START_MS + 19)));
    assert_eq!(found(START_MS + 20), Some((20, START_MS + 100)));
    assert_eq!(found(START_MS + 101), None);
    let newest = world.log().max_timestamp(ID, ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!((newest.offset.0, newest.timestamp.0), (20, START_MS + 100));
}

/// Regression: a batch that the broker has timed was answered with its base offset, which may be gone.
#[test]
fn a_batch_that_the_broker_has_timed_is_found_by_a_record_that_is_there() {
    let world = compacted(|settings| settings.timestamp_type = crate::TimestampType::LogAppendTime);
    world.set(&["a=1", "b=1"]);
    world.append(keyed_with(&["c=1"], 0, of_producer(0))).unwrap();
    world.pass_ms(10);
    world.set(&["a=2", "c=2"]);
    world.roll();
    world.compact();
    assert_eq!(world.seen(), ["1:b=1", "3:a=2", "4:c=2"]);
    let found = |at| world.log().find_by_time(ID, Timestamp(at), ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!(found(START_MS).offset, Offset(1));
    assert_eq!(found(START_MS + 1).offset, Offset(3));
}

fn of_producer(base_sequence: i32) -> BatchOptions {
    BatchOptions {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(0),
        base_sequence,
        ..BatchOptions::default()
    }
}

/// The largest timestamp may be that of a batch which only its header is left of.
#[test]
fn the_largest_timestamp_is_one_of_a_record() {
    let world = compacted(|_| {});
    world.append(keyed_with(&["c=1"], START_MS + 50, of_producer(0))).unwrap();
    world.append(keyed(&["c=2", "d=1"], START_MS + 20)).unwrap();
    world.roll();
    world.compact();
    let newest = world.log().max_timestamp(ID, ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!((newest.offset.0, newest.timestamp.0), (1, START_MS + 20));
}

#[test]
fn whoever_holds_an_old_file_keeps_it() {
    let world = compacted(|_| {});
    world.set(&["a=1", "b=1"]);
    world.set(&["a=2"]);
    world.roll();
    let before = world.log().read(ID, Offset(0), 1 << 20, ReadBound::End, WholeFirst::Yes).unwrap();
    world.compact();
    assert_eq!(world.seen(), ["1:b=1", "2:a=2"]);
    assert_eq!(batches(&before.records.to_bytes().unwrap()).count(), 2);
    assert_eq!(batches(&world.read(0, 1 << 20).unwrap()).count(), 2);
}

/// The high watermark may lie at the end of a segment that becomes shorter.
#[test]
fn a_high_watermark_at_the_end_of_a_compacted_segment_stays_readable() {
    let mut world = compacted(|_| {});
    world.set(&["a=1", "a=2", "a=3"]);
    world.set(&["a=4"]);
    world.roll();
    world.compact();
    assert_eq!(world.seen(), ["3:a=4"]);
    world.crash();
    assert_eq!(world.seen(), ["3:a=4"]);
    world.set(&["a=5"]);
    assert_eq!(world.seen(), ["3:a=4", "4:a=5"]);
}

#[test]
fn many_threads_read_and_append_while_logs_are_compacted() {
    const KEYS: usize = 20;
    let world = compacted(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 3000;
        settings.index_interval_bytes = 300;
        settings.compaction = always();
    });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let log = world.log().clone();
                scope.spawn(move || {
                    for n in 0..600 {
                        let batch = keyed(&[&format!("w{writer} {}={n}", n % KEYS)], START_MS);
                        wait(log.append(vec![Append { id: ID, batch }])).remove(0).unwrap();
                    }
                })
            })
            .collect();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        let end = world.offsets().high_watermark.0;
                        let seen = world.seen_from(0);
                        // The newest value of each key below `end` was there when the read began, and later
                        // ones only come after it.
                        let mut newest = std::collections::HashMap::new();
                        for (_, key, value) in &seen {
                            let value: usize = value.as_ref().unwrap().parse().unwrap();
                            assert!(newest.insert(key.clone(), value).is_none_or(|before| before < value));
                        }
                        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
                        assert!((end as usize).min(2 * KEYS) <= newest.len() * 2, "{end} {}", newest.len());
                        world.log().find_by_time(ID, Timestamp(0), ReadBound::HighWatermark).unwrap();
                    }
                })
            })
            .collect();
        let cleaner = scope.spawn(|| {
            let mut cleaner = world.log().cleaner(CleanerOptions { io_bytes: 2000, ..OPTIONS });
            while !done.load(Ordering::SeqCst) {
                cleaner.step();
                world.log().0.engine.handles.close_idle();
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::SeqCst);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        cleaner.join().unwrap();
    });
    world.roll();
    world.compact();
    let seen = world.seen_from(0);
    assert_eq!(seen.len(), 2 * KEYS);
    for (_, key, value) in seen {
        let n: usize = key.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(value, Some(format!("{}", 600 - KEYS + n)));
    }
    world.assert_tidy();
}

/// A sync of all of it at the end would make producers wait, and so would a sync of each piece.
#[test]
fn a_compacted_segment_is_written_out_piece_by_piece() {
    let world = compacted(|settings| settings.segment_bytes = 100 << 20);
    // Much less than a piece, so that one has to be made of several.
    let value = "x".repeat(20_000);
    for key in 0..500 {
        world.set(&[&format!("{key}={value}")]);
    }
    world.roll();
    world.compact();
    let written_out = std::mem::take(&mut *world.faults().written_out.lock());
    let mut end = 0;
    for (path, bytes) in &written_out {
        assert!(path.ends_with("00000000000000000000.log.cleaned"), "{path:?}");
        assert_eq!((bytes.start, bytes.end % 4096), (end, 0));
        assert!((60 << 10..84 << 10).contains(&(bytes.end - bytes.start)), "{bytes:?}");
        end = bytes.end;
    }
    assert!(9_500_000 < end, "{end}");
    let synced = world.faults().synced.lock();
    let syncs = synced.iter().filter(|path| path.ends_with("00000000000000000000.log.cleaned"));
    assert_eq!(syncs.count(), 2, "after 8 MiB, and at the end");
}
