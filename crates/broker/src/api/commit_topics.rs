//! What OffsetCommit and TxnOffsetCommit do alike: they part what exists from what does not, ask the coordinator for the
//! former alone, and put both answers together.

use crate::Broker;
use ottla_base::TopicId;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use std::collections::HashMap;
use uuid::Uuid;

/// How a request names its topics.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TopicsBy {
    Name,
    Id,
}

/// The partitions of one topic of a request.
pub(super) struct Parted<P> {
    /// The topic's name and id; both are filled in if it exists.
    pub(super) topic: (Str, Uuid),
    pub(super) known: Vec<P>,
    pub(super) unknown: Vec<P>,
    /// Whether there is such a topic.
    pub(super) exists: bool,
    /// What the unknown ones are refused with.
    pub(super) error_code: ErrorCode,
}

/// Parts the partitions of a topic; `index` is that of a partition.
pub(super) fn part<P>(
    broker: &Broker,
    by: TopicsBy,
    (name, id): (Str, Uuid),
    partitions: Vec<P>,
    index: fn(&P) -> i32,
) -> Parted<P> {
    let (found, error_code) = match by {
        TopicsBy::Name => (broker.image.topic(&name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        TopicsBy::Id => (broker.image.topic_by_id(TopicId(id)), ErrorCode::UNKNOWN_TOPIC_ID),
    };
    let Some(found) = found else {
        let topic = (name, id);
        return Parted { topic, known: Vec::new(), unknown: partitions, exists: false, error_code };
    };
    let (known, unknown) =
        partitions.into_iter().partition(|partition| found.partition(index(partition)).is_some());
    let topic = (Str::from(found.name.as_str()), found.id.0);
    Parted { topic, known, unknown, exists: true, error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION }
}

/// Adds to the answers those that were refused, and to a topic's answer what was refused of that topic. A request may
/// name a great many topics, so each is looked up, not searched for.
pub(super) fn merge<T, P>(
    answers: &mut Vec<T>,
    refused: Vec<T>,
    topic: fn(&T) -> (Str, Uuid),
    partitions: fn(&mut T) -> &mut Vec<P>,
) {
    if refused.is_empty() {
        return;
    }
    let mut places: HashMap<_, _> = answers.iter().map(topic).zip(0..).collect();
    for mut more in refused {
        let place = *places.entry(topic(&more)).or_insert(answers.len());
        match answers.get_mut(place) {
            Some(answer) => partitions(answer).append(partitions(&mut more)),
            None => answers.push(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_stands_with_its_topic() {
        let topic = |name: &str, partitions: &[i32]| (Str::from(name), partitions.to_vec());
        let mut answers = vec![topic("a", &[0]), topic("b", &[0])];
        let refused = vec![topic("x", &[1]), topic("b", &[2]), topic("x", &[3]), topic("y", &[4])];
        merge(&mut answers, refused, |topic| (topic.0.clone(), Uuid::nil()), |topic| &mut topic.1);
        let merged = [topic("a", &[0]), topic("b", &[0, 2]), topic("x", &[1, 3]), topic("y", &[4])];
        assert_eq!(answers, merged);
    }
}
