//! `kafka-console-producer`: lines of standard input become records, as `ConsoleProducer` makes them.
//!
//! Lines that are no UTF-8 are written as they are; the tool of Kafka replaces what it cannot read. A record that a
//! broker refuses is told on standard error and makes the status 1; the tool of Kafka ends with 0 unless `--sync` was
//! given, so that the loss goes unnoticed.

mod line;

use super::error::{Stop, Trouble};
use super::flags::{BOOTSTRAP_SERVER, Given, Sheet, perhaps, switch, value};
use super::settings::{self, Settings};
use super::{Ran, Renamed, newer};
use crate::command::Session;
use crate::output;
use line::Form;
use ottla_client::{
    Acks, Compression, Delivery, Idempotence, ProduceError, Producer, ProducerOptions, ProducerRecord,
};
use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-console-producer",
    about: "Writes lines of standard input to a topic, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        value("command-config", "FILE", "settings of the producer, as properties"),
        value("command-property", "NAME=VALUE", "a setting of the producer; may be repeated"),
        value("producer.config", "FILE", "the older name of --command-config"),
        value("producer-property", "NAME=VALUE", "the older name of --command-property"),
        value("topic", "TOPIC", "the topic; needed"),
        value(
            "reader-property",
            "NAME=VALUE",
            "parse.key, parse.headers, key.separator, headers.delimiter, headers.separator,\n      headers.key.separator, ignore.error, null.marker",
        ),
        value("property", "NAME=VALUE", "the older name of --reader-property"),
        value("reader-config", "FILE", "the same from a file of properties"),
        value("line-reader", "CLASS", "org.apache.kafka.tools.LineMessageReader and no other"),
        switch("sync", "wait for each record before the next is read"),
        perhaps("compression-codec", "CODEC", "none, gzip, snappy, lz4 or zstd; gzip if none is named"),
        value("request-required-acks", "ACKS", "-1 or all, 1 or 0"),
        value("batch-size", "BYTES", "a batch with so many bytes is sent"),
        value("max-partition-memory-bytes", "BYTES", "the older name of --batch-size"),
        value("timeout", "MS", "how long a batch waits for more records"),
        value("request-timeout-ms", "MS", "how long one answer may take"),
        value("max-block-ms", "MS", "how long to look for the topic"),
        value("max-memory-bytes", "BYTES", "most bytes of records on their way"),
        value("metadata-expiry-ms", "MS", "taken, and changes nothing here"),
        value("message-send-max-retries", "COUNT", "taken; delivery.timeout.ms bounds retries"),
        value("retry-backoff-ms", "MS", "taken, and changes nothing here"),
        value("socket-buffer-size", "BYTES", "taken, and changes nothing here"),
    ],
    examples: "  echo hello | kafka-console-producer --bootstrap-server 127.0.0.1:9092 --topic greetings
  kafka-console-producer --bootstrap-server 127.0.0.1:9092 --topic flights --reader-property parse.key=true \\
    --reader-property key.separator=: --compression-codec zstd < flights.txt",
    misread: Stop::Usage,
    wrong_text: Stop::Usage,
    wrong_number: Stop::Usage,
    failed: |trouble| Stop::Error(trouble.to_string()),
};

/// How it says that a flag has a newer name.
const WARNING: Renamed = Renamed { word: "Warning:", newer_first: true };

/// Lines read ahead.
const AHEAD: usize = 4096;
/// Records on their way whose outcome has not been looked at; more, and the oldest is waited for.
const PENDING_MAX: usize = 100_000;

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    given.require(&["topic"])?;
    if !given.has("bootstrap-server") {
        return Err(Stop::Usage("Error while validating the bootstrap address".to_owned()));
    }
    let settings = producer_settings(given)?;
    let form = form(given)?;
    let options = options(&settings)?;
    let topic: Arc<str> = given.one("topic")?.unwrap_or_default().into();
    let client = settings::connect(session, given, &settings, "console-producer").await?;
    let producer = Producer::new(&client, options).await.map_err(trouble)?;
    let mut writing =
        Writing { producer, topic, is_sync: given.has("sync"), pending: VecDeque::new(), is_lossy: false };
    let mut lines = lines()?;
    let mut number = 0u64;
    let read = loop {
        let Some(line) = lines.recv().await else { break Ok(()) };
        number += 1;
        match line.map_err(Stop::from).and_then(|line| form.read(&line, number)) {
            Ok(record) => writing.send(record).await?,
            Err(stop) => break Err(stop),
        }
    };
    // What was read before the first bad line is written all the same.
    writing.finish().await?;
    read
}

/// Lines of standard input, read on a thread of its own, because reading may wait for ever while batches are sent.
fn lines() -> Ran<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (send, receive) = mpsc::channel(AHEAD);
    let read = move || {
        let is_asked = io::stdin().is_terminal() && io::stdout().is_terminal();
        let mut from = io::stdin().lock();
        loop {
            if is_asked {
                print!(">");
                // A prompt that cannot be shown hinders nobody.
                let _ = io::stdout().flush();
            }
            let mut line = Vec::new();
            let read = match from.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => Ok(without_end(line)),
                Err(error) => Err(error),
            };
            let is_over = read.is_err();
            if send.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(read)?;
    Ok(receive)
}

fn without_end(mut line: Vec<u8>) -> Vec<u8> {
    for end in [b'\n', b'\r'] {
        line.pop_if(|last| *last == end);
    }
    line
}

/// Records on their way.
struct Writing {
    producer: Producer,
    topic: Arc<str>,
    is_sync: bool,
    pending: VecDeque<Delivery>,
    /// Whether a record was lost, of which was told already.
    is_lossy: bool,
}

impl Writing {
    async fn send(&mut self, mut record: ProducerRecord) -> Ran {
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
    async fn finish(&mut self) -> Ran {
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
        eprintln!("Error when sending message to topic {} with error: {trouble}", self.topic);
        self.is_lossy = true;
        Ok(())
    }
}

fn trouble(error: ProduceError) -> Trouble {
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

/// How lines are read.
fn form(given: &Given<'_>) -> Ran<Form> {
    let class = given.one("line-reader")?.unwrap_or_default();
    if !["", "LineMessageReader"].contains(&class.rsplit('.').next().unwrap_or_default()) {
        return Err(Stop::Usage(format!(
            "--line-reader {class}: this tool runs no Java classes and knows LineMessageReader only"
        )));
    }
    let property = newer(given, &WARNING, ["property", "reader-property"])?;
    Form::of(&Settings::of_flags(given, "reader-config", property)?)
}

/// Settings of the producer from all the places where they can stand; a flag of its own is stronger than a property.
fn producer_settings(given: &Given<'_>) -> Ran<Settings> {
    let file = newer(given, &WARNING, ["producer.config", "command-config"])?;
    let property = newer(given, &WARNING, ["producer-property", "command-property"])?;
    if given.has("max-partition-memory-bytes") {
        output::line(
            "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use \
             --batch-size instead.",
        )?;
    }
    let mut settings = Settings::of_flags(given, file, property)?;
    let flags = [
        ("timeout", "linger.ms"),
        ("request-required-acks", "acks"),
        ("request-timeout-ms", "request.timeout.ms"),
        ("max-memory-bytes", "buffer.memory"),
        ("batch-size", "batch.size"),
        ("max-partition-memory-bytes", "batch.size"),
        ("max-block-ms", "default.api.timeout.ms"),
    ];
    for (flag, name) in flags {
        if let Some(value) = given.one(flag)? {
            settings.set(name, value);
        }
    }
    if given.has("compression-codec") {
        let codec = given.one("compression-codec")?;
        settings.set("compression.type", codec.filter(|codec| !codec.is_empty()).unwrap_or("gzip"));
    }
    if settings.text("transactional.id").is_some() {
        let reason =
            "transactional.id: this tool ends no transactions: see 'ottla produce --transactional-id'";
        return Err(Trouble::general(reason).into());
    }
    Ok(settings)
}

fn options(settings: &Settings) -> Ran<ProducerOptions> {
    let unknown = |name: &str, value: &str, known: &str| {
        Trouble::new(
            "org.apache.kafka.common.config.ConfigException",
            format!("Invalid value {value} for configuration {name}: {known} is known"),
        )
    };
    let acks = match settings.text("acks").unwrap_or("-1") {
        "-1" | "all" => Acks::All,
        "1" => Acks::Leader,
        "0" => Acks::None,
        other => return Err(unknown("acks", other, "all, -1, 1 or 0").into()),
    };
    let compression = match settings.text("compression.type").unwrap_or("none") {
        "none" => Compression::None,
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        other => return Err(unknown("compression.type", other, "none, gzip, snappy, lz4 or zstd").into()),
    };
    let is_off = settings.text("enable.idempotence").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    let default = ProducerOptions::default();
    let ms = |name, default: Duration| {
        Ok::<_, Stop>(settings.number(name)?.map_or(default, Duration::from_millis))
    };
    Ok(ProducerOptions {
        acks,
        compression,
        idempotence: if acks == Acks::All && !is_off { Idempotence::On } else { Idempotence::Off },
        linger: ms("linger.ms", default.linger)?,
        delivery_timeout: ms("delivery.timeout.ms", default.delivery_timeout)?,
        batch_bytes: settings.number("batch.size")?.unwrap_or(default.batch_bytes),
        buffer_bytes: settings.number("buffer.memory")?.unwrap_or(default.buffer_bytes),
        record_bytes_max: settings.number("max.request.size")?.unwrap_or(default.record_bytes_max),
        ..default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_that_are_not_all_switch_idempotence_off() {
        let of = |pairs: &[&str]| {
            let mut settings = Settings::default();
            settings.add(pairs);
            options(&settings).map(|options| (options.acks, options.idempotence))
        };
        assert_eq!(of(&[]), Ok((Acks::All, Idempotence::On)));
        assert_eq!(of(&["acks=1"]), Ok((Acks::Leader, Idempotence::Off)));
        assert_eq!(of(&["enable.idempotence=false"]), Ok((Acks::All, Idempotence::Off)));
        assert!(of(&["acks=2"]).is_err() && of(&["compression.type=zip"]).is_err());
    }

    #[test]
    fn the_end_of_a_line_is_no_part_of_it() {
        for line in ["a\n", "a\r\n", "a"] {
            assert_eq!(without_end(line.into()), b"a", "{line:?}");
        }
    }
}
