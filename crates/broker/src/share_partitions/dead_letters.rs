//! Dead letters: records that are not delivered any more go to the topic that their group has for them, each exactly
//! once, and only then are they done.
//!
//! ```text
//!  machine: ARCHIVING ──► position is durable ──► append, durable ──► machine: ARCHIVED
//!                │               └── after a crash: what stands behind it already is done
//!                └── while it does not work: again after 1 s, 2 s, … 30 s, for ever
//! ```
//! One task for each share-partition that has had letters, one for each shard that gives them work. What a task does not
//! know, because its broker died or an append failed, it looks for in the dead-letter partition from the position on.
//!
//! What differs from Apache Kafka: there a letter is given up after some attempts, and may come twice.

mod letter;
mod lookup;
mod source;
mod topic;

#[cfg(test)]
mod tests;

use self::letter::Composer;
use self::source::{Original, Source};
use super::feed::FeedError;
use super::{Machine, SharePartitions, mixed_up};
use crate::Broker;
use crate::config::GroupConfig;
use crate::image::Topic;
use crate::recompression;
use crate::shard::{Shard, Unavailable};
use crate::validation::{self, Produced};
use ottla_base::{Offset, Timestamp};
use ottla_coordinator::Ticket;
use ottla_coordinator::share_partition::{
    Command, DeadLetterPosition, DeadLettered, Describe, Id, Letter, Letters, Position, Reply,
};
use ottla_storage::Append;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Between attempts, and twice as long after each that failed.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often a writer that has nothing to write looks whether its share-partition is still there.
const IDLE_LOOK: Duration = Duration::from_mins(1);

/// While a shard's state is being loaded.
const RELOAD_PAUSE: Duration = Duration::from_millis(100);

/// First and last offset of what is to be written, and what it says.
type Given = (Offset, Offset, Letter);

/// The same as the machine knows it again: first and last offset, and when it was decided.
type Decided = (Offset, Offset, Timestamp);

fn decided(ranges: &[Given]) -> Vec<Decided> {
    ranges.iter().map(|(first, last, letter)| (*first, *last, letter.at)).collect()
}

/// Why letters could not be written. They wait.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// The topic cannot take them; the text has the cause and a cure.
    #[error("{0}")]
    Topic(String),
    /// The records themselves, or the dead-letter partition, cannot be read.
    #[error("the log cannot be read: {0}; 'ottla log verify' tells where")]
    Log(#[from] FeedError),
    /// The topic refused them, or its log did.
    #[error("the dead-letter topic does not take them: {0}")]
    Refused(String),
    /// The state of the share-partition is being loaded, and hands them out anew.
    #[error("the state of the share-partition is being loaded")]
    Lost,
    /// The share-partition was deleted, and they with it.
    #[error("the share-partition was deleted")]
    Gone,
}

impl From<Unavailable> for Trouble {
    fn from(_: Unavailable) -> Self {
        Self::Lost
    }
}

impl SharePartitions {
    /// Starts the writers; they end with `background`.
    pub(crate) fn start_writers(broker: &Arc<Broker>, background: &mut JoinSet<()>) {
        for shard in &broker.share.partitions.shards {
            background.spawn_local(run(Arc::clone(broker), Arc::clone(shard)));
        }
    }
}

/// Deals out what one shard has to write, for ever. Dropping it stops everything that is under way.
async fn run(broker: Arc<Broker>, shard: Arc<Shard<Machine>>) {
    let (mut writers, mut desks) = (JoinSet::new(), HashMap::new());
    loop {
        match shard.ask(Command::DeadLetters).await {
            Ok(Reply::DeadLetters(letters)) => {
                // Those of share-partitions that are gone have ended.
                desks.retain(|_, desk: &mut mpsc::UnboundedSender<Letters>| !desk.is_closed());
                while writers.try_join_next().is_some() {}
                for letters in letters {
                    let id = letters.id.clone();
                    let desk = desks.entry(id.clone()).or_insert_with(|| {
                        // What waits is bounded by what a share-partition may have on its way.
                        let (desk, inbox) = mpsc::unbounded_channel();
                        let (broker, shard) = (Arc::clone(&broker), Arc::clone(&shard));
                        let writer = Writer { broker, shard, doubt: letters.position, id };
                        writers.spawn_local(writer.run(inbox, IDLE_LOOK));
                        desk
                    });
                    // No writer has ended since: they are tasks of this thread.
                    let _ = desk.send(letters);
                }
            }
            Ok(other) => {
                mixed_up(&other);
                return;
            }
            Err(Unavailable) => {
                // The state was lost, and what is on its way will be handed out anew. Nobody may work on it twice at a
                // time.
                writers.shutdown().await;
                desks.clear();
                tokio::time::sleep(RELOAD_PAUSE).await;
            }
        }
    }
}

/// Writes the letters of one share-partition, one group of them after the other.
struct Writer {
    broker: Arc<Broker>,
    shard: Arc<Shard<Machine>>,
    id: Id,
    /// Letters may stand behind it already although the machine does not know.
    doubt: Option<Position>,
}

impl Writer {
    /// Until the sender or the share-partition is gone.
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Letters>, idle_look: Duration) {
        loop {
            let Letters { ranges, .. } = match tokio::time::timeout(idle_look, inbox.recv()).await {
                Ok(Some(letters)) => letters,
                Ok(None) => return,
                // Nothing can come between the look into the inbox and the end.
                Err(_) if self.is_gone().await && inbox.is_empty() => return,
                Err(_) => continue,
            };
            let mut pause = PAUSE_MIN;
            while let Err(trouble) = self.write(&ranges).await {
                if matches!(trouble, Trouble::Gone) {
                    break;
                }
                if !matches!(trouble, Trouble::Lost) {
                    tracing::error!(
                        group = %self.id.group,
                        partition = %self.id.partition,
                        %trouble,
                        "dead letters cannot be written and wait; trying again in {pause:?}"
                    );
                }
                tokio::time::sleep(pause).await;
                pause = PAUSE_MAX.min(pause * 2);
            }
        }
    }

    /// Whether the share-partition was deleted.
    async fn is_gone(&self) -> bool {
        let Id { group, partition } = self.id.clone();
        let describe = |ticket: Ticket| {
            let (group, partitions) = (Some(group), Some([partition].into()));
            Command::Describe(Describe { ticket, group, partitions, ranges_max: 0 })
        };
        matches!(self.shard.ask(describe).await, Ok(Reply::Described(described)) if described.is_empty())
    }

    /// Writes all of them, and lets the machine know. What was written before, it is told of and not written again.
    async fn write(&mut self, ranges: &[Given]) -> Result<(), Trouble> {
        let settings = self.broker.configs.group(&self.id.group);
        if settings.share.dead_letter_topic_name.is_empty() {
            // The group has no such topic any more.
            return self.done(decided(ranges)).await;
        }
        if let Some(position) = self.doubt {
            let found = lookup::offsets(&self.broker, &self.id, position).await?;
            self.done(found.ranges()).await?;
        }
        let topic = topic::find(&self.broker, &settings.share.dead_letter_topic_name).await?;
        let target = topic.partition(self.id.partition.index.0 % topic.partitions);
        let target = target.ok_or_else(|| Trouble::Topic("its topic has no such partition".to_owned()))?;
        let end = self.broker.log.offsets(target).map_err(FeedError::from)?.end;
        let awaited = self.note(Position { partition: target, offset: end }, ranges).await?;
        self.write_behind(&topic, &settings, (ranges, &awaited)).await?;
        self.doubt = None;
        Ok(())
    }

    /// Of the ranges, what is awaited.
    async fn write_behind(
        &self,
        topic: &Topic,
        settings: &GroupConfig,
        (ranges, awaited): (&[Given], &[(Offset, Offset)]),
    ) -> Result<(), Trouble> {
        let mut composer = Composer::new(&self.broker, &self.id, topic);
        let copies = settings.share.dead_letter_copy_record_enable;
        let mut source = Source::new(&self.broker.log, self.id.partition);
        for (first, last) in awaited {
            let letter = ranges.iter().find(|(from, to, _)| from <= first && last <= to);
            let (_, _, letter) = letter.expect("what is awaited is a part of what was asked for");
            for offset in (first.0..=last.0).map(Offset) {
                let original = match copies {
                    true => source.record(offset)?,
                    false => Original::Unwanted,
                };
                if let Some(full) = composer.add(offset, original, letter)? {
                    self.append(topic, full).await?;
                }
            }
        }
        match composer.finish() {
            Some(rest) => self.append(topic, rest).await,
            None => Ok(()),
        }
    }

    /// Appends one batch and lets the machine know.
    async fn append(&self, topic: &Topic, composed: letter::Composed) -> Result<(), Trouble> {
        let letter::Composed { batch, ranges } = composed;
        let id = topic.partition(self.id.partition.index.0 % topic.partitions).ok_or(Trouble::Lost)?;
        let produced = Produced { version: i16::MAX, now: self.broker.env.now().wall };
        let refused = |refusal: validation::Refusal| {
            Trouble::Refused(refusal.message.unwrap_or_else(|| refusal.code.name().to_owned()))
        };
        let checked = validation::check(Some(&batch.into()), &topic.settings, produced).map_err(refused)?;
        let batch = recompression::apply(checked.batch, &topic.config).map_err(refused)?;
        let appended = self.broker.log.append(vec![Append { id, batch }]).await.remove(0);
        appended.map_err(|error| Trouble::Refused(error.to_string()))?;
        self.done(ranges).await
    }

    /// From here on letters may be there that the machine does not know of. Gives what of the ranges is awaited there,
    /// when that is durable.
    async fn note(&mut self, position: Position, ranges: &[Given]) -> Result<Vec<(Offset, Offset)>, Trouble> {
        let (id, ranges) = (self.id.clone(), decided(ranges));
        let note =
            |ticket: Ticket| Command::DeadLetterPosition(DeadLetterPosition { ticket, id, position, ranges });
        match self.shard.ask(note).await? {
            Reply::Awaited(awaited) => {
                // Until the machine has been told that they are there.
                self.doubt = Some(position);
                Ok(awaited)
            }
            Reply::Absent => Err(Trouble::Gone),
            other => {
                mixed_up(&other);
                Err(Trouble::Gone)
            }
        }
    }

    /// These are in the dead-letter topic. Resolves when that is durable.
    async fn done(&self, ranges: Vec<Decided>) -> Result<(), Trouble> {
        let id = self.id.clone();
        if ranges.is_empty() {
            return Ok(());
        }
        let done = |ticket: Ticket| Command::DeadLettered(DeadLettered { ticket, id, ranges });
        match self.shard.ask(done).await? {
            // Absent: its offsets or its group were deleted meanwhile.
            Reply::Done | Reply::Absent => Ok(()),
            other => {
                mixed_up(&other);
                Err(Trouble::Gone)
            }
        }
    }
}
