//! Transactions: some committed, some aborted on purpose, all over several partitions of two topics.

use crate::history::{Ended, Sent, now};
use crate::sender::{self, Sender};
use crate::{EVENTS, OUTPUT, PATIENCE, World, config};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;
use std::time::{Duration, Instant};

/// How an attempt to end a transaction went, and whether the producer can go on.
pub struct Verdict {
    pub end: Ended,
    pub is_usable: bool,
}

/// Runs transactions until the end.
pub fn run(world: &World, number: u64) {
    let mut chance = world.chance(number);
    while !world.is_stopping() {
        let (client, mut value) = world.client("transactional");
        let Some(producer) = open(world, &format!("librdkafka-{number}"), &client) else { continue };
        while !world.is_stopping() {
            if let Err(error) = producer.begin_transaction() {
                eprintln!("{client}: begin: {error}");
                break;
            }
            let mut is_sent = true;
            let mut sends = Vec::new();
            for _ in 0..=chance.below(20) {
                let (topic, count) = if chance.once_in(2) { EVENTS } else { OUTPUT };
                let partition = chance.partition(count);
                value += 1;
                sends.push(Sent { topic, partition, value, offset: None });
                is_sent &= sender::send(&producer, topic, partition, value).is_ok();
                if chance.once_in(8) {
                    std::thread::sleep(Duration::from_millis(chance.below(100)));
                }
            }
            let is_wanted = is_sent && !chance.once_in(6);
            let verdict = if is_wanted { commit(&producer) } else { abort(&producer) };
            placed(&producer, &mut sends);
            world.history.transaction(&client, &verdict.end, &sends, None);
            if !verdict.is_usable {
                eprintln!("{client}: starts over after an end that was {}", verdict.end.outcome);
                break;
            }
            std::thread::sleep(Duration::from_millis(chance.below(60)));
        }
    }
}

/// A producer with the transactional id, once the coordinator has let it begin.
pub fn open(world: &World, id: &str, client: &str) -> Option<Sender> {
    let mut config = config();
    config
        .set("client.id", client)
        .set("transactional.id", id)
        .set("transaction.timeout.ms", "20000")
        .set("linger.ms", "3")
        .set("compression.type", "lz4");
    let producer = sender::create(&config);
    match retried(|| producer.init_transactions(Duration::from_secs(5))) {
        Ok(()) => Some(producer),
        Err(error) => {
            eprintln!("{client}: init: {error}");
            if !world.is_stopping() {
                std::thread::sleep(Duration::from_millis(500));
            }
            None
        }
    }
}

/// Asks for the commit until there is an answer.
pub fn commit(producer: &Sender) -> Verdict {
    let ended = now();
    match retried(|| producer.commit_transaction(Duration::from_secs(5))) {
        Ok(()) => Verdict { end: Ended { outcome: "committed", ended, finished: now() }, is_usable: true },
        Err(error) => {
            eprintln!("commit: {error}");
            // Only a transaction that is not committed can be aborted, so if that works we know.
            let is_abortable = matches!(&error, KafkaError::Transaction(error) if error.txn_requires_abort());
            let is_aborted = is_abortable && aborted(producer);
            let outcome = if is_aborted { "aborted" } else { "unknown" };
            Verdict { end: Ended { outcome, ended, finished: now() }, is_usable: is_aborted }
        }
    }
}

/// Aborts; as no commit was asked for, nothing else can become of the transaction.
///
/// Everything is delivered first. Of librdkafka, an abort drops what waits to be sent again, and gives its sequence
/// numbers to the next records without a new epoch: if a batch had been stored before the broker was killed, no broker
/// can tell the next one from a repetition. (Kafka's own answer to that is version 2 of transactions, KIP-890.)
pub fn abort(producer: &Sender) -> Verdict {
    // If it does not work, the abort says why.
    let _ = producer.flush(PATIENCE);
    let ended = now();
    let is_usable = aborted(producer);
    Verdict { end: Ended { outcome: "aborted", ended, finished: now() }, is_usable }
}

fn aborted(producer: &Sender) -> bool {
    let outcome = retried(|| producer.abort_transaction(Duration::from_secs(5)));
    if let Err(error) = &outcome {
        eprintln!("abort: {error}");
    }
    outcome.is_ok()
}

/// Repeats what may be repeated until it works or patience ends.
pub fn retried(mut attempt: impl FnMut() -> KafkaResult<()>) -> KafkaResult<()> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(KafkaError::Transaction(error)) if may_repeat(&error) && start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(100));
            }
            // A commit flushes first, and nothing has been asked for yet.
            Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) if start.elapsed() < PATIENCE => {}
            outcome => return outcome,
        }
    }
}

fn may_repeat(error: &RDKafkaError) -> bool {
    error.is_retriable() && !error.is_fatal() && !error.txn_requires_abort()
}

/// Fills in where the records of a transaction went, as far as that was told.
pub fn placed(producer: &Sender, sends: &mut [Sent]) {
    for done in producer.context().take() {
        if let Some(sent) = sends.iter_mut().find(|sent| sent.value == done.value) {
            sent.offset = done.offset;
        }
    }
}
