//! `ottla queue dlq show`.

use super::letters::{self, Letter, LetterId};
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::text;
use bytes::Bytes;
use ottla_client::Admin;
use serde_json::{Value, json};

/// Show one dead letter in full: its record, where that came from, and why it was given up.
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
        "key": shown(letter.key.as_ref()),
        "value": shown(letter.value.as_ref()),
        "headers": headers,
        "about": letter.about.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn human(letter: &Letter) -> Outcome {
    output::line(format_args!("letter      {}", letter.id))?;
    output::line(format_args!("time        {}", text::moment(letter.at)))?;
    for (name, value) in &letter.about {
        output::line(format_args!("{name}  {value}"))?;
    }
    for header in &letter.headers {
        let value = header.value.as_deref().map(text::of_bytes).unwrap_or_default();
        output::line(format_args!("header      {}={value}", text::of_bytes(&header.key)))?;
    }
    let shown = |bytes: Option<&Bytes>| bytes.map_or("-".to_owned(), |bytes| text::of_bytes(bytes));
    output::line(format_args!("key         {}", shown(letter.key.as_ref())))?;
    output::line(format_args!("value       {}", shown(letter.value.as_ref())))
}
