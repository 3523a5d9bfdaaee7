//! A line as a record: headers, key and value behind each other, by the properties of Kafka's reader of lines.

use crate::command::kafka::Ran;
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::settings::Settings;
use bytes::Bytes;
use ottla_client::{Header, ProducerRecord};

/// How lines are cut.
#[derive(Debug)]
pub(super) struct Form {
    has_key: bool,
    key_end: Vec<u8>,
    has_headers: bool,
    headers_end: Vec<u8>,
    header_end: Vec<u8>,
    header_key_end: Vec<u8>,
    /// A line that lacks something has none of it, instead of being an error.
    ignores_errors: bool,
    /// What stands for null.
    null: Option<Vec<u8>>,
}

impl Form {
    /// The form that these properties describe.
    ///
    /// # Errors
    /// Two marks are the same.
    pub(super) fn of(settings: &Settings) -> Ran<Self> {
        const MARKS: [(&str, &str); 4] = [
            ("key.separator", "\t"),
            ("headers.delimiter", "\t"),
            ("headers.separator", ","),
            ("headers.key.separator", ":"),
        ];
        let mark = |(name, default): (&str, &str)| settings.text(name).unwrap_or(default).as_bytes().to_vec();
        let [key_end, headers_end, header_end, header_key_end] = MARKS.map(mark);
        let null = settings.text("null.marker").map(|text| text.as_bytes().to_vec());
        let same = |one: &str, other: &str| {
            Stop::from(Trouble::general(format!("{one} and {other} may not be equal")))
        };
        match () {
            () if headers_end == header_end => return Err(same("headers.delimiter", "headers.separator")),
            () if headers_end == header_key_end => {
                return Err(same("headers.delimiter", "headers.key.separator"));
            }
            () if header_end == header_key_end => {
                return Err(same("headers.separator", "headers.key.separator"));
            }
            () => {}
        }
        if let Some((name, _)) = MARKS.into_iter().find(|at| Some(mark(*at)) == null) {
            return Err(same("null.marker", name));
        }
        if let Some((name, _)) = MARKS.into_iter().find(|at| mark(*at).is_empty()) {
            return Err(Trouble::general(format!("{name} is empty: it needs at least one character")).into());
        }
        Ok(Self {
            has_key: settings.is_on("parse.key"),
            key_end,
            has_headers: settings.is_on("parse.headers"),
            headers_end,
            header_end,
            header_key_end,
            ignores_errors: settings.is_on("ignore.error"),
            null,
        })
    }

    /// Reads a line.
    ///
    /// # Errors
    /// It lacks a mark, or a header has no name.
    pub(super) fn read(&self, line: &[u8], number: u64) -> Ran<ProducerRecord> {
        let lacks = |what: &str| {
            let line = String::from_utf8_lossy(line);
            Stop::from(Trouble::general(format!("No {what} found on line number {number}: '{line}'")))
        };
        let mut rest = line;
        let mut part = |is_there: bool, end: &[u8], what: &str| match split(rest, end) {
            _ if !is_there => Ok(None),
            Some((part, behind)) => {
                rest = behind;
                Ok(Some(part))
            }
            None if self.ignores_errors => Ok(None),
            None => Err(lacks(what)),
        };
        let headers = part(self.has_headers, &self.headers_end, "headers delimiter")?;
        let key = part(self.has_key, &self.key_end, "key separator")?;
        let headers = match headers.filter(|headers| !self.is_null(headers)) {
            Some(headers) => self.headers(headers, number)?,
            None => Vec::new(),
        };
        Ok(ProducerRecord {
            key: key.and_then(|key| self.value(key)),
            value: self.value(rest),
            headers,
            ..ProducerRecord::default()
        })
    }

    fn headers(&self, text: &[u8], number: u64) -> Ran<Vec<Header>> {
        let mut headers = Vec::new();
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (pair, behind) =
                split(text, &self.header_end).map_or((text, None), |(pair, rest)| (pair, Some(rest)));
            rest = behind;
            // As Java splits: what is empty at the end is no header.
            if pair.is_empty() && rest.is_none_or(|rest| rest.is_empty()) && !headers.is_empty() {
                continue;
            }
            headers.push(self.header(pair, number)?);
        }
        Ok(headers)
    }

    fn header(&self, pair: &[u8], number: u64) -> Ran<Header> {
        let shown = || String::from_utf8_lossy(pair);
        match split(pair, &self.header_key_end) {
            Some((name, _)) if self.is_null(name) => Err(Trouble::general(format!(
                "Header keys should not be equal to the null marker '{}' as they can't be null",
                String::from_utf8_lossy(name)
            ))
            .into()),
            Some((name, value)) => Ok(Header { key: Bytes::copy_from_slice(name), value: self.value(value) }),
            None if self.ignores_errors => Ok(Header { key: Bytes::copy_from_slice(pair), value: None }),
            None => Err(Trouble::general(format!(
                "No header key separator found in pair '{}' on line number {number}",
                shown()
            ))
            .into()),
        }
    }

    fn is_null(&self, text: &[u8]) -> bool {
        self.null.as_deref() == Some(text)
    }

    fn value(&self, text: &[u8]) -> Option<Bytes> {
        (!self.is_null(text)).then(|| Bytes::copy_from_slice(text))
    }
}

/// What stands before and behind the first `by`.
fn split<'l>(line: &'l [u8], by: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = line.windows(by.len()).position(|window| window == by)?;
    Some((&line[..at], &line[at + by.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[&str]) -> Ran<Form> {
        let mut settings = Settings::default();
        settings.add(pairs);
        Form::of(&settings)
    }

    /// Key, value and headers.
    type Parts = (Option<Bytes>, Option<Bytes>, Vec<Header>);

    fn read(pairs: &[&str], line: &str) -> Result<Parts, String> {
        let record = form(pairs).and_then(|form| form.read(line.as_bytes(), 1));
        let record = record.map_err(|stop| format!("{stop:?}"))?;
        Ok((record.key, record.value, record.headers))
    }

    fn text(text: &'static str) -> Option<Bytes> {
        Some(Bytes::from(text))
    }

    #[test]
    fn a_line_is_cut_as_the_properties_say() {
        assert_eq!(read(&[], "k\tv"), Ok((None, text("k\tv"), vec![])));
        assert_eq!(read(&["parse.key=true"], "k\tv\tw"), Ok((text("k"), text("v\tw"), vec![])));
        assert_eq!(read(&["parse.key=TRUE", "key.separator=::"], "k::v"), Ok((text("k"), text("v"), vec![])));
        let all = ["parse.key=true", "parse.headers=true", "null.marker=N"];
        let headers = vec![Header::new("a", "1:2"), Header { key: Bytes::from("b"), value: None }];
        assert_eq!(read(&all, "a:1:2,b:N\tk\tN"), Ok((text("k"), None, headers)));
        assert_eq!(read(&all, "N\tN\tv"), Ok((None, text("v"), vec![])));
        assert_eq!(read(&["parse.key=true", "ignore.error=true"], "v"), Ok((None, text("v"), vec![])));
    }

    #[test]
    fn what_lacks_is_told_with_the_line() {
        let fails = |pairs: &[&str], line: &str, words: &str| {
            let said = read(pairs, line).expect_err("it is no record");
            assert!(said.contains(words), "{said}");
        };
        fails(&["parse.key=true"], "v", "No key separator found on line number 1: 'v'");
        fails(&["parse.headers=true"], "v", "No headers delimiter found on line number 1: 'v'");
        fails(&["parse.headers=true"], "a\tv", "No header key separator found in pair 'a' on line number 1");
        fails(&["parse.headers=true", "null.marker=N"], "N:1\tv", "Header keys should not be equal");
        fails(&["headers.separator=\t"], "v", "headers.delimiter and headers.separator may not be equal");
        fails(&["null.marker=:"], "v", "null.marker and headers.key.separator may not be equal");
        fails(&["key.separator="], "v", "key.separator is empty");
    }
}
