//! The sequencer against a model that keeps everything and looks through all of it each time.

use super::*;
use proptest::prelude::*;

/// All that was accepted, with the offset of its first record.
#[derive(Default)]
struct Model(Vec<(BatchFacts, Offset)>);

impl Model {
    fn of(&self, id: ProducerId) -> Vec<(BatchFacts, Offset)> {
        self.0.iter().filter(|(batch, _)| batch.producer == id).copied().collect()
    }

    /// The sequence numbers of a batch's records, one by one.
    fn numbers(batch: &BatchFacts) -> Vec<i64> {
        (0..=i64::from(batch.offset_delta))
            .map(|n| (i64::from(batch.first_sequence) + n) % (1 << 31))
            .collect()
    }

    fn open_since(&self, id: ProducerId) -> Option<Offset> {
        let mut open = None;
        for (batch, offset) in self.of(id) {
            match batch.content {
                Content::Marker(_) => open = None,
                Content::Transactional if open.is_none() => open = Some(offset),
                Content::Transactional | Content::Plain | Content::EmptyControl => {}
            }
        }
        open
    }

    fn decide(&self, batch: &BatchFacts, version: TransactionVersion) -> Decision {
        let history = self.of(batch.producer);
        let Some((newest, _)) = history.last() else {
            let late = batch.content == Content::Transactional && batch.first_sequence != 0;
            return if late && version == V2 {
                Decision::OutOfOrder { expected: 0 }
            } else {
                Decision::Accept
            };
        };
        let (current, is_open) = (newest.epoch, self.open_since(batch.producer).is_some());
        if let Content::Marker(marker) = batch.content {
            let repeated = batch.epoch == current && !is_open;
            if batch.epoch < current || (version == V2 && batch.epoch == current && !repeated) {
                return Decision::FencedEpoch { current };
            }
            let coordinators = history.iter().filter_map(|(known, _)| match known.content {
                Content::Marker(marker) => Some(marker.coordinator_epoch),
                _ => None,
            });
            return match coordinators.max() {
                Some(current) if marker.coordinator_epoch < current => {
                    Decision::FencedCoordinator { current }
                }
                _ => Decision::Accept,
            };
        }
        if batch.epoch < current {
            return Decision::FencedEpoch { current };
        }
        // The data since the producer took up this epoch.
        let since: Vec<_> =
            history.iter().rev().take_while(|(known, _)| known.epoch == batch.epoch).collect();
        let data: Vec<_> = since.into_iter().filter(|(known, _)| 0 <= known.first_sequence).collect();
        if let Some((known, at)) =
            data.iter().take(5).find(|(known, _)| Self::numbers(known) == Self::numbers(batch))
        {
            return duplicate(at.0, at.0 + i64::from(known.offset_delta));
        }
        let expected =
            data.first().map_or(0, |(known, _)| (Self::numbers(known).last().unwrap() + 1) % (1 << 31));
        if i64::from(batch.first_sequence) != expected {
            return Decision::OutOfOrder { expected: i32::try_from(expected).unwrap() };
        }
        if is_open && (batch.content == Content::Plain || current < batch.epoch) {
            Decision::InvalidTransactionState
        } else {
            Decision::Accept
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The next batch of the producer, from `off` sequence numbers away.
    Data {
        id: i64,
        raise: i16,
        off: i32,
        records: i32,
        transactional: bool,
    },
    /// One of the last seven batches again.
    Again {
        id: i64,
        back: usize,
    },
    Marker {
        id: i64,
        raise: i16,
        coordinator_epoch: i32,
        abort: bool,
    },
}

fn step() -> impl Strategy<Value = (Step, TransactionVersion)> {
    let raise = prop_oneof![6 => Just(0_i16), 2 => Just(1), 1 => Just(-1)];
    let off = prop_oneof![8 => Just(0), 1 => -3..4_i32];
    let coordinator = prop_oneof![6 => Just(3), 1 => 2..5_i32];
    let step = prop_oneof![
        6 => (0..3_i64, raise.clone(), off, 1..4_i32, any::<bool>()).prop_map(
            |(id, raise, off, records, transactional)| Step::Data { id, raise, off, records, transactional }),
        3 => (0..3_i64, 0..7_usize).prop_map(|(id, back)| Step::Again { id, back }),
        3 => (0..3_i64, raise, coordinator, any::<bool>()).prop_map(
            |(id, raise, coordinator_epoch, abort)| Step::Marker { id, raise, coordinator_epoch, abort }),
    ];
    (step, prop_oneof![Just(V1), Just(V2)])
}

/// Near the wrap, so that batches cross it.
const FIRST: i32 = i32::MAX - 20;

fn batch_of(model: &Model, step: &Step) -> Option<BatchFacts> {
    let id = match step {
        Step::Data { id, .. } | Step::Again { id, .. } | Step::Marker { id, .. } => ProducerId(*id),
    };
    let history = model.of(id);
    let epoch = history.last().map_or(0, |(newest, _)| newest.epoch.0);
    match *step {
        Step::Data { raise, off, records, transactional, .. } => {
            let next = match history.iter().rfind(|(known, _)| 0 <= known.first_sequence) {
                None => FIRST,
                Some((known, _)) if known.epoch.0 == epoch && raise == 0 => {
                    known.last_sequence().wrapping_add(1)
                }
                Some(_) => 0,
            };
            let content = if transactional { Content::Transactional } else { Content::Plain };
            let first = next.wrapping_add(off) & i32::MAX;
            Some(BatchFacts { producer: id, content, ..facts((epoch + raise).max(0), first, records) })
        }
        Step::Again { back, .. } => history
            .iter()
            .rev()
            .filter(|(known, _)| 0 <= known.first_sequence)
            .nth(back)
            .map(|(known, _)| *known),
        Step::Marker { raise, coordinator_epoch, abort, .. } => {
            let kind = if abort { MarkerKind::Abort } else { MarkerKind::Commit };
            Some(BatchFacts { producer: id, ..marker((epoch + raise).max(0), kind, coordinator_epoch) })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_sequencer_and_the_model_agree(steps in prop::collection::vec(step(), 1..60)) {
        let (mut producers, mut model, mut end) = (PartitionProducers::default(), Model::default(), Offset(0));
        for (step, version) in &steps {
            let Some(batch) = batch_of(&model, step) else { continue };
            let decision = decide(&producers, &batch, *version);
            prop_assert_eq!(decision, model.decide(&batch, *version), "{:?}", batch);
            if decision != Decision::Accept {
                continue;
            }
            let open = model.open_since(batch.producer);
            let ended = producers.apply(&batch, end, NOW).unwrap().ended;
            model.0.push((batch, end));
            end = end.plus(i64::from(batch.offset_delta) + 1);
            prop_assert_eq!(ended.map(|ended| ended.first), open.filter(|_| matches!(batch.content, Content::Marker(_))));
            let oldest = (0..3).filter_map(|id| model.open_since(ProducerId(id))).min();
            prop_assert_eq!(producers.first_open_transaction(), oldest);
            if let Some(ended) = ended {
                prop_assert_eq!(ended.last_stable, oldest.unwrap_or(end));
            }
        }
    }

    /// A client with up to five batches in flight that sends each of them any number of times never has a
    /// record twice or out of order.
    #[test]
    fn retries_never_duplicate_or_reorder(
        start in prop_oneof![Just(0), Just(FIRST)],
        sizes in prop::collection::vec(1..6_i32, 1..40),
        retries in prop::collection::vec(0..5_usize, 40),
    ) {
        let (mut producers, mut end, mut sequence) = (PartitionProducers::default(), Offset(0), start);
        let mut sent: Vec<(BatchFacts, Offset)> = Vec::new();
        for (size, back) in sizes.iter().zip(&retries) {
            let batch = facts(0, sequence, *size);
            prop_assert_eq!(decide(&producers, &batch, V1), Decision::Accept);
            producers.apply(&batch, end, NOW);
            sent.push((batch, end));
            end = end.plus(i64::from(*size));
            sequence = sequence.wrapping_add(*size) & i32::MAX;
            if let Some((again, at)) = sent.iter().rev().nth(*back) {
                let last = at.plus(i64::from(again.offset_delta));
                prop_assert_eq!(decide(&producers, again, V1), duplicate(at.0, last.0));
            }
        }
    }

    /// Undoing gives back exactly what was there.
    #[test]
    fn undo_takes_back_apply(
        before in prop::collection::vec((0..3_i64, 0..3_i16, 0..9_i32, 0..3_u8), 0..12),
        then in prop::collection::vec((0..3_i64, 0..3_i16, 0..9_i32, 0..3_u8), 1..6),
    ) {
        let batch = |(id, epoch, sequence, content): (i64, i16, i32, u8)| BatchFacts {
            producer: ProducerId(id),
            ..match content {
                0 => facts(epoch, sequence, 1),
                1 => inside(epoch, sequence, 1),
                _ => marker(epoch, MarkerKind::Abort, 0),
            }
        };
        let mut producers = PartitionProducers::default();
        let mut offset = Offset(0);
        let mut next = || { offset = offset.plus(1); offset };
        for step in before {
            producers.apply(&batch(step), next(), NOW);
        }
        let copy = producers.clone();
        let applied: Vec<_> = then.into_iter().map(|step| producers.apply(&batch(step), next(), NOW)).collect();
        applied.into_iter().rev().flatten().for_each(|applied| producers.undo(applied.undo));
        prop_assert_eq!(producers, copy);
    }
}
