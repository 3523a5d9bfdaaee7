//! `transact`: producers that write in transactions, one after the other, as fast as they can.

use super::{Outcome, While};
use crate::session::{self, Progress, Stand};
use crate::{payload, pin};
use bytes::Bytes;
use clap::Args;
use ottla_base::PartitionIndex;
use ottla_client::{Client, ProducerOptions, ProducerRecord, TransactionOptions, TransactionalProducer};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What `transact` may be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// The broker
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// A topic that exists
    #[arg(long, value_name = "NAME")]
    topic: String,
    /// Write to its first so many partitions
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    partitions: i32,
    /// Producers, each with a transaction under way
    #[arg(long, default_value_t = 4, value_name = "NUMBER")]
    producers: i32,
    /// Records in a transaction, over the partitions in turn
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    records: i32,
    /// Bytes of a record
    #[arg(long, default_value_t = 100, value_name = "BYTES")]
    record_bytes: usize,
    /// Transactions before the measured part begins
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    warm_up: u64,
    /// Transactions of the measured part
    #[arg(long, value_name = "NUMBER")]
    total: u64,
    /// Run on this processor alone
    #[arg(long, value_name = "NUMBER")]
    cpu: Option<usize>,
}

/// Commits until it is done and prints the result, in which a request is a transaction.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    pin::to_cpu(arguments.cpu)?;
    session::run(async {
        let client = session::connect(&arguments.address).await?;
        let progress = Arc::new(Progress::new(arguments.warm_up, arguments.total));
        let mut producers = JoinSet::new();
        for number in 0..arguments.producers {
            producers.spawn(producer(client.fork(), number, arguments.clone(), Arc::clone(&progress)));
        }
        session::first(producers).await
    })
}

async fn producer(client: Client, number: i32, arguments: Arguments, progress: Arc<Progress>) -> Outcome {
    let id = TransactionOptions { id: format!("bench-{number}"), timeout: Duration::from_secs(60) };
    let options = ProducerOptions { linger: Duration::ZERO, ..ProducerOptions::default() };
    let mut producer =
        TransactionalProducer::new(&client, options, id).await.while_doing("starting a producer")?;
    let mut value = vec![0; arguments.record_bytes];
    payload::fill(&mut value, u64::from(number.unsigned_abs()));
    let value = Bytes::from(value);
    let topic: Arc<str> = arguments.topic.as_str().into();
    loop {
        let transaction = producer.begin().await.while_doing("beginning a transaction")?;
        for record in 0..arguments.records {
            // Each producer begins elsewhere, so that not all wait for the same partition.
            let partition = PartitionIndex((number + record).rem_euclid(arguments.partitions.max(1)));
            let record = ProducerRecord {
                topic: Arc::clone(&topic),
                partition: Some(partition),
                value: Some(value.clone()),
                ..ProducerRecord::default()
            };
            transaction.send(record).await.while_doing("writing a record")?;
        }
        transaction.commit().await.while_doing("committing a transaction")?;
        let records = u64::from(arguments.records.unsigned_abs());
        if progress.add(records, records * value.len() as u64)? == Stand::Over {
            return Ok(());
        }
    }
}
