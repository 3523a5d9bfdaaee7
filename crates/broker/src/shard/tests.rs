//! A toy machine on a journal that the test holds in its hand.

use super::*;
use ottla_base::Timestamp;
use ottla_coordinator::codec::DecodeError;
use ottla_coordinator::{Decision, Entry};
use ottla_storage::JournalError;
use std::collections::BTreeMap;

/// Counts. `Add` is a record; `Read` is answered at once; `Wait` is answered by the next tick.
#[derive(Debug)]
enum Counter {}

#[derive(Default)]
struct Parked {
    tickets: Vec<Ticket>,
    deadline: Option<Tick>,
}

enum Toy {
    Start,
    Tick,
    Add(Ticket, u8),
    Read(Ticket),
    Wait(Ticket, Tick),
}

impl Machine for Counter {
    type Hard = u64;
    type Soft = Parked;
    type Command = Toy;
    type Record = u64;
    type Reply = u64;

    fn decide(hard: &u64, soft: &mut Parked, now: Now, command: Toy) -> Decision<Self> {
        let (mut records, mut replies) = (vec![], vec![]);
        match command {
            Toy::Start => {}
            Toy::Tick => {
                if soft.deadline.take_if(|at| *at <= now.tick).is_some() {
                    replies.extend(soft.tickets.drain(..).map(|ticket| (ticket, *hard)));
                }
            }
            Toy::Add(ticket, more) => {
                records.push(hard + u64::from(more));
                replies.push((ticket, hard + u64::from(more)));
            }
            Toy::Read(ticket) => replies.push((ticket, *hard)),
            Toy::Wait(ticket, at) => {
                soft.tickets.push(ticket);
                soft.deadline = Some(at);
            }
        }
        Decision { records, replies }
    }

    fn apply(hard: &mut u64, record: &u64) {
        *hard = *record;
    }

    fn next_deadline(soft: &Parked) -> Option<Tick> {
        soft.deadline
    }

    fn tick() -> Toy {
        Toy::Tick
    }

    fn encode(record: &u64) -> Entry {
        Entry { key: b"count".to_vec(), value: Some(record.to_be_bytes().to_vec()) }
    }

    fn decode(_: &[u8], value: &[u8]) -> Result<u64, DecodeError> {
        value.try_into().map(u64::from_be_bytes).map_err(|_| DecodeError::Truncated)
    }
}

/// Appends stay open until the test finishes them.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Hand>>);

type Finish = oneshot::Sender<Result<(), JournalError>>;

#[derive(Default)]
struct Hand {
    durable: BTreeMap<Vec<u8>, Vec<u8>>,
    open: VecDeque<(Vec<Entry>, Finish)>,
}

impl Rows for Held {
    fn load(&self) -> Result<Vec<rows::Row>, JournalError> {
        Ok(self.0.lock().durable.clone().into_iter().collect())
    }

    fn append(&self, entries: Vec<Entry>) -> Pending {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().open.push_back((entries, sender));
        Box::pin(async move { receiver.await.expect("the test finishes what it opens") })
    }
}

impl Held {
    /// Finishes the append at `place` among the open ones.
    fn finish(&self, place: usize) {
        let mut hand = self.0.lock();
        let (entries, sender) = hand.open.remove(place).expect("an open append");
        for entry in entries {
            hand.durable.insert(entry.key, entry.value.expect("the toy deletes nothing"));
        }
        sender.send(Ok(())).expect("the shard waits");
    }

    fn fail(&self) {
        let (_, sender) = self.0.lock().open.pop_front().expect("an open append");
        sender.send(Err(JournalError::Failed("the disk is gone".into()))).expect("the shard waits");
    }
}

/// Tokio's clock, which the tests stop.
struct TestEnv(tokio::time::Instant);

impl Env for TestEnv {
    fn now(&self) -> Now {
        let ms = self.0.elapsed().as_millis();
        Now { wall: Timestamp(0), tick: Tick(u64::try_from(ms).expect("small")) }
    }

    fn random(&self) -> u64 {
        0
    }
}

fn open(rows: &Held) -> Arc<Shard<Counter>> {
    let env = Arc::new(TestEnv(tokio::time::Instant::now()));
    Shard::open(Box::new(rows.clone()), env, Box::new(|| Toy::Start)).expect("the rows can be read")
}

fn add(shard: &Arc<Shard<Counter>>, more: u8) -> Asked<u64> {
    shard.ask(|ticket| Toy::Add(ticket, more))
}

/// Lets every task that can run, run.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn is_pending<R>(asked: &mut Asked<R>) -> bool {
    settle().await;
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *asked).poll(context).is_pending())).await
}

#[tokio::test(start_paused = true)]
async fn replies_wait_for_their_records_and_for_all_before_them() {
    let rows = Held::default();
    let shard = open(&rows);
    assert_eq!(shard.ask(Toy::Read).await, Ok(0));
    let (mut first, mut second) = (add(&shard, 1), add(&shard, 2));
    let mut read = shard.ask(Toy::Read);
    assert!(is_pending(&mut first).await);
    rows.finish(1);
    assert!(is_pending(&mut second).await, "an earlier append is not durable");
    assert!(is_pending(&mut read).await, "it saw what is not durable");
    rows.finish(0);
    assert_eq!((first.await, second.await, read.await), (Ok(1), Ok(3), Ok(3)));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_takes_nobody_with_it() {
    let rows = Held::default();
    let shard = open(&rows);
    let gone = add(&shard, 1);
    let read = shard.ask(Toy::Read);
    drop(gone);
    settle().await;
    rows.finish(0);
    assert_eq!(read.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_append_everybody_hears_it_and_only_what_is_durable_is_left() {
    let rows = Held::default();
    let shard = open(&rows);
    let (first, second) = (add(&shard, 1), add(&shard, 2));
    let parked = shard.ask(|ticket| Toy::Wait(ticket, Tick(1_000_000)));
    rows.finish(0);
    assert_eq!(first.await, Ok(1));
    let third = add(&shard, 4);
    rows.fail();
    assert_eq!((second.await, parked.await), (Err(Unavailable), Err(Unavailable)));
    assert_eq!(third.await, Err(Unavailable));
    // What comes while it is loaded is refused; in the end it is there again, as it was durable.
    let mut count = shard.ask(Toy::Read).await;
    while count == Err(Unavailable) {
        tokio::task::yield_now().await;
        count = shard.ask(Toy::Read).await;
    }
    assert_eq!(count, Ok(1));
    // An append of the former life that ends late changes nothing.
    rows.finish(0);
    settle().await;
    assert_eq!(shard.ask(Toy::Read).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_dismissed_and_who_is_answered_is_not() {
    let rows = Held::default();
    let shard = open(&rows);
    let decided = add(&shard, 1);
    let parked = shard.ask(|ticket| Toy::Wait(ticket, Tick(1_000_000)));
    shard.dismiss();
    assert_eq!(parked.await, Err(Unavailable));
    rows.finish(0);
    assert_eq!(decided.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn deadlines_pass_also_when_a_nearer_one_comes() {
    let shard = open(&Held::default());
    let timers = tokio::spawn(Arc::clone(&shard).run_timers());
    let far = shard.ask(|ticket| Toy::Wait(ticket, Tick(60_000)));
    settle().await;
    let near = shard.ask(|ticket| Toy::Wait(ticket, Tick(2_000)));
    let before = tokio::time::Instant::now();
    assert_eq!((far.await, near.await), (Ok(0), Ok(0)));
    assert_eq!(before.elapsed(), Duration::from_millis(2_000));
    timers.abort();
}

#[tokio::test(start_paused = true)]
async fn rows_that_make_no_sense_are_not_served() {
    let rows = Held::default();
    rows.0.lock().durable.insert(b"count".to_vec(), vec![1]);
    let env = Arc::new(TestEnv(tokio::time::Instant::now()));
    let opened = Shard::<Counter>::open(Box::new(rows), env, Box::new(|| Toy::Start));
    let error = opened.err().expect("one byte is no count");
    assert!(error.to_string().contains("count"), "{error}");
}
