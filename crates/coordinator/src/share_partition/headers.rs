//! What a record says about its own delivery, in headers that any producer can set.
//!
//! A header that cannot be read is as good as none: a queue must not stop because of one record. Of several headers of
//! one name the last counts.

use super::config::{Config, Order};
use super::run::{Facts, PRIORITY_DEFAULT, PRIORITY_MAX};
use ottla_base::Timestamp;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Not to be delivered before: milliseconds since 1970, or RFC 3339.
const DELIVER_AT: &str = "ottla-deliver-at";
/// Not to be delivered before, counted from the record's timestamp: milliseconds, or a number with `s`, `m`, `h`, `d`.
const DELAY: &str = "ottla-delay";
/// Not to be delivered from then on: as [`DELIVER_AT`].
const EXPIRES_AT: &str = "ottla-expires-at";
/// Not to be delivered from then on: as [`DELAY`].
const TTL: &str = "ottla-ttl";
/// 0 to 9, and 9 comes first.
const PRIORITY: &str = "ottla-priority";
/// In a dead letter that was requeued: the one group that it is for.
const REQUEUED_FOR: &str = "ottla-requeued-for";

/// The facts of a record, as far as the settings of a group ask for them. `Offset`s do not matter here.
pub fn facts<'a>(
    config: &Config,
    timestamp: Timestamp,
    key: Option<&[u8]>,
    headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> Facts {
    let mut found = Facts::default();
    let (mut deliver_at, mut delay, mut expires_at, mut ttl) = (None, None, None, None);
    for (name, value) in headers {
        let text = || value.and_then(|value| std::str::from_utf8(value).ok()).map(str::trim);
        match name {
            DELIVER_AT if config.delay => deliver_at = text().and_then(moment).or(deliver_at),
            DELAY if config.delay => delay = text().and_then(duration).or(delay),
            EXPIRES_AT if config.ttl => expires_at = text().and_then(moment).or(expires_at),
            TTL if config.ttl => ttl = text().and_then(duration).or(ttl),
            PRIORITY if config.priority => {
                let priority = text().and_then(|text| text.parse().ok());
                found.priority = priority.filter(|it| *it <= PRIORITY_MAX).unwrap_or(PRIORITY_DEFAULT);
            }
            _ => {}
        }
    }
    let after = |ms: i64| Timestamp(timestamp.0.max(0).saturating_add(ms));
    let lifetime = ttl.or((0 <= config.ttl_ms).then_some(config.ttl_ms));
    found.due = deliver_at.or(delay.map(after)).unwrap_or(Timestamp::NONE);
    found.expires = expires_at.or(lifetime.map(after)).unwrap_or(Timestamp::NONE);
    found.key = key.filter(|_| config.order == Order::Key).map(hash);
    found
}

/// Whether a record was requeued for another group than this one, which has had it before.
pub fn is_for_another<'a>(
    group: &str,
    headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> bool {
    let named = headers.into_iter().filter(|(name, _)| *name == REQUEUED_FOR).last();
    let named = named.and_then(|(_, value)| std::str::from_utf8(value?).ok());
    named.is_some_and(|named| !named.is_empty() && named != group)
}

/// Two keys with one hash only wait for each other.
fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Milliseconds, or a number and its unit.
fn duration(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms = match &text[digits.len()..] {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    digits.parse::<i64>().ok().filter(|number| 0 <= *number)?.checked_mul(unit_ms)
}

/// Milliseconds since 1970, or RFC 3339 as in `2026-11-26T08:30:00Z`.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(ms) = text.parse::<i64>() {
        return (0 <= ms).then_some(Timestamp(ms));
    }
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_possible = hour < 24 && minute < 60 && second <= 60 && day_exists(year, month, day);
    let ms = (days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone_seconds(zone)?)
        * 1_000
        + milliseconds(fraction)?;
    (is_possible && 0 <= ms).then_some(Timestamp(ms))
}

/// Three numbers of so many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        *number = number_of(parts.next()?, digits)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn number_of(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn milliseconds(fraction: &str) -> Option<i64> {
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{fraction:0<3}")[..3].parse().ok()).flatten()
}

fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'Z' | b'z' => return (zone.len() == 1).then_some(0),
        b'+' => 1,
        _ => -1,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (number_of(hours, 2)?, number_of(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn day_exists(year: i64, month: i64, day: i64) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}
