//! The Rust types of what groups may set.

use ottla_base::config::{Kind, Parsed, Value};

ottla_base::config_choice! {
    /// Which records of transactions a share group gets.
    pub enum Isolation {
        /// All records, at once.
        ReadUncommitted = "read_uncommitted",
        /// Those of committed transactions.
        ReadCommitted = "read_committed",
    }
}

ottla_base::config_choice! {
    /// In which order a share group gets records.
    pub enum QueueOrder {
        /// In none that could be relied on.
        None = "none",
        /// One after the other for each key.
        Key = "key",
    }
}

/// In which directions a group that has members may change its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationPolicy {
    /// From classic to consumer.
    pub upgrade: bool,
    /// From consumer to classic.
    pub downgrade: bool,
}

impl Value for MigrationPolicy {
    const KIND: Kind = Kind::Text;

    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        let Parsed::Text(text) = parsed else { return Err(String::new()) };
        match text.to_ascii_lowercase().as_str() {
            "bidirectional" => Ok(Self { upgrade: true, downgrade: true }),
            "upgrade" => Ok(Self { upgrade: true, downgrade: false }),
            "downgrade" => Ok(Self { upgrade: false, downgrade: true }),
            "disabled" => Ok(Self { upgrade: false, downgrade: false }),
            _ => Err("one of: bidirectional, upgrade, downgrade, disabled".into()),
        }
    }
}

/// Where a partition begins for a share group that has not read it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetReset {
    /// At its first record.
    Earliest,
    /// After its last record.
    Latest,
    /// At the first record that is not older than this many milliseconds.
    ByDuration(u64),
}

impl Value for OffsetReset {
    const KIND: Kind = Kind::Text;

    fn from_parsed(parsed: &Parsed) -> Result<Self, String> {
        let Parsed::Text(text) = parsed else { return Err(String::new()) };
        match text.as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            other => {
                other.strip_prefix("by_duration:").and_then(milliseconds).map(Self::ByDuration).ok_or_else(
                    || "earliest, latest or by_duration:PnDTnHnMn.nS such as by_duration:PT1H".into(),
                )
            }
        }
    }
}

/// Reads a duration of ISO 8601 in days, hours, minutes and seconds, as `java.time.Duration` takes it, but for signs:
/// a duration back from now is never negative.
fn milliseconds(text: &str) -> Option<u64> {
    let text = text.to_ascii_uppercase();
    let rest = text.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None if rest.is_empty() => return None,
        None => (rest, ""),
    };
    let (mut total, mut rest) = (0_u64, days);
    for (unit, factor) in [('D', 86_400_000_u64), ('H', 3_600_000), ('M', 60_000)] {
        if unit == 'H' {
            if !rest.is_empty() {
                return None;
            }
            rest = time;
        }
        if let Some((number, after)) = rest.split_once(unit) {
            total = total.checked_add(digits(number)?.checked_mul(factor)?)?;
            rest = after;
        }
    }
    if let Some(seconds) = rest.strip_suffix('S') {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        // Nanoseconds are the finest that Java takes; milliseconds are the finest that a timestamp has.
        if 9 < fraction.len() || digits(fraction).is_none() {
            return None;
        }
        let thousandths = digits(&format!("{fraction:0<3}")[..3])?;
        total = total.checked_add(digits(whole)?.checked_mul(1000)?)?.checked_add(thousandths)?;
        rest = "";
    }
    rest.is_empty().then_some(total)
}

fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_java_reads_them() {
        let read = |text: &str| milliseconds(text);
        assert_eq!(read("PT1H"), Some(3_600_000));
        assert_eq!(read("pt1h2m3.5s"), Some(3_723_500));
        assert_eq!(read("P2D"), Some(172_800_000));
        assert_eq!(read("P1DT0.001S"), Some(86_400_001));
        assert_eq!(read("PT15.123456789S"), Some(15_123));
        let bad = [
            "", "P", "PT", "P1", "1H", "P1H", "PT1D", "PT1", "PT-1H", "PT1M1H", "PT1.5H", "P1DT", "PT1S1S",
            "PT+1S",
        ];
        for bad in bad {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("P999999999999999999D"), None);
    }
}
