//! Two transcripts of one scenario, step by step.

use crate::scenario::{Difference, Scenario, Subject};
use crate::side::{Answer, Transcript};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One JSON line per step that at least one broker answered.
pub fn lines(subject: &Subject, scenario: &Scenario, kafka: &Transcript, ottla: &Transcript) -> Vec<Value> {
    let steps = kafka.answers.len().max(ottla.answers.len());
    let mut lines: Vec<Value> =
        (0..steps).map(|at| line(subject, scenario, kafka.answers.get(at), ottla.answers.get(at))).collect();
    if kafka.broke != ottla.broke {
        let said =
            |transcript: &Transcript| transcript.broke.clone().unwrap_or_else(|| "went through".to_owned());
        let differing = json!([{ "field": "the scenario", "kafka": said(kafka), "ottla": said(ottla) }]);
        lines.push(head(subject, scenario, "end", "", -1, "different", 1, differing));
    } else if let Some(why) = &kafka.broke {
        let differing = json!([{ "field": "the scenario", "kafka": why, "ottla": why }]);
        lines.push(head(subject, scenario, "end", "", -1, "broken", 1, differing));
    }
    lines.extend(stale(subject, scenario, &lines));
    lines
}

/// A reason for what does not differ any more is a fault, too: the document would tell what is not so.
fn stale(subject: &Subject, scenario: &Scenario, lines: &[Value]) -> Vec<Value> {
    let differing = |line: &Value| -> Vec<(String, String)> {
        let step = line["step"].as_str().unwrap_or_default().to_owned();
        let fields = line["differences"].as_array().into_iter().flatten();
        fields.map(|one| (step.clone(), one["field"].as_str().unwrap_or_default().to_owned())).collect()
    };
    let found: Vec<(String, String)> = lines.iter().flat_map(differing).collect();
    let is_stale = |meant: &&Difference| !found.iter().any(|(step, field)| meant.explains(step, field));
    let stale = scenario.differs.iter().filter(is_stale).map(|meant| {
        let differing = json!([{ "field": meant.field, "kafka": "the same", "ottla": meant.because }]);
        let step = format!("a reason for \"{}\" where nothing differs", meant.step);
        head(subject, scenario, &step, "", -1, "different", 0, differing)
    });
    stale.collect()
}

fn line(subject: &Subject, scenario: &Scenario, kafka: Option<&Answer>, ottla: Option<&Answer>) -> Value {
    let any = kafka.or(ottla).expect("a step has at least one answer");
    let differing = differing(kafka, ottla);
    let mut verdict = "same";
    let told: Vec<Value> = differing
        .iter()
        .map(|(field, kafka, ottla)| {
            let reason = reason(scenario.differs, &any.step, field);
            verdict = match (verdict, reason) {
                ("different", _) | (_, None) => "different",
                (_, Some(_)) => "explained",
            };
            json!({ "field": field, "kafka": kafka, "ottla": ottla, "because": reason })
        })
        .collect();
    head(subject, scenario, &any.step, any.api, any.version, verdict, any.fields.len(), told.into())
}

#[allow(clippy::too_many_arguments)]
fn head(
    subject: &Subject,
    scenario: &Scenario,
    step: &str,
    api: &str,
    version: i16,
    verdict: &str,
    fields: usize,
    differences: Value,
) -> Value {
    json!({
        "subject": subject.name, "about": subject.about, "scenario": scenario.name, "asks": scenario.asks,
        "step": step, "api": api, "version": version, "verdict": verdict, "fields": fields,
        "differences": differences,
    })
}

/// Field, what Kafka said, what Ottla said.
fn differing(kafka: Option<&Answer>, ottla: Option<&Answer>) -> Vec<(String, String, String)> {
    let (Some(kafka), Some(ottla)) = (kafka, ottla) else {
        let said = |answer: Option<&Answer>| answer.map_or("no such step", |_| "a step").to_owned();
        return vec![("the step".to_owned(), said(kafka), said(ottla))];
    };
    if (kafka.api, &kafka.step, kafka.version) != (ottla.api, &ottla.step, ottla.version) {
        return vec![("the step".to_owned(), kafka.step.clone(), ottla.step.clone())];
    }
    let theirs: BTreeMap<&str, &str> = map(kafka);
    let ours: BTreeMap<&str, &str> = map(ottla);
    let fields = kafka.fields.iter().chain(&ottla.fields).map(|(field, _)| field.as_str());
    let mut seen = Vec::new();
    for field in fields {
        if theirs.get(field) != ours.get(field) && !seen.contains(&field) {
            seen.push(field);
        }
    }
    let said = |map: &BTreeMap<&str, &str>, field| (*map.get(field).unwrap_or(&"absent")).to_owned();
    let told = seen.into_iter().map(|field| (field.to_owned(), said(&theirs, field), said(&ours, field)));
    told.filter(|(field, kafka, ottla)| !is_worded(field, kafka, ottla)).collect()
}

fn map(answer: &Answer) -> BTreeMap<&str, &str> {
    answer.fields.iter().map(|(field, value)| (field.as_str(), value.as_str())).collect()
}

fn reason(differs: &'static [Difference], step: &str, field: &str) -> Option<&'static str> {
    differs.iter().find(|meant| meant.explains(step, field)).map(|meant| meant.because)
}

/// Every refusal of Ottla says its cause and a cure, also where Kafka sends the code alone. Only words that are missing
/// are a difference.
fn is_worded(field: &str, kafka: &str, ottla: &str) -> bool {
    let field = field.split(" (time ").next().unwrap_or(field);
    field.ends_with("error_message") && kafka == "none" && ottla == "some words"
}
