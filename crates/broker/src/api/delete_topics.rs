//! DeleteTopics, key 20, versions 1–6.
//!
//! - With `delete.topic.enable` off every topic is TOPIC_DELETION_DISABLED, below v3 INVALID_REQUEST.
//! - v6+: a topic is named or given by id, not both. An unknown name is UNKNOWN_TOPIC_OR_PARTITION, an unknown id
//!   UNKNOWN_TOPIC_ID. A topic that comes twice is answered once, with INVALID_REQUEST.

use super::refused::Refused;
use super::{Api, Context};
use ottla_base::TopicId;
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
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    for topic in &asked {
        *times.entry((topic.name.clone(), topic.topic_id)).or_default() += 1;
    }
    let mut responses = Vec::with_capacity(asked.len());
    for topic in asked {
        let response = match times.remove(&(topic.name.clone(), topic.topic_id)) {
            Some(1) => delete(&context, topic).await,
            Some(_) => answer(
                topic,
                Err(Refused::request("the request names this topic more than once: name it once")),
            ),
            None => continue,
        };
        responses.push(response);
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

async fn delete(context: &Context, mut asked: DeleteTopicState) -> DeletableTopicResult {
    let outcome = match find(context, &asked) {
        Err(refused) => Err(refused),
        Ok((name, id)) => {
            asked = DeleteTopicState { name: Some(name), topic_id: id.0 };
            context.broker.delete_topic(id).await.map_err(Refused::from)
        }
    };
    answer(asked, outcome)
}

fn find(context: &Context, asked: &DeleteTopicState) -> Result<(ottla_wire::Str, TopicId), Refused> {
    if !context.broker.config().topics.delete_topic_enable {
        let is_old = context.version < FIRST_VERSION_THAT_KNOWS_DISABLED;
        let code = if is_old { ErrorCode::INVALID_REQUEST } else { ErrorCode::TOPIC_DELETION_DISABLED };
        return Err(Refused::new(code, "topics cannot be deleted here: delete.topic.enable is false"));
    }
    let id = TopicId(asked.topic_id);
    let topic = match &asked.name {
        Some(_) if id != TopicId::NONE => {
            return Err(Refused::request("a topic is given by its name or by its id, not by both"));
        }
        None if id == TopicId::NONE => {
            return Err(Refused::request("a topic has neither name nor id: give one"));
        }
        None => context
            .broker
            .image
            .topic_by_id(id)
            .ok_or_else(|| Refused::new(ErrorCode::UNKNOWN_TOPIC_ID, "there is no topic with that id"))?,
        Some(name) => context.broker.image.topic(name).ok_or_else(|| Refused::unknown_topic(name))?,
    };
    Ok((topic.name.as_str().into(), topic.id))
}

fn answer(asked: DeleteTopicState, outcome: Result<(), Refused>) -> DeletableTopicResult {
    let (error_code, error_message) = Refused::fields(outcome);
    DeletableTopicResult { name: asked.name, topic_id: asked.topic_id, error_code, error_message }
}
