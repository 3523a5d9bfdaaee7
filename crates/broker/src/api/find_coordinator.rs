//! FindCoordinator, key 10, versions 0–6: which broker looks after a group, a transactional id or a share-partition. It
//! is this one.
//!
//! - v0: groups only. v1+: key type 1, transactional ids. v4+: many keys in one request (KIP-699).
//! - v6+: key type 2, a share-partition written `GROUP:TOPIC_ID:PARTITION`. In Apache Kafka brokers ask it of each other.
//!   Another form, an earlier version and an unknown type are INVALID_REQUEST.
//! - Never COORDINATOR_NOT_AVAILABLE: there is no internal topic that had to be created first.

use super::{Api, Context};
use crate::advertised::Endpoint;
use ottla_storage::base64;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::find_coordinator_response::Coordinator;
use ottla_wire::message::{FindCoordinatorRequest, FindCoordinatorResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=6;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let key_type = request.key_type;
    if context.version < FIRST_VERSION_WITH_MANY {
        let Coordinator { node_id, host, port, error_code, error_message, .. } =
            find(&context, key_type, request.key);
        // Kafka names the code also where nothing is wrong, up to here.
        let well = || Some(Str::from_static("NONE"));
        let error_message = if error_code.is_none() { well() } else { error_message };
        return FindCoordinatorResponse {
            error_code,
            error_message,
            node_id,
            host,
            port,
            ..Default::default()
        };
    }
    let keys = request.coordinator_keys.into_iter();
    let coordinators = keys.map(|key| find(&context, key_type, key)).collect();
    FindCoordinatorResponse { coordinators, ..Default::default() }
}

fn find(context: &Context, key_type: i8, key: Str) -> Coordinator {
    let refusal = match key_type {
        GROUP | TRANSACTION => None,
        SHARE if context.version < FIRST_VERSION_WITH_SHARE => {
            Some("share-partitions (2) have a coordinator from version 6 on: use that version")
        }
        SHARE if !is_share_partition(&key) => {
            Some("a share-partition is written GROUP:TOPIC_ID:PARTITION, the id in Kafka's base64")
        }
        SHARE => None,
        _ => Some("only groups (0), transactional ids (1) and share-partitions (2) have a coordinator"),
    };
    if let Some(why) = refusal {
        return Coordinator {
            key,
            node_id: NO_NODE,
            host: Str::default(),
            port: NO_NODE,
            error_code: ErrorCode::INVALID_REQUEST,
            error_message: Some(Str::from_static(why)),
        };
    }
    let Endpoint { host, port } = context.broker.advertised.to(&context.peer);
    Coordinator {
        key,
        node_id: context.broker.node.0,
        host: Str::from(host),
        port: i32::from(port),
        error_code: ErrorCode::NONE,
        // Kafka sends an empty text, not null, and some client may count on it.
        error_message: Some(Str::default()),
    }
}

/// A group may contain colons; what is behind it may not.
fn is_share_partition(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let (partition, topic, group) = (parts.next(), parts.next(), parts.next());
    partition.is_some_and(|partition| partition.parse::<i32>().is_ok())
        && topic.is_some_and(|topic| base64::decode(topic).is_some())
        && group.is_some_and(|group| !group.trim().is_empty())
}

const FIRST_VERSION_WITH_MANY: i16 = 4;
const FIRST_VERSION_WITH_SHARE: i16 = 6;
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;
const NO_NODE: i32 = -1;

#[cfg(test)]
mod tests {
    use super::is_share_partition;

    #[test]
    fn a_share_partition_has_a_group_a_topic_id_and_a_partition() {
        for legal in ["g:AAAAAAAAAAAAAAAAAAAAAQ:0", "a:b c:AAAAAAAAAAAAAAAAAAAAAQ:-3"] {
            assert!(is_share_partition(legal), "{legal}");
        }
        for illegal in [
            "",
            "g",
            "g:0",
            "g:AAAAAAAAAAAAAAAAAAAAAQ",
            ":AAAAAAAAAAAAAAAAAAAAAQ:0",
            " :AAAAAAAAAAAAAAAAAAAAAQ:0",
            "g:short:0",
            "g:AAAAAAAAAAAAAAAAAAAAAQ:x",
        ] {
            assert!(!is_share_partition(illegal), "{illegal}");
        }
    }
}
