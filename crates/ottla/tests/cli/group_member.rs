//! Members of consumer groups and streams groups that send heartbeats until they have something to do.

use crate::program::Broker;
use ottla_broker::environment::SystemEnv;
use ottla_client::{Client, ClientOptions, Connection};
use ottla_wire::ErrorCode;
use ottla_wire::message::streams_group_heartbeat_request::{Subtopology, Topology};
use ottla_wire::message::{ConsumerGroupHeartbeatRequest, StreamsGroupHeartbeatRequest};
use std::sync::Arc;
use std::time::Duration;

/// A connection of its own to a broker, for requests that no command sends.
pub(crate) struct Wire {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) client: Client,
    pub(crate) connection: Connection,
}

impl Wire {
    pub(crate) fn open(broker: &Broker) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = broker.address().parse().unwrap();
        let (client, connection) = runtime.block_on(async {
            let options = ClientOptions::new(vec![address]);
            let client = Client::connect(options, Arc::new(SystemEnv::new())).await.unwrap();
            let connection = client.fork().any().await.unwrap();
            (client, connection)
        });
        Self { runtime, client, connection }
    }
}

const ID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";

/// Joins a consumer group, and returns when it has that many partitions of the topic.
pub(crate) fn consumer(wire: &Wire, group: &str, topic: &str, partitions: usize) {
    let mut epoch = 0;
    wire.until(async || {
        let request = ConsumerGroupHeartbeatRequest {
            group_id: group.into(),
            member_id: ID.into(),
            member_epoch: epoch,
            instance_id: (epoch == 0).then(|| "desk".into()),
            rebalance_timeout_ms: if epoch == 0 { 60_000 } else { -1 },
            subscribed_topic_names: (epoch == 0).then(|| vec![topic.into()]),
            topic_partitions: (epoch == 0).then(Vec::new),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let response = wire.connection.call(&request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
        epoch = response.member_epoch;
        let given = response.assignment.map_or(0, |assignment| {
            assignment.topic_partitions.iter().map(|topic| topic.partitions.len()).sum()
        });
        given == partitions
    });
}

/// Joins a streams group with one subtopology, and returns when it has that many tasks.
pub(crate) fn application(wire: &Wire, group: &str, topic: &str, tasks: usize) {
    let mut epoch = 0;
    wire.until(async || {
        let joins = epoch == 0;
        let topology = || {
            Box::new(Topology {
                epoch: 0,
                subtopologies: vec![Subtopology {
                    subtopology_id: "0".into(),
                    source_topics: vec![topic.into()],
                    ..Subtopology::default()
                }],
            })
        };
        let request = StreamsGroupHeartbeatRequest {
            group_id: group.into(),
            member_id: ID.into(),
            member_epoch: epoch,
            rebalance_timeout_ms: if joins { 60_000 } else { -1 },
            topology: joins.then(topology),
            active_tasks: joins.then(Vec::new),
            standby_tasks: joins.then(Vec::new),
            warmup_tasks: joins.then(Vec::new),
            process_id: joins.then(|| "process".into()),
            ..StreamsGroupHeartbeatRequest::default()
        };
        let response = wire.connection.call(&request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
        epoch = response.member_epoch;
        let given = response.active_tasks.unwrap_or_default();
        given.iter().map(|ids| ids.partitions.len()).sum::<usize>() == tasks
    });
}

impl Wire {
    /// Asks again and again: an assignment comes with one of the next heartbeats.
    fn until(&self, mut is_done: impl AsyncFnMut() -> bool) {
        self.runtime.block_on(async {
            for _ in 0..200 {
                if is_done().await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("the group gives nothing");
        });
    }
}
