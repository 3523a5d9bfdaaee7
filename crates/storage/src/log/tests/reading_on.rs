//! Consumers read on where they stopped. What their reads leave behind saves the next ones the search, and never leads
//! them to another place than the search would.

use super::*;

/// Far more batches than are kept in memory of the end of a log. The file of the index has what is in the first 128
/// entries, and no more.
const BATCHES: i64 = 200;
/// Two batches of one record and a half.
const PORTION: usize = 200;

fn filled(change: impl Fn(&mut LogSettings)) -> World {
    let world = World::with(|settings| {
        settings.index_interval_bytes = 0;
        change(settings);
    });
    for n in 0..BATCHES {
        world.put(&[&format!("value {n}")]);
    }
    world
}

/// What there is from `from` on.
fn expected(from: i64, end: i64) -> Vec<String> {
    (from..end).map(|n| format!("value {n}")).collect()
}

impl World {
    /// From anywhere a consumer gets all that is behind, by portions of every kind.
    fn assert_all_is_found(&self) {
        let Offsets { log_start, end, .. } = self.offsets();
        for from in (log_start.0..=end.0).step_by(11) {
            assert_eq!(self.values(from, PORTION), expected(from, end.0), "from {from}");
        }
        for bytes_max in [1, 350, 1 << 20] {
            assert_eq!(self.values(log_start.0, bytes_max), expected(log_start.0, end.0), "by {bytes_max}");
        }
    }

    /// Changes bits of a byte of the tenth batch.
    fn change_tenth(&self, at: usize, bits: u8) {
        let start = self.read(0, 1 << 20).unwrap();
        let position = batches(&start).take(10).map(|entry| entry.unwrap().1.len()).sum::<usize>();
        let log = self.file("00000000000000000000.log");
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[position + at] ^= bits;
        std::fs::write(log, bytes).unwrap();
    }

    fn read_up_to_tenth(&self) {
        let size = batch(&["value 10"], 0).len();
        assert_eq!(records_of(&self.read(8, 2 * size).unwrap()).len(), 2);
    }

    /// How often files of the partition are opened and read meanwhile.
    fn looks(&self, work: impl FnOnce()) -> usize {
        *self.faults().looks_left.lock() = Some(("t-0", 1_000_000));
        work();
        1_000_000 - self.faults().looks_left.lock().take().unwrap().1
    }
}

/// The header of the batch behind has to be read to know where to stop; it is where the next read begins.
#[test]
fn who_reads_on_reads_one_header_a_portion() {
    let mut world = filled(|_| {});
    for restarts in [false, true] {
        if restarts {
            // Nothing of the end of the log is in memory, and the segment does not grow.
            world.restart();
        }
        world.read(0, PORTION).unwrap();
        for n in 1..30 {
            let looks = world.looks(|| assert_eq!(records_of(&world.read(2 * n, PORTION).unwrap()).len(), 2));
            assert_eq!(looks, 1, "portion {n}, restarted: {restarts}");
        }
    }
}

#[test]
fn many_who_read_by_turns_keep_their_places() {
    let world = filled(|_| {});
    let at = |reader: i64, portion: i64| 10 * reader + 2 * portion;
    let read = |from| assert_eq!(records_of(&world.read(from, PORTION).unwrap())[0].0, Offset(from));
    let looks = |portion| world.looks(|| (0..7).for_each(|reader| read(at(reader, portion))));
    assert!(7 < looks(0), "each looks for its place");
    assert_eq!((1..4).map(looks).collect::<Vec<_>>(), [7, 7, 7]);
}

#[test]
fn places_are_right_whatever_becomes_of_the_log() {
    type Change = fn(&World);
    let changes: [(&str, Change); 6] = [
        ("nothing", |_| {}),
        ("it grows, and a segment rolls", |world| {
            for n in BATCHES..2 * BATCHES {
                world.put(&[&format!("value {n}")]);
            }
        }),
        ("records are deleted", |world| _ = world.log().trim(ID, Offset(77)).unwrap()),
        ("old segments are deleted", |world| {
            let settings = LogSettings { retention_bytes: Some(4_000), ..world.settings };
            world.log().configure(ID, settings);
            world.log().enforce_retention();
            assert!(Offset(0) < world.offsets().log_start);
        }),
        ("files are closed", |world| {
            (0..2).for_each(|_| world.log().0.engine.handles.close_idle());
            let partition = world.log().find(ID).unwrap();
            assert!(partition.state.lock().segments.last().unwrap().trail.is_none());
        }),
        ("an append leaves half a batch", |world| {
            *world.faults().bytes_left.lock() = Some(30);
            assert!(world.append(batch(&["another and longer value"], world.now())).is_err());
            *world.faults().bytes_left.lock() = None;
            world.put(&[&format!("value {BATCHES}")]);
        }),
    ];
    for segment_bytes in [3_000, 1 << 20] {
        for (what, change) in changes {
            if what == "old segments are deleted" && segment_bytes == 1 << 20 {
                continue;
            }
            let mut world = filled(|settings| {
                settings.segment_bytes = segment_bytes;
                settings.file_delete_delay_ms = 0;
            });
            println!("{what}, segments of {segment_bytes}");
            world.assert_all_is_found();
            change(&world);
            world.assert_all_is_found();
            world.restart();
            world.assert_all_is_found();
        }
    }
}

/// No checksum covers a base offset. A wrong one is seen by who comes by; who looks for an offset that it claims does not.
#[test]
fn a_wrong_base_offset_draws_nobody_to_itself() {
    let world = filled(|_| {});
    // The tenth batch claims to be the 42nd.
    world.change_tenth(7, 32);
    world.read_up_to_tenth();
    assert_eq!(records_of(&world.read(42, 1).unwrap()), [(Offset(42), "value 42".to_owned())]);
}

/// Its reader hears of it, and does not wait for what is there.
#[test]
fn a_base_offset_behind_the_end_is_damage_also_for_who_reads_on() {
    // No index entry leads to the batch and tells its offset.
    let world = filled(|settings| settings.index_interval_bytes = 4096);
    world.change_tenth(6, 1);
    world.read_up_to_tenth();
    assert!(matches!(world.read(10, 1), Err(ReadError::Damaged { .. })));
}

#[test]
fn in_a_segment_known_to_be_damaged_no_place_is_relied_on() {
    let world = filled(|_| {});
    world.read_up_to_tenth();
    world.change_tenth(16, 1);
    world.log().find(ID).unwrap().state.lock().segments[0].damaged = true;
    assert!(matches!(world.read(10, 1), Err(ReadError::Damaged { .. })));
}
