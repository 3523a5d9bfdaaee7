//! What is appended can be read, from everywhere and in any portion.

use super::*;

#[test]
fn batches_are_read_back_with_their_offsets() {
    let world = World::new();
    assert_eq!(world.put(&["a", "b", "c"]), Offset(0));
    assert_eq!(world.put(&["d"]), Offset(3));
    let all = world.read(0, 1 << 20).unwrap();
    let found: Vec<_> = records_of(&all).into_iter().map(|(at, value)| (at.0, value)).collect();
    let expected = [(0, "a"), (1, "b"), (2, "c"), (3, "d")].map(|(at, value)| (at, value.to_owned()));
    assert_eq!(found, expected);
    // The batch that contains the offset comes whole.
    assert_eq!(world.read(1, 1 << 20).unwrap(), all);
    assert_eq!(records_of(&world.read(3, 1 << 20).unwrap()), [(Offset(3), "d".to_owned())]);
}

#[test]
fn a_read_gives_whole_batches_within_its_limit() {
    let world = World::new();
    let sizes = [world.put(&["first"]), world.put(&["second"]), world.put(&["third"])];
    assert_eq!(sizes, [Offset(0), Offset(1), Offset(2)]);
    let first = batch(&["first"], 0).len();
    let second = batch(&["second"], 0).len();
    let count = |bytes_max, whole_first| {
        let read = world.log().read(ID, Offset(0), bytes_max, ReadBound::HighWatermark, whole_first).unwrap();
        records_of(&read.records.to_bytes().unwrap()).len()
    };
    assert_eq!(count(first + second, WholeFirst::No), 2);
    assert_eq!(count(first + second - 1, WholeFirst::No), 1);
    assert_eq!(count(first, WholeFirst::No), 1);
    assert_eq!(count(first - 1, WholeFirst::No), 0);
    assert_eq!(count(first - 1, WholeFirst::Yes), 1);
    assert_eq!(count(0, WholeFirst::Yes), 1);
}

/// Whoever waits for more has to know whether there is more already.
#[test]
fn a_read_says_what_it_leaves_behind() {
    let world = World::with(|settings| settings.segment_bytes = 200);
    world.put(&["first"]);
    world.put(&["second"]);
    world.put(&["in a segment of its own"]);
    let rest = |from, bytes_max, bound| {
        world.log().read(ID, Offset(from), bytes_max, bound, WholeFirst::No).unwrap().rest
    };
    let both = [ReadBound::HighWatermark, ReadBound::LastStable];
    let all = |from, bytes_max| both.map(|bound| rest(from, bytes_max, bound));
    assert_eq!(all(0, 10), [Rest::DidNotFit; 2], "nothing fits");
    assert_eq!(all(0, 100), [Rest::DidNotFit; 2], "the first fits");
    assert_eq!(all(0, 1000), [Rest::NextSegment; 2]);
    assert_eq!(all(2, 10), [Rest::DidNotFit; 2]);
    assert_eq!(all(2, 1000), [Rest::Nothing; 2]);
    assert_eq!(all(3, 1000), [Rest::Nothing; 2]);
}

#[test]
fn reads_outside_the_log_are_refused_and_reads_at_its_end_are_empty() {
    let world = World::new();
    world.put(&["a"]);
    assert!(world.read(1, 100).unwrap().is_empty());
    assert!(matches!(world.read(2, 100), Err(ReadError::OutOfRange { end: Offset(1), .. })));
    assert!(matches!(world.read(-1, 100), Err(ReadError::OutOfRange { .. })));
    let other = PartitionId { index: PartitionIndex(1), ..ID };
    let unknown = world.log().read(other, Offset(0), 1, ReadBound::End, WholeFirst::Yes);
    assert!(matches!(unknown, Err(ReadError::NotFound(_))));
    let refused = wait(world.log().append(vec![Append { id: other, batch: batch(&["x"], 0) }]));
    assert_eq!(refused, [Err(AppendError::NotFound(other))]);
}

/// Beyond the 128 newest batches, positions come from the offset index and short walks.
#[test]
fn every_offset_is_found_in_memory_and_through_the_index() {
    let world = World::with(|settings| settings.index_interval_bytes = 300);
    let count = 1000;
    for n in 0..count {
        world.put(&[&format!("value {n}"), "second"]);
    }
    for n in (0..2 * count).step_by(7) {
        let found = records_of(&world.read(n, 1).unwrap());
        assert_eq!(found[0].0, Offset(n - n % 2), "offset {n}");
    }
    for bytes_max in [1, 150, 1000, 10_000, 1 << 20] {
        assert_eq!(world.values(0, bytes_max).len(), 2 * 1000, "by {bytes_max} bytes");
    }
}

#[test]
fn segments_roll_by_size_and_read_on_across() {
    let mut world = World::with(|settings| settings.segment_bytes = 1000);
    let values: Vec<String> = (0..100).map(|n| format!("value {n}")).collect();
    for value in &values {
        world.put(&[value]);
    }
    let logs = || world.files().into_iter().filter(|name| name.ends_with(".log")).count();
    assert!(7 <= logs(), "{:?}", world.files());
    assert_eq!(world.values(0, 1 << 20), values);
    assert_eq!(world.values(50, 300), values[50..]);
    world.restart();
    assert!(world.report.clean);
    assert_eq!(world.values(0, 700), values);
    assert_eq!(world.put(&["next"]), Offset(100));
}

#[test]
fn segments_roll_by_the_age_of_their_first_record() {
    let world = World::with(|settings| settings.segment_ms = 1000);
    world.put(&["a"]);
    world.pass_ms(1000);
    world.put(&["b"]);
    assert_eq!(world.log().0.partitions.read()[&ID].state.lock().segments.len(), 1);
    world.pass_ms(1);
    world.put(&["c"]);
    assert_eq!(world.log().0.partitions.read()[&ID].state.lock().segments.len(), 2);
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

#[test]
fn segments_roll_when_their_index_is_full() {
    let world = World::with(|settings| {
        settings.index_interval_bytes = 0;
        settings.index_bytes_max = 40;
    });
    (0..20).for_each(|_| assert!(world.append(batch(&["x"], START_MS)).is_ok()));
    let state = world.log().0.partitions.read()[&ID].state.lock().segments.len();
    assert!(4 <= state, "{state} segments");
    assert_eq!(world.values(0, 100).len(), 20);
}

#[test]
fn many_batches_of_one_call_keep_their_order_and_their_partitions() {
    let world = World::with(|settings| settings.segment_bytes = 400);
    let other = PartitionId { index: PartitionIndex(1), ..ID };
    world.log().create(&topic(), other, world.settings).unwrap();
    let appends = (0..40).map(|n| Append {
        id: if n % 4 == 3 { other } else { ID },
        batch: batch(&[&format!("{n}")], START_MS),
    });
    let results = wait(world.log().append(appends.collect()));
    let offsets: Vec<i64> = results.iter().map(|result| result.as_ref().unwrap().base_offset.0).collect();
    let expected: Vec<i64> = (0..40).map(|n| if n % 4 == 3 { n / 4 } else { n - n / 4 }).collect();
    assert_eq!(offsets, expected);
    let expected: Vec<String> = (0..40).filter(|n| n % 4 != 3).map(|n| n.to_string()).collect();
    assert_eq!(world.values(0, 200), expected);
}

#[test]
fn append_time_is_stamped_and_answered() {
    let world = World::with(|settings| settings.timestamp_type = crate::TimestampType::LogAppendTime);
    world.pass_ms(5);
    let appended = world.append(batch(&["a"], 1)).unwrap();
    assert_eq!(appended.log_append_time, Timestamp(START_MS + 5));
    let bytes = world.read(0, 1000).unwrap();
    let (header, stored) = batches(&bytes).next().unwrap().unwrap();
    ottla_wire::record::check_integrity(&stored).unwrap();
    assert_eq!(header.max_timestamp, Timestamp(START_MS + 5));
    assert_eq!(header.partition_leader_epoch, LeaderEpoch(0));
    let plain = World::new();
    assert_eq!(plain.append(batch(&["a"], 1)).unwrap().log_append_time, Timestamp::NONE);
}

#[test]
fn what_is_no_batch_or_too_large_is_refused() {
    let world = World::with(|settings| settings.segment_bytes = 100);
    let mut cut = batch(&["a"], 0);
    cut.truncate(cut.len() - 1);
    assert!(matches!(world.append(cut), Err(AppendError::Malformed(_))));
    assert!(matches!(world.append(Bytes::new()), Err(AppendError::Malformed(_))));
    let large = world.append(batch(&[&"x".repeat(100)], 0));
    assert!(matches!(large, Err(AppendError::TooLarge { segment_bytes: 100, .. })));
    assert_eq!(world.offsets().end, Offset(0));
}

#[test]
fn few_handles_serve_many_partitions() {
    let mut world = World::new();
    let mut options = world.options();
    options.handles_max = 3;
    world.log = None;
    let (log, _) = Log::open(&options, world.env.clone(), world.heard.clone()).unwrap();
    world.log = Some(log);
    let ids: Vec<_> = (1..20).map(|index| PartitionId { index: PartitionIndex(index), ..ID }).collect();
    world.log().create_range(&topic(), ID.topic, 1..20, world.settings).unwrap();
    for round in 0..3 {
        for id in &ids {
            let batch = batch(&[&format!("{round}")], START_MS);
            wait(world.log().append(vec![Append { id: *id, batch }])).remove(0).unwrap();
        }
    }
    assert!(world.log().0.engine.handles.len() <= 3);
    for id in &ids {
        let read = world.log().read(*id, Offset(0), 1000, ReadBound::End, WholeFirst::Yes).unwrap();
        assert_eq!(records_of(&read.records.to_bytes().unwrap()).len(), 3);
    }
}

#[test]
fn many_threads_append_and_read_at_once() {
    let world = World::with(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 3000;
        settings.index_interval_bytes = 300;
    });
    let done = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let log = world.log().clone();
                scope.spawn(move || {
                    let put = |n| {
                        let batch = batch(&[&format!("{writer} {n}")], START_MS);
                        let answer = wait(log.append(vec![Append { id: ID, batch }])).remove(0).unwrap();
                        (answer.base_offset, format!("{writer} {n}"))
                    };
                    (0..200).map(put).collect::<Vec<_>>()
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::SeqCst) {
                let values = world.values(0, 700);
                assert!(seen <= values.len(), "what was visible stays visible");
                seen = values.len();
            }
        });
        let answers: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
        answers
    });
    let values = world.values(0, 1 << 20);
    assert_eq!(values.len(), 600);
    for (offset, value) in answers {
        assert_eq!(values[usize::try_from(offset.0).unwrap()], value);
    }
}

/// A reader in a gap behind a segment once began at the next segment's last index entry, and passed over all before.
#[test]
fn a_gap_between_segments_hides_nothing_behind_it() {
    let mut world = World::with(|settings| {
        settings.segment_bytes = 330;
        settings.index_interval_bytes = 80;
    });
    for number in 0..8 {
        world.put(&[&format!("value {number}")]);
    }
    world.log.take().unwrap().close();
    let first = world.file("00000000000000000000.log");
    let batch_bytes = std::fs::metadata(&first).unwrap().len() / 4;
    std::fs::File::options().write(true).open(&first).unwrap().set_len(batch_bytes).unwrap();
    world.open();
    assert_eq!(world.values(1, 1 << 20), ["value 4", "value 5", "value 6", "value 7"]);
}
