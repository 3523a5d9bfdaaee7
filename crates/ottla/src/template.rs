//! The `-f` strings: how a record looks as text, for writing and for reading it.
//!
//! | | |
//! |---|---|
//! | `%v` `%s` | value |
//! | `%k` | key |
//! | `%h` | headers, as `name=value,name=value` |
//! | `%t` | topic |
//! | `%p` | partition |
//! | `%o` | offset |
//! | `%T` | timestamp in milliseconds |
//! | `%d` | timestamp as `2026-11-23T21:14:00.123Z` |
//! | `%K` `%S` | size of key, of value, in bytes; -1 for null |
//! | `%%` | a percent sign |
//! | `\n` `\t` `\r` `\0` `\\` `\xHH` | a byte |

use std::str::FromStr;

/// A parsed `-f` string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) Vec<Part>);

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// A part of the record.
    Field(Field),
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Value,
    Key,
    Headers,
    Topic,
    Partition,
    Offset,
    Timestamp,
    Moment,
    KeySize,
    ValueSize,
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => match chars.next() {
                    Some('%') => literal.push(b'%'),
                    Some(letter) => {
                        let field = field(letter)
                            .ok_or_else(|| format!("%{letter} is nothing that a record has; there are %v %k %h %t %p %o %T %d %K %S"))?;
                        if !literal.is_empty() {
                            parts.push(Part::Literal(std::mem::take(&mut literal)));
                        }
                        parts.push(Part::Field(field));
                    }
                    None => return Err("a % at the end: write %% for a percent sign".into()),
                },
                '\\' => literal.push(escape(&mut chars)?),
                c => literal.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }
}

fn field(letter: char) -> Option<Field> {
    Some(match letter {
        'v' | 's' => Field::Value,
        'k' => Field::Key,
        'h' => Field::Headers,
        't' => Field::Topic,
        'p' => Field::Partition,
        'o' => Field::Offset,
        'T' => Field::Timestamp,
        'd' => Field::Moment,
        'K' => Field::KeySize,
        'S' | 'V' => Field::ValueSize,
        _ => return None,
    })
}

fn escape(chars: &mut std::str::Chars<'_>) -> Result<u8, String> {
    let wrong = || "after a backslash there may be n, t, r, 0, \\ or xHH".to_owned();
    Ok(match chars.next().ok_or_else(wrong)? {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        '0' => 0,
        '\\' => b'\\',
        'x' => {
            let digits = chars.as_str().get(..2).ok_or_else(wrong)?;
            let byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
            *chars = chars.as_str()[2..].chars();
            byte
        }
        _ => return Err(wrong()),
    })
}

/// Reads a text of escapes only, such as a delimiter.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let Template(parts) = text.replace('%', "%%").parse()?;
    match <[Part; 1]>::try_from(parts) {
        Ok([Part::Literal(bytes)]) => Ok(bytes),
        _ => Err("a delimiter has at least one character".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.into())
    }

    #[test]
    fn formats_are_read() {
        let parse = |text: &str| text.parse::<Template>().map(|template| template.0);
        assert_eq!(
            parse("%t[%p]: %k=%v\\n"),
            Ok(vec![
                Part::Field(Field::Topic),
                literal("["),
                Part::Field(Field::Partition),
                literal("]: "),
                Part::Field(Field::Key),
                literal("="),
                Part::Field(Field::Value),
                literal("\n"),
            ])
        );
        assert_eq!(parse("100%%\\x41\\\\é"), Ok(vec![literal("100%A\\é")]));
        for bad in ["%", "%y", "\\", "\\q", "\\x4", "\\xzz"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn delimiters_may_be_any_bytes() {
        assert_eq!(bytes("\\t"), Ok(vec![b'\t']));
        assert_eq!(bytes("%k"), Ok(b"%k".to_vec()));
        assert!(bytes("").is_err());
    }
}
