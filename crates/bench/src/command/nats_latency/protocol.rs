//! What a NATS server says, as far as a publisher and a consumer must understand it.
//!
//! Lines of text, and after some of them a payload whose length the line tells:
//!
//! ```text
//! MSG subject subscription [reply] bytes\r\n payload\r\n
//! HMSG subject subscription [reply] bytes-of-headers bytes\r\n headers payload\r\n
//! INFO {…}\r\n   PING\r\n   PONG\r\n   +OK\r\n   -ERR 'why'\r\n
//! ```

use std::ops::Range;

/// One thing that was said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Message {
        subscription: u64,
        /// Where the payload lies in the text.
        payload: Range<usize>,
    },
    Ping,
    Error(String),
    /// Nothing that has to be answered.
    Other,
}

/// The server does not speak NATS.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server said {0:?}, which is not NATS")]
pub(super) struct Nonsense(String);

/// Lines of a server are shorter, the first one with all about itself included.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// A server takes no larger payload unless it is told to.
const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// The first thing that `text` says and its length, if it is there as a whole.
pub(super) fn next(text: &[u8]) -> Result<Option<(Said, usize)>, Nonsense> {
    let Some(end) = text.windows(2).take(LINE_BYTES_MAX).position(|pair| pair == b"\r\n") else {
        return if text.len() < LINE_BYTES_MAX { Ok(None) } else { Err(nonsense(text)) };
    };
    let (line, start) = (&text[..end], end + 2);
    let words: Vec<&str> = str::from_utf8(line).map_err(|_| nonsense(line))?.split(' ').collect();
    let (message, length) = match words.as_slice() {
        ["MSG", _, subscription, .., bytes] => (message(subscription, "0", bytes), start),
        ["HMSG", _, subscription, .., headers, bytes] => (message(subscription, headers, bytes), start),
        ["PING"] => return Ok(Some((Said::Ping, start))),
        ["-ERR", ..] => return Ok(Some((Said::Error(words[1..].join(" ")), start))),
        ["PONG" | "+OK"] | ["INFO", ..] => return Ok(Some((Said::Other, start))),
        _ => return Err(nonsense(line)),
    };
    let (subscription, headers, bytes) = message.ok_or_else(|| nonsense(line))?;
    let end = length + bytes;
    if text.len() < end + 2 {
        return Ok(None);
    }
    Ok(Some((Said::Message { subscription, payload: length + headers..end }, end + 2)))
}

/// The numbers of a message: its subscription, the length of its headers, and that of all.
fn message(subscription: &str, headers: &str, bytes: &str) -> Option<(u64, usize, usize)> {
    let (headers, bytes): (usize, usize) = (headers.parse().ok()?, bytes.parse().ok()?);
    let is_possible = headers <= bytes && bytes <= PAYLOAD_BYTES_MAX;
    is_possible.then_some((subscription.parse().ok()?, headers, bytes))
}

fn nonsense(line: &[u8]) -> Nonsense {
    Nonsense(String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> (Said, usize) {
        next(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_message_is_there_when_all_of_it_is() {
        for (text, payload) in [
            ("MSG a.b 2 3\r\nabc\r\n", 13..16),
            ("MSG a.b 2 _INBOX.1 3\r\nabc\r\n", 22..25),
            ("HMSG a.b 2 r 4 7\r\nhhhhabc\r\n", 22..25),
        ] {
            assert_eq!(said(text), (Said::Message { subscription: 2, payload: payload.clone() }, text.len()));
            assert_eq!(&text[payload], "abc");
            for cut in 0..text.len() {
                assert_eq!(next(&text.as_bytes()[..cut]), Ok(None), "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_needs_no_payload_ends_with_its_line() {
        assert_eq!(said("PING\r\nMSG"), (Said::Ping, 6));
        assert_eq!(said("INFO {\"a\": 1}\r\n"), (Said::Other, 15));
        assert_eq!(said("-ERR 'no such thing'\r\n"), (Said::Error("'no such thing'".to_owned()), 22));
    }

    #[test]
    fn lengths_that_cannot_be_are_nonsense() {
        for text in [
            "MSG a 1 99999999\r\n",
            "MSG a 1 -3\r\n",
            "HMSG a 1 9 7\r\n",
            "MSG a x 3\r\nabc\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ] {
            assert!(next(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(next(&[b'a'; LINE_BYTES_MAX]).is_err(), "a line without an end");
    }
}
