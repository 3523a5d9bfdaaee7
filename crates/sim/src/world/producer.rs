//! An idempotent producer as Java's is: up to five batches of a partition on their way, retries in order, the same
//! sequence numbers for the same batch until somebody answers.
//!
//! Beyond the history it checks by itself what only a producer can see: a repetition is answered like the first
//! time, and the next batch in order is never refused as out of order.

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Place, Record};
use crate::history::{Event, Key, Outcome, Producer as Promise, Send};
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::produce_response::PartitionProduceResponse;
use ottla_wire::message::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Header};
use ottla_wire::{ErrorCode, Str};
use std::collections::VecDeque;

/// The producer.
#[derive(Debug)]
pub(super) struct Producer {
    name: String,
    /// How often it has started over.
    generation: u32,
    identity: Option<(ProducerId, ProducerEpoch)>,
    identifying: Option<Number>,
    lanes: Vec<Lane>,
    repeating: Option<Repetition>,
}

/// What it has for one partition.
#[derive(Debug)]
struct Lane {
    place: Place,
    next_sequence: i32,
    /// Without an answer, in order.
    queue: VecDeque<Batch>,
    /// The newest that were acknowledged, with their offsets.
    acknowledged: VecDeque<(Batch, i64)>,
    /// A power cut may have taken what was acknowledged, so that what follows it is out of order.
    has_lost: bool,
}

/// Records that are sent together.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    pub(super) first_sequence: i32,
    pub(super) time: Timestamp,
    /// The request that carries it now.
    call: Option<Number>,
}

/// A batch that was acknowledged and is sent again, as a network may do.
#[derive(Debug)]
struct Repetition {
    call: Number,
    place: Place,
    offset: i64,
}

impl Producer {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            generation: 0,
            identity: None,
            identifying: None,
            lanes: Vec::new(),
            repeating: None,
        }
    }

    fn client(&self) -> String {
        format!("{}.{}", self.name, self.generation)
    }

    /// A new producer takes its place; what has no answer will never have one.
    fn start_over(&mut self, desk: &mut Desk) {
        let client = self.client();
        for lane in &mut self.lanes {
            for batch in lane.queue.drain(..) {
                sent(desk, &client, &lane.place, &batch, None);
            }
            lane.acknowledged.clear();
            lane.next_sequence = 0;
            lane.has_lost = false;
        }
        self.generation += 1;
        (self.identity, self.identifying) = (None, None);
    }

    /// What Java does after an error that leaves it in doubt: a new epoch, and sequences from 0 on.
    fn bump_epoch(&mut self) {
        let Some((_, epoch)) = &mut self.identity else { return };
        epoch.0 += 1;
        for lane in &mut self.lanes {
            lane.acknowledged.clear();
            lane.next_sequence = 0;
            lane.has_lost = false;
        }
    }

    fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.queue.is_empty()) && self.repeating.is_none()
    }

    fn identify(&mut self, counter: &mut Counter<'_>) {
        if self.identifying.is_none() {
            let request = InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                producer_id: -1,
                producer_epoch: -1,
                ..Default::default()
            };
            self.identifying = Some(counter.ask(&request, 4, Reply::InitProducerId));
        }
    }

    /// Sends the next batch of one or two partitions.
    fn produce(&mut self, counter: &mut Counter<'_>, identity: (ProducerId, ProducerEpoch)) {
        let mut topics = Vec::new();
        let mut chosen = Vec::new();
        for _ in 0..1 + counter.desk.chance.below(2) {
            let at = counter.desk.chance.below(self.lanes.len());
            if chosen.iter().any(|(lane, _)| *lane == at) {
                continue;
            }
            let Some(batch) = self.lanes[at].next(counter.desk) else { continue };
            topics.push(topic_data(&self.lanes[at].place, &self.lanes[at].queue[batch], identity));
            chosen.push((at, batch));
        }
        if topics.is_empty() {
            return;
        }
        let version = 9 + i16::try_from(counter.desk.chance.below(4)).expect("small");
        let request =
            ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: topics, ..Default::default() };
        let call = counter.ask(&request, version, Reply::Produce);
        for (lane, batch) in chosen {
            self.lanes[lane].queue[batch].call = Some(call);
        }
    }

    fn repeat(&mut self, counter: &mut Counter<'_>, identity: (ProducerId, ProducerEpoch)) {
        let at = counter.desk.chance.below(self.lanes.len());
        let lane = &self.lanes[at];
        if !lane.queue.is_empty() || lane.acknowledged.is_empty() || self.repeating.is_some() {
            return;
        }
        let (batch, offset) = &lane.acknowledged[counter.desk.chance.below(lane.acknowledged.len())];
        let topic_data = vec![topic_data(&lane.place, batch, identity)];
        let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data, ..Default::default() };
        let (place, offset) = (lane.place.clone(), *offset);
        let call = counter.ask(&request, 9, Reply::Produce);
        self.repeating = Some(Repetition { call, place, offset });
    }

    fn heard(&mut self, number: Number, response: &ProduceResponse, desk: &mut Desk) {
        if let Some(Repetition { place, offset, .. }) = self.repeating.take_if(|it| it.call == number) {
            let answer = answer_for(response, &place);
            if answer.error_code == ErrorCode::NONE && answer.base_offset != offset {
                let (client, told) = (self.client(), answer.base_offset);
                desk.violation(format!(
                    "{client} sent a batch to {place} again that is at {offset}, and was told {told}"
                ));
            }
            return;
        }
        let client = self.client();
        let mut starts_over = false;
        for lane in &mut self.lanes {
            let Some(at) = lane.queue.iter().position(|batch| batch.call == Some(number)) else { continue };
            let answer = answer_for(response, &lane.place);
            lane.queue[at].call = None;
            match answer.error_code {
                ErrorCode::NONE => {
                    let batch = lane.queue.remove(at).expect("it was just found");
                    sent(desk, &client, &lane.place, &batch, Some(answer.base_offset));
                    lane.remember(batch, answer.base_offset);
                }
                ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER if lane.has_lost => starts_over = true,
                ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER if at == 0 => {
                    let (place, sequence) = (&lane.place, lane.queue[0].first_sequence);
                    desk.violation(format!(
                        "{client} was refused sequence {sequence} on {place} as out of order, but all before it were acknowledged"
                    ));
                }
                // Retried, in order.
                code => desk.note(|| format!("{client} {} answers {}", lane.place, code.name())),
            }
        }
        if starts_over {
            self.start_over(desk);
        }
    }
}

impl Lane {
    /// The batch to send next: the first that is not on its way, or a new one.
    fn next(&mut self, desk: &mut Desk) -> Option<usize> {
        let flying = self.queue.iter().take_while(|batch| batch.call.is_some()).count();
        if flying < self.queue.len() {
            // Nothing may overtake: what was sent after it must have failed first.
            return self.queue.iter().skip(flying).all(|batch| batch.call.is_none()).then_some(flying);
        }
        if desk.is_closing || IN_FLIGHT_MAX <= flying {
            return None;
        }
        let records = desk.records(&self.place, 3);
        let first_sequence = self.next_sequence;
        self.next_sequence += i32::try_from(records.len()).expect("few");
        let time = Timestamp(desk.wall_ms);
        self.queue.push_back(Batch { records, first_sequence, time, call: None });
        Some(flying)
    }

    fn remember(&mut self, batch: Batch, offset: i64) {
        self.acknowledged.push_back((batch, offset));
        // Retries may be acknowledged out of order, but the broker knows the newest by sequence.
        let mut sorted: Vec<_> = self.acknowledged.drain(..).collect();
        sorted.sort_by_key(|(batch, _)| batch.first_sequence);
        self.acknowledged = sorted.into();
        while IN_FLIGHT_MAX < self.acknowledged.len() {
            self.acknowledged.pop_front();
        }
    }
}

impl Client for Producer {
    fn act(&mut self, counter: &mut Counter<'_>) {
        for place in &counter.desk.places {
            if !self.lanes.iter().any(|lane| lane.place == *place) {
                let (place, queue, acknowledged) = (place.clone(), VecDeque::new(), VecDeque::new());
                self.lanes.push(Lane { place, next_sequence: 0, queue, acknowledged, has_lost: false });
            }
        }
        if self.lanes.is_empty() {
            return;
        }
        let Some(identity) = self.identity else { return self.identify(counter) };
        let is_closing = counter.desk.is_closing;
        match counter.desk.chance.below(100) {
            0 if !is_closing && self.repeating.is_none() => self.start_over(counter.desk),
            1 if !is_closing && self.is_idle() => self.bump_epoch(),
            2..12 if !is_closing => self.repeat(counter, identity),
            _ => self.produce(counter, identity),
        }
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        match reply {
            Reply::Produce(response) => self.heard(number, &response, desk),
            Reply::InitProducerId(response) if self.identifying == Some(number) => {
                self.identifying = None;
                if response.error_code == ErrorCode::NONE {
                    let epoch = ProducerEpoch(response.producer_epoch);
                    self.identity = Some((ProducerId(response.producer_id), epoch));
                }
            }
            _ => {
                self.identifying.take_if(|it| *it == number);
                self.repeating.take_if(|it| it.call == number);
                let batches = self.lanes.iter_mut().flat_map(|lane| &mut lane.queue);
                batches.filter(|batch| batch.call == Some(number)).for_each(|batch| batch.call = None);
            }
        }
    }

    fn lost(&mut self, place: &Place, _: i64, _: &mut Desk) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.place == *place) {
            lane.acknowledged.clear();
            lane.has_lost = true;
        }
    }

    fn is_done(&self) -> bool {
        self.is_idle()
    }
}

/// Tells the history what became of a batch.
fn sent(desk: &mut Desk, client: &str, place: &Place, batch: &Batch, base_offset: Option<i64>) {
    if let Some(base_offset) = base_offset {
        desk.acknowledged(place, base_offset + i64::try_from(batch.records.len()).expect("few"));
        desk.dated(place, base_offset, batch.time.0);
    }
    for (offset, Record { value, key }) in (0..).zip(&batch.records) {
        desk.history.push(Event::Send(Send {
            client: client.to_owned(),
            producer: Promise::Idempotent,
            partition: place.to_string(),
            value: *value,
            key: *key,
            outcome: if base_offset.is_some() { Outcome::Ok } else { Outcome::Unknown },
            offset: base_offset.map(|base| base + offset),
        }));
    }
}

fn topic_data(place: &Place, batch: &Batch, (id, epoch): (ProducerId, ProducerEpoch)) -> TopicProduceData {
    let options = BatchOptions {
        producer_id: id,
        producer_epoch: epoch,
        base_sequence: batch.first_sequence,
        scope: BatchScope::Plain,
        ..BatchOptions::default()
    };
    partition_data(place, &batch.records, batch.time, options)
}

/// The part of a request that carries these records to this partition. A tombstone has its value in a header.
pub(super) fn partition_data(
    place: &Place,
    records: &[Record],
    time: Timestamp,
    options: BatchOptions,
) -> TopicProduceData {
    let mut builder = BatchBuilder::new(options);
    for Record { value, key } in records {
        let value = value.to_be_bytes();
        let appended = match key {
            None => builder.append(time, None, Some(&value), &[]),
            Some(Key { number, deletes: false }) => {
                builder.append(time, Some(&number.to_be_bytes()), Some(&value), &[])
            }
            Some(Key { number, deletes: true }) => {
                let headers = [Header::new(VALUE.as_bytes(), value.to_vec())];
                builder.append(time, Some(&number.to_be_bytes()), None, &headers)
            }
        };
        appended.expect("a few small records fit");
    }
    let records = Some(builder.build().into());
    TopicProduceData {
        name: Str::from(place.topic.as_str()),
        partition_data: vec![PartitionProduceData { index: place.index, records }],
        ..Default::default()
    }
}

/// What a response says of a partition that was asked for.
pub(super) fn answer_for(response: &ProduceResponse, place: &Place) -> PartitionProduceResponse {
    let topic = response.responses.iter().filter(|topic| *topic.name == *place.topic);
    let mut partitions = topic.flat_map(|topic| &topic.partition_responses);
    partitions.find(|partition| partition.index == place.index).expect("all are answered").clone()
}

/// The header that holds the value of a record without one.
pub(super) const VALUE: &str = "value";

/// Kafka's `max.in.flight.requests.per.connection`, and the batches that a broker remembers.
const IN_FLIGHT_MAX: usize = 5;
