//! The table at the top of `docs/compatibility.md`: which versions of each API were compared of those that are served.

use super::findings::{Findings, Offered, range};
use std::collections::BTreeSet;
use std::fmt::Write;

/// One API in the table.
struct Row<'a> {
    offered: &'a Offered,
    compared: Vec<i64>,
    /// Served by Ottla, and never asked.
    missing: Vec<i64>,
}

impl<'a> Row<'a> {
    fn new(offered: &'a Offered, findings: &Findings) -> Self {
        let asked: BTreeSet<i64> = findings.versions_of(&offered.api).collect();
        let (compared, missing) =
            offered.ottla.clone().into_iter().flatten().partition(|v| asked.contains(v));
        Self { offered, compared, missing }
    }

    fn text(&self) -> String {
        let Offered { api, key, kafka, ottla } = self.offered;
        let shown = |versions: &Option<std::ops::RangeInclusive<i64>>| match versions {
            Some(versions) => range(&versions.clone().collect::<Vec<_>>()),
            None => "–".to_owned(),
        };
        let (kafka, ottla) = (shown(kafka), shown(ottla));
        let (compared, missing) = (range(&self.compared), range(&self.missing));
        format!("| {key} | {api} | {kafka} | {ottla} | {compared} | {missing} |")
    }
}

/// The heading, how much was compared in all, and a row for each API.
pub(super) fn section(findings: &Findings) -> String {
    let rows: Vec<Row<'_>> = findings.offered.iter().map(|offered| Row::new(offered, findings)).collect();
    let served = rows.iter().filter(|row| row.offered.ottla.is_some()).count();
    let compared: usize = rows.iter().map(|row| row.compared.len()).sum();
    let missing: usize = rows.iter().map(|row| row.missing.len()).sum();
    let mut text = format!(
        "\n## What was compared\n\nOttla serves {served} of the {} APIs that a broker of Apache Kafka offers, \
         in {} versions, of which {compared} were compared in at least one scenario.\n\n\
         | key | API | Apache Kafka | Ottla | compared | not compared |\n|--:|---|---|---|---|---|\n",
        rows.iter().filter(|row| row.offered.kafka.is_some()).count(),
        compared + missing,
    );
    for row in &rows {
        writeln!(text, "{}", row.text()).expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::findings::tests::line;

    #[test]
    fn versions_that_are_served_and_never_asked_are_told() {
        let mut findings = Findings::default();
        let offered = |key: i16, api: &str, kafka: [i16; 2], ottla: Option<[i16; 2]>| {
            serde_json::json!({ "offered": api, "key": key, "kafka": kafka, "ottla": ottla }).to_string()
        };
        findings.hear(&offered(0, "Produce", [3, 13], Some([3, 13]))).unwrap();
        findings.hear(&offered(1, "Fetch", [4, 18], Some([4, 18]))).unwrap();
        findings.hear(&offered(17, "SaslHandshake", [0, 1], None)).unwrap();
        for version in 3..=10 {
            findings.hear(&line("a", version, "same", None)).unwrap();
        }
        let section = section(&findings);
        assert!(section.contains("serves 2 of the 3 APIs"), "{section}");
        assert!(section.contains("in 26 versions, of which 8 were compared"), "{section}");
        assert!(section.contains("| 0 | Produce | v3–13 | v3–13 | v3–10 | v11–13 |"), "{section}");
        assert!(section.contains("| 1 | Fetch | v4–18 | v4–18 |  | v4–18 |"), "{section}");
        assert!(section.contains("| 17 | SaslHandshake | v0–1 | – |  |  |"), "{section}");
    }
}
