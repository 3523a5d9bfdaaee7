//! What the program that asks found: one JSON line for each answer that was compared.

use super::Count;
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What came of comparing one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every field is the same.
    Same,
    /// What differs has its reason.
    Explained,
    /// Something differs that should not.
    Different,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) kafka: String,
    pub(super) ottla: String,
    pub(super) because: Option<String>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) step: String,
    pub(super) api: String,
    pub(super) version: i64,
    pub(super) verdict: Verdict,
    pub(super) differences: Vec<Difference>,
}

/// The answers of one scenario.
#[derive(Debug, Default)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) asks: String,
    pub(super) answers: Vec<Answer>,
}

/// The scenarios of one subject.
#[derive(Debug, Default)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) scenarios: Vec<Scenario>,
}

/// The versions of an API that each broker offers.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) api: String,
    pub(super) key: i64,
    pub(super) kafka: Option<RangeInclusive<i64>>,
    pub(super) ottla: Option<RangeInclusive<i64>>,
}

/// Everything, in the order in which it was asked.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) offered: Vec<Offered>,
    pub(super) subjects: Vec<Subject>,
}

impl Findings {
    /// Takes a line of the program.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn hear(&mut self, line: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("{line:?}: {error}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(api) = value["offered"].as_str() {
            let versions = |of: &Value| Some(of[0].as_i64()?..=of[1].as_i64()?);
            self.offered.push(Offered {
                api: api.to_owned(),
                key: value["key"].as_i64().unwrap_or(-1),
                kafka: versions(&value["kafka"]),
                ottla: versions(&value["ottla"]),
            });
            return Ok(());
        }
        let verdict = match value["verdict"].as_str() {
            Some("same") => Verdict::Same,
            Some("explained") => Verdict::Explained,
            _ => Verdict::Different,
        };
        let differences = value["differences"].as_array().into_iter().flatten().map(|one| Difference {
            field: text(&one["field"]),
            kafka: text(&one["kafka"]),
            ottla: text(&one["ottla"]),
            because: one["because"].as_str().map(str::to_owned),
        });
        let answer = Answer {
            step: text(&value["step"]),
            api: text(&value["api"]),
            version: value["version"].as_i64().unwrap_or(-1),
            verdict,
            differences: differences.collect(),
        };
        let subject = entry(&mut self.subjects, |subject| value["subject"] == *subject.name);
        (subject.name, subject.about) = (text(&value["subject"]), text(&value["about"]));
        let scenario = entry(&mut subject.scenarios, |scenario| value["scenario"] == *scenario.name);
        (scenario.name, scenario.asks) = (text(&value["scenario"]), text(&value["asks"]));
        scenario.answers.push(answer);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    fn answers(&self) -> impl Iterator<Item = (&Subject, &Scenario, &Answer)> {
        self.subjects.iter().flat_map(|subject| {
            let scenarios = subject.scenarios.iter();
            scenarios.flat_map(move |scenario| {
                scenario.answers.iter().map(move |answer| (subject, scenario, answer))
            })
        })
    }

    /// The versions in which an API was asked, some of them many times.
    pub(super) fn versions_of(&self, api: &str) -> impl Iterator<Item = i64> {
        self.answers().filter(move |(_, _, answer)| answer.api == api).map(|(_, _, answer)| answer.version)
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.answers().filter(|(_, _, answer)| answer.verdict == verdict).count()
    }

    /// Answers that differ without a reason.
    fn different(&self) -> usize {
        self.count(Verdict::Different)
    }

    /// # Errors
    /// If anything differs without a reason.
    pub(super) fn outcome(&self) -> Outcome {
        match self.different() {
            0 => Ok(()),
            count => {
                Err(format!("oracle: {count} answers differ from those of Apache Kafka without a reason"))
            }
        }
    }

    /// Scenarios in which every answer is the same or explained, and others.
    pub(super) fn scenarios(&self) -> Count {
        let mut count = Count::default();
        for scenario in self.subjects.iter().flat_map(|subject| &subject.scenarios) {
            let is_well = scenario.answers.iter().all(|answer| answer.verdict != Verdict::Different);
            if is_well { count.passed += 1 } else { count.failed += 1 }
        }
        count
    }

    /// `N same, N explained, N different`.
    pub(super) fn summary(&self) -> String {
        let [same, explained, different] =
            [Verdict::Same, Verdict::Explained, Verdict::Different].map(|verdict| self.count(verdict));
        format!("{same} same, {explained} explained, {different} different")
    }

    /// What differs without a reason, one line for each step and field, whatever the versions.
    pub(super) fn differences(&self) -> String {
        let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let mut order = Vec::new();
        for (subject, scenario, answer) in self.answers() {
            for Difference { field, kafka, ottla, because } in &answer.differences {
                if because.is_some() || answer.verdict != Verdict::Different {
                    continue;
                }
                let place = format!("{}/{} [{}] {}", subject.name, scenario.name, answer.step, answer.api);
                let line = format!("{place} VERSIONS {field}: Kafka {kafka}, Ottla {ottla}");
                if !versions.contains_key(&line) {
                    order.push(line.clone());
                }
                versions.entry(line).or_default().push(answer.version);
            }
        }
        let shown = order.iter().map(|line| line.replacen("VERSIONS", &range(&versions[line]), 1));
        shown.collect::<Vec<_>>().join("\n")
    }
}

/// `v3–13`, or each version by itself where they do not follow each other.
pub(super) fn range(versions: &[i64]) -> String {
    let mut sorted = versions.to_vec();
    // A question that was none of an API has no version.
    sorted.retain(|version| 0 <= *version);
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.as_slice() {
        [] => String::new(),
        [one] => format!("v{one}"),
        [first, .., last] if sorted.iter().copied().eq(*first..=*last) => format!("v{first}–{last}"),
        more => format!("v{}", more.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The last element if it is the wanted one, else a new one.
fn entry<T: Default>(list: &mut Vec<T>, is_wanted: impl Fn(&T) -> bool) -> &mut T {
    if !list.last().is_some_and(is_wanted) {
        list.push(T::default());
    }
    list.last_mut().expect("one was pushed if there was none")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A line as the program prints it.
    pub(in crate::oracle) fn line(step: &str, version: i64, verdict: &str, because: Option<&str>) -> String {
        let differences = match verdict {
            "same" => serde_json::json!([]),
            _ => {
                serde_json::json!([{ "field": "error_code", "kafka": "1", "ottla": "2", "because": because }])
            }
        };
        serde_json::json!({
            "subject": "s", "about": "About.", "scenario": "c", "asks": "what", "step": step, "api": "Produce",
            "version": version, "verdict": verdict, "fields": 3, "differences": differences,
        })
        .to_string()
    }

    #[test]
    fn differences_without_a_reason_are_told_once_for_all_versions() {
        let mut findings = Findings::default();
        for version in 3..=5 {
            findings.hear(&line("a", version, "different", None)).unwrap();
        }
        findings.hear(&line("b", 3, "same", None)).unwrap();
        findings.hear(&line("c", 3, "explained", Some("so"))).unwrap();
        assert_eq!(findings.differences(), "s/c [a] Produce v3–5 error_code: Kafka 1, Ottla 2");
        assert_eq!(findings.summary(), "1 same, 1 explained, 3 different");
        assert!(findings.outcome().is_err());
        assert_eq!(findings.scenarios(), Count { passed: 0, failed: 1 });
    }

    #[test]
    fn versions_are_told_as_a_range_where_they_follow_each_other() {
        assert_eq!(range(&[3, 4, 5]), "v3–5");
        assert_eq!(range(&[9, 3, 9]), "v3, 9");
        assert_eq!(range(&[7]), "v7");
        assert_eq!(range(&[-1]), "");
        assert_eq!(range(&[-1, 0]), "v0");
    }
}
