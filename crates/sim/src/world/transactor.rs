//! A transactional producer that consumes, writes to several partitions and commits a group's offset with it, in the
//! manner of either transaction version. It asks one thing at a time and asks again for what has no answer.
//!
//! Several may run under one transactional id, as instances of an application that each take the other for dead: who
//! comes last fences the one before, and nobody is ever given the identity of another.
//!
//! Where it cannot go on it takes a new epoch, as a restarted application does. What it then knows of its last
//! transaction is what an application knows: aborted if it never asked for a commit, else unknown.

mod requests;

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Place, Record};
use super::producer::answer_for;
use crate::history::{
    Commit, Committed, Ending, Event, Outcome, Producer as Promise, Range, Send, Sent, Transaction,
};
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::ErrorCode;
use std::collections::BTreeMap;

/// The transactional producer.
#[derive(Debug)]
pub(super) struct Transactor {
    name: String,
    /// Under which it runs; its group is called after it, too.
    transactional_id: String,
    version: Version,
    generation: u32,
    identity: Option<(ProducerId, ProducerEpoch)>,
    sequences: BTreeMap<Place, i32>,
    /// How far its group has come in its input, once it knows.
    position: Option<i64>,
    open: Option<Open>,
    asked: Option<(Number, Asked)>,
    /// It was fenced, and leaves the other alone for a while.
    rests: bool,
}

/// Which of Kafka's two ways it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Partitions and groups are added first; epochs rise with a new producer only.
    One,
    /// They are added by writing to them; each end of a transaction raises the epoch.
    Two,
}

/// A transaction that has begun.
#[derive(Debug, Default)]
struct Open {
    sends: Vec<Sent>,
    added: Vec<Place>,
    has_group: bool,
    read: Option<Range>,
    /// The batch without an answer: where to, its values, its sequence.
    batch: Option<(Place, Vec<Record>, i32, Timestamp)>,
    /// When the end was asked for first, and whether it was a commit.
    end: Option<(u64, bool)>,
    /// An end was asked for, and the answer was lost.
    is_in_doubt: bool,
}

#[derive(Debug)]
enum Asked {
    Identity,
    Position(u64),
    Partition(Place),
    Group,
    Offset(Range),
    Batch,
    End,
}

impl Transactor {
    pub(super) fn new(name: impl Into<String>, id: impl Into<String>, version: Version) -> Self {
        Self {
            name: name.into(),
            transactional_id: id.into(),
            version,
            generation: 0,
            identity: None,
            sequences: BTreeMap::new(),
            position: None,
            open: None,
            asked: None,
            rests: false,
        }
    }

    fn client(&self) -> String {
        format!("{}.{}", self.name, self.generation)
    }

    fn group(&self) -> String {
        format!("group-of-{}", self.transactional_id)
    }

    /// Ends the transaction as far as this client is concerned.
    fn conclude(&mut self, outcome: Ending, desk: &mut Desk) {
        let Some(open) = self.open.take() else { return };
        let finished = desk.moment();
        let (ended, _) = open.end.unwrap_or((finished, false));
        let mut sends = open.sends;
        if let Some((place, records, _, _)) = open.batch {
            let partition = place.to_string();
            let unanswered =
                |Record { value, key }| Sent { partition: partition.clone(), value, key, offset: None };
            sends.extend(records.into_iter().map(unanswered));
        }
        if outcome == Ending::Committed {
            for Sent { partition, offset, .. } in &sends {
                let place = desk.places.iter().find(|place| place.to_string() == *partition).cloned();
                if let (Some(place), Some(offset)) = (place, offset) {
                    desk.acknowledged(&place, offset + 1);
                }
            }
        }
        let reads: Vec<Range> = open.read.into_iter().collect();
        let group = (!reads.is_empty()).then(|| self.group());
        // Also if a power cut has taken all its records, for its group's offset counts. Without them nobody will know
        // whether one took effect whose end is unknown; but it may have.
        let is_judged = match outcome {
            Ending::Committed => group.is_some(),
            Ending::Aborted | Ending::Unknown => false,
        };
        if sends.is_empty() && outcome == Ending::Unknown {
            let (client, outcome) = (self.client(), Outcome::Unknown);
            for Range { partition, next, .. } in reads {
                let (group, partition) = (self.group(), partition.clone());
                let commit = Commit {
                    client: client.clone(),
                    group,
                    partition,
                    offset: next,
                    outcome,
                    start: ended,
                    end: finished,
                };
                desk.history.push(Event::Commit(commit));
            }
        } else if !sends.is_empty() || is_judged {
            let client = self.client();
            let transaction = Transaction { client, outcome, ended, finished, sends, group, reads };
            desk.history.push(Event::Transaction(transaction));
        }
    }

    fn take_identity(&mut self, id: i64, epoch: i16, desk: &mut Desk) {
        let owner = desk.identities.entry((id, epoch)).or_insert_with(|| self.client()).clone();
        if owner != self.client() {
            desk.violation(format!("{} was given the identity {id}/{epoch} of {owner}", self.client()));
        }
        self.identity = Some((ProducerId(id), ProducerEpoch(epoch)));
        self.sequences.clear();
    }

    /// It cannot go on: a new producer with the same id takes its place.
    fn start_over(&mut self, desk: &mut Desk) {
        let outcome = match self.open.as_ref().and_then(|open| open.end) {
            Some((_, true)) => Ending::Unknown,
            Some((_, false)) | None => Ending::Aborted,
        };
        self.conclude(outcome, desk);
        self.generation += 1;
        (self.identity, self.position) = (None, None);
    }

    /// The next step of the transaction.
    fn go_on(&mut self, places: &[Place], identity: Identity, counter: &mut Counter<'_>) -> (Number, Asked) {
        let mut open = self.open.take().expect("a transaction has begun");
        let asked = self.step(&mut open, places, identity, counter);
        self.open = Some(open);
        asked
    }

    fn step(
        &mut self,
        open: &mut Open,
        places: &[Place],
        identity: Identity,
        counter: &mut Counter<'_>,
    ) -> (Number, Asked) {
        if let Some((_, commits)) = open.end {
            return (self.end(commits, identity, counter), Asked::End);
        }
        if open.batch.is_some() {
            return (self.send(open, identity, counter), Asked::Batch);
        }
        let choice = counter.desk.chance.below(100);
        if counter.desk.is_closing || (30 <= choice && !open.sends.is_empty()) {
            let commits = counter.desk.chance.percent(75);
            open.end = Some((counter.desk.moment(), commits));
            return (self.end(commits, identity, counter), Asked::End);
        }
        let input = &places[0];
        let first = self.position.expect("it is known before a transaction begins");
        let available = counter.desk.promised(input).end;
        if choice < 8 && !open.sends.is_empty() && open.read.is_none() && first < available {
            if self.version == Version::One && !open.has_group {
                return (self.add_group(identity, counter), Asked::Group);
            }
            let next = first + 1 + i64::try_from(counter.desk.chance.below(3)).expect("small");
            let next = next.min(available);
            let range = Range { partition: input.to_string(), first, next };
            return (self.commit_offset(input, next, identity, counter), Asked::Offset(range));
        }
        let place = places[counter.desk.chance.below(places.len())].clone();
        if self.version == Version::One && !open.added.contains(&place) {
            return (self.add_partition(&place, identity, counter), Asked::Partition(place));
        }
        let records = counter.desk.records(&place, 2);
        let sequence = self.sequences.entry(place.clone()).or_default();
        let first_sequence = *sequence;
        *sequence += i32::try_from(records.len()).expect("few");
        open.batch = Some((place, records, first_sequence, Timestamp(counter.desk.wall_ms)));
        (self.send(open, identity, counter), Asked::Batch)
    }

    /// What became of a step. An error is one that goes away, or the end of this producer.
    fn stepped(&mut self, asked: Asked, reply: &Reply, desk: &mut Desk) -> Result<(), ErrorCode> {
        let Some(open) = &mut self.open else { return Ok(()) };
        match (asked, reply) {
            (Asked::Partition(place), Reply::AddPartitionsToTxn(response)) => {
                let result = &response.results_by_topic_v3_and_below[0].results_by_partition[0];
                worked(result.partition_error_code)?;
                open.added.push(place);
            }
            (Asked::Group, Reply::AddOffsetsToTxn(response)) => {
                worked(response.error_code)?;
                open.has_group = true;
            }
            (Asked::Offset(range), Reply::TxnOffsetCommit(response)) => {
                worked(response.topics[0].partitions[0].error_code)?;
                open.read = Some(range);
            }
            (Asked::Offset(range), Reply::Lost) => {
                // It may be part of the transaction, so that nothing else may be committed.
                open.read = Some(range);
                return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
            }
            (Asked::Batch, Reply::Produce(response)) => {
                let (place, ..) = open.batch.as_ref().expect("it was sent");
                let answer = answer_for(response, place);
                worked(answer.error_code)?;
                let (place, records, ..) = open.batch.take().expect("it was sent");
                for (offset, Record { value, key }) in (answer.base_offset..).zip(records) {
                    let partition = place.to_string();
                    open.sends.push(Sent { partition, value, key, offset: Some(offset) });
                }
            }
            (Asked::End, Reply::EndTxn(response)) => {
                let (_, commits) = open.end.expect("it was asked for");
                worked(response.error_code)?;
                if commits && let Some(range) = &open.read {
                    self.position = Some(range.next);
                }
                if self.version == Version::Two {
                    self.take_identity(response.producer_id, response.producer_epoch, desk);
                }
                self.conclude(if commits { Ending::Committed } else { Ending::Aborted }, desk);
            }
            (Asked::End, _) => open.is_in_doubt = true,
            _ => {}
        }
        Ok(())
    }

    fn heard_position(&mut self, start: u64, input: &Place, reply: &Reply, desk: &mut Desk) {
        let Reply::OffsetFetch(response) = reply else { return };
        let Some(group) = response.groups.first().filter(|it| it.error_code == ErrorCode::NONE) else {
            return;
        };
        let Some(answer) = group.topics.first().and_then(|topic| topic.partitions.first()) else { return };
        if answer.error_code != ErrorCode::NONE {
            return;
        }
        self.position = Some(answer.committed_offset.max(0));
        let offset = (0 <= answer.committed_offset).then_some(answer.committed_offset);
        let (client, group, partition) = (self.client(), self.group(), input.to_string());
        let end = desk.moment();
        desk.history.push(Event::Committed(Committed { client, group, partition, offset, start, end }));
    }
}

fn is_fenced(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::PRODUCER_FENCED | ErrorCode::INVALID_PRODUCER_EPOCH)
}

type Identity = (ProducerId, ProducerEpoch);

/// Where transactions may write: not where records are removed by request or age, because what is removed cannot be
/// judged.
fn places(desk: &Desk) -> Vec<Place> {
    let is_kept =
        |place: &&Place| desk.trimmed.as_ref() != Some(place) && desk.keeping(place).retention_ms.is_none();
    desk.places.iter().filter(is_kept).cloned().collect()
}

fn worked(code: ErrorCode) -> Result<(), ErrorCode> {
    if code == ErrorCode::NONE { Ok(()) } else { Err(code) }
}

/// Whether it makes sense to ask again for the same.
fn passes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::KAFKA_STORAGE_ERROR
    )
}

impl Client for Transactor {
    fn act(&mut self, counter: &mut Counter<'_>) {
        let places = places(counter.desk);
        if self.asked.is_some() || places.is_empty() {
            return;
        }
        if !counter.desk.is_closing && counter.desk.chance.percent(1) {
            self.start_over(counter.desk);
        }
        // In the end everybody looks after what he has left open.
        self.rests &= !counter.desk.is_closing && !counter.desk.chance.percent(8);
        if self.rests {
            return;
        }
        self.asked = Some(match (self.identity, self.position, &self.open) {
            // It leaves nothing open behind.
            (None, ..) => (self.identify(counter), Asked::Identity),
            (Some(_), None, None) if !counter.desk.is_closing => {
                let start = counter.desk.moment();
                (self.find_position(&places[0], counter), Asked::Position(start))
            }
            (Some(_), _, None) if counter.desk.is_closing => return,
            (Some(identity), _, open) => {
                if open.is_none() {
                    self.open = Some(Open::default());
                }
                self.go_on(&places, identity, counter)
            }
        });
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        let (_, asked) =
            self.asked.take_if(|(asked, _)| *asked == number).expect("it asks one thing at a time");
        match (asked, &reply) {
            (Asked::Identity, Reply::InitProducerId(response)) => {
                if response.error_code == ErrorCode::NONE {
                    self.take_identity(response.producer_id, response.producer_epoch, desk);
                }
            }
            (Asked::Identity, _) => {}
            (Asked::Position(start), _) => {
                if let Some(input) = places(desk).first() {
                    self.heard_position(start, input, &reply, desk);
                }
            }
            (asked, _) => {
                if let Err(code) = self.stepped(asked, &reply, desk) {
                    desk.note(|| format!("{} is told {}", self.client(), code.name()));
                    if !passes(code) {
                        self.rests = is_fenced(code);
                        self.start_over(desk);
                    }
                }
            }
        }
    }

    /// What a power cut took of an open transaction is no part of it any more.
    fn lost(&mut self, place: &Place, end: i64, desk: &mut Desk) {
        let (client, partition) = (self.client(), place.to_string());
        let Some(open) = &mut self.open else { return };
        let is_lost =
            |sent: &mut Sent| sent.partition == partition && sent.offset.is_some_and(|offset| end <= offset);
        for Sent { partition, value, key, .. } in open.sends.extract_if(.., is_lost) {
            let (client, producer) = (client.clone(), Promise::Plain);
            let (outcome, offset) = (Outcome::Unknown, None);
            desk.history.push(Event::Send(Send { client, producer, partition, value, key, outcome, offset }));
        }
    }

    fn is_done(&self) -> bool {
        self.asked.is_none() && self.open.is_none() && (self.identity.is_some() || self.generation == 0)
    }
}
