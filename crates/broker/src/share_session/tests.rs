use super::*;
use ottla_base::{PartitionIndex, TopicId};

const ROOM: usize = 2;
const HERE: ConnectionId = ConnectionId(7);

fn partition(index: i32) -> PartitionId {
    PartitionId { topic: TopicId::NONE, index: PartitionIndex(index) }
}

fn partitions(indices: &[i32]) -> Vec<PartitionId> {
    indices.iter().copied().map(partition).collect()
}

fn key(member: &str) -> Key {
    Key { group: "g".into(), member: Str::from(member) }
}

fn request(member: &str, epoch: i32, added: &[i32]) -> Begin {
    Begin {
        key: key(member),
        epoch,
        connection: HERE,
        added: partitions(added),
        forgotten: Vec::new(),
        acknowledges: Acknowledges::None,
    }
}

const NOTHING: Reported = Reported { has_records: false, is_error: false };
const RECORDS: Reported = Reported { has_records: true, is_error: false };
const ERROR: Reported = Reported { has_records: false, is_error: true };

/// Opens the session of `m` over `added`, with nothing to return.
fn opened(added: &[i32]) -> ShareSessions {
    let mut sessions = ShareSessions::default();
    let plan = sessions.begin(request("m", 0, added), ROOM).expect("there is room");
    assert_eq!(plan.stage, Stage::Opened);
    let included = sessions.finish(&key("m"), &plan, &vec![NOTHING; added.len()]);
    assert_eq!(included, Ok(vec![true; added.len()]), "an opening answer names every partition");
    sessions
}

fn order(plan: &Plan) -> Vec<i32> {
    plan.partitions.iter().map(|partition| partition.index.0).collect()
}

#[test]
fn only_what_changed_is_reported() {
    let mut sessions = opened(&[0, 1, 2]);
    let plan = sessions.begin(request("m", 1, &[3]), ROOM).expect("epoch 1 follows the opening");
    assert_eq!(plan.stage, Stage::Continued);
    assert_eq!(order(&plan), [0, 1, 2, 3]);
    let included = sessions.finish(&key("m"), &plan, &[NOTHING, RECORDS, NOTHING, NOTHING]);
    assert_eq!(included, Ok(vec![false, true, false, true]), "records, and what is new in the session");
}

#[test]
fn partitions_that_returned_records_go_to_the_end() {
    let mut sessions = opened(&[0, 1, 2]);
    let plan = sessions.begin(request("m", 1, &[]), ROOM).expect("epoch 1");
    sessions.finish(&key("m"), &plan, &[RECORDS, NOTHING, NOTHING]).expect("the epoch is current");
    let plan = sessions.begin(request("m", 2, &[]), ROOM).expect("epoch 2");
    assert_eq!(order(&plan), [1, 2, 0]);
}

#[test]
fn the_recovery_from_an_error_is_reported_once() {
    let mut sessions = opened(&[0]);
    let mut next = |epoch, outcome| {
        let plan = sessions.begin(request("m", epoch, &[]), ROOM).expect("the epoch is current");
        sessions.finish(&key("m"), &plan, &[outcome]).expect("the epoch is current")
    };
    assert_eq!(next(1, ERROR), [true]);
    assert_eq!(next(2, NOTHING), [true]);
    assert_eq!(next(3, NOTHING), [false]);
}

#[test]
fn what_is_forgotten_is_not_served() {
    let mut sessions = opened(&[0, 1, 2]);
    let forgets = Begin { forgotten: partitions(&[1, 9]), ..request("m", 1, &[]) };
    assert_eq!(order(&sessions.begin(forgets, ROOM).expect("epoch 1")), [0, 2]);
}

#[test]
fn an_epoch_that_is_not_next_is_refused_and_changes_nothing() {
    let mut sessions = opened(&[0]);
    for wrong in [2, 5, i32::MAX, -2] {
        let refused = sessions.begin(request("m", wrong, &[1]), ROOM);
        assert_eq!(refused, Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH), "{wrong}");
        assert_eq!(sessions.acknowledge(&key("m"), wrong), Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH));
    }
    assert_eq!(order(&sessions.begin(request("m", 1, &[]), ROOM).expect("epoch 1")), [0]);
}

#[test]
fn fetches_and_acknowledgements_share_the_epoch() {
    let mut sessions = opened(&[0]);
    assert_eq!(sessions.acknowledge(&key("m"), 0), Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH));
    assert_eq!(sessions.acknowledge(&key("m"), 1), Ok(Stage::Continued));
    assert_eq!(sessions.acknowledge(&key("m"), 1), Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH));
    assert!(sessions.begin(request("m", 2, &[]), ROOM).is_ok());
}

#[test]
fn an_opening_request_acknowledges_nothing() {
    let mut sessions = ShareSessions::default();
    let acknowledges = Begin { acknowledges: Acknowledges::Some, ..request("m", 0, &[0]) };
    assert_eq!(sessions.begin(acknowledges, ROOM), Err(ErrorCode::INVALID_REQUEST));
    assert!(!sessions.has(&key("m")));
}

#[test]
fn who_has_no_session_is_told() {
    let mut sessions = ShareSessions::default();
    for epoch in [-1, 1, 7] {
        let refused = sessions.begin(request("m", epoch, &[]), ROOM);
        assert_eq!(refused, Err(ErrorCode::SHARE_SESSION_NOT_FOUND), "{epoch}");
        assert_eq!(sessions.acknowledge(&key("m"), epoch), Err(ErrorCode::SHARE_SESSION_NOT_FOUND));
    }
}

#[test]
fn a_closing_request_fetches_nothing_and_leaves_the_end_to_its_answer() {
    let mut sessions = opened(&[0]);
    let plan = sessions.begin(request("m", -1, &[4]), ROOM).expect("the session is there");
    assert_eq!((plan.stage, order(&plan)), (Stage::Closing, vec![]));
    assert!(sessions.has(&key("m")), "its acknowledgements come first");
    assert_eq!(sessions.acknowledge(&key("m"), -1), Ok(Stage::Closing));
    assert!(sessions.end(&key("m")));
    assert!(!sessions.end(&key("m")));
}

#[test]
fn sessions_have_a_limit_and_a_new_one_of_the_same_member_needs_no_room() {
    let mut sessions = opened(&[0]);
    assert!(sessions.begin(request("n", 0, &[0]), ROOM).is_ok());
    let refused = sessions.begin(request("o", 0, &[0]), ROOM);
    assert_eq!(refused, Err(ErrorCode::SHARE_SESSION_LIMIT_REACHED));
    let plan = sessions.begin(request("m", 0, &[5]), ROOM).expect("it takes its own place");
    assert_eq!(order(&plan), [5]);
    assert_eq!(sessions.acknowledge(&key("m"), 1), Ok(Stage::Continued));
}

#[test]
fn a_session_has_a_limit_of_partitions() {
    let many: Vec<i32> = (0..100_001).collect();
    let mut sessions = ShareSessions::default();
    assert_eq!(sessions.begin(request("m", 0, &many), ROOM), Err(ErrorCode::INVALID_REQUEST));
    assert!(!sessions.has(&key("m")));
}

#[test]
fn the_end_of_a_connection_ends_its_sessions_and_no_others() {
    let mut sessions = opened(&[0]);
    let elsewhere = Begin { connection: ConnectionId(8), ..request("n", 0, &[0]) };
    sessions.begin(elsewhere, ROOM).expect("there is room");
    assert_eq!(sessions.connection_ended(HERE), [key("m")]);
    assert!(!sessions.has(&key("m")) && sessions.has(&key("n")));
    assert_eq!(sessions.connection_ended(HERE), []);
}

#[test]
fn a_session_that_moved_to_another_connection_outlives_the_first() {
    let mut sessions = opened(&[0]);
    let moved = Begin { connection: ConnectionId(8), ..request("m", 0, &[0]) };
    sessions.begin(moved, ROOM).expect("it takes its own place");
    assert_eq!(sessions.connection_ended(HERE), []);
    assert!(sessions.has(&key("m")));
}

#[test]
fn an_answer_that_was_overtaken_reports_nothing() {
    let mut sessions = opened(&[0]);
    let plan = sessions.begin(request("m", 1, &[]), ROOM).expect("epoch 1");
    sessions.acknowledge(&key("m"), 2).expect("epoch 2");
    let refused = sessions.finish(&key("m"), &plan, &[RECORDS]);
    assert_eq!(refused, Err(ErrorCode::INVALID_SHARE_SESSION_EPOCH));
    let plan = sessions.begin(request("m", 3, &[]), ROOM).expect("epoch 3");
    sessions.end(&key("m"));
    assert_eq!(sessions.finish(&key("m"), &plan, &[RECORDS]), Err(ErrorCode::SHARE_SESSION_NOT_FOUND));
}

#[test]
fn epochs_go_on_from_one_past_the_largest() {
    assert_eq!(next_epoch(i32::MAX), 1);
}
