//! Ottla's own Kafka client, for the command line, tests and benches.
//!
//! - [`Client`] knows the cluster: it finds brokers, partition leaders and group coordinators and keeps connections.
//! - [`Producer`] writes records: batches, compression, idempotence, one [`Delivery`] for each record.
//!   [`TransactionalProducer`] writes them in transactions.
//! - [`Consumer`] reads partitions that it is told to read; [`GroupConsumer`] reads those that its group gives it;
//!   [`ShareConsumer`] takes single records, each of which one member of its share group has at a time.
//! - [`Admin`] makes, changes, describes and deletes topics, configs, groups and offsets.
//! - [`Connection`] is one connection with typed requests, for those who want to ask something else.
//!
//! Nothing here reads a clock or makes randomness: an [`ottla_base::Env`] is handed in at [`Client::connect`].
//! Everything runs on the caller's tokio runtime, which may have a single thread. Connections, producers and group
//! members start tasks there and stop them when they are dropped.

pub mod admin;
pub mod client;
pub mod connection;
pub mod connector;
pub mod consumer;
pub mod error;
pub mod group;
pub mod metadata;
pub mod offsets;
pub mod options;
pub mod producer;
mod retry;
pub mod share;
#[cfg(test)]
mod testing;

pub use admin::Admin;
pub use client::{Client, CoordinatorKind, TopicSet};
pub use connection::Connection;
pub use consumer::{ConsumedRecord, Consumer, ConsumerOptions, FetchError, Isolation, Reset, Start};
pub use error::{CallError, Refused, RequestError};
pub use group::{GroupConsumer, GroupError, GroupEvent, GroupOptions};
pub use metadata::{ClusterView, Node, Partition, Topic, TopicPartition};
pub use offsets::{FoundOffset, OffsetSpec};
pub use options::{Address, ClientOptions};
pub use ottla_wire::record::{Compression, Header};
pub use producer::{
    Acks, Delivered, Delivery, Idempotence, ProduceError, Producer, ProducerOptions, ProducerRecord,
    Transaction, TransactionError, TransactionOptions, TransactionalProducer,
};
pub use share::{ShareConsumer, Taken};
