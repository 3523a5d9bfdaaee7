//! `kafka-console-producer`: lines of standard input become records, as `ConsoleProducer` makes them.
//!
//! Lines that are no UTF-8 are written as they are; the tool of Kafka replaces what it cannot read. A record that a
//! broker refuses is told on standard error and makes the status 1; the tool of Kafka ends with 0 unless `--sync` was
//! given, so that the loss goes unnoticed.

mod line;
mod options;
mod writing;

use super::error::Stop;
use super::flags::{BOOTSTRAP_SERVER, Given, Sheet, perhaps, switch, value};
use super::settings::{self, Settings};
use super::{Ran, Renamed, newer};
use crate::command::Session;
use line::Form;
use ottla_client::Producer;
use std::io::{self, BufRead, IsTerminal, Write};
use tokio::sync::mpsc;
use writing::Writing;

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

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    given.require(&["topic"])?;
    if !given.has("bootstrap-server") {
        return Err(Stop::Usage("Error while validating the bootstrap address".to_owned()));
    }
    let settings = options::settings(given)?;
    let form = form(given)?;
    let options = options::options(&settings)?;
    let topic = given.one("topic")?.unwrap_or_default();
    let client = settings::connect(session, given, &settings, "console-producer").await?;
    let producer = Producer::new(&client, options).await.map_err(writing::trouble)?;
    let mut writing = Writing::new(producer, topic, given.has("sync"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_no_part_of_it() {
        for line in ["a\n", "a\r\n", "a"] {
            assert_eq!(without_end(line.into()), b"a", "{line:?}");
        }
    }
}
