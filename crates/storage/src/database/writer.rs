//! The thread that writes the database, and the queue before it.

use super::line::Line;
use super::{
    BROKER_CONFIGS, CHANGES, EPOCHS, GROUP_CONFIGS, JOURNAL, NEXT_PRODUCER_ID, NUMBERS, Store, TOPICS,
};
use crate::error::{JournalError, MetaError};
use crate::journal;
use crate::meta::{self, Image, MetaChange};
use crate::settings::Work;
use ottla_base::TopicName;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

pub(crate) type Epochs = HashMap<u32, u64>;

/// A change and who waits for it.
pub(crate) enum Job {
    Meta(MetaChange, oneshot::Sender<Result<meta::Answer, MetaError>>),
    Journal { shard: u32, epoch: u64, changes: Vec<Change>, reply: oneshot::Sender<Result<(), JournalError>> },
}

pub(crate) use journal::Change;

/// The way to the writer. When the last clone is gone the writer finishes what waits, and ends.
#[derive(Debug)]
pub(crate) struct Queue {
    line: Arc<Line>,
    worker: Worker,
}

/// Who lets the writer work.
#[derive(Debug)]
enum Worker {
    Thread(Mutex<Option<JoinHandle<()>>>),
    /// Whoever calls [`Queue::step`].
    Driven(Mutex<Working>),
}

impl Queue {
    /// Hands a change over and lets the writer begin. If the writer is gone, dropping the job tells who waits.
    pub(crate) fn put(&self, job: Job) {
        self.line.put(job);
        self.line.call();
    }

    /// Hands a change over; the writer need not begin for it before it is [called](Self::call).
    pub(crate) fn put_quietly(&self, job: Job) {
        self.line.put(job);
    }

    /// Lets the writer begin with all that waits.
    pub(crate) fn call(&self) {
        self.line.call();
    }

    /// Makes what waits durable, unless a thread does. Returns whether anything was waiting.
    pub(crate) fn step(&self) -> bool {
        match &self.worker {
            Worker::Thread(_) => false,
            Worker::Driven(working) => working.lock().step(),
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.line.close();
        if let Worker::Thread(thread) = &self.worker
            && let Some(thread) = thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the metadata thread has panicked");
        }
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) store: Arc<Store>,
    /// Which life of the store `image` and `epochs` are of.
    pub(crate) life: u64,
    /// What is committed and, during a transaction, what will be.
    pub(crate) image: Image,
    pub(crate) epochs: Epochs,
    /// What is committed, for readers.
    pub(crate) published: Arc<RwLock<Arc<Image>>>,
}

/// A writer at work.
#[derive(Debug)]
struct Working {
    writer: Writer,
    line: Arc<Line>,
}

impl Working {
    fn run(mut self) {
        while let Some(jobs) = self.line.next(JOBS_MAX) {
            self.carry_out(jobs);
        }
    }

    fn step(&mut self) -> bool {
        let jobs = self.line.waiting(JOBS_MAX);
        let has_jobs = !jobs.is_empty();
        if has_jobs {
            self.carry_out(jobs);
        }
        has_jobs
    }

    /// Does all of it together.
    fn carry_out(&mut self, jobs: Vec<Job>) {
        match self.writer.database() {
            Ok(database) => self.writer.commit(&database, jobs),
            Err(reason) => refuse(jobs, &reason),
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // Also if the thread panics: nobody may wait for it then.
        self.line.abandon();
    }
}

/// A job that is answered when its transaction is durable.
enum Answer {
    Meta(Result<meta::Answer, MetaError>, oneshot::Sender<Result<meta::Answer, MetaError>>),
    Journal(Result<(), JournalError>, oneshot::Sender<Result<(), JournalError>>),
}

impl Writer {
    pub(crate) fn start(self, work: Work) -> io::Result<Queue> {
        let line = Arc::new(Line::default());
        let working = Working { writer: self, line: line.clone() };
        let worker = match work {
            Work::Driven => Worker::Driven(Mutex::new(working)),
            Work::OwnThread => {
                let thread = std::thread::Builder::new().name("ottla-meta".to_owned());
                Worker::Thread(Mutex::new(Some(thread.spawn(move || working.run())?)))
            }
        };
        Ok(Queue { line, worker })
    }

    /// The database. If it was opened anew, what it has is taken up: nobody knows what of the last changes it is.
    fn database(&mut self) -> Result<Arc<redb::Database>, String> {
        let (database, life) = self.store.database()?;
        if life != self.life {
            let (image, epochs) = self.store.load(&database).map_err(|error| error.to_string())?;
            (self.image, self.epochs, self.life) = (image, epochs, life);
            *self.published.write() = Arc::new(self.image.clone());
        }
        Ok(database)
    }

    /// Makes all jobs' changes in one transaction and answers them. An error means that nothing is known of
    /// what was written.
    fn commit(&mut self, database: &redb::Database, jobs: Vec<Job>) {
        let mut answers = Vec::with_capacity(jobs.len());
        match self.write(database, jobs, &mut answers) {
            Ok(published) => {
                if published {
                    *self.published.write() = Arc::new(self.image.clone());
                }
                answers.into_iter().for_each(Answer::give);
            }
            Err(error) => {
                let reason = self.store.fail(self.life, &error);
                answers.into_iter().for_each(|answer| answer.fail(&reason));
            }
        }
    }

    /// Returns whether the image has changed.
    fn write(
        &mut self,
        database: &redb::Database,
        jobs: Vec<Job>,
        answers: &mut Vec<Answer>,
    ) -> Result<bool, redb::Error> {
        let transaction = database.begin_write()?;
        let mut published = false;
        let mut wrote = false;
        // Opened once for all jobs: each opening and closing writes its root into the tree of tables.
        let mut journal = None;
        for job in jobs {
            match job {
                Job::Meta(change, reply) => {
                    let name = self.name_to_delete(&change);
                    let answer = self.image.apply(&change);
                    let is_ok = answer.is_ok();
                    answers.push(Answer::Meta(answer, reply));
                    if is_ok {
                        write_meta(&transaction, &change, name.as_ref(), &self.image)?;
                        (published, wrote) = (true, true);
                    }
                }
                Job::Journal { shard, epoch, changes, reply } => {
                    let answer = self.check_epoch(shard, epoch);
                    let is_ok = answer.is_ok();
                    answers.push(Answer::Journal(answer, reply));
                    if is_ok {
                        self.write_epoch(&transaction, (shard, epoch))?;
                        let table = match &mut journal {
                            Some(table) => table,
                            None => journal.insert(transaction.open_table(JOURNAL)?),
                        };
                        write_journal(table, shard, &changes)?;
                        wrote = true;
                    }
                }
            }
        }
        drop(journal);
        if published {
            transaction.open_table(NUMBERS)?.insert(CHANGES, self.image.changes)?;
        }
        if wrote {
            transaction.commit()?
        } else {
            transaction.abort()?
        }
        Ok(published)
    }

    /// Which row of the topics a change removes: afterwards the image no longer knows.
    fn name_to_delete(&self, change: &MetaChange) -> Option<TopicName> {
        match change {
            MetaChange::DeleteTopic(id) => self.image.topic_by_id(*id).map(|topic| topic.name.clone()),
            MetaChange::CreateTopic(_)
            | MetaChange::SetPartitions(..)
            | MetaChange::AlterConfigs(..)
            | MetaChange::AlterBrokerConfigs(..)
            | MetaChange::AlterGroupConfigs(..)
            | MetaChange::AllocateProducerIds(_) => None,
        }
    }

    fn check_epoch(&self, shard: u32, found: u64) -> Result<(), JournalError> {
        match self.epochs.get(&shard) {
            Some(&current) if found < current => Err(JournalError::StaleEpoch { shard, current, found }),
            _ => Ok(()),
        }
    }

    fn write_epoch(
        &mut self,
        transaction: &redb::WriteTransaction,
        (shard, epoch): (u32, u64),
    ) -> Result<(), redb::Error> {
        if self.epochs.get(&shard) != Some(&epoch) {
            transaction.open_table(EPOCHS)?.insert(shard, epoch)?;
            self.epochs.insert(shard, epoch);
        }
        Ok(())
    }
}

fn write_journal(
    table: &mut redb::Table<'_, &[u8], &[u8]>,
    shard: u32,
    changes: &[Change],
) -> Result<(), redb::Error> {
    for Change { key, value } in changes {
        let key = journal::stored_key(shard, key);
        match value {
            Some(value) => drop(table.insert(key.as_slice(), value.as_slice())?),
            None => drop(table.remove(key.as_slice())?),
        }
    }
    Ok(())
}

fn write_meta(
    transaction: &redb::WriteTransaction,
    change: &MetaChange,
    deleted: Option<&TopicName>,
    after: &Image,
) -> Result<(), redb::Error> {
    match change {
        MetaChange::CreateTopic(topic) => put_topic(transaction, topic),
        MetaChange::DeleteTopic(_) => {
            let name = deleted.expect("apply has found it");
            transaction.open_table(TOPICS)?.remove(name.as_str())?;
            Ok(())
        }
        MetaChange::SetPartitions(id, _) | MetaChange::AlterConfigs(id, _) => {
            put_topic(transaction, after.topic_by_id(*id).expect("apply has found it"))
        }
        MetaChange::AlterBrokerConfigs(broker, changes) => {
            let mut table = transaction.open_table(BROKER_CONFIGS)?;
            for (name, value) in changes {
                let key = meta::broker_config_key(*broker, name);
                match value {
                    Some(value) => drop(table.insert(key.as_str(), value.as_str())?),
                    None => drop(table.remove(key.as_str())?),
                }
            }
            Ok(())
        }
        MetaChange::AlterGroupConfigs(group_id, changes) => {
            let mut table = transaction.open_table(GROUP_CONFIGS)?;
            for (name, value) in changes {
                let key = meta::group_config_key(group_id, name);
                match value {
                    Some(value) => drop(table.insert(key.as_str(), value.as_str())?),
                    None => drop(table.remove(key.as_str())?),
                }
            }
            Ok(())
        }
        MetaChange::AllocateProducerIds(_) => {
            transaction.open_table(NUMBERS)?.insert(NEXT_PRODUCER_ID, after.next_producer_id)?;
            Ok(())
        }
    }
}

fn put_topic(transaction: &redb::WriteTransaction, topic: &meta::TopicRecord) -> Result<(), redb::Error> {
    let bytes = meta::encode_topic(topic);
    transaction.open_table(TOPICS)?.insert(topic.name.as_str(), bytes.as_slice())?;
    Ok(())
}

impl Answer {
    // Whoever no longer waits does not care about the answer.
    fn give(self) {
        match self {
            Self::Meta(result, reply) => drop(reply.send(result)),
            Self::Journal(result, reply) => drop(reply.send(result)),
        }
    }

    fn fail(self, reason: &str) {
        match self {
            Self::Meta(_, reply) => drop(reply.send(Err(MetaError::Failed(reason.to_owned())))),
            Self::Journal(_, reply) => drop(reply.send(Err(JournalError::Failed(reason.to_owned())))),
        }
    }
}

fn refuse(jobs: Vec<Job>, reason: &str) {
    for job in jobs {
        match job {
            Job::Meta(_, reply) => drop(reply.send(Err(MetaError::Failed(reason.to_owned())))),
            Job::Journal { reply, .. } => drop(reply.send(Err(JournalError::Failed(reason.to_owned())))),
        }
    }
}

/// Most changes in one transaction: what waits longer goes with the next.
const JOBS_MAX: usize = 4096;
