//! Where records go: each for itself, or all in one transaction.

use super::{Arguments, options};
use crate::exit::{Failure, Outcome, Status};
use ottla_client::{
    Acks, Client, Delivery, ProduceError, Producer, ProducerRecord, Transaction, TransactionError,
    TransactionOptions, TransactionalProducer,
};
use std::time::Duration;

/// Takes records.
pub(super) enum Sink<'p> {
    /// Each counts when it is acknowledged.
    Plain(Producer),
    /// All count together.
    Transaction(Transaction<'p>),
}

impl Sink<'_> {
    pub(super) async fn send(&self, record: ProducerRecord) -> Result<Delivery, ProduceError> {
        match self {
            Self::Plain(producer) => producer.send(record).await,
            Self::Transaction(transaction) => transaction.send(record).await,
        }
    }

    pub(super) async fn flush(&self) {
        match self {
            Self::Plain(producer) => producer.flush().await,
            Self::Transaction(transaction) => transaction.flush().await,
        }
    }
}

/// Lets `write` fill a transaction, and ends it: as `--abort` says, or by taking it back if writing failed.
pub(super) async fn in_transaction(
    client: &Client,
    arguments: &Arguments,
    id: &str,
    write: impl AsyncFnOnce(&Sink<'_>) -> Outcome<u64>,
) -> Outcome<u64> {
    if arguments.acks != Acks::All {
        return Err(Failure::usage("a transaction needs --acks all"));
    }
    let transaction = TransactionOptions {
        id: id.to_owned(),
        timeout: Duration::from_millis(arguments.transaction_timeout_ms.into()),
    };
    let mut producer = TransactionalProducer::new(client, options(arguments), transaction).await?;
    let sink = Sink::Transaction(producer.begin().await?);
    let written = write(&sink).await;
    let Sink::Transaction(transaction) = sink else { return written };
    match written {
        Ok(_) if !arguments.abort => transaction.commit().await?,
        Ok(_) => transaction.abort().await?,
        Err(mut failure) => {
            let taken_back = match transaction.abort().await {
                Ok(()) => "; the transaction was taken back, so that none of them counts".to_owned(),
                Err(error) => {
                    format!("; the broker takes the transaction back when its time is up ({error})")
                }
            };
            failure.message.push_str(&taken_back);
            return Err(failure);
        }
    }
    written
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Record(error) => error.into(),
            TransactionError::Request(error) => error.into(),
            TransactionError::Fenced(_) => Self::new(Status::Refused, error.to_string()),
        }
    }
}
