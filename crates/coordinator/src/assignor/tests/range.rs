//! `range`.

use super::given::Given;
use crate::assignor::range::assign;
use expect_test::expect;

#[test]
fn topics_of_the_same_size_are_cut_alike() {
    let given = Given::new(&[5, 5], &[("a", "0 1"), ("b", "0 1")]);
    let assignments = given.assign(assign);
    expect![[r#"
        a: t0-0 t0-1 t0-2 t1-0 t1-1 t1-2
        b: t0-3 t0-4 t1-3 t1-4
    "#]]
    .assert_eq(&given.show(&assignments));
}

#[test]
fn each_topic_is_shared_by_its_own_subscribers_and_the_first_get_more() {
    let given = Given::new(&[3, 2, 1], &[("a", "0"), ("b", "0 1"), ("c", "1 2"), ("d", "2")]);
    let assignments = given.assign(assign);
    expect![[r#"
        a: t0-0 t0-1
        b: t0-2 t1-0
        c: t1-1 t2-0
        d:
    "#]]
    .assert_eq(&given.show(&assignments));
}

#[test]
fn static_members_come_first_and_stay_put_under_new_member_ids() {
    let before = Given::new(&[4], &[("a", "0"), ("k=i1", "0"), ("m=i2", "0")]);
    let after = Given::new(&[4], &[("a", "0"), ("z=i1", "0"), ("b=i2", "0")]);
    let assignments = before.assign(assign);
    expect![[r#"
        a: t0-3
        k: t0-0 t0-1
        m: t0-2
    "#]]
    .assert_eq(&before.show(&assignments));
    assert_eq!(assignments, after.assign(assign));
}

#[test]
fn the_order_in_which_members_are_named_plays_no_part() {
    let given = Given::new(&[5], &[("c", "0"), ("a", "0"), ("b", "0")]);
    expect![[r#"
        c: t0-4
        a: t0-0 t0-1
        b: t0-2 t0-3
    "#]]
    .assert_eq(&given.show(&given.assign(assign)));
}
