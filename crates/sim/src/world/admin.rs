//! Somebody who makes the topics that all others use, trims them, and makes and deletes topics of his own.
//!
//! It checks by itself: a topic whose creation was acknowledged is there, one whose deletion was is not.

use super::call::{Counter, Number, Reply};
use super::client::Client;
use super::desk::{Desk, Keeping, Place};
use crate::history::Event;
use ottla_wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::{CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest, MetadataRequest};
use ottla_wire::{ErrorCode, Str};

/// A topic that everybody is to use.
#[derive(Debug, Clone)]
pub(super) struct TopicPlan {
    pub(super) name: String,
    pub(super) partitions: i32,
    pub(super) keeping: Keeping,
    pub(super) configs: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub(super) struct Admin {
    name: String,
    /// Not yet acknowledged.
    to_make: Vec<TopicPlan>,
    own: Own,
    asked: Option<(Number, Asked)>,
}

/// A topic that nobody else uses.
#[derive(Debug)]
struct Own {
    number: u32,
    is_there: Is,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    There,
    Gone,
}

#[derive(Debug)]
enum Asked {
    Make(TopicPlan),
    Trim(Place, i64),
    MakeOwn,
    DeleteOwn,
    FindOwn(Is),
}

impl Admin {
    pub(super) fn new(name: impl Into<String>, to_make: Vec<TopicPlan>) -> Self {
        Self { name: name.into(), to_make, own: Own { number: 0, is_there: Is::Gone }, asked: None }
    }

    fn own_name(&self) -> String {
        format!("own{}", self.own.number)
    }

    fn trim(&mut self, counter: &mut Counter<'_>) -> Option<(Number, Asked)> {
        let desk = &mut *counter.desk;
        let place = desk.trimmed.clone()?;
        let end = u64::try_from(desk.promised(&place).end).ok().filter(|end| 0 < *end)?;
        let offset = i64::try_from(desk.chance.within(0..end + 1)).ok()?;
        let promised = desk.promised(&place);
        promised.trim_asked = promised.trim_asked.max(offset);
        let (client, partition) = (self.name.clone(), place.to_string());
        desk.history.push(Event::Trim { client, partition, offset });
        let partition = DeleteRecordsPartition { partition_index: place.index, offset };
        let name = Str::from(place.topic.as_str());
        let topics = vec![DeleteRecordsTopic { name, partitions: vec![partition] }];
        let number = counter.ask(&DeleteRecordsRequest { topics, timeout_ms: 1000 }, 2, Reply::DeleteRecords);
        Some((number, Asked::Trim(place, offset)))
    }

    /// Something about the topic of its own.
    fn churn(&mut self, counter: &mut Counter<'_>) -> (Number, Asked) {
        if counter.desk.chance.percent(40) {
            let name = Some(Str::from(self.own_name()));
            let topics = Some(vec![MetadataRequestTopic { name, ..Default::default() }]);
            let number = counter.ask(&MetadataRequest { topics, ..Default::default() }, 8, Reply::Metadata);
            return (number, Asked::FindOwn(self.own.is_there));
        }
        if self.own.is_there == Is::Gone {
            let partitions = 1 + i32::try_from(counter.desk.chance.below(3)).expect("small");
            let (name, keeping) = (self.own_name(), Keeping::default());
            let plan = TopicPlan { name, partitions, keeping, configs: Vec::new() };
            return (make(&plan, counter), Asked::MakeOwn);
        }
        let topic = DeleteTopicState { name: Some(Str::from(self.own_name())), ..Default::default() };
        let request = DeleteTopicsRequest { topics: vec![topic], timeout_ms: 1000, ..Default::default() };
        (counter.ask(&request, 6, Reply::DeleteTopics), Asked::DeleteOwn)
    }

    fn found_own(&mut self, expected: Is, code: ErrorCode, desk: &mut Desk) {
        let found = match code {
            ErrorCode::NONE => Is::There,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => Is::Gone,
            _ => return,
        };
        if expected != found {
            desk.violation(format!("topic {} is to be {expected:?}, and is {found:?}", self.own_name()));
        }
    }

    /// Nobody knows what became of a change of it: from now on it is another topic.
    fn abandon_own(&mut self) {
        self.own = Own { number: self.own.number + 1, is_there: Is::Gone };
    }
}

fn make(plan: &TopicPlan, counter: &mut Counter<'_>) -> Number {
    let config = |(name, value): &(&str, String)| CreatableTopicConfig {
        name: Str::from(*name),
        value: Some(Str::from(value.as_str())),
    };
    let topic = CreatableTopic {
        name: Str::from(plan.name.as_str()),
        num_partitions: plan.partitions,
        replication_factor: 1,
        configs: plan.configs.iter().map(config).collect(),
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1000, ..Default::default() };
    counter.ask(&request, 6, Reply::CreateTopics)
}

impl Client for Admin {
    fn act(&mut self, counter: &mut Counter<'_>) {
        if self.asked.is_some() {
            return;
        }
        self.asked = match self.to_make.last() {
            Some(plan) => Some((make(plan, counter), Asked::Make(plan.clone()))),
            None if counter.desk.is_closing => None,
            None if counter.desk.chance.percent(15) => self.trim(counter),
            None => Some(self.churn(counter)),
        };
    }

    fn hear(&mut self, number: Number, reply: Reply, desk: &mut Desk) {
        let (_, asked) =
            self.asked.take_if(|(asked, _)| *asked == number).expect("it asks one thing at a time");
        match (asked, reply) {
            (Asked::Make(plan), Reply::CreateTopics(response)) => {
                let code = response.topics[0].error_code;
                if matches!(code, ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS) {
                    self.to_make.pop();
                    desk.keeping.insert(plan.name.clone(), plan.keeping);
                    let place = |index| Place { topic: plan.name.clone(), index };
                    desk.places.extend((0..plan.partitions).map(place));
                    if self.to_make.is_empty() && 1 < desk.places.len() {
                        desk.trimmed = desk.places.last().cloned();
                    }
                } else {
                    assert_ne!(code, ErrorCode::INVALID_CONFIG, "{response:?}");
                }
            }
            (Asked::Trim(place, offset), Reply::DeleteRecords(response)) => {
                let answer = &response.topics[0].partitions[0];
                if answer.error_code == ErrorCode::NONE {
                    let promised = desk.promised(&place);
                    promised.start = promised.start.max(offset);
                    if answer.low_watermark < offset {
                        let told = answer.low_watermark;
                        desk.violation(format!("{place} was trimmed to {offset}, and starts at {told}"));
                    }
                }
            }
            (Asked::MakeOwn, Reply::CreateTopics(response)) => match response.topics[0].error_code {
                ErrorCode::NONE => self.own.is_there = Is::There,
                _ => self.abandon_own(),
            },
            (Asked::DeleteOwn, Reply::DeleteTopics(response)) => match response.responses[0].error_code {
                ErrorCode::NONE => self.own.is_there = Is::Gone,
                _ => self.abandon_own(),
            },
            (Asked::FindOwn(expected), Reply::Metadata(response)) => {
                self.found_own(expected, response.topics[0].error_code, desk);
            }
            (Asked::MakeOwn | Asked::DeleteOwn, _) => self.abandon_own(),
            _ => {}
        }
    }

    fn is_done(&self) -> bool {
        self.asked.is_none() && self.to_make.is_empty()
    }
}
