use super::*;
use proptest::prelude::*;

const WRITER: ProducerId = ProducerId(7);
const NOW: Timestamp = Timestamp(1000);

fn facts(epoch: i16, first_sequence: i32, records: i32) -> BatchFacts {
    BatchFacts {
        producer: WRITER,
        epoch: ProducerEpoch(epoch),
        first_sequence,
        offset_delta: records - 1,
        timestamp: Timestamp(5),
        transactional: false,
        control: false,
    }
}

/// Accepts what is accepted; the batches lie one after the other from offset 100 on.
fn after(batches: &[BatchFacts]) -> PartitionProducers {
    let (mut producers, mut offset) = (PartitionProducers::default(), Offset(100));
    for batch in batches {
        assert_eq!(decide(&producers, batch), Decision::Accept, "{batch:?}");
        producers.apply(batch, offset, NOW);
        offset = offset.plus(i64::from(batch.offset_delta) + 1);
    }
    producers
}

fn duplicate(base: i64, last: i64) -> Decision {
    Decision::Duplicate { base_offset: Offset(base), last_offset: Offset(last), timestamp: Timestamp(5) }
}

#[test]
fn each_rule_decides_as_it_should() {
    let max = i32::MAX;
    let one = [facts(0, 0, 3)];
    let wrapped = [facts(0, max - 1, 3)];
    let cases: &[(&str, &[BatchFacts], BatchFacts, Decision)] = &[
        ("an unknown producer may start anywhere", &[], facts(3, 42, 1), Decision::Accept),
        ("the next", &one, facts(0, 3, 1), Decision::Accept),
        ("a repetition", &one, facts(0, 0, 3), duplicate(100, 102)),
        ("the same start, another length", &one, facts(0, 0, 2), Decision::OutOfOrder { expected: 3 }),
        ("a part of the last", &one, facts(0, 1, 2), Decision::OutOfOrder { expected: 3 }),
        ("a gap", &one, facts(0, 4, 1), Decision::OutOfOrder { expected: 3 }),
        ("a new epoch at 0", &one, facts(1, 0, 1), Decision::Accept),
        ("a new epoch elsewhere", &one, facts(1, 3, 1), Decision::OutOfOrder { expected: 0 }),
        ("the old range in a new epoch", &one, facts(1, 0, 3), Decision::Accept),
        (
            "an old epoch",
            &[facts(2, 0, 1)],
            facts(1, 1, 1),
            Decision::FencedEpoch { current: ProducerEpoch(2) },
        ),
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
        assert_eq!(decide(&after(before), batch), *expected, "{name}");
    }
}

#[test]
fn the_window_holds_five_batches() {
    let batches: Vec<_> = (0..7).map(|n| facts(0, n, 1)).collect();
    let producers = after(&batches);
    for n in 0..2 {
        assert_eq!(decide(&producers, &facts(0, n, 1)), Decision::OutOfOrder { expected: 7 });
    }
    for n in 2..7 {
        let at = 100 + i64::from(n);
        assert_eq!(decide(&producers, &facts(0, n, 1)), duplicate(at, at));
    }
}

#[test]
fn a_new_epoch_forgets_the_old_ones_batches() {
    let producers = after(&[facts(0, 0, 1), facts(1, 0, 1)]);
    assert_eq!(decide(&producers, &facts(1, 0, 1)), duplicate(101, 101));
    assert_eq!(producers.iter().next().unwrap().1.window().len(), 1);
}

#[test]
fn transactions_open_with_their_first_batch_and_end_with_a_marker() {
    let inside = |sequence| BatchFacts { transactional: true, ..facts(0, sequence, 2) };
    let marker = BatchFacts { control: true, transactional: true, ..facts(0, -1, 1) };
    let mut producers = after(&[inside(0), inside(2)]);
    assert_eq!(producers.first_open_transaction(), Some(Offset(100)));
    assert_eq!(decide(&producers, &facts(0, 4, 1)), Decision::InvalidTransactionState);
    assert_eq!(decide(&producers, &marker), Decision::Accept);
    producers.apply(&marker, Offset(104), NOW);
    assert_eq!(producers.first_open_transaction(), None);
    // The marker has no sequence number: the producer goes on after its data.
    assert_eq!(decide(&producers, &facts(0, 4, 1)), Decision::Accept);
}

#[test]
fn expiry_spares_open_transactions() {
    let mut producers = after(&[facts(0, 0, 1)]);
    let other = BatchFacts { producer: ProducerId(8), transactional: true, ..facts(0, 0, 1) };
    producers.apply(&other, Offset(101), NOW);
    assert_eq!(producers.expire(Timestamp(1999), 1000), 0);
    assert_eq!(producers.expire(Timestamp(2000), 1000), 1);
    assert_eq!(producers.iter().map(|(id, _)| id).collect::<Vec<_>>(), [ProducerId(8)]);
}

#[test]
fn batches_without_a_producer_leave_no_trace() {
    let mut producers = PartitionProducers::default();
    let batch = BatchFacts { producer: ProducerId::NONE, ..facts(-1, -1, 1) };
    assert_eq!(decide(&producers, &batch), Decision::Accept);
    assert!(producers.apply(&batch, Offset(0), NOW).is_none());
    assert!(producers.is_empty());
}

proptest! {
    /// A client with up to five batches in flight that sends each of them any number of times never has a
    /// record twice or out of order.
    #[test]
    fn retries_never_duplicate_or_reorder(
        start in prop_oneof![Just(0), Just(i32::MAX - 20)],
        sizes in prop::collection::vec(1..6_i32, 1..40),
        retries in prop::collection::vec(0..5_usize, 40),
    ) {
        let (mut producers, mut end, mut sequence) = (PartitionProducers::default(), Offset(0), start);
        let mut sent: Vec<(BatchFacts, Offset)> = Vec::new();
        for (size, back) in sizes.iter().zip(&retries) {
            let batch = facts(0, sequence, *size);
            prop_assert_eq!(decide(&producers, &batch), Decision::Accept);
            producers.apply(&batch, end, NOW);
            sent.push((batch, end));
            end = end.plus(i64::from(*size));
            sequence = sequence.wrapping_add(*size) & i32::MAX;
            if let Some((again, at)) = sent.iter().rev().nth(*back) {
                let last = at.plus(i64::from(again.offset_delta));
                prop_assert_eq!(decide(&producers, again), duplicate(at.0, last.0));
            }
        }
    }

    /// Undoing gives back exactly what was there.
    #[test]
    fn undo_takes_back_apply(
        before in prop::collection::vec((0..3_i64, 0..3_i16, 0..9_i32, any::<bool>(), any::<bool>()), 0..12),
        then in prop::collection::vec((0..3_i64, 0..3_i16, 0..9_i32, any::<bool>(), any::<bool>()), 1..6),
    ) {
        let batch = |(id, epoch, sequence, transactional, control): (i64, i16, i32, bool, bool)| BatchFacts {
            producer: ProducerId(id), transactional, control, ..facts(epoch, sequence, 1)
        };
        let mut producers = PartitionProducers::default();
        let mut offset = Offset(0);
        let mut next = || { offset = offset.plus(1); offset };
        for step in before {
            producers.apply(&batch(step), next(), NOW);
        }
        let copy = producers.clone();
        let undos: Vec<_> = then.into_iter().map(|step| producers.apply(&batch(step), next(), NOW)).collect();
        undos.into_iter().rev().flatten().for_each(|undo| producers.undo(undo));
        prop_assert_eq!(producers, copy);
    }
}
