//! A producer without idempotence: it sends once and never again, with any of the three `acks`.

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Place, Record};
use super::producer::{answer_for, partition_data};
use crate::history::{Event, Outcome, Producer as Promise, Send};
use ottla_base::Timestamp;
use ottla_wire::ErrorCode;
use ottla_wire::message::ProduceRequest;
use ottla_wire::record::{BatchOptions, Compression};

#[derive(Debug)]
pub(super) struct Plain {
    name: String,
    flying: Vec<(Number, Place, Vec<Record>, Timestamp)>,
}

impl Plain {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), flying: Vec::new() }
    }
}

impl Client for Plain {
    fn act(&mut self, counter: &mut Counter<'_>) {
        if counter.desk.is_closing || counter.desk.places.is_empty() || FLYING_MAX <= self.flying.len() {
            return;
        }
        let at = counter.desk.chance.below(counter.desk.places.len());
        let place = counter.desk.places[at].clone();
        let records = counter.desk.records(&place, 4);
        let compression = *counter.desk.chance.pick(&[Compression::None, Compression::Lz4]);
        let options = BatchOptions { compression, ..BatchOptions::default() };
        let time = Timestamp(counter.desk.wall_ms);
        let acks = *counter.desk.chance.pick(&[-1, -1, 1, 0]);
        let topic_data = vec![partition_data(&place, &records, time, options)];
        let request = ProduceRequest { acks, timeout_ms: 30_000, topic_data, ..Default::default() };
        let number = counter.ask(&request, 7, Reply::Produce);
        self.flying.push((number, place, records, time));
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        let at = self.flying.iter().position(|(flying, ..)| *flying == number).expect("it was asked");
        let (_, place, records, time) = self.flying.remove(at);
        let base = match reply {
            Reply::Produce(response) => {
                let answer = answer_for(&response, &place);
                (answer.error_code == ErrorCode::NONE).then_some(answer.base_offset)
            }
            _ => None,
        };
        if let Some(base) = base {
            desk.acknowledged(&place, base + i64::try_from(records.len()).expect("few"));
            desk.dated(&place, base, time.0);
        }
        for (delta, Record { value, key }) in (0..).zip(records) {
            desk.history.push(Event::Send(Send {
                client: self.name.clone(),
                producer: Promise::Plain,
                partition: place.to_string(),
                value,
                key,
                outcome: if base.is_some() { Outcome::Ok } else { Outcome::Unknown },
                offset: base.map(|base| base + delta),
            }));
        }
    }

    fn is_done(&self) -> bool {
        self.flying.is_empty()
    }
}

const FLYING_MAX: usize = 3;
