//! Records on their way: those that were lost are told, or end the tool with `--sync`.

use crate::command::kafka::Ran;
use crate::command::kafka::error::{Stop, Trouble};
use crate::output;
use ottla_client::{Delivery, ProduceError, Producer, ProducerRecord};
use std::collections::VecDeque;
use std::sync::Arc;

/// Records on their way whose outcome has not been looked at; more, and the oldest is waited for.
const PENDING_MAX: usize = 100_000;

/// Records on their way.
pub(super) struct Writing {
    producer: Producer,
    topic: Arc<str>,
    is_sync: bool,
    pending: VecDeque<Delivery>,
    /// Whether a record was lost, of which was told already.
    is_lossy: bool,
}

impl Writing {
    pub(super) fn new(producer: Producer, topic: &str, is_sync: bool) -> Self {
        Self { producer, topic: topic.into(), is_sync, pending: VecDeque::new(), is_lossy: false }
    }

    /// Sends a record to the topic, and waits for its outcome if that is wanted.
    ///
    /// # Errors
    /// It was lost and the next may not be sent.
    pub(super) async fn send(&mut self, mut record: ProducerRecord) -> Ran {
        record.topic = Arc::clone(&self.topic);
        match self.producer.send(record).await {
            Ok(delivery) => self.pending.push_back(delivery),
            Err(error) => self.lost(error)?,
        }
        if self.is_sync {
            self.producer.flush().await;
        }
        let keep = if self.is_sync { 0 } else { PENDING_MAX };
        while keep < self.pending.len() {
            self.take().await?;
        }
        Ok(())
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// One was lost.
    pub(super) async fn finish(&mut self) -> Ran {
        self.producer.flush().await;
        while !self.pending.is_empty() {
            self.take().await?;
        }
        match self.is_lossy {
            true => Err(Stop::Error("Some records were not written, as told above.".to_owned())),
            false => Ok(()),
        }
    }

    /// Waits for the oldest.
    async fn take(&mut self) -> Ran {
        let Some(mut delivery) = self.pending.pop_front() else { return Ok(()) };
        match delivery.outcome().await {
            Ok(_) => Ok(()),
            Err(error) => self.lost(error),
        }
    }

    fn lost(&mut self, error: ProduceError) -> Ran {
        let trouble = trouble(error);
        if self.is_sync {
            return Err(trouble.into());
        }
        output::aside(format_args!(
            "Error when sending message to topic {} with error: {trouble}",
            self.topic
        ));
        self.is_lossy = true;
        Ok(())
    }
}

/// The failure in the words of Kafka's clients.
pub(super) fn trouble(error: ProduceError) -> Trouble {
    match error {
        ProduceError::Lookup(error) => error.into(),
        ProduceError::Refused(refused) => (&refused).into(),
        ProduceError::Failed(error) => error.into(),
        ProduceError::TooLarge { .. } => {
            Trouble::new("org.apache.kafka.common.errors.RecordTooLargeException", error.to_string())
        }
        ProduceError::TimedOut { .. } => {
            Trouble::new("org.apache.kafka.common.errors.TimeoutException", error.to_string())
        }
        ProduceError::NoPartition { .. }
        | ProduceError::Aborted
        | ProduceError::Closed
        | ProduceError::IdempotenceNeedsAcks => Trouble::general(error.to_string()),
    }
}
