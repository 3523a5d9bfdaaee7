//! A consumer that reads every partition from its own position, which it keeps over all crashes.
//!
//! Beyond the history it checks by itself that what it has seen stays there: its position never lies outside the
//! log, but for records that somebody asked to be removed.

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Place};
use super::producer::VALUE;
use crate::history::{Event, Isolation, Poll};
use bytes::Bytes;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::fetch_response::PartitionData;
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::{FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse};
use ottla_wire::record::{Marker, MarkerKind, batches, records};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;

/// The reader.
#[derive(Debug)]
pub(super) struct Reader {
    name: String,
    isolation: Isolation,
    lanes: BTreeMap<Place, Lane>,
    asked: Option<Asked>,
    /// It reads all there is, and says so.
    drains: bool,
}

#[derive(Debug, Default)]
struct Lane {
    /// `None` until it is asked where the log begins.
    position: Option<i64>,
    is_drained: bool,
    /// A power cut may have taken what was at the position.
    may_be_out: bool,
}

#[derive(Debug)]
struct Asked {
    number: Number,
    place: Place,
    start: u64,
    question: Question,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Records,
    Start,
    End,
}

impl Reader {
    pub(super) fn new(name: impl Into<String>, isolation: Isolation) -> Self {
        Self { name: name.into(), isolation, lanes: BTreeMap::new(), asked: None, drains: false }
    }

    /// One that begins at the start of every log and is done when it has read all.
    pub(super) fn draining(name: impl Into<String>, isolation: Isolation) -> Self {
        Self { drains: true, ..Self::new(name, isolation) }
    }

    fn level(&self) -> i8 {
        match self.isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        }
    }

    fn fetch(&self, place: &Place, position: i64, counter: &mut Counter<'_>) -> Number {
        let chance = &mut counter.desk.chance;
        let partition_max_bytes = i32::try_from(chance.within(50..4000)).expect("small");
        let partition = FetchPartition {
            partition: place.index,
            current_leader_epoch: -1,
            fetch_offset: position,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes,
            ..Default::default()
        };
        let topic = Str::from(place.topic.as_str());
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: if !self.drains && chance.percent(20) { 50 } else { 0 },
            min_bytes: 1,
            max_bytes: 1 << 20,
            isolation_level: self.level(),
            session_id: 0,
            session_epoch: -1,
            topics: vec![FetchTopic { topic, partitions: vec![partition], ..Default::default() }],
            ..Default::default()
        };
        counter.ask(&request, 12, Reply::Fetch)
    }

    fn list(&self, place: &Place, timestamp: i64, counter: &mut Counter<'_>) -> Number {
        let partition =
            ListOffsetsPartition { partition_index: place.index, current_leader_epoch: -1, timestamp };
        let name = Str::from(place.topic.as_str());
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: self.level(),
            topics: vec![ListOffsetsTopic { name, partitions: vec![partition] }],
            timeout_ms: 0,
        };
        counter.ask(&request, 7, Reply::ListOffsets)
    }

    fn listed(&mut self, asked: &Asked, response: &ListOffsetsResponse, desk: &mut Desk) {
        let Some(answer) = response.topics.first().and_then(|topic| topic.partitions.first()) else { return };
        if answer.error_code != ErrorCode::NONE {
            return;
        }
        let place = &asked.place;
        if asked.question == Question::End {
            return desk.told_end(&self.name, place, self.isolation, (answer.offset, asked.start));
        }
        let (told, start, start_max) = (answer.offset, desk.promised(place).start, desk.start_max(place));
        if told < start {
            desk.violation(format!("{place} starts at {told} after it was trimmed to {start}"));
        }
        if desk.keeping(place).retention_ms.is_some() {
            if start_max < told {
                desk.violation(format!("{place} starts at {told}, but what is at {start_max} is too young"));
            }
            let (client, partition) = (self.name.clone(), place.to_string());
            desk.history.push(Event::Trim { client, partition, offset: told });
        }
        let lane = self.lanes.get_mut(place).expect("it was asked for");
        lane.position = Some(answer.offset);
        let (client, partition, offset) = (self.name.clone(), place.to_string(), Some(answer.offset));
        desk.history.push(Event::Assign { client, partition, offset });
    }

    fn fetched(&mut self, asked: &Asked, response: &FetchResponse, desk: &mut Desk) {
        let Some(data) = response.responses.first().and_then(|topic| topic.partitions.first()) else {
            return;
        };
        let place = &asked.place;
        let lane = self.lanes.get_mut(place).expect("it was asked for");
        let position = lane.position.expect("it was asked with one");
        match data.error_code {
            ErrorCode::NONE => {}
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                if desk.start_max(place) <= position && !lane.may_be_out {
                    desk.violation(format!(
                        "{} stands at {place}@{position}, which is out of range",
                        self.name
                    ));
                }
                lane.position = None;
                return;
            }
            _ => return,
        }
        let (next, records) = match contents(data, position, self.isolation) {
            Ok(contents) => contents,
            Err(problem) => {
                return desk.violation(format!("{} reads {place}@{position}: {problem}", self.name));
            }
        };
        (lane.position, lane.may_be_out) = (Some(next), false);
        let bound = match self.isolation {
            Isolation::ReadUncommitted => data.high_watermark,
            Isolation::ReadCommitted => data.last_stable_offset,
        };
        let (high_watermark, start) = (data.high_watermark, asked.start);
        if self.drains && next == bound && bound == high_watermark && !lane.is_drained {
            lane.is_drained = true;
        }
        let is_drained = lane.is_drained;
        if position < next || !records.is_empty() {
            let (client, isolation, end) = (self.name.clone(), self.isolation, desk.moment());
            let partition = place.to_string();
            desk.history.push(Event::Poll(Poll { client, isolation, partition, start, end, next, records }));
        }
        desk.told_end(&self.name, place, Isolation::ReadUncommitted, (high_watermark, start));
        if is_drained {
            let (client, isolation, partition) = (self.name.clone(), self.isolation, place.to_string());
            desk.history.push(Event::Drained { client, isolation, partition });
        }
    }
}

impl Client for Reader {
    fn act(&mut self, counter: &mut Counter<'_>) {
        if self.asked.is_some() {
            return;
        }
        for place in &counter.desk.places {
            if !self.lanes.contains_key(place) {
                self.lanes.insert(place.clone(), Lane::default());
            }
        }
        let open: Vec<_> = self.lanes.iter().filter(|(_, lane)| !lane.is_drained).collect();
        if open.is_empty() || (counter.desk.is_closing && !self.drains) {
            return;
        }
        let (place, lane) = open[counter.desk.chance.below(open.len())];
        let (place, start) = (place.clone(), counter.desk.moment());
        let (number, question) = match lane.position {
            None => (self.list(&place, EARLIEST, counter), Question::Start),
            Some(_) if !self.drains && counter.desk.chance.percent(20) => {
                (self.list(&place, LATEST, counter), Question::End)
            }
            Some(position) => (self.fetch(&place, position, counter), Question::Records),
        };
        self.asked = Some(Asked { number, place, start, question });
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        let asked = self.asked.take_if(|asked| asked.number == number).expect("it asks one thing at a time");
        match reply {
            Reply::Fetch(response) => self.fetched(&asked, &response, desk),
            Reply::ListOffsets(response) => self.listed(&asked, &response, desk),
            _ => {}
        }
    }

    fn lost(&mut self, place: &Place, end: i64, _: &mut Desk) {
        if let Some(lane) = self.lanes.get_mut(place) {
            lane.may_be_out |= lane.position.is_some_and(|position| end < position);
        }
    }

    fn is_done(&self) -> bool {
        let has_read_all = !self.lanes.is_empty() && self.lanes.values().all(|lane| lane.is_drained);
        self.asked.is_none() && (!self.drains || has_read_all)
    }
}

/// The position behind what was fetched, and the records from `position` on that the isolation shows.
fn contents(
    data: &PartitionData,
    position: i64,
    isolation: Isolation,
) -> Result<(i64, Vec<(i64, u64)>), String> {
    let bytes = match &data.records {
        Some(records) => records.to_bytes().map_err(|error| error.to_string())?,
        None => Bytes::new(),
    };
    let mut aborted: Vec<(i64, i64)> = match (&data.aborted_transactions, isolation) {
        (Some(list), Isolation::ReadCommitted) => {
            list.iter().map(|transaction| (transaction.first_offset, transaction.producer_id)).collect()
        }
        _ => Vec::new(),
    };
    aborted.sort_unstable();
    let mut aborting: Vec<i64> = Vec::new();
    let (mut next, mut found) = (position, Vec::new());
    for entry in batches(&bytes) {
        let (header, batch) = entry.map_err(|error| error.to_string())?;
        ottla_wire::record::check_integrity(&batch).map_err(|error| error.to_string())?;
        let producer = header.producer_id.0;
        // As Java's consumer: the list says from which offset on a producer's records are aborted, until its marker.
        while let Some((first, producer)) =
            aborted.first().copied().filter(|(first, _)| *first <= header.last_offset().0)
        {
            let _ = first;
            aborting.push(producer);
            aborted.remove(0);
        }
        next = next.max(header.next_offset().0);
        for record in records(header, &batch).map_err(|error| error.to_string())? {
            let record = record.map_err(|error| error.to_string())?;
            if header.is_control() {
                if Marker::of(&record).is_some_and(|marker| marker.kind == MarkerKind::Abort) {
                    aborting.retain(|known| *known != producer);
                }
                continue;
            }
            if record.offset.0 < position || (header.is_transactional() && aborting.contains(&producer)) {
                continue;
            }
            let in_header =
                || record.headers.iter().find(|header| *header.key == *VALUE.as_bytes())?.value.as_deref();
            let value = record.value.as_deref().or_else(in_header);
            let value = value.and_then(|value| value.try_into().ok()).map(u64::from_be_bytes);
            found.push((record.offset.0, value.ok_or("a value that nobody sent")?));
        }
    }
    Ok((next, found))
}

const EARLIEST: i64 = -2;
const LATEST: i64 = -1;
