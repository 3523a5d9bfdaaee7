//! Reads records from files or standard input, on a thread of its own, because reading may wait for ever while
//! batches have to be sent.

use super::Arguments;
use crate::exit::{Failure, Outcome};
use crate::template::{Field, Part, Template};
use bytes::Bytes;
use ottla_base::{PartitionIndex, Timestamp};
use ottla_client::{Header, ProducerRecord};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// How the input is cut into records.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// By fields, each with what ends it.
    Fields { parts: Vec<(Option<Field>, Vec<u8>)>, tombstones: bool },
    /// By one delimiter, and key from value by another.
    Lines { delimiter: Vec<u8>, key_delimiter: Option<Vec<u8>>, tombstones: bool },
    /// One object in each line.
    Json,
}

impl Shape {
    pub(super) fn of(arguments: &Arguments) -> Outcome<Self> {
        let tombstones = arguments.tombstones;
        match &arguments.format {
            _ if arguments.json => Ok(Self::Json),
            Some(template) => Ok(Self::Fields { parts: fields(template)?, tombstones }),
            None => Ok(Self::Lines {
                delimiter: arguments.delimiter.clone(),
                key_delimiter: arguments.key_delimiter.clone(),
                tombstones,
            }),
        }
    }
}

/// Pairs each field with the text that ends it. Text before the first field is a pair without field.
fn fields(template: &Template) -> Outcome<Vec<(Option<Field>, Vec<u8>)>> {
    let mut pairs: Vec<(Option<Field>, Vec<u8>)> = Vec::new();
    for part in &template.0 {
        match part {
            Part::Field(Field::Offset | Field::Moment | Field::KeySize | Field::ValueSize) => {
                return Err(Failure::usage("-f: %o, %d, %K and %S can be printed, not read"));
            }
            Part::Field(field) => match pairs.last() {
                Some((Some(_), end)) if end.is_empty() => {
                    return Err(Failure::usage(
                        "-f: two fields need something between them that ends the first",
                    ));
                }
                _ => pairs.push((Some(*field), Vec::new())),
            },
            Part::Literal(text) => match pairs.last_mut() {
                Some((Some(_), end)) if end.is_empty() => end.clone_from(text),
                _ => pairs.push((None, text.clone())),
            },
        }
    }
    if !pairs.iter().any(|(field, _)| field.is_some()) {
        return Err(Failure::usage("-f: there is no field in it, such as %v"));
    }
    Ok(pairs)
}

/// Records on their way from the reading thread.
pub(super) struct Input(mpsc::Receiver<Result<ProducerRecord, String>>);

/// Records read ahead.
const AHEAD: usize = 4096;

impl Input {
    /// Starts reading the files, or standard input if there are none.
    pub(super) fn start(files: Vec<PathBuf>, shape: Shape) -> Outcome<Self> {
        let (send, receive) = mpsc::channel(AHEAD);
        let read = move || {
            let mut give = |record| send.blocking_send(record).is_ok();
            if files.is_empty() {
                read_all("standard input", io::stdin().lock(), &shape, &mut give);
            }
            for path in files {
                let name = path.display().to_string();
                let is_going_on = match File::open(&path) {
                    Ok(file) => read_all(&name, BufReader::with_capacity(1 << 16, file), &shape, &mut give),
                    Err(error) => {
                        give(Err(format!("{name}: {error}")));
                        false
                    }
                };
                if !is_going_on {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("input".to_owned()).spawn(read)?;
        Ok(Self(receive))
    }

    /// The next record, the reason why there are no more, or `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Result<ProducerRecord, String>> {
        self.0.recv().await
    }
}

/// Whether reading may go on with the next file.
fn read_all(
    name: &str,
    mut from: impl BufRead,
    shape: &Shape,
    give: &mut impl FnMut(Result<ProducerRecord, String>) -> bool,
) -> bool {
    for number in 1u64.. {
        match read_one(&mut from, shape) {
            Ok(None) => return true,
            Ok(Some(record)) => {
                if !give(Ok(record)) {
                    return false;
                }
            }
            Err(reason) => {
                give(Err(format!("{name}, record {number}: {reason}")));
                return false;
            }
        }
    }
    true
}

fn read_one(from: &mut impl BufRead, shape: &Shape) -> Result<Option<ProducerRecord>, String> {
    match shape {
        Shape::Lines { delimiter, key_delimiter, tombstones } => {
            let Some(line) = read_until(from, delimiter)? else { return Ok(None) };
            let (key, value) = match key_delimiter.as_deref().and_then(|by| split(&line, by)) {
                Some((key, value)) => (Some(Bytes::copy_from_slice(key)), Bytes::copy_from_slice(value)),
                None => (None, line.into()),
            };
            Ok(Some(ProducerRecord { key, value: null_if(value, *tombstones), ..ProducerRecord::default() }))
        }
        Shape::Fields { parts, tombstones } => read_fields(from, parts, *tombstones),
        Shape::Json => loop {
            let Some(line) = read_until(from, b"\n")? else { return Ok(None) };
            if !line.trim_ascii().is_empty() {
                return of_json(&line).map(Some);
            }
        },
    }
}

fn null_if(value: Bytes, tombstones: bool) -> Option<Bytes> {
    (!tombstones || !value.is_empty()).then_some(value)
}

fn read_fields(
    from: &mut impl BufRead,
    parts: &[(Option<Field>, Vec<u8>)],
    tombstones: bool,
) -> Result<Option<ProducerRecord>, String> {
    if from.fill_buf().map_err(|error| error.to_string())?.is_empty() {
        return Ok(None);
    }
    let mut record = ProducerRecord::default();
    for (nth, (field, end)) in parts.iter().enumerate() {
        let Some(field) = field else {
            expect(from, end)?;
            continue;
        };
        let is_last = nth + 1 == parts.len();
        let bytes = match read_to_end_mark(from, end)? {
            Some((bytes, Ended::ByMark)) => bytes,
            Some((bytes, Ended::WithInput)) if is_last => bytes,
            None if is_last => Vec::new(),
            Some((_, Ended::WithInput)) | None => return Err("the input ends inside a record".into()),
        };
        let text =
            || String::from_utf8(bytes.clone()).map_err(|_| "a field that must be text is none".to_owned());
        let number =
            || text()?.trim().parse::<i64>().map_err(|_| "a field that must be a number is none".to_owned());
        match field {
            Field::Value => record.value = null_if(bytes.into(), tombstones),
            Field::Key => record.key = Some(bytes.into()),
            Field::Topic => record.topic = text()?.into(),
            Field::Headers => record.headers = headers(&text()?),
            Field::Partition => {
                let index = i32::try_from(number()?).map_err(|_| "a partition is out of range".to_owned())?;
                record.partition = Some(PartitionIndex(index));
            }
            Field::Timestamp => record.timestamp = Some(Timestamp(number()?)),
            Field::Offset | Field::Moment | Field::KeySize | Field::ValueSize => {}
        }
    }
    Ok(Some(record))
}

fn headers(text: &str) -> Vec<Header> {
    let pairs = text.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Header {
                key: Bytes::copy_from_slice(name.as_bytes()),
                value: Some(Bytes::from(value.to_owned())),
            },
            None => Header { key: Bytes::copy_from_slice(pair.as_bytes()), value: None },
        })
        .collect()
}

/// Takes exactly these bytes.
fn expect(from: &mut impl BufRead, bytes: &[u8]) -> Result<(), String> {
    let mut found = vec![0; bytes.len()];
    from.read_exact(&mut found).map_err(|_| "the input ends inside a record".to_owned())?;
    if found == bytes {
        return Ok(());
    }
    Err(format!("expected {:?}", String::from_utf8_lossy(bytes)))
}

/// What ended a run of bytes.
enum Ended {
    ByMark,
    WithInput,
}

/// The bytes before the next `end`, which is taken, too; the rest if there is none; `None` at the end.
fn read_until(from: &mut impl BufRead, end: &[u8]) -> Result<Option<Vec<u8>>, String> {
    Ok(read_to_end_mark(from, end)?.map(|(bytes, _)| bytes))
}

/// As [`read_until`], and says whether `end` was there. An empty `end` takes everything.
fn read_to_end_mark(from: &mut impl BufRead, end: &[u8]) -> Result<Option<(Vec<u8>, Ended)>, String> {
    let mut bytes = Vec::new();
    let failed = |error: io::Error| error.to_string();
    match end.last() {
        None => _ = from.read_to_end(&mut bytes).map_err(failed)?,
        Some(&last) => {
            while from.read_until(last, &mut bytes).map_err(failed)? > 0 {
                if bytes.ends_with(end) {
                    bytes.truncate(bytes.len() - end.len());
                    return Ok(Some((bytes, Ended::ByMark)));
                }
            }
        }
    }
    Ok((!bytes.is_empty()).then_some((bytes, Ended::WithInput)))
}

fn split<'l>(line: &'l [u8], by: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = line.windows(by.len()).position(|window| window == by)?;
    Some((&line[..at], &line[at + by.len()..]))
}

fn of_json(line: &[u8]) -> Result<ProducerRecord, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("no JSON object: {error}"))?;
    let mut record = ProducerRecord::default();
    for (name, value) in object {
        let number = || value.as_i64().ok_or_else(|| format!("'{name}' must be a whole number"));
        match name.as_str() {
            "key" => record.key = bytes_of(value),
            "value" => record.value = bytes_of(value),
            "topic" => record.topic = value.as_str().ok_or("'topic' must be a text")?.into(),
            "partition" => {
                let index = i32::try_from(number()?).map_err(|_| "'partition' is out of range".to_owned())?;
                record.partition = Some(PartitionIndex(index));
            }
            "timestamp" => record.timestamp = Some(Timestamp(number()?)),
            "headers" => record.headers = headers_of_json(value)?,
            // What `consume --output json` adds is no mistake.
            "offset" | "time" => {}
            _ => return Err(format!("'{name}' is nothing that a record has")),
        }
    }
    Ok(record)
}

/// An object, or a list of pairs of name and value where a name comes twice.
fn headers_of_json(value: Value) -> Result<Vec<Header>, String> {
    let wrong = || "'headers' must be an object, or a list of [name, value]".to_owned();
    let header = |(name, value): (String, _)| Header { key: name.into(), value: bytes_of(value) };
    match value {
        Value::Object(pairs) => Ok(pairs.into_iter().map(header).collect()),
        Value::Array(pairs) => pairs
            .into_iter()
            .map(|pair| match serde_json::from_value::<(String, Value)>(pair) {
                Ok(pair) => Ok(header(pair)),
                Err(_) => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

/// A text as its bytes, null as none, anything else as JSON.
fn bytes_of(value: Value) -> Option<Bytes> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Bytes::from(text)),
        other => Some(Bytes::from(other.to_string())),
    }
}

#[cfg(test)]
mod tests;
