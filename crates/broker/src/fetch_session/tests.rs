use super::*;

const NOW: Tick = Tick(1_000);

fn wanted(partition: i32, offset: i64) -> Wanted {
    let key = Key { topic: TopicKey::Name("t".into()), partition };
    Wanted { key, offset, bytes_max: 100, leader_epoch: -1, last_fetched_epoch: -1 }
}

fn full(partitions: &[i32]) -> Begin {
    let wanted = partitions.iter().map(|&p| wanted(p, 0)).collect();
    Begin { session_id: 0, session_epoch: 0, by_id: false, wanted, forgotten: vec![] }
}

fn next(session_id: i32, session_epoch: i32) -> Begin {
    Begin { session_id, session_epoch, by_id: false, wanted: vec![], forgotten: vec![] }
}

fn nothing_at(high_watermark: i64) -> Reported {
    Reported { has_records: false, is_error: false, has_notice: false, high_watermark, log_start: 0 }
}

fn records_to(high_watermark: i64) -> Reported {
    Reported { has_records: true, ..nothing_at(high_watermark) }
}

/// Opens session 7 over `partitions`, all empty.
fn opened(partitions: &[i32]) -> FetchSessions {
    let mut sessions = FetchSessions::new(2);
    let plan = sessions.begin(NOW, full(partitions)).expect("a full fetch always plans");
    let report = sessions.finish(NOW, &plan, &vec![nothing_at(0); partitions.len()], 7);
    assert_eq!(report, Report { session_id: 7, included: vec![true; partitions.len()] });
    sessions
}

fn order(plan: &Plan) -> Vec<i32> {
    plan.partitions.iter().map(|wanted| wanted.key.partition).collect()
}

#[test]
fn only_what_changed_is_reported() {
    let mut sessions = opened(&[0, 1, 2]);
    let plan = sessions.begin(NOW, next(7, 1)).expect("epoch 1 follows the opening");
    let report = sessions.finish(NOW, &plan, &[nothing_at(0), records_to(5), nothing_at(3)], 9);
    assert_eq!(report, Report { session_id: 7, included: vec![false, true, true] });
}

#[test]
fn partitions_that_returned_records_go_to_the_end() {
    let mut sessions = opened(&[0, 1, 2]);
    let plan = sessions.begin(NOW, next(7, 1)).expect("epoch 1");
    sessions.finish(NOW, &plan, &[records_to(5), nothing_at(0), nothing_at(0)], 9);
    let plan = sessions.begin(NOW, next(7, 2)).expect("epoch 2");
    assert_eq!(order(&plan), [1, 2, 0]);
}

/// Another request of the session has come before the answer to the first.
#[test]
fn outcomes_belong_to_their_partitions_although_others_have_gone() {
    let mut sessions = opened(&[0, 1, 2, 3]);
    let first = sessions.begin(NOW, next(7, 1)).expect("epoch 1");
    let forget = Begin { forgotten: vec![wanted(1, 0).key], ..next(7, 2) };
    let second = sessions.begin(NOW, forget).expect("epoch 2");
    sessions.finish(NOW, &second, &[records_to(5), nothing_at(0), nothing_at(8)], 9);
    let report =
        sessions.finish(NOW, &first, &[nothing_at(0), nothing_at(0), nothing_at(0), nothing_at(8)], 9);
    assert_eq!(report.included, [true, true, false, false], "the first two are no longer where they were");
    let plan = sessions.begin(NOW, next(7, 3)).expect("epoch 3");
    assert_eq!(order(&plan), [2, 3, 0]);
    assert_eq!(
        sessions.finish(NOW, &plan, &[nothing_at(0), nothing_at(8), nothing_at(5)], 9).included,
        [false; 3]
    );
}

#[test]
fn a_partition_that_is_named_twice_has_one_place() {
    let mut sessions = FetchSessions::new(2);
    let plan = sessions.begin(NOW, full(&[4, 4, 5])).expect("a full fetch always plans");
    let report = sessions.finish(NOW, &plan, &[records_to(1), nothing_at(2), nothing_at(0)], 7);
    assert_eq!(report.included, [true; 3]);
    let plan = sessions.begin(NOW, next(7, 1)).expect("epoch 1");
    assert_eq!(order(&plan), [4, 5]);
    assert_eq!(sessions.finish(NOW, &plan, &[nothing_at(2), nothing_at(0)], 9).included, [false, false]);
}

#[test]
fn recovery_from_an_error_is_reported() {
    let mut sessions = opened(&[0]);
    let error = Reported { is_error: true, ..nothing_at(0) };
    for (epoch, reported, included) in [(1, error, true), (2, error, true), (3, nothing_at(0), true)] {
        let plan = sessions.begin(NOW, next(7, epoch)).expect("in sequence");
        assert_eq!(sessions.finish(NOW, &plan, &[reported], 9).included, [included], "epoch {epoch}");
    }
    let plan = sessions.begin(NOW, next(7, 4)).expect("in sequence");
    assert_eq!(sessions.finish(NOW, &plan, &[nothing_at(0)], 9).included, [false]);
}

#[test]
fn wrong_sessions_epochs_and_names_are_refused() {
    let mut sessions = opened(&[0]);
    let code = |result: Result<Plan, ErrorCode>| result.expect_err("refused");
    assert_eq!(code(sessions.begin(NOW, next(8, 1))), ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    assert_eq!(code(sessions.begin(NOW, next(7, 2))), ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    let by_id = Begin { by_id: true, ..next(7, 1) };
    assert_eq!(code(sessions.begin(NOW, by_id)), ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
    assert!(sessions.begin(NOW, next(7, 1)).is_ok(), "a refusal changes nothing");
}

#[test]
fn forgetting_the_last_partition_closes_the_session() {
    let mut sessions = opened(&[0]);
    let forget = Begin { forgotten: vec![wanted(0, 0).key], ..next(7, 1) };
    let plan = sessions.begin(NOW, forget).expect("epoch 1");
    assert_eq!(sessions.finish(NOW, &plan, &[], 9).session_id, NO_SESSION);
    assert!(sessions.begin(NOW, next(7, 2)).is_err());
}

#[test]
fn added_and_changed_partitions_are_served_from_then_on() {
    let mut sessions = opened(&[0]);
    let change = Begin { wanted: vec![wanted(0, 42), wanted(3, 7)], ..next(7, 1) };
    let plan = sessions.begin(NOW, change).expect("epoch 1");
    assert_eq!(plan.partitions, [wanted(0, 42), wanted(3, 7)]);
}

#[test]
fn closing_a_session_serves_the_request_without_one() {
    let mut sessions = opened(&[0]);
    let plan =
        sessions.begin(NOW, Begin { wanted: vec![wanted(5, 0)], ..next(7, -1) }).expect("closing works");
    assert_eq!(order(&plan), [5]);
    assert_eq!(sessions.finish(NOW, &plan, &[nothing_at(0)], 9).session_id, NO_SESSION);
    assert!(sessions.sessions.is_empty());
}

#[test]
fn a_session_may_begin_with_nothing_but_does_not_go_on_so() {
    let mut sessions = opened(&[]);
    let plan = sessions.begin(NOW, Begin { wanted: vec![wanted(5, 0)], ..next(7, 1) }).expect("epoch 1");
    assert_eq!(order(&plan), [5]);
    let mut sessions = opened(&[]);
    let plan = sessions.begin(NOW, next(7, 1)).expect("epoch 1");
    assert_eq!(sessions.finish(NOW, &plan, &[], 9).session_id, NO_SESSION);
    assert!(sessions.sessions.is_empty());
}

#[test]
fn a_full_cache_gives_room_to_idle_or_larger_sessions_only() {
    let mut sessions = opened(&[0]);
    let mut open = |now: u64, partitions: &[i32], id: i32| {
        let plan = sessions.begin(Tick(now), full(partitions)).expect("full");
        sessions.finish(Tick(now), &plan, &vec![nothing_at(0); partitions.len()], id).session_id
    };
    assert_eq!(open(1_000, &[0, 1], 8), 8);
    assert_eq!(open(100_000, &[0, 1, 2], 9), NO_SESSION, "both are young");
    assert_eq!(open(1_000 + EVICTION_MS + 1, &[0], 10), 10, "one has idled long enough");
}

#[test]
fn epochs_wrap_past_the_largest_to_one() {
    assert_eq!(next_epoch(i32::MAX), 1);
    assert_eq!(next_epoch(0), 1);
}
