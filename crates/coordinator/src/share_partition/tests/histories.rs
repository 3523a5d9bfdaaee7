//! What a letter will tell of the deliveries before it.

use super::script::check;
use crate::codec::{Input, Output};
use crate::share_partition::{Delivery, Ending, History};
use expect_test::expect;
use ottla_base::Timestamp;

#[test]
fn every_delivery_that_failed_is_told_with_its_member_its_times_and_its_end() {
    check(
        "
        config dlq
        log 0-3
        open start=0
        acquire a
        +100
        ack a 0-1=2 2-3=4 renew
        +30000
        history
        acquire b
        +50
        release b
        history
        acquire c max=1 limit
        +1
        ack c 0=3
        history
        ",
        &expect![[r#"
            > config dlq
            > log 0-3
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-3/1
            > +100
            > ack a 0-1=2 2-3=4 renew
            a: ok
            > +30000
            > history
            0-1, a 0 to 100 Released
            2-3, a 0 to 30100 TimedOut after 1 renewals
            > acquire b
            b: 0-3/2
            > +50
            > release b
            b: done
            > history
            0-1, a 0 to 100 Released, b 30100 to 30150 Gone
            2-3, a 0 to 30100 TimedOut after 1 renewals, b 30100 to 30150 Gone
            > acquire c max=1 limit
            c: 0-0/3
            > +1
            > ack c 0=3
            c: ok
            > history
            0-0, a 0 to 100 Released, b 30100 to 30150 Gone, c 30150 to 30151 Rejected
            1-1, a 0 to 100 Released, b 30100 to 30150 Gone
            2-3, a 0 to 30100 TimedOut after 1 renewals, b 30100 to 30150 Gone
        "#]],
    );
}

#[test]
fn a_crash_takes_only_the_delivery_under_way() {
    check(
        "
        config dlq
        log 0-1
        open start=0
        acquire a
        +10
        ack a 0=2 1=3
        acquire b
        restart
        history
        acquire c
        history
        ack c 0=2
        history
        ",
        &expect![[r#"
            > config dlq
            > log 0-1
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-1/1
            > +10
            > ack a 0=2 1=3
            a: ok
            > acquire b
            b: 0-0/2
            > restart
            > history
            1-1, a 0 to 10 Rejected
            > acquire c
            c: 0-0/2
            > history
            0-0, a 0 to 10 Released
            1-1, a 0 to 10 Rejected
            > ack c 0=2
            c: ok
            > history
            0-0, a 0 to 10 Released, c 10 to 10 Released
            1-1, a 0 to 10 Rejected
        "#]],
    );
}

#[test]
fn a_group_without_dead_letters_remembers_nothing() {
    check(
        "
        log 0-1
        open start=0
        acquire a
        release a
        history
        config dlq
        acquire a
        release a
        history
        ",
        &expect![[r#"
            > log 0-1
            > open start=0
            start=0: opened at 0
            > acquire a
            a: 0-1/1
            > release a
            a: done
            > history
            0-1
            > config dlq
            > acquire a
            a: 0-1/2
            > release a
            a: done
            > history
            0-1, a 0 to 0 Gone
        "#]],
    );
}

#[test]
fn only_the_last_deliveries_are_remembered_and_stored() {
    let delivery = |number| Delivery {
        member: "m".into(),
        at: Timestamp(number),
        until: Timestamp(number + 1),
        renewals: 0,
        ending: Ending::TimedOut,
    };
    let history = (0..40).fold(History::default(), |history, number| history.with(delivery(number)));
    let times: Vec<i64> = history.deliveries().iter().map(|delivery| delivery.at.0).collect();
    assert_eq!(times, (15..40).collect::<Vec<_>>());
    let bytes = history.encode(Output::default()).finish();
    let mut input = Input::new(&bytes);
    assert_eq!(History::decode(&mut input), Ok(history));
    assert!(input.end().is_ok());
    for cut in 0..bytes.len() {
        assert!(History::decode(&mut Input::new(&bytes[..cut])).is_err(), "{cut} bytes");
    }
}
