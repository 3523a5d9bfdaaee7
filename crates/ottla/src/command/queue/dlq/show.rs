//! `ottla queue dlq show`.

use super::letters::{self, HISTORY, Letter, LetterId};
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::text;
use bytes::Bytes;
use ottla_base::Timestamp;
use ottla_client::Admin;
use serde_json::{Value, json};

/// Show one dead letter in full: its record, where that came from, why it was given up, and what became of each delivery.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue dlq show thumbnails 0/42
  ottla queue dlq show thumbnails 0/42 --output json | jq -r .value")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// The letter, as 'ottla queue dlq list' shows it.
    #[arg(value_name = "LETTER")]
    letter: LetterId,

    /// The topic with the letters, if it is not the one that the queue writes to now.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
}

/// Prints it.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let group = &arguments.group;
    let topic = letters::topic_needed(&Admin::new(&client), group, arguments.topic.as_deref()).await?;
    let found = letters::in_full(&client, &topic, &[arguments.letter]).await?;
    let letter = found.into_iter().find(|letter| letter.group == *group).ok_or_else(|| {
        Failure::not_found(format!("{topic} has no dead letter {} of queue {group}", arguments.letter))
    })?;
    match session.common.output {
        Form::Json => output::json(&machine(&letter)),
        Form::Human => human(&letter),
    }
}

fn shown(bytes: Option<&Bytes>) -> Value {
    json!(bytes.map(|bytes| text::of_bytes(bytes)))
}

/// What the letter tells besides the history, and a history that is none: anybody may write letters.
fn about(letter: &Letter) -> impl Iterator<Item = &(String, String)> {
    let has_history = history(letter).is_some();
    letter.about.iter().filter(move |(name, _)| !has_history || name != HISTORY)
}

/// The deliveries, oldest first, if the letter tells of them.
fn history(letter: &Letter) -> Option<Vec<Value>> {
    let told: Vec<Value> = serde_json::from_str(letter.tells(HISTORY)?).ok()?;
    told.iter().all(Value::is_object).then_some(told)
}

/// One delivery for people: when, to whom, and how it ended.
fn told(delivery: &Value) -> String {
    let or_none =
        |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
    let moment = |name: &str| or_none(delivery[name].as_i64().map(|ms| text::moment(Timestamp(ms))));
    let word = |name: &str| or_none(delivery[name].as_str().map(str::to_owned));
    let renewals = match delivery["renewals"].as_i64() {
        Some(renewals) if 0 < renewals => format!(", renewed {renewals} times"),
        _ => String::new(),
    };
    format!("{} to {} {}{renewals} ({})", moment("at"), moment("until"), word("ending"), word("member"))
}

fn machine(letter: &Letter) -> Value {
    let headers: Vec<Value> = letter
        .headers
        .iter()
        .map(|header| json!([text::of_bytes(&header.key), shown(header.value.as_ref())]))
        .collect();
    json!({
        "letter": letter.id.to_string(),
        "time": text::moment(letter.at),
        "queue": letter.group,
        "topic": &*letter.source.topic,
        "partition": letter.source.partition.0,
        "offset": letter.source_offset.0,
        "deliveries": letter.deliveries,
        "reason": letter.reason,
        "history": history(letter),
        "key": shown(letter.key.as_ref()),
        "value": shown(letter.value.as_ref()),
        "headers": headers,
        "about": about(letter).cloned().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn human(letter: &Letter) -> Outcome {
    output::line(format_args!("letter      {}", letter.id))?;
    output::line(format_args!("time        {}", text::moment(letter.at)))?;
    for (name, value) in about(letter) {
        output::line(format_args!("{name}  {value}"))?;
    }
    for delivery in history(letter).into_iter().flatten() {
        output::line(format_args!("delivery    {}", told(&delivery)))?;
    }
    for header in &letter.headers {
        let value = header.value.as_deref().map(text::of_bytes).unwrap_or_default();
        output::line(format_args!("header      {}={value}", text::of_bytes(&header.key)))?;
    }
    let shown = |bytes: Option<&Bytes>| bytes.map_or("-".to_owned(), |bytes| text::of_bytes(bytes));
    output::line(format_args!("key         {}", shown(letter.key.as_ref())))?;
    output::line(format_args!("value       {}", shown(letter.value.as_ref())))
}
