//! Anomalies that are planted in clean histories, for the tests of those who look for them.

use crate::checker::Anomaly;
use std::fmt::Debug;

/// The history with the one occurrence of each left text replaced by its right one.
#[track_caller]
pub(crate) fn plant(clean: &str, plants: &[(&str, &str)]) -> String {
    plants.iter().fold(clean.to_owned(), |text, (left, right)| {
        assert_eq!(text.matches(left).count(), 1, "{left}");
        text.replace(left, right)
    })
}

/// What was found, one a line.
pub(crate) fn lines<K: Debug>(anomalies: &[Anomaly<K>]) -> String {
    anomalies.iter().map(|anomaly| format!("{anomaly}\n")).collect()
}
