//! Committed offsets.

use super::script::{World, check, offset};
use crate::group::{Reply, Settings};
use expect_test::expect;
use ottla_wire::message::offset_commit_response::OffsetCommitResponseTopic;

#[test]
fn a_lone_consumer_commits_to_an_empty_group_only() {
    check(
        "commit c t:0=42 epoch=3 meta=hello
         fetch - t:0,1 u:0
         fetch - all
         list
         commit c gen=3 t:0=1
         join a v=3
         commit c t:0=43
         +3000
         sync a a=x
         commit c t:0=44
         commit a t:0=45
         fetch - t:0",
        &expect![[r#"
            > commit c t:0=42 epoch=3 meta=hello
            c: committed t:0=NONE
            > fetch - t:0,1 u:0
            -: fetched NONE t:0=42/3/"hello" t:1=-1/-1/"" u:0=-1/-1/""
            > fetch - all
            -: fetched NONE t:0=42/3/"hello"
            > list
            -: listed g=classic/Empty/""
            > commit c gen=3 t:0=1
            c: committed t:0=UNKNOWN_MEMBER_ID
            > join a v=3
            > commit c t:0=43
            c: committed t:0=UNKNOWN_MEMBER_ID
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=x
            a: assigned "x"
            > commit c t:0=44
            c: committed t:0=UNKNOWN_MEMBER_ID
            > commit a t:0=45
            a: committed t:0=NONE
            > fetch - t:0
            -: fetched NONE t:0=45/-1/""
        "#]],
    );
}

#[test]
fn a_generation_in_a_group_that_does_not_exist_is_refused() {
    check(
        "commit a gen=1 id=m v=8 t:0=1
         commit a gen=1 id=m v=9 t:0=1
         list",
        &expect![[r#"
            > commit a gen=1 id=m v=8 t:0=1
            a: committed t:0=ILLEGAL_GENERATION
            > commit a gen=1 id=m v=9 t:0=1
            a: committed t:0=GROUP_ID_NOT_FOUND
            > list
            -: listed
        "#]],
    );
}

#[test]
fn commits_wait_for_the_assignment_but_not_for_joins() {
    check(
        "join a v=3
         +3000
         commit a t:0=1
         sync a a=x
         commit a t:0=2
         join b v=3
         heartbeat a
         commit a t:0=3
         join a
         commit a t:0=4
         fetch - t:0",
        &expect![[r#"
            > join a v=3
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > commit a t:0=1
            a: committed t:0=REBALANCE_IN_PROGRESS
            > sync a a=x
            a: assigned "x"
            > commit a t:0=2
            a: committed t:0=NONE
            > join b v=3
            > heartbeat a
            a: REBALANCE_IN_PROGRESS
            > commit a t:0=3
            a: committed t:0=NONE
            > join a
            a: joined m1 gen 2 range leader m1 [m1 m2]
            b: joined m2 gen 2 range leader m1 []
            > commit a t:0=4
            a: committed t:0=REBALANCE_IN_PROGRESS
            > fetch - t:0
            -: fetched NONE t:0=3/-1/""
        "#]],
    );
}

#[test]
fn metadata_is_limited() {
    check(
        "commit c t:0=1 meta=4096
         commit c t:0=2 meta=4097
         commit c u:0=3 meta=x",
        &expect![[r#"
            > commit c t:0=1 meta=4096
            c: committed t:0=NONE
            > commit c t:0=2 meta=4097
            c: committed t:0=OFFSET_METADATA_TOO_LARGE
            > commit c u:0=3 meta=x
            c: committed u:0=NONE
        "#]],
    );
}

#[test]
fn a_topic_made_again_under_its_name_has_no_offsets() {
    check(
        "commit c t#1:0=42 v#2:0=1
         fetch - t#1:0
         fetch - t#2:0
         fetch - t:0
         topics-gone 1 9
         fetch - all",
        &expect![[r#"
            > commit c t#1:0=42 v#2:0=1
            c: committed t:0=NONE v:0=NONE
            > fetch - t#1:0
            -: fetched NONE t:0=42/-1/""
            > fetch - t#2:0
            -: fetched NONE t:0=-1/-1/""
            > fetch - t:0
            -: fetched NONE t:0=42/-1/""
            > topics-gone 1 9
            1: done
            > fetch - all
            -: fetched NONE v:0=1/-1/""
        "#]],
    );
}

#[test]
fn offsets_of_subscribed_topics_are_not_deleted() {
    check(
        "delete-offsets - t:0
         commit c t:0=1 u:0=2
         join a v=3 protocols=range:t
         +3000
         sync a a=x
         delete-offsets - t:0 u:0,1
         fetch - all
         leave a
         delete-offsets - t:0
         fetch - all
         join b group=h v=3 type=connect
         delete-offsets - t:0 group=h",
        &expect![[r#"
            > delete-offsets - t:0
            -: deleted GROUP_ID_NOT_FOUND
            > commit c t:0=1 u:0=2
            c: committed t:0=NONE u:0=NONE
            > join a v=3 protocols=range:t
            > +3000
            a: joined m1 gen 1 range leader m1 [m1]
            > sync a a=x
            a: assigned "x"
            > delete-offsets - t:0 u:0,1
            -: deleted NONE t:0=GROUP_SUBSCRIBED_TO_TOPIC u:0=NONE u:1=NONE
            > fetch - all
            -: fetched NONE t:0=1/-1/""
            > leave a
            a: left NONE m1/-=NONE
            > delete-offsets - t:0
            -: deleted NONE t:0=NONE
            > fetch - all
            -: fetched NONE
            > join b group=h v=3 type=connect
            > delete-offsets - t:0 group=h
            -: deleted NON_EMPTY_GROUP
        "#]],
    );
}

const DAY: u64 = 24 * 60 * 60 * 1_000;
const CHECK: u64 = 10 * 60 * 1_000;

fn commit(world: &mut World, words: &str) -> Vec<OffsetCommitResponseTopic> {
    let command = world.command("commit", &words.split(' ').collect::<Vec<_>>());
    match world.apply(command).pop() {
        Some((_, Reply::Commit(response))) => response.topics,
        other => panic!("no commit: {other:?}"),
    }
}

#[test]
fn a_simple_groups_offsets_expire_by_commit_and_the_group_with_the_last() {
    let mut world = World::new(Settings::default());
    commit(&mut world, "c t:0=1");
    world.pass(DAY);
    commit(&mut world, "c u:0=1");
    world.pass(6 * DAY - CHECK);
    assert_eq!(offset(&world, "g", "t"), Some(1));
    world.pass(CHECK);
    assert_eq!(offset(&world, "g", "t"), None);
    assert_eq!(offset(&world, "g", "u"), Some(1));
    world.pass(DAY);
    assert!(world.hard.groups.is_empty());
}

#[test]
fn an_emptied_groups_offsets_expire_from_when_it_became_empty() {
    let mut world = World::new(Settings::default());
    world.run("join a v=3");
    world.pass(3_000);
    world.run("sync a a=x");
    world.run("commit a t:0=1");
    for _ in 0..(6 * DAY / 9_000) {
        world.pass(9_000);
        world.run("heartbeat a");
    }
    world.run("leave a");
    world.restart();
    world.pass(7 * DAY - CHECK);
    assert_eq!(offset(&world, "g", "t"), Some(1));
    world.pass(2 * CHECK);
    assert!(world.hard.groups.is_empty());
}

#[test]
fn a_living_group_loses_only_what_it_no_longer_subscribes_to() {
    let settings =
        Settings { offsets_retention_ms: 20_000, offsets_check_interval_ms: 1_000, ..Settings::default() };
    let mut world = World::new(settings);
    world.run("join a v=3 session=60000 protocols=range:t");
    world.pass(3_000);
    world.run("sync a a=x");
    world.run("commit a t:0=1 u:0=2");
    world.pass(19_000);
    assert_eq!(offset(&world, "g", "u"), Some(2));
    world.pass(2_000);
    assert_eq!((offset(&world, "g", "t"), offset(&world, "g", "u")), (Some(1), None));
}

#[test]
fn old_clients_choose_when_an_offset_expires() {
    let settings = Settings { offsets_check_interval_ms: 1_000, ..Settings::default() };
    let mut world = World::new(settings);
    commit(&mut world, "c t:0=1 retention=5000");
    world.pass(4_999);
    assert_eq!(offset(&world, "g", "t"), Some(1));
    world.pass(1_000);
    assert_eq!(offset(&world, "g", "t"), None);
}

#[test]
fn a_group_that_somebody_is_about_to_join_is_kept() {
    let mut world = World::new(Settings::default());
    world.run("join a session=1800000");
    world.pass(CHECK);
    assert!(!world.hard.groups.is_empty());
    world.run("leave a");
    world.pass(CHECK);
    assert!(world.hard.groups.is_empty());
}
