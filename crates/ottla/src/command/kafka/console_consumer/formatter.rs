//! How a record is printed: the default formatter of Kafka's tool, by its properties.

use crate::command::kafka::Ran;
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::flags::Given;
use crate::command::kafka::settings::Settings;
use bytes::Bytes;
use ottla_base::LeaderEpoch;
use ottla_client::ConsumedRecord;
use ottla_wire::record::TimestampType;
use std::io::Write;
use uuid::Uuid;

/// Prints records.
pub(super) struct Formatter {
    /// Whether anything is printed at all.
    is_silent: bool,
    columns: Vec<Column>,
    column_end: Vec<u8>,
    line_end: Vec<u8>,
    header_end: Vec<u8>,
    null: Vec<u8>,
    key: Kind,
    value: Kind,
    header: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Timestamp,
    Partition,
    Offset,
    Delivery,
    Epoch,
    Headers,
    Key,
    Value,
}

/// In the order in which they are printed, each with the property that switches it on.
const COLUMNS: &[(Column, &str)] = &[
    (Column::Timestamp, "print.timestamp"),
    (Column::Partition, "print.partition"),
    (Column::Offset, "print.offset"),
    (Column::Delivery, "print.delivery"),
    (Column::Epoch, "print.epoch"),
    (Column::Headers, "print.headers"),
    (Column::Key, "print.key"),
    (Column::Value, "print.value"),
];

/// What bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Printed as they are.
    Bytes,
    Short,
    Integer,
    Long,
    Boolean,
    Uuid,
}

impl Kind {
    fn of(settings: &Settings, name: &str) -> Ran<Self> {
        let class = settings.text(name).unwrap_or_default();
        let kind = match class.rsplit('.').next().unwrap_or_default() {
            "" | "StringDeserializer" => Self::Bytes,
            "ShortDeserializer" => Self::Short,
            "IntegerDeserializer" => Self::Integer,
            "LongDeserializer" => Self::Long,
            "BooleanDeserializer" => Self::Boolean,
            "UUIDDeserializer" => Self::Uuid,
            _ => {
                return Err(Stop::Usage(format!(
                    "{name}={class}: this tool runs no Java classes and knows the String-, Short-, Integer-, Long-, \
                     Boolean- and UUIDDeserializer of org.apache.kafka.common.serialization"
                )));
            }
        };
        Ok(kind)
    }

    /// The bytes as text; what is wrong with them if they are not of this kind.
    fn text(self, bytes: &Bytes) -> Ran<Bytes> {
        let number = |size: usize, name: &str| {
            let wrong =
                || Trouble::general(format!("Size of data received by {name}Deserializer is not {size}"));
            let signed = bytes.first().is_some_and(|byte| 0x80 <= *byte);
            let start = if signed { -1i64 } else { 0 };
            let value = bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte));
            if bytes.len() == size { Ok(Bytes::from(value.to_string())) } else { Err(wrong()) }
        };
        Ok(match self {
            Self::Bytes => bytes.clone(),
            Self::Short => number(2, "Short")?,
            Self::Integer => number(4, "Integer")?,
            Self::Long => number(8, "Long")?,
            Self::Boolean => match bytes[..] {
                [0] => Bytes::from_static(b"false"),
                [1] => Bytes::from_static(b"true"),
                _ => return Err(Trouble::general("Unexpected byte received by BooleanDeserializer").into()),
            },
            Self::Uuid => {
                let text = String::from_utf8_lossy(bytes);
                let uuid =
                    text.parse::<Uuid>().map_err(|_| Trouble::general("Error parsing data into UUID"))?;
                Bytes::from(uuid.to_string())
            }
        })
    }
}

impl Formatter {
    /// The formatter of `--formatter` with these properties.
    ///
    /// # Errors
    /// A class is not known here.
    pub(super) fn new(given: &Given<'_>, settings: &Settings) -> Ran<Self> {
        let class = given.one("formatter")?.unwrap_or_default();
        let is_silent = match class.rsplit('.').next().unwrap_or_default() {
            "" | "DefaultMessageFormatter" => false,
            "NoOpMessageFormatter" => true,
            _ => {
                return Err(Stop::Usage(format!(
                    "--formatter {class}: this tool runs no Java classes and knows DefaultMessageFormatter and \
                     NoOpMessageFormatter"
                )));
            }
        };
        let bytes = |name: &str, default: &str| settings.text(name).unwrap_or(default).as_bytes().to_vec();
        let is_shown = |(column, name): &&(Column, &str)| {
            settings.is_on(name) || *column == Column::Value && settings.text(name).is_none()
        };
        Ok(Self {
            is_silent,
            columns: COLUMNS.iter().filter(is_shown).map(|(column, _)| *column).collect(),
            column_end: bytes("key.separator", "\t"),
            line_end: bytes("line.separator", "\n"),
            header_end: bytes("headers.separator", ","),
            null: bytes("null.literal", "null"),
            key: Kind::of(settings, "key.deserializer")?,
            value: Kind::of(settings, "value.deserializer")?,
            header: Kind::of(settings, "headers.deserializer")?,
        })
    }

    /// Writes one record.
    ///
    /// # Errors
    /// The key or value is not what it should be, or nobody reads our output any more.
    pub(super) fn write(&self, out: &mut impl Write, record: &ConsumedRecord) -> Ran {
        if self.is_silent {
            return Ok(());
        }
        // All of it or nothing: a record that cannot be printed may be skipped.
        let mut line = Vec::new();
        for (nth, column) in self.columns.iter().enumerate() {
            if 0 < nth {
                line.extend_from_slice(&self.column_end);
            }
            self.write_column(&mut line, *column, record)?;
        }
        if !self.columns.is_empty() {
            line.extend_from_slice(&self.line_end);
        }
        Ok(out.write_all(&line)?)
    }

    fn write_column(&self, line: &mut Vec<u8>, column: Column, record: &ConsumedRecord) -> Ran {
        let text = match column {
            Column::Timestamp if record.timestamp.0 < 0 => "NO_TIMESTAMP".to_owned(),
            Column::Timestamp => match record.timestamp_type {
                TimestampType::CreateTime => format!("CreateTime:{}", record.timestamp),
                TimestampType::LogAppendTime => format!("LogAppendTime:{}", record.timestamp),
            },
            Column::Partition => format!("Partition:{}", record.partition),
            Column::Offset => format!("Offset:{}", record.offset),
            // Only records of share groups are counted.
            Column::Delivery => "Delivery:NOT_PRESENT".to_owned(),
            Column::Epoch if record.leader_epoch == LeaderEpoch::NONE => "Epoch:NOT_PRESENT".to_owned(),
            Column::Epoch => format!("Epoch:{}", record.leader_epoch),
            Column::Headers if record.headers.is_empty() => "NO_HEADERS".to_owned(),
            Column::Headers => {
                for (nth, header) in record.headers.iter().enumerate() {
                    if 0 < nth {
                        line.extend_from_slice(&self.header_end);
                    }
                    line.extend_from_slice(&header.key);
                    line.push(b':');
                    line.extend_from_slice(&self.text(self.header, header.value.as_ref())?);
                }
                return Ok(());
            }
            Column::Key => {
                line.extend_from_slice(&self.text(self.key, record.key.as_ref())?);
                return Ok(());
            }
            Column::Value => {
                line.extend_from_slice(&self.text(self.value, record.value.as_ref())?);
                return Ok(());
            }
        };
        line.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn text(&self, kind: Kind, bytes: Option<&Bytes>) -> Ran<Bytes> {
        bytes.map_or_else(|| Ok(Bytes::copy_from_slice(&self.null)), |bytes| kind.text(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_sign_and_wrong_sizes_are_refused() {
        let text = |kind: Kind, bytes: &'static [u8]| kind.text(&Bytes::from_static(bytes)).ok();
        assert_eq!(text(Kind::Short, &[0xff, 0xfe]), Some(Bytes::from("-2")));
        assert_eq!(text(Kind::Integer, &[0, 0, 1, 0]), Some(Bytes::from("256")));
        assert_eq!(text(Kind::Long, &[0xff; 8]), Some(Bytes::from("-1")));
        assert_eq!(text(Kind::Long, &[0; 7]), None);
        assert_eq!(text(Kind::Boolean, &[1]), Some(Bytes::from("true")));
        assert_eq!(text(Kind::Boolean, &[2]), None);
    }
}
