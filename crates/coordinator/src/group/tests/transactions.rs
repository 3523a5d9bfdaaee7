//! Offsets that are committed in transactions.

use super::script::{World, check, offset};
use crate::group::{Groups, Record, Settings};
use crate::machine::Machine;
use expect_test::expect;

#[test]
fn an_offset_is_committed_when_its_transaction_is_and_unstable_until_then() {
    check(
        "commit c t:0=1
         txn-commit c pid=1 t:0=5 epoch=3 meta=hello
         fetch - t:0
         fetch - stable t:0,1
         fetch - stable all
         end - pid=1 commit
         fetch - stable t:0
         fetch - all",
        &expect![[r#"
            > commit c t:0=1
            c: committed t:0=NONE
            > txn-commit c pid=1 t:0=5 epoch=3 meta=hello
            c: pending t:0=NONE
            > fetch - t:0
            -: fetched NONE t:0=1/-1/""
            > fetch - stable t:0,1
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT t:1=-1/-1/""
            > fetch - stable all
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=1 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=5/3/"hello"
            > fetch - all
            -: fetched NONE t:0=5/3/"hello"
        "#]],
    );
}

#[test]
fn an_offset_of_an_aborted_transaction_never_was() {
    check(
        "txn-commit c pid=1 t:0=5
         fetch - stable t:0
         fetch - stable all
         end - pid=1 abort
         fetch - stable t:0
         list",
        &expect![[r#"
            > txn-commit c pid=1 t:0=5
            c: pending t:0=NONE
            > fetch - stable t:0
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
            > fetch - stable all
            -: fetched NONE
            > end - pid=1 abort
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=-1/-1/""
            > list
            -: listed g=classic/Empty/""
        "#]],
    );
}

#[test]
fn what_is_pending_survives_a_crash_and_ends_once() {
    check(
        "txn-commit c pid=1 t:0=5
         restart
         fetch - stable t:0
         end - pid=1 commit
         commit c t:0=6
         end - pid=1 commit
         end - pid=1 abort
         restart
         fetch - stable t:0",
        &expect![[r#"
            > txn-commit c pid=1 t:0=5
            c: pending t:0=NONE
            > restart
            > fetch - stable t:0
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=1 commit
            -: done
            > commit c t:0=6
            c: committed t:0=NONE
            > end - pid=1 commit
            -: done
            > end - pid=1 abort
            -: done
            > restart
            > fetch - stable t:0
            -: fetched NONE t:0=6/-1/""
        "#]],
    );
}

#[test]
fn a_later_offset_of_the_same_transaction_replaces_an_earlier_one() {
    check(
        "txn-commit c pid=1 t:0=5 u:0=1
         txn-commit c pid=1 t:0=6
         end - pid=1 commit
         fetch - all",
        &expect![[r#"
            > txn-commit c pid=1 t:0=5 u:0=1
            c: pending t:0=NONE u:0=NONE
            > txn-commit c pid=1 t:0=6
            c: pending t:0=NONE
            > end - pid=1 commit
            -: done
            > fetch - all
            -: fetched NONE t:0=6/-1/"" u:0=1/-1/""
        "#]],
    );
}

#[test]
fn the_last_written_of_several_commits_wins_whichever_transaction_ends_first() {
    check(
        "txn-commit c pid=1 t:0=1
         txn-commit c pid=2 t:0=2
         end - pid=1 commit
         fetch - t:0
         fetch - stable t:0
         end - pid=2 commit
         fetch - stable t:0
         # The other way around: the second was written last.
         txn-commit c pid=1 t:0=11
         txn-commit c pid=2 t:0=12
         end - pid=2 commit
         restart
         end - pid=1 commit
         fetch - stable t:0",
        &expect![[r#"
            > txn-commit c pid=1 t:0=1
            c: pending t:0=NONE
            > txn-commit c pid=2 t:0=2
            c: pending t:0=NONE
            > end - pid=1 commit
            -: done
            > fetch - t:0
            -: fetched NONE t:0=1/-1/""
            > fetch - stable t:0
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=2 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=2/-1/""
            > txn-commit c pid=1 t:0=11
            c: pending t:0=NONE
            > txn-commit c pid=2 t:0=12
            c: pending t:0=NONE
            > end - pid=2 commit
            -: done
            > restart
            > end - pid=1 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=12/-1/""
        "#]],
    );
}

#[test]
fn a_later_commit_outside_wins_and_a_later_one_that_was_aborted_does_not() {
    check(
        "txn-commit c pid=1 t:0=21
         commit c t:0=22
         txn-commit c pid=2 t:0=23
         end - pid=1 commit
         fetch - t:0
         end - pid=2 commit
         fetch - t:0
         # The later one does not count if it is aborted.
         txn-commit c pid=1 t:0=31
         txn-commit c pid=2 t:0=32
         end - pid=2 abort
         end - pid=1 commit
         fetch - stable t:0",
        &expect![[r#"
            > txn-commit c pid=1 t:0=21
            c: pending t:0=NONE
            > commit c t:0=22
            c: committed t:0=NONE
            > txn-commit c pid=2 t:0=23
            c: pending t:0=NONE
            > end - pid=1 commit
            -: done
            > fetch - t:0
            -: fetched NONE t:0=22/-1/""
            > end - pid=2 commit
            -: done
            > fetch - t:0
            -: fetched NONE t:0=23/-1/""
            > txn-commit c pid=1 t:0=31
            c: pending t:0=NONE
            > txn-commit c pid=2 t:0=32
            c: pending t:0=NONE
            > end - pid=2 abort
            -: done
            > end - pid=1 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=31/-1/""
        "#]],
    );
}

#[test]
fn one_transaction_holds_offsets_of_many_groups() {
    check(
        "txn-commit c pid=1 group=g t:0=1
         txn-commit c pid=1 group=h t:0=2
         txn-commit c pid=1 pepoch=1 group=h v:0=2
         txn-commit c pid=2 group=h u:0=3
         open
         end - pid=1 pepoch=1 commit
         open
         fetch - group=g stable t:0
         fetch - group=h stable t:0 u:0",
        &expect![[r#"
            > txn-commit c pid=1 group=g t:0=1
            c: pending t:0=NONE
            > txn-commit c pid=1 group=h t:0=2
            c: pending t:0=NONE
            > txn-commit c pid=1 pepoch=1 group=h v:0=2
            c: pending v:0=NONE
            > txn-commit c pid=2 group=h u:0=3
            c: pending u:0=NONE
            > open
            -: open 1/1 2/0
            > end - pid=1 pepoch=1 commit
            -: done
            > open
            -: open 2/0
            > fetch - group=g stable t:0
            -: fetched NONE t:0=1/-1/""
            > fetch - group=h stable t:0 u:0
            -: fetched NONE t:0=2/-1/"" u:0=UNSTABLE_OFFSET_COMMIT
        "#]],
    );
}

#[test]
fn a_marker_ends_what_is_not_newer_than_itself() {
    check(
        "txn-commit c pid=1 pepoch=5 t:0=1
         end - pid=1 pepoch=4 commit
         fetch - stable t:0
         end - pid=1 pepoch=6 commit
         fetch - stable t:0",
        &expect![[r#"
            > txn-commit c pid=1 pepoch=5 t:0=1
            c: pending t:0=NONE
            > end - pid=1 pepoch=4 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=1 pepoch=6 commit
            -: done
            > fetch - stable t:0
            -: fetched NONE t:0=1/-1/""
        "#]],
    );
}

#[test]
fn only_members_of_the_generation_commit_to_a_group_that_lives() {
    check(
        "txn-commit a gen=1 id=m t:0=1
         join a v=3 instance=i1
         join b v=3 instance=i2
         +6000
         # While the assignment is awaited, too.
         txn-commit a instance=i1 t:0=2
         txn-commit a gen=7 t:0=3
         txn-commit a id=m9 t:0=4
         txn-commit a instance=i2 t:0=5
         txn-commit a instance=i3 t:0=5
         txn-commit a gen=-1 t:0=6
         # A client that is too old to say who it is.
         txn-commit c t:0=7
         fetch - stable t:0",
        &expect![[r#"
            > txn-commit a gen=1 id=m t:0=1
            a: pending t:0=GROUP_ID_NOT_FOUND
            > join a v=3 instance=i1
            > join b v=3 instance=i2
            > +6000
            a: joined m1 gen 1 range leader m1 [m1 m2]
            b: joined m2 gen 1 range leader m1 []
            > txn-commit a instance=i1 t:0=2
            a: pending t:0=NONE
            > txn-commit a gen=7 t:0=3
            a: pending t:0=ILLEGAL_GENERATION
            > txn-commit a id=m9 t:0=4
            a: pending t:0=UNKNOWN_MEMBER_ID
            > txn-commit a instance=i2 t:0=5
            a: pending t:0=FENCED_INSTANCE_ID
            > txn-commit a instance=i3 t:0=5
            a: pending t:0=UNKNOWN_MEMBER_ID
            > txn-commit a gen=-1 t:0=6
            a: pending t:0=ILLEGAL_GENERATION
            > txn-commit c t:0=7
            c: pending t:0=NONE
            > fetch - stable t:0
            -: fetched NONE t:0=UNSTABLE_OFFSET_COMMIT
        "#]],
    );
}

#[test]
fn a_group_without_a_name_is_refused_and_long_metadata_too() {
    check(
        "txn-commit c group= t:0=1
         txn-commit c t:0=1 u:0=1 meta=4096
         txn-commit c t:0=1 meta=4097
         list",
        &expect![[r#"
            > txn-commit c group= t:0=1
            c: pending t:0=INVALID_GROUP_ID
            > txn-commit c t:0=1 u:0=1 meta=4096
            c: pending t:0=NONE u:0=NONE
            > txn-commit c t:0=1 meta=4097
            c: pending t:0=OFFSET_METADATA_TOO_LARGE
            > list
            -: listed g=classic/Empty/""
        "#]],
    );
}

#[test]
fn deleting_a_group_or_an_offset_or_a_topic_drops_what_is_pending() {
    check(
        "commit c t:0=1
         txn-commit c pid=1 t:0=2 u:0=2
         txn-commit c pid=2 t:0=3
         delete-offsets - t:0
         fetch - stable t:0 u:0
         end - pid=2 commit
         end - pid=1 commit
         fetch - stable all
         txn-commit c pid=1 t:0=4
         delete - group=g
         end - pid=1 commit
         list
         txn-commit c pid=1 t#1:0=5 u#2:0=6
         topics-gone 1
         fetch - stable t:0 u:0
         end - pid=1 commit
         fetch - all",
        &expect![[r#"
            > commit c t:0=1
            c: committed t:0=NONE
            > txn-commit c pid=1 t:0=2 u:0=2
            c: pending t:0=NONE u:0=NONE
            > txn-commit c pid=2 t:0=3
            c: pending t:0=NONE
            > delete-offsets - t:0
            -: deleted NONE t:0=NONE
            > fetch - stable t:0 u:0
            -: fetched NONE t:0=-1/-1/"" u:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=2 commit
            -: done
            > end - pid=1 commit
            -: done
            > fetch - stable all
            -: fetched NONE u:0=2/-1/""
            > txn-commit c pid=1 t:0=4
            c: pending t:0=NONE
            > delete - group=g
            -: deleted NONE
            > end - pid=1 commit
            -: done
            > list
            -: listed
            > txn-commit c pid=1 t#1:0=5 u#2:0=6
            c: pending t:0=NONE u:0=NONE
            > topics-gone 1
            1: done
            > fetch - stable t:0 u:0
            -: fetched NONE t:0=-1/-1/"" u:0=UNSTABLE_OFFSET_COMMIT
            > end - pid=1 commit
            -: done
            > fetch - all
            -: fetched NONE u:0=6/-1/""
        "#]],
    );
}

#[test]
fn what_is_pending_keeps_its_group_and_the_offset_it_may_replace() {
    let settings =
        Settings { offsets_retention_ms: 20_000, offsets_check_interval_ms: 1_000, ..Settings::default() };
    let mut world = World::new(settings);
    world.run("commit c t:0=1 u:0=1");
    world.run("txn-commit c pid=1 t:0=2");
    world.run("txn-commit c group=h pid=1 t:0=2");
    world.pass(60_000);
    assert_eq!((offset(&world, "g", "t"), offset(&world, "g", "u")), (Some(1), None));
    assert_eq!(world.hard.groups.len(), 2);
    world.run("end - pid=1 abort");
    world.pass(1_000);
    assert!(world.hard.groups.is_empty());
}

#[test]
fn an_offset_counts_as_committed_when_it_was_written() {
    let settings =
        Settings { offsets_retention_ms: 20_000, offsets_check_interval_ms: 1_000, ..Settings::default() };
    let mut world = World::new(settings);
    world.run("txn-commit c pid=1 t:0=2");
    world.pass(15_000);
    world.run("end - pid=1 commit");
    world.pass(4_000);
    assert_eq!(offset(&world, "g", "t"), Some(2));
    world.pass(1_000);
    assert_eq!(offset(&world, "g", "t"), None);
}

/// As Ottla 0.1 wrote it, before there were transactions.
#[test]
fn an_offset_without_a_position_can_be_read() {
    let key = b"\x02\0\0\0\x01g\0\0\0\x01t\0\0\0\x07";
    let mut value = b"\0\0\0\0\0\0\0\0\x2a\xff\xff\xff\xff\0\0\0\x02hi\0\0\0\0\0\0\0\x05".to_vec();
    value.extend([0xff; 8]);
    value.extend([0; 16]);
    let record = Groups::decode(key, &value).expect("an old row");
    let Record::Offset { committed: Some(committed), .. } = &record else { panic!("{record:?}") };
    assert_eq!((committed.offset.0, committed.committed_at.0, committed.position), (42, 5, 0));
    assert_eq!((&*committed.metadata, committed.expires_at), ("hi", None));
    let again = Groups::encode(&record);
    assert_eq!(Groups::decode(key, &again.value.expect("a row")), Ok(record));
}
