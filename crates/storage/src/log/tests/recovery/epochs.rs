//! Leader epochs: none comes twice, and they outlive their file.

use super::*;

#[test]
fn no_leader_epoch_is_ever_used_again() {
    let mut world = World::new();
    let mut ends = Vec::new();
    for round in 0..4 {
        assert_eq!(world.offsets().leader_epoch, LeaderEpoch(round));
        world.put(&["kept"]);
        world.log().checkpoint().unwrap();
        ends.push(world.offsets().end);
        // Seen by a consumer in this epoch, and then lost.
        let size = world.log().size(ID);
        world.put(&["lost"]);
        world.log = None;
        std::fs::File::options().write(true).open(world.file(LOG)).unwrap().set_len(size).unwrap();
        world.open();
    }
    for (epoch, end) in (0..).map(LeaderEpoch).zip(ends) {
        assert_eq!(world.log().epoch_end(ID, epoch), Some((epoch, end)));
    }
    assert_eq!(world.log().epoch_end(ID, LeaderEpoch(4)), Some((LeaderEpoch(4), Offset(4))));
    assert_eq!(world.log().epoch_end(ID, LeaderEpoch(5)), None);
    world.restart();
    assert_eq!(world.offsets().leader_epoch, LeaderEpoch(4));
}

/// Found by the crash loop: killed while it wrote the file, the broker began with epoch 0 again, and consumers that had
/// read in epoch 31 took their positions for lost and read everything once more.
#[test]
fn leader_epochs_outlive_their_file() {
    const EPOCHS: &str = "leader-epoch-checkpoint";
    for torn in [Some(""), Some("0\n2\n0 0\n1"), None] {
        let mut world = World::new();
        world.put(&["one"]);
        world.crash();
        world.put(&["two"]);
        world.crash();
        world.put(&["three"]);
        world.log().checkpoint().unwrap();
        world.log = None;
        match torn {
            Some(text) => std::fs::write(world.file(EPOCHS), text).unwrap(),
            None => std::fs::remove_file(world.file(EPOCHS)).unwrap(),
        }
        world.open();
        assert_eq!(world.offsets().leader_epoch, LeaderEpoch(3), "{torn:?}");
        assert_eq!(world.log().epoch_end(ID, LeaderEpoch(0)), Some((LeaderEpoch(0), Offset(1))));
        assert_eq!(world.log().epoch_end(ID, LeaderEpoch(1)), Some((LeaderEpoch(1), Offset(2))));
        // Written anew, and never in place.
        world.restart();
        assert_eq!(world.offsets().leader_epoch, LeaderEpoch(3), "{torn:?}");
        assert!(!world.dir.path().join(format!("{EPOCHS}.tmp")).exists());
    }
}

/// As in Kafka: whoever asks for one of them is sent to the start of the log, and not to an offset before it.
#[test]
fn epochs_whose_records_are_gone_have_ended_at_the_start_of_the_log() {
    let mut world = World::new();
    for value in ["one", "two", "three", "four"] {
        world.put(&[value, value]);
        world.crash();
    }
    let end_of = |epoch| world.log().epoch_end(ID, LeaderEpoch(epoch)).map(|(epoch, end)| (epoch.0, end.0));
    assert_eq!(
        [0, 1, 2, 3, 4, 5].map(end_of),
        [Some((0, 2)), Some((1, 4)), Some((2, 6)), Some((3, 8)), Some((4, 8)), None]
    );
    world.log().trim(ID, Offset(5)).unwrap();
    assert_eq!([0, 1, 2, 3].map(end_of), [Some((0, 5)), Some((1, 5)), Some((2, 6)), Some((3, 8))]);
    world.log().trim(ID, Offset(6)).unwrap();
    assert_eq!([1, 2, 3].map(end_of), [Some((1, 6)), Some((2, 6)), Some((3, 8))]);
}

#[test]
fn the_file_of_epochs_is_replaced_as_a_whole() {
    let mut world = World::new();
    world.put(&["one"]);
    // A reader that holds the old file still sees the old epochs.
    let mut old = std::fs::File::open(world.file("leader-epoch-checkpoint")).unwrap();
    world.crash();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut old, &mut text).unwrap();
    assert_eq!(text, "0\n1\n0 0\n");
    assert_eq!(std::fs::read_to_string(world.file("leader-epoch-checkpoint")).unwrap(), "0\n2\n0 0\n1 1\n");
}
