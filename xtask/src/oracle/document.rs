//! `docs/compatibility.md`: what was compared, for readers. It carries no dates and no durations, so that a run that
//! finds what the last one found changes nothing.

use super::coverage;
use super::findings::{Answer, Difference, Findings, Scenario, Subject, Verdict, range};
use crate::tree;
use std::fmt::Write;

const PATH: &str = "docs/compatibility.md";

const HEAD: &str = "\
# Compatibility, answer by answer

The same hand-made requests, to Apache Kafka 4.4.0 and to Ottla, and the answers compared field by field: error codes,
offsets, epochs, timestamps, whole batches as a reader gets them. `cargo xtask oracle` starts both, asks, and writes this
page; nobody edits it. The scenarios stand in `conformance/oracle/src/subject/`, one file for each subject. Ids, times
that are now, hosts and ports are made equal before comparing. Of messages for people only a missing one counts: every
refusal of Ottla says its cause and a cure, also where Apache Kafka sends the code alone.

An answer is **the same** if every field is, **explained** if what differs has its reason, which is written beside the
scenario and given below, and **different** otherwise, which is a fault of Ottla.

";

/// Writes the page.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(findings: &Findings) -> Result<(), String> {
    std::fs::write(tree::root().join(PATH), page(findings))
        .map_err(|error| format!("cannot write {PATH}: {error}"))
}

fn page(findings: &Findings) -> String {
    let mut text = HEAD.to_owned();
    line(&mut text, &format!("All in all: {}.", findings.summary()));
    text.push_str(&coverage::section(findings));
    for subject in &findings.subjects {
        section(&mut text, subject);
    }
    text
}

fn section(text: &mut String, subject: &Subject) {
    line(text, &format!("\n## {}\n\n{}\n", subject.name, subject.about));
    line(
        text,
        "| scenario | what is asked | answers of | same | explained | different |\n|---|---|---|--:|--:|--:|",
    );
    for scenario in &subject.scenarios {
        let count = |verdict| scenario.answers.iter().filter(|answer| answer.verdict == verdict).count();
        let [same, explained, different] =
            [Verdict::Same, Verdict::Explained, Verdict::Different].map(count).map(|count| match count {
                0 => String::new(),
                count => count.to_string(),
            });
        let (name, asks, apis) = (&scenario.name, &scenario.asks, apis(scenario));
        line(text, &format!("| {name} | {asks} | {apis} | {same} | {explained} | {different} |"));
    }
    let reasons: Vec<String> = subject.scenarios.iter().flat_map(reasons).collect();
    if !reasons.is_empty() {
        line(text, &format!("\n{}", reasons.join("\n")));
    }
}

/// Every API that was asked, with its versions.
fn apis(scenario: &Scenario) -> String {
    let mut apis: Vec<(&str, Vec<i64>)> = Vec::new();
    for Answer { api, version, .. } in scenario.answers.iter().filter(|answer| !answer.api.is_empty()) {
        match apis.iter_mut().find(|(name, _)| name == api) {
            Some((_, versions)) => versions.push(*version),
            None => apis.push((api, vec![*version])),
        }
    }
    let shown = apis.iter().map(|(name, versions)| format!("{name} {}", range(versions)));
    shown.collect::<Vec<_>>().join(", ")
}

/// What differs in a scenario, once for each reason, with the steps and one example.
fn reasons(scenario: &Scenario) -> Vec<String> {
    let mut found: Vec<(Option<&str>, Vec<&str>, &Difference)> = Vec::new();
    for answer in &scenario.answers {
        for difference in &answer.differences {
            let because = difference.because.as_deref();
            match found.iter_mut().find(|(other, _, _)| *other == because) {
                Some((_, steps, _)) if steps.contains(&answer.step.as_str()) => {}
                Some((_, steps, _)) => steps.push(&answer.step),
                None => found.push((because, vec![&answer.step], difference)),
            }
        }
    }
    let tell = |(because, steps, example): &(Option<&str>, Vec<&str>, &Difference)| {
        let Difference { field, kafka, ottla, because: _ } = example;
        let because = because.unwrap_or("**Without a reason.**");
        let steps = match steps.as_slice() {
            [first, second, third, _, ..] => {
                format!("{first}; {second}; {third}; and {} more", steps.len() - 3)
            }
            few => few.join("; "),
        };
        let example = format!("`{field}`: Kafka `{kafka}`, Ottla `{ottla}`").replace('|', "\\|");
        format!("- **{}** ({steps}): {because} {example}.", scenario.name)
    };
    found.iter().map(tell).collect()
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::findings::tests::line as found;

    #[test]
    fn each_reason_is_given_once_for_each_scenario() {
        let mut findings = Findings::default();
        for version in 3..=4 {
            findings.hear(&found("a", version, "explained", Some("It is so."))).unwrap();
            findings.hear(&found("b", version, "explained", Some("It is so."))).unwrap();
        }
        findings.hear(&found("d", 3, "different", None)).unwrap();
        let page = page(&findings);
        assert!(page.contains("| c | what | Produce v3–4 |  | 4 | 1 |"), "{page}");
        assert!(page.contains("- **c** (a; b): It is so. `error_code`: Kafka `1`, Ottla `2`.\n"), "{page}");
        assert!(page.contains("- **c** (d): **Without a reason.** `error_code`"), "{page}");
    }
}
