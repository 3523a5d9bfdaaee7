use super::*;
use crate::alarm::Alarm;
use crate::connection::Peer;
use crate::listener::Places;
use crate::share_session::ConnectionId;
use socket2::{Domain, Socket, Type};
use std::fmt::Write;
use std::net::SocketAddr;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What each worker hands over, where they are as busy as it says (in percent) and serve so many connections.
fn handed(percents: &[u32], open: usize) -> String {
    let shares: Vec<f64> = percents.iter().map(|&percent| f64::from(percent) / 100.0).collect();
    let mut said = String::new();
    // Who has nothing to do does not take stock.
    for from in (0..shares.len()).filter(|&worker| percents[worker] != 0) {
        let Leaving { count, to } = leaving(from, &shares, 0.9, open);
        if count != 0 {
            let _ = write!(said, "[{count}: {from} to {to}]");
        }
    }
    said
}

#[test]
fn who_keeps_up_serves_all() {
    assert_eq!(handed(&[0, 0, 0], 100), "");
    assert_eq!(handed(&[89, 0, 0], 100), "");
}

#[test]
fn who_is_busy_hands_a_share_to_the_first_that_has_time() {
    assert_eq!(handed(&[90, 0, 0], 160), "[10: 0 to 1]");
    assert_eq!(handed(&[90, 60, 0], 160), "[10: 0 to 1]");
    assert_eq!(handed(&[90, 61, 0], 160), "[10: 0 to 2]");
    assert_eq!(handed(&[80, 90, 0], 161), "[11: 1 to 2]");
    assert_eq!(handed(&[90, 0], 2), "[1: 0 to 1]");
    assert_eq!(handed(&[20, 90], 160), "[10: 1 to 0]");
}

#[test]
fn nobody_is_sent_where_it_would_be_no_better_off() {
    assert_eq!(handed(&[100, 61, 95], 160), "");
    assert_eq!(handed(&[100, 0], 1), "", "it is alone");
    assert_eq!(handed(&[100], 160), "");
}

#[test]
fn what_one_can_do_is_brought_together_again() {
    assert_eq!(handed(&[30, 30, 0], 160), "[160: 1 to 0]");
    assert_eq!(handed(&[31, 30, 0], 160), "");
    assert_eq!(handed(&[80, 20, 39], 160), "[160: 2 to 1]");
    assert_eq!(handed(&[0, 0, 20], 160), "[160: 2 to 0]");
}

/// Whatever is handed over must not come back at once, and a worker's load goes with its connections.
#[test]
fn nothing_goes_to_and_fro() {
    for (percent, open) in (90..=100).flat_map(|percent| (2..200).map(move |open| (percent, open))) {
        let shares = [f64::from(percent) / 100.0, 0.0];
        let Leaving { count, to } = leaving(0, &shares, 0.9, open);
        assert_eq!(to, 1);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let goes = shares[0] * count as f64 / open as f64;
        let after = [shares[0] - goes, goes];
        assert_eq!(leaving(1, &after, 0.9, count).count, 0, "{percent} percent, {open} connections");
    }
}

#[test]
fn a_new_connection_goes_to_the_first_that_has_time_or_else_to_the_one_that_has_most() {
    assert_eq!(host(&[0.6, 0.0], 0.9), 0);
    assert_eq!(host(&[0.7, 0.0], 0.9), 1);
    assert_eq!(host(&[0.7, 0.9, 0.61, 0.8], 0.9), 2);
}

#[test]
fn who_has_been_silent_for_long_has_time() {
    let placement = Placement::new(vec![unbounded_channel().0], 0.9);
    placement.loads.lock()[0] = Load { until: Tick(1_000), share: 0.8 };
    assert_eq!(placement.shares(Tick(1_299)), [0.8]);
    assert_eq!(placement.shares(Tick(1_300)), [0.0]);
}

/// A worker that is always busy, and serves so many connections; another has time, and tells of what comes.
fn busy_post(open: usize) -> (Post, UnboundedReceiver<(Moving, Place)>) {
    let (inbox, _) = unbounded_channel();
    let (other, arrivals) = unbounded_channel();
    let post = Post::new(0, Arc::new(Placement::new(vec![inbox, other], 0.0)));
    (0..open).for_each(|_| post.enter());
    (post, arrivals)
}

fn connection() -> Moving {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there is room for one more");
    let address = SocketAddr::from(([127, 0, 0, 1], 9092));
    let peer = Peer {
        address,
        reached: address,
        listener: "PLAINTEXT".into(),
        connection: ConnectionId::default(),
        alarm: Alarm::default(),
    };
    Moving { stream: socket.into(), peer, rest: Vec::new(), active: Tick::default() }
}

#[test]
fn as_many_leave_as_are_to_leave() {
    let (post, mut arrivals) = busy_post(32);
    assert!(!post.is_to_leave());
    post.note(Tick(PERIOD_MS));
    let places = Places::new(2);
    for _ in 0..2 {
        assert!(post.is_to_leave());
        post.hand_over(connection(), places.take().expect("it is free"));
        assert!(arrivals.try_recv().is_ok());
    }
    assert!(!post.is_to_leave());
}

#[test]
fn stock_is_taken_once_in_a_period() {
    let (post, _arrivals) = busy_post(32);
    post.note(Tick(PERIOD_MS));
    (0..16).for_each(|_| post.leave());
    post.note(Tick(2 * PERIOD_MS - 1));
    assert_eq!(post.leaving.get(), Leaving { count: 2, to: 1 }, "as before");
    post.note(Tick(2 * PERIOD_MS));
    assert_eq!(post.leaving.get(), Leaving { count: 1, to: 1 });
    assert_eq!(post.placement.loads.lock()[0].until, Tick(2 * PERIOD_MS));
}

#[test]
fn only_time_of_the_period_counts() {
    let (post, _arrivals) = busy_post(2);
    let share_until = |now| {
        post.note(now);
        post.placement.loads.lock()[0].share
    };
    assert!(0.0 < share_until(Tick(PERIOD_MS)));
    // More than this thread can have used since.
    post.used.set(Duration::MAX);
    assert_eq!(share_until(Tick(2 * PERIOD_MS)), 0.0);
    post.used.set(system::thread_time());
    assert!(share_until(Tick(3 * PERIOD_MS)) < 1.0);
}
