//! Rules 1 to 5 of reference 4.3: what data is taken.

use super::*;

#[test]
fn each_rule_decides_as_it_should() {
    let max = i32::MAX;
    let one = [facts(0, 0, 3)];
    let wrapped = [facts(0, max - 1, 3)];
    let cases: &[(&str, &[BatchFacts], BatchFacts, Decision)] = &[
        ("an unknown producer may start anywhere", &[], facts(3, 42, 1), Decision::Accept),
        ("an unknown producer without epoch", &[], facts(-1, 0, 1), Decision::Accept),
        ("an epoch that cannot be", &[], facts(-2, 0, 1), fenced(-1)),
        ("the next", &one, facts(0, 3, 1), Decision::Accept),
        ("a repetition", &one, facts(0, 0, 3), duplicate(100, 102)),
        ("the same start, another length", &one, facts(0, 0, 2), Decision::OutOfOrder { expected: 3 }),
        ("a part of the last", &one, facts(0, 1, 2), Decision::OutOfOrder { expected: 3 }),
        ("a gap", &one, facts(0, 4, 1), Decision::OutOfOrder { expected: 3 }),
        ("a new epoch at 0", &one, facts(1, 0, 1), Decision::Accept),
        ("a new epoch elsewhere", &one, facts(1, 3, 1), Decision::OutOfOrder { expected: 0 }),
        ("the old range in a new epoch", &one, facts(1, 0, 3), Decision::Accept),
        ("an old epoch", &[facts(2, 0, 1)], facts(1, 1, 1), fenced(2)),
        ("a repetition from an old epoch", &[facts(0, 0, 1), facts(1, 0, 1)], facts(0, 0, 1), fenced(1)),
        ("after the wrap", &wrapped, facts(0, 1, 1), Decision::Accept),
        ("at the wrap", &[facts(0, max, 1)], facts(0, 0, 1), Decision::Accept),
        (
            "no wrap to negative numbers",
            &[facts(0, max, 1)],
            facts(0, 1, 1),
            Decision::OutOfOrder { expected: 0 },
        ),
        ("a repetition across the wrap", &wrapped, facts(0, max - 1, 3), duplicate(100, 102)),
    ];
    for (name, before, batch, expected) in cases {
        for version in [V1, V2] {
            assert_eq!(decide(&after(before), batch, version), *expected, "{name}");
        }
    }
}

#[test]
fn the_window_holds_five_batches() {
    let batches: Vec<_> = (0..7).map(|n| facts(0, n, 1)).collect();
    let producers = after(&batches);
    for n in 0..2 {
        assert_eq!(decide(&producers, &facts(0, n, 1), V1), Decision::OutOfOrder { expected: 7 });
    }
    for n in 2..7 {
        let at = 100 + i64::from(n);
        assert_eq!(decide(&producers, &facts(0, n, 1), V1), duplicate(at, at));
    }
}

#[test]
fn a_new_epoch_forgets_the_old_ones_batches() {
    let producers = after(&[facts(0, 0, 1), facts(1, 0, 1)]);
    assert_eq!(decide(&producers, &facts(1, 0, 1), V1), duplicate(101, 101));
    assert_eq!(producers.iter().next().unwrap().1.window().len(), 1);
}

/// KAFKA-18202: without the rule, a late batch of a transaction of version 2 that has ended, and whose
/// producer was forgotten since, would open a transaction that nobody ends.
#[test]
fn an_unknown_producer_starts_at_0_in_a_transaction_of_version_2() {
    let nothing = PartitionProducers::default();
    assert_eq!(decide(&nothing, &inside(0, 0, 1), V2), Decision::Accept);
    assert_eq!(decide(&nothing, &inside(0, 1, 1), V2), Decision::OutOfOrder { expected: 0 });
    assert_eq!(decide(&nothing, &inside(0, 1, 1), V1), Decision::Accept);
    assert_eq!(decide(&nothing, &facts(0, 1, 1), V2), Decision::Accept, "no transaction, no such rule");
}

#[test]
fn nothing_is_written_beside_an_open_transaction() {
    let producers = after(&[inside(0, 0, 2), inside(0, 2, 2)]);
    assert_eq!(decide(&producers, &facts(0, 4, 1), V1), Decision::InvalidTransactionState);
    assert_eq!(decide(&producers, &facts(1, 0, 1), V1), Decision::InvalidTransactionState);
    assert_eq!(decide(&producers, &inside(0, 4, 1), V1), Decision::Accept);
    // A repetition is in the log already, whatever it claims to be now.
    assert_eq!(decide(&producers, &facts(0, 2, 2), V1), duplicate(102, 103));
    let other = BatchFacts { producer: ProducerId(8), ..facts(0, 0, 1) };
    assert_eq!(decide(&producers, &other, V1), Decision::Accept);
}
