//! A record as text or JSON.

use crate::template::{Field, Part, Template};
use crate::text;
use bytes::Bytes;
use ottla_client::{ConsumedRecord, Header};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// How records are printed.
pub(crate) enum Style {
    /// By a template.
    Text(Template),
    /// One object in each line.
    Json,
}

impl Style {
    /// Writes one record.
    pub(crate) fn write(&self, out: &mut impl Write, record: &ConsumedRecord) -> io::Result<()> {
        match self {
            Self::Text(template) => template.0.iter().try_for_each(|part| match part {
                Part::Literal(text) => out.write_all(text),
                Part::Field(field) => write_field(out, *field, record),
            }),
            Self::Json => writeln!(out, "{}", object(record)),
        }
    }
}

fn write_field(out: &mut impl Write, field: Field, record: &ConsumedRecord) -> io::Result<()> {
    let bytes = |bytes: &Option<Bytes>| bytes.clone().unwrap_or_default();
    let size =
        |bytes: &Option<Bytes>| bytes.as_ref().map_or("-1".to_owned(), |bytes| bytes.len().to_string());
    match field {
        Field::Value => out.write_all(&bytes(&record.value)),
        Field::Key => out.write_all(&bytes(&record.key)),
        Field::Headers => write_headers(out, &record.headers),
        Field::Topic => out.write_all(record.topic.as_bytes()),
        Field::Partition => write!(out, "{}", record.partition),
        Field::Offset => write!(out, "{}", record.offset),
        Field::Timestamp => write!(out, "{}", record.timestamp),
        Field::Moment => out.write_all(text::moment(record.timestamp).as_bytes()),
        Field::KeySize => out.write_all(size(&record.key).as_bytes()),
        Field::ValueSize => out.write_all(size(&record.value).as_bytes()),
    }
}

fn write_headers(out: &mut impl Write, headers: &[Header]) -> io::Result<()> {
    for (nth, Header { key, value }) in headers.iter().enumerate() {
        if nth > 0 {
            out.write_all(b",")?;
        }
        out.write_all(key)?;
        if let Some(value) = value {
            out.write_all(b"=")?;
            out.write_all(value)?;
        }
    }
    Ok(())
}

/// What `ottla produce --json` reads, and where it was.
fn object(record: &ConsumedRecord) -> Value {
    let text = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| text::of_bytes(bytes));
    json!({
        "topic": &*record.topic,
        "partition": record.partition.0,
        "offset": record.offset.0,
        "timestamp": record.timestamp.0,
        "time": text::moment(record.timestamp),
        "key": text(&record.key),
        "value": text(&record.value),
        "headers": headers(&record.headers),
    })
}

/// An object, or a list of pairs if a name comes twice, so that nothing is lost.
fn headers(headers: &[Header]) -> Value {
    let value = |header: &Header| json!(header.value.as_ref().map(|bytes| text::of_bytes(bytes)));
    let named: Map<String, Value> =
        headers.iter().map(|header| (text::of_bytes(&header.key), value(header))).collect();
    if named.len() == headers.len() {
        return Value::Object(named);
    }
    headers.iter().map(|header| json!([text::of_bytes(&header.key), value(header)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_base::{LeaderEpoch, Offset, PartitionIndex, Timestamp};
    use ottla_wire::record::TimestampType;

    fn printed(style: &Style, record: &ConsumedRecord) -> String {
        let mut out = Vec::new();
        style.write(&mut out, record).expect("a vector takes everything");
        String::from_utf8(out).expect("text")
    }

    fn record() -> ConsumedRecord {
        ConsumedRecord {
            topic: "t".into(),
            partition: PartitionIndex(3),
            leader_epoch: LeaderEpoch::NONE,
            timestamp_type: TimestampType::CreateTime,
            offset: Offset(7),
            timestamp: Timestamp(1500),
            key: Some(Bytes::from("k")),
            value: None,
            headers: vec![Header::new("h", "1"), Header { key: Bytes::from("n"), value: None }],
        }
    }

    #[test]
    fn a_template_prints_every_part() {
        let style = Style::Text("%t/%p/%o %k=%v %h %T %d %K %S%%\\n".parse().expect("a format"));
        assert_eq!(printed(&style, &record()), "t/3/7 k= h=1,n 1500 1970-01-01T00:00:01.500Z 1 -1%\n");
    }

    #[test]
    fn json_keeps_null_and_shows_bytes_that_are_no_text() {
        let mut record = record();
        record.key = Some(Bytes::from_static(&[0xff]));
        let object: Value = serde_json::from_str(&printed(&Style::Json, &record)).expect("one object");
        assert_eq!(object["key"], "base64:/w==");
        assert_eq!((&object["value"], &object["offset"]), (&Value::Null, &json!(7)));
        assert_eq!(object["headers"], json!({ "h": "1", "n": null }));
        record.headers.push(Header::new("h", "2"));
        let object: Value = serde_json::from_str(&printed(&Style::Json, &record)).expect("one object");
        assert_eq!(object["headers"], json!([["h", "1"], ["n", null], ["h", "2"]]));
    }
}
