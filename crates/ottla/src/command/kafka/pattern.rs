//! Topic names by pattern, as `--topic` of Kafka's tools means them: the whole name must match.
//!
//! A comma means "or", blanks and quotes around do not count. The patterns are those of the regular expressions that
//! the broker knows, too: Java's look-around and back references are refused.

use super::error::{Stop, Trouble};
use regex_lite::Regex;

/// Names that are wanted.
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(text: &str) -> Result<Self, Stop> {
        let quotes = ['"', '\''];
        let wanted = text.trim().replace(',', "|").replace(' ', "");
        let wanted = wanted.trim_start_matches(quotes).trim_end_matches(quotes);
        let regex = Regex::new(&format!("^(?:{wanted})$"));
        regex.map(Self).map_err(|_| Trouble::general(format!("{wanted} is an invalid regex.")).into())
    }

    /// Whether a topic of this name is wanted.
    pub(super) fn allows(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_whole_name() {
        let allows =
            |pattern: &str, topic: &str| Pattern::read(pattern).is_ok_and(|found| found.allows(topic));
        assert!(allows("a.c", "abc") && allows("a.c", "a.c") && !allows("a.c", "abcd"));
        assert!(allows("a, b", "a") && allows("a, b", "b") && !allows("a, b", "ab"));
        assert!(allows("'a|b'", "b") && allows(".*", "anything"));
        assert!(Pattern::read("(").is_err());
    }
}
