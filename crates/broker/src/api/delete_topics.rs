//! DeleteTopics, key 20, versions 1–6.
//!
//! - With `delete.topic.enable` off every topic is TOPIC_DELETION_DISABLED, below v3 INVALID_REQUEST.
//! - v6+: a topic is named or given by id, not both. An unknown name is UNKNOWN_TOPIC_OR_PARTITION, an unknown id
//!   UNKNOWN_TOPIC_ID. A topic that comes twice is answered once, with INVALID_REQUEST, also if it comes by its name
//!   and by its id; it stays.

use super::refused::Refused;
use super::{Api, Context};
use ottla_base::TopicId;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::delete_topics_response::DeletableTopicResult;
use ottla_wire::message::{DeleteTopicsRequest, DeleteTopicsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=6;
const FIRST_VERSION_THAT_KNOWS_DISABLED: i16 = 3;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = |name| DeleteTopicState { name: Some(name), ..Default::default() };
    let mut asked = request.topics;
    asked.extend(request.topic_names.into_iter().map(by_name));
    let mut responses = Vec::with_capacity(asked.len());
    if !context.broker.config().topics.delete_topic_enable {
        responses.extend(asked.into_iter().map(|topic| answer(topic, Err(disabled(&context)))));
        return DeleteTopicsResponse { responses, ..Default::default() };
    }
    for (id, name) in deletable(&context, asked, &mut responses) {
        let outcome = context.broker.delete_topic(id).await.map_err(Refused::from);
        responses.push(answer(DeleteTopicState { name: Some(name), topic_id: id.0 }, outcome));
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

fn disabled(context: &Context) -> Refused {
    let is_old = context.version < FIRST_VERSION_THAT_KNOWS_DISABLED;
    let code = if is_old { ErrorCode::INVALID_REQUEST } else { ErrorCode::TOPIC_DELETION_DISABLED };
    Refused::new(code, "topics cannot be deleted here: delete.topic.enable is false")
}

/// What may go. Everything else has its answer in `responses`.
fn deletable(
    context: &Context,
    asked: Vec<DeleteTopicState>,
    responses: &mut Vec<DeletableTopicResult>,
) -> BTreeMap<TopicId, Str> {
    let image = &context.broker.image;
    let (mut names, mut ids) = (BTreeMap::<Str, u32>::new(), BTreeMap::<TopicId, u32>::new());
    let mut refuse = |name, topic_id: TopicId, refused| {
        responses.push(answer(DeleteTopicState { name, topic_id: topic_id.0 }, Err(refused)));
    };
    for DeleteTopicState { name, topic_id } in asked {
        let id = TopicId(topic_id);
        match name {
            Some(name) if id == TopicId::NONE => *names.entry(name).or_default() += 1,
            None if id != TopicId::NONE => *ids.entry(id).or_default() += 1,
            Some(_) => {
                let why = "a topic is given by its name or by its id, not by both";
                refuse(name, id, Refused::request(why));
            }
            None => refuse(None, id, Refused::request("a topic has neither name nor id: give one")),
        }
    }
    let repeated = || Refused::request("the request names this topic more than once: name it once");
    let mut going = BTreeMap::new();
    for (id, times) in &ids {
        match image.topic_by_id(*id) {
            _ if 1 < *times => refuse(None, *id, repeated()),
            None => {
                refuse(None, *id, Refused::new(ErrorCode::UNKNOWN_TOPIC_ID, "there is no topic with that id"))
            }
            Some(topic) => drop(going.insert(*id, topic.name.as_str().into())),
        }
    }
    for (name, times) in names {
        match image.topic(&name) {
            _ if 1 < times => refuse(Some(name), TopicId::NONE, repeated()),
            None => {
                let unknown = Refused::unknown_topic(&name);
                refuse(Some(name), TopicId::NONE, unknown);
            }
            // Whoever says it in two ways may have meant two topics: none goes.
            Some(topic) if ids.contains_key(&topic.id) => {
                going.remove(&topic.id);
                refuse(Some(name), topic.id, repeated());
            }
            Some(topic) => drop(going.insert(topic.id, name)),
        }
    }
    going
}

fn answer(asked: DeleteTopicState, outcome: Result<(), Refused>) -> DeletableTopicResult {
    let (error_code, error_message) = Refused::fields(outcome);
    DeletableTopicResult { name: asked.name, topic_id: asked.topic_id, error_code, error_message }
}

#[cfg(test)]
mod tests;
