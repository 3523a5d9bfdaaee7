//! Makes equal what may differ between two brokers that behave alike: ids, times, addresses, words.

use crate::flat::Field;
use std::collections::BTreeMap;

/// A time that is this near is "now".
const NEAR_MS: i64 = 300_000;

/// What one run has seen, so that the first id becomes `producer-1` and its return is recognised.
pub struct Normal {
    /// What makes the run's names its own; replaced by nothing.
    run: String,
    now_ms: i64,
    ids: BTreeMap<(&'static str, String), usize>,
}

impl Normal {
    pub fn new(run: &str, now_ms: i64) -> Self {
        Self { run: run.to_owned(), now_ms, ids: BTreeMap::new() }
    }

    /// Makes an id known before any answer has it, so that its number does not depend on the order of answers.
    pub fn learn(&mut self, kind: &'static str, value: &str) {
        self.id(kind, value, "");
    }

    /// The field's path with everything of this run and this broker taken out.
    pub fn path(&self, path: &str) -> String {
        let mut path = path.replace(&self.run, "");
        for ((kind, value), number) in &self.ids {
            let named = match *kind {
                "producer" => format!("[producer {value}]"),
                _ => format!("[{value}]"),
            };
            path = path.replace(&named, &format!("[{kind}-{number}]"));
        }
        path
    }

    /// The field's value with everything of this run and this broker taken out.
    pub fn value(&mut self, (path, value): &Field) -> String {
        let name = path.rsplit('.').next().unwrap_or(path);
        let name = name.split('[').next().unwrap_or(name);
        match name {
            "topic_id" => self.id("topic", value, "00000000-0000-0000-0000-000000000000"),
            "producer_id" | "current_producer_id" | "ongoing_txn_producer_id" => {
                self.id("producer", value, "-1")
            }
            "session_id" => self.id("session", value, "0"),
            "cluster_id" => self.id("cluster", value, "None"),
            "member_id" | "leader" if is_generated(value) => self.id("member", value.trim_matches('"'), ""),
            "host" | "port" => "an address".to_owned(),
            _ if name.ends_with("error_message") || matches!(name, "message" | "status_detail") => {
                worded(value)
            }
            _ if name.contains("timestamp") || name.ends_with("time_ms") => self.time(value),
            _ => value.replace(&self.run, ""),
        }
    }

    fn id(&mut self, kind: &'static str, value: &str, none: &str) -> String {
        if value == none {
            return "none".to_owned();
        }
        let next = self.ids.keys().filter(|(known, _)| *known == kind).count() + 1;
        let number = *self.ids.entry((kind, value.to_owned())).or_insert(next);
        format!("{kind}-{number}")
    }

    fn time(&self, value: &str) -> String {
        match value.parse::<i64>() {
            Ok(time) if (time - self.now_ms).abs() < NEAR_MS => "now".to_owned(),
            _ => value.to_owned(),
        }
    }
}

/// Whether a member's id is one that a broker made up: a name and a UUID in one of two ways of writing.
fn is_generated(value: &str) -> bool {
    let value = value.trim_matches('"');
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let uuid = value.len().checked_sub(36).and_then(|start| value.get(start..));
    uuid.is_some_and(|uuid| is_hexadecimal(uuid) && uuid.bytes().filter(|byte| *byte == b'-').count() == 4)
        || value.len() == 22 && value.bytes().all(is_base64)
}

/// Each broker has its own words; whether there are any is what clients can build on.
fn worded(value: &str) -> String {
    match value {
        "None" => "none",
        "\"\"" => "empty",
        _ => "some words",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbered_as_they_come_and_times_are_near_or_kept() {
        let mut normal = Normal::new("-r1", 1_000_000_000);
        let mut value = |path: &str, value: &str| normal.value(&(path.to_owned(), value.to_owned()));
        assert_eq!(value("a[0].producer_id", "-1"), "none");
        assert_eq!(value("a[0].producer_id", "4000"), "producer-1");
        assert_eq!(value("a[1].producer_id", "9"), "producer-2");
        assert_eq!(value("b.producer_id", "4000"), "producer-1");
        assert_eq!(value("log_append_time_ms", "1000000123"), "now");
        assert_eq!(value("log_append_time_ms", "-1"), "-1");
        assert_eq!(value("error_message", "\"x\""), "some words");
        assert_eq!(value("name", "\"topic-r1\""), "\"topic\"");
        let member = "\"oracle-7d3c4f9e-6f0b-4c3d-9f5a-0a4d8f2b1c3e\"";
        assert_eq!(value("members[0].member_id", member), "member-1");
        assert_eq!(value("leader", member), "member-1");
        assert_eq!(value("member_id", "\"AAAAAAAAAAAAAAAAAAAAAQ\""), "member-2");
        assert_eq!(value("member_id", "\"mine\""), "\"mine\"");
    }
}
