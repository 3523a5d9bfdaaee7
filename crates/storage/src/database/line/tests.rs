use super::*;
use crate::error::JournalError;
use tokio::sync::oneshot::{self, Receiver, error::TryRecvError};

fn job() -> (Job, Receiver<Result<(), JournalError>>) {
    let (reply, answer) = oneshot::channel();
    (Job::Journal { shard: 1, epoch: 1, changes: Vec::new(), reply }, answer)
}

#[test]
fn a_call_is_for_all_that_wait_and_for_nothing_later() {
    let (line, is_called) = (Line::default(), |line: &Line| line.state.lock().is_called);
    line.call();
    assert!(!is_called(&line), "nothing waits");
    let answers: Vec<_> = (0..5)
        .map(|_| {
            let (job, answer) = job();
            line.put(job);
            answer
        })
        .collect();
    assert!(!is_called(&line), "nobody called");
    line.call();
    assert_eq!(line.next(3).map(|jobs| jobs.len()), Some(3));
    assert!(is_called(&line), "two of them are left");
    assert_eq!(line.next(3).map(|jobs| jobs.len()), Some(2));
    line.put(job().0);
    assert!(!is_called(&line));
    drop(answers);
}

#[test]
fn what_waits_at_the_end_is_done_and_what_comes_later_is_told() {
    let line = Line::default();
    line.put(job().0);
    line.close();
    let (late, mut answer) = job();
    line.put(late);
    assert_eq!(answer.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(line.next(9).map(|jobs| jobs.len()), Some(1));
    assert!(line.next(9).is_none());
}

#[test]
fn who_waits_for_a_writer_that_is_gone_is_told() {
    let line = Line::default();
    let (waiting, mut answer) = job();
    line.put(waiting);
    line.abandon();
    assert_eq!(answer.try_recv(), Err(TryRecvError::Closed));
    assert!(line.next(9).is_none());
}
