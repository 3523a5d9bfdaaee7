//! `ottla produce`: records from standard input or files.

mod input;
mod sink;

use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use crate::template::{self, Template};
use bytes::Bytes;
use clap::ValueEnum;
use input::{Input, Shape};
use ottla_base::{PartitionIndex, Timestamp};
use ottla_client::{
    Acks, Compression, Delivery, Header, Idempotence, ProduceError, Producer, ProducerOptions, ProducerRecord,
};
use serde_json::json;
use sink::Sink;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

/// Write records from standard input or files.
///
/// One line is one record. -K splits key and value, -f describes other forms, --json reads objects such as
/// {"key":"k","value":"v","headers":{"h":"1"},"partition":0,"timestamp":0}, where a key or value that is no text is
/// written as JSON and null stays null.
///
/// With --transactional-id all records together are one transaction: consumers that read committed records see all of
/// them when the input has ended, or none.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  echo hello | ottla produce greetings
  ottla produce flights -K '\\t' flights.tsv -z zstd
  ottla produce flights -f '%k %v\\n' --header source=web
  ottla produce flights --json < flights.jsonl
  ottla produce flights --transactional-id importer < flights.txt")]
pub(crate) struct Arguments {
    /// The topic; it is made on first use if the broker does that.
    topic: String,

    /// Files to read; without any, standard input.
    files: Vec<PathBuf>,

    /// The form of the input: %k key, %v value, %h headers, %p partition, %T timestamp in milliseconds, %t topic, and
    /// \n, \t, \xHH. Each field needs something behind it that ends it.
    #[arg(short, long, value_name = "FORMAT", conflicts_with_all = ["json", "key_delimiter"])]
    format: Option<Template>,

    /// What stands between key and value; a line without it has no key.
    #[arg(short = 'K', long, value_name = "TEXT", value_parser = template::bytes, conflicts_with = "json")]
    key_delimiter: Option<std::vec::Vec<u8>>,

    /// What ends a record.
    #[arg(short = 'D', long, value_name = "TEXT", value_parser = template::bytes, default_value = "\\n")]
    delimiter: std::vec::Vec<u8>,

    /// Each line is a JSON object.
    #[arg(long)]
    json: bool,

    /// The key of records that bring none.
    #[arg(short, long)]
    key: Option<String>,

    /// A header of every record, as NAME=VALUE; may be repeated, also with the same name.
    #[arg(short = 'H', long, value_name = "NAME=VALUE")]
    header: Vec<String>,

    /// The partition; without it the key decides, or chance.
    #[arg(short, long, value_name = "NUMBER")]
    partition: Option<i32>,

    /// The timestamp of records that bring none, in milliseconds or as 2026-11-23T21:14:00Z; without it, now.
    #[arg(short = 'T', long, value_name = "TIME", value_parser = crate::text::parse_moment)]
    timestamp: Option<Timestamp>,

    /// An empty value means null, which marks a key as deleted.
    #[arg(short = 'Z', long)]
    tombstones: bool,

    /// How batches are compressed.
    #[arg(short = 'z', long, value_enum, value_name = "CODEC", default_value = "none")]
    compression: Codec,

    /// When a record counts as written: all, 1 or 0.
    #[arg(short, long, value_name = "ACKS", default_value = "all", value_parser = parse_acks)]
    acks: Acks,

    /// A batch with this many bytes is sent.
    #[arg(long, value_name = "BYTES", default_value_t = 524_288)]
    batch_bytes: usize,

    /// How long a batch waits for more records, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5)]
    linger_ms: u64,

    /// The largest record that is sent.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    record_bytes_max: usize,

    /// Write all records in one transaction of this id. Whoever else has a transaction open under it loses it.
    #[arg(long, value_name = "ID")]
    transactional_id: Option<String>,

    /// After how long the broker takes an unfinished transaction back, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 60_000, requires = "transactional_id")]
    transaction_timeout_ms: u32,

    /// Take the transaction back in the end, to see what others make of that.
    #[arg(long, requires = "transactional_id")]
    abort: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Records on their way whose outcome has not been looked at; more, and the oldest is waited for.
const PENDING_MAX: usize = 100_000;

/// Writes everything there is.
pub(crate) async fn run(session: &Session<'_>, arguments: Arguments) -> Outcome {
    // Before anything is asked of a broker.
    let (shape, defaults) = (Shape::of(&arguments)?, Defaults::of(&arguments)?);
    let client = session.connect().await?;
    let input = Input::start(arguments.files.clone(), shape)?;
    let count = match &arguments.transactional_id {
        None => {
            let producer = Producer::new(&client, options(&arguments)).await?;
            write(session, &Sink::Plain(producer), &defaults, input).await?
        }
        Some(id) => {
            sink::in_transaction(&client, &arguments, id, async |sink| {
                write(session, sink, &defaults, input).await
            })
            .await?
        }
    };
    let plural = if count == 1 { "" } else { "s" };
    let end = if arguments.abort { ", and taken back" } else { "" };
    let note = format_args!("{count} record{plural} written to {}{end}", arguments.topic).to_string();
    output::note(session.common, note);
    Ok(())
}

/// Writes the input to its end; how many records were acknowledged.
async fn write(
    session: &Session<'_>,
    sink: &Sink<'_>,
    defaults: &Defaults,
    mut input: Input,
) -> Outcome<u64> {
    let bar = output::progress(session.common, None);
    let mut written = Written { count: 0, form: session.common.output };
    let mut pending: VecDeque<Delivery> = VecDeque::new();
    while let Some(record) = input.next().await {
        let record = match record {
            Ok(record) => defaults.fill(record),
            Err(reason) => {
                written.drain(sink, &mut pending).await?;
                return Err(Failure::usage(format!(
                    "{reason} ({} record(s) before it were written)",
                    written.count
                )));
            }
        };
        pending.push_back(sink.send(record).await.map_err(|error| written.stopped(error))?);
        bar.inc(1);
        if PENDING_MAX <= pending.len() {
            written.take(&mut pending).await?;
        }
    }
    written.drain(sink, &mut pending).await?;
    bar.finish_and_clear();
    Ok(written.count)
}

/// What has been acknowledged.
struct Written {
    count: u64,
    form: Form,
}

impl Written {
    async fn drain(&mut self, sink: &Sink<'_>, pending: &mut VecDeque<Delivery>) -> Outcome {
        sink.flush().await;
        while !pending.is_empty() {
            self.take(pending).await?;
        }
        Ok(())
    }

    /// Waits for the oldest.
    async fn take(&mut self, pending: &mut VecDeque<Delivery>) -> Outcome {
        let Some(mut delivery) = pending.pop_front() else { return Ok(()) };
        let delivered = delivery.outcome().await.map_err(|error| self.stopped(error))?;
        self.count += 1;
        if self.form == Form::Json {
            output::json(&json!({
                "topic": &*delivered.topic,
                "partition": delivered.partition.0,
                "offset": delivered.offset.map(|offset| offset.0),
            }))?;
        }
        Ok(())
    }

    fn stopped(&self, error: ProduceError) -> Failure {
        let mut failure = Failure::from(error);
        failure.message.push_str(&format!(" ({} record(s) before were written)", self.count));
        failure
    }
}

impl From<ProduceError> for Failure {
    fn from(error: ProduceError) -> Self {
        match error {
            ProduceError::Lookup(error) => error.into(),
            ProduceError::Refused(refused) => ottla_client::RequestError::from(refused).into(),
            ProduceError::Failed(error) => error.into(),
            ProduceError::NoPartition { .. } => Self::not_found(error.to_string()),
            ProduceError::TimedOut { .. } => Self::new(Status::Unreachable, error.to_string()),
            ProduceError::TooLarge { .. }
            | ProduceError::Aborted
            | ProduceError::Closed
            | ProduceError::IdempotenceNeedsAcks => Self::new(Status::Failed, error.to_string()),
        }
    }
}

/// What a record gets that does not bring its own.
struct Defaults {
    topic: std::sync::Arc<str>,
    key: Option<Bytes>,
    headers: Vec<Header>,
    partition: Option<PartitionIndex>,
    timestamp: Option<Timestamp>,
}

impl Defaults {
    fn of(arguments: &Arguments) -> Outcome<Self> {
        let header = |text: &String| match text.split_once('=') {
            Some((name, value)) => Ok(Header {
                key: Bytes::copy_from_slice(name.as_bytes()),
                value: Some(Bytes::from(value.to_owned())),
            }),
            None => Err(Failure::usage(format!("--header {text}: expected NAME=VALUE"))),
        };
        Ok(Self {
            topic: arguments.topic.as_str().into(),
            key: arguments.key.clone().map(Bytes::from),
            headers: arguments.header.iter().map(header).collect::<Outcome<_>>()?,
            partition: arguments.partition.map(PartitionIndex),
            timestamp: arguments.timestamp,
        })
    }

    fn fill(&self, mut record: ProducerRecord) -> ProducerRecord {
        if record.topic.is_empty() {
            record.topic = self.topic.clone();
        }
        if record.key.is_none() {
            record.key = self.key.clone();
        }
        record.headers.extend(self.headers.iter().cloned());
        record.partition = record.partition.or(self.partition);
        record.timestamp = record.timestamp.or(self.timestamp);
        record
    }
}

fn options(arguments: &Arguments) -> ProducerOptions {
    ProducerOptions {
        acks: arguments.acks,
        compression: match arguments.compression {
            Codec::None => Compression::None,
            Codec::Gzip => Compression::Gzip,
            Codec::Snappy => Compression::Snappy,
            Codec::Lz4 => Compression::Lz4,
            Codec::Zstd => Compression::Zstd,
        },
        linger: Duration::from_millis(arguments.linger_ms),
        batch_bytes: arguments.batch_bytes,
        record_bytes_max: arguments.record_bytes_max,
        idempotence: if arguments.acks == Acks::All { Idempotence::On } else { Idempotence::Off },
        // A person waits for an answer, or a script for its turn.
        delivery_timeout: Duration::from_secs(30),
        ..ProducerOptions::default()
    }
}

fn parse_acks(text: &str) -> Result<Acks, String> {
    match text {
        "all" | "-1" => Ok(Acks::All),
        "1" => Ok(Acks::Leader),
        "0" => Ok(Acks::None),
        _ => Err("write all, 1 or 0".to_owned()),
    }
}
