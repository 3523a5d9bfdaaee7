//! Things as people write them: topic ids, moments, bytes that may not be text.

use jiff::Timestamp as Moment;
use ottla_base::{Timestamp, TopicId};

/// A topic's id as Kafka's tools write it: 22 characters of URL-safe base64.
pub(crate) fn topic_id(id: TopicId) -> String {
    ottla_storage::base64::encode(id.0)
}

/// A moment as `2026-11-23T21:14:00.123Z`; a negative number, which means "none", is empty.
pub(crate) fn moment(at: Timestamp) -> String {
    if at.0 < 0 {
        return String::new();
    }
    Moment::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |moment| format!("{moment:.3}"))
}

/// Reads milliseconds since 1970, or a moment or date in the forms of RFC 3339; without an offset it is in this
/// machine's time zone.
pub(crate) fn parse_moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(ms) = text.parse::<i64>() {
        return Ok(Timestamp(ms));
    }
    if let Ok(moment) = text.parse::<Moment>() {
        return Ok(Timestamp(moment.as_millisecond()));
    }
    let local = text.parse::<jiff::civil::DateTime>().ok();
    let zoned = local.and_then(|local| local.to_zoned_datetime(jiff::tz::TimeZone::system()).ok());
    zoned.map(|zoned| Timestamp(zoned.timestamp().as_millisecond())).ok_or_else(|| {
        format!("'{text}' is no time: write milliseconds, 2026-11-23T21:14:00Z, or a date such as 2026-11-23")
    })
}

/// Bytes as text if they are text, else in base64 behind `base64:`.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("base64:{}", base64(bytes)),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(LETTERS[(bits >> (18 - 6 * place) & 63) as usize].into());
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// A length of time as people read it: `12.3s`, `5m10s`, `3h2m`, `4d1h`.
pub(crate) fn duration(ms: i64) -> String {
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..60 => format!("{}.{}s", seconds, ms % 1000 / 100),
        60..3600 => format!("{minutes}m{}s", seconds % 60),
        3600..86_400 => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_two_units_at_most() {
        let shown: Vec<String> =
            [0, 999, 12_345, 60_000, 310_000, 3_600_000, 10_920_000, 86_400_000, 349_200_000]
                .into_iter()
                .map(duration)
                .collect();
        assert_eq!(shown, ["0.0s", "0.9s", "12.3s", "1m0s", "5m10s", "1h0m", "3h2m", "1d0h", "4d1h"]);
    }

    #[test]
    fn moments_are_read_in_every_usual_form() {
        assert_eq!(parse_moment("0"), Ok(Timestamp(0)));
        assert_eq!(parse_moment("1970-01-01T00:00:01.5Z"), Ok(Timestamp(1500)));
        assert_eq!(parse_moment("1970-01-01T01:00:00+01:00"), Ok(Timestamp(0)));
        assert!(parse_moment("1970-01-02").is_ok());
        assert!(parse_moment("yesterday").is_err());
        assert_eq!(moment(Timestamp(1500)), "1970-01-01T00:00:01.500Z");
        assert_eq!(moment(Timestamp::NONE), "");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_base64() {
        assert_eq!(of_bytes(b"abc"), "abc");
        assert_eq!(of_bytes(&[0xff]), "base64:/w==");
        assert_eq!(of_bytes(&[0xff, 0xfe]), "base64://4=");
        assert_eq!(of_bytes(&[0xff, 0xfe, 0xfd]), "base64://79");
    }
}
