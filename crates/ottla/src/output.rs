//! What verbs print: tables for people, JSON lines for programs, questions and progress on a terminal only.

use crate::arguments::{Common, Form};
use crate::exit::{Failure, Outcome};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

/// Whether the user wants no colours anywhere (<https://no-color.org>).
pub(crate) fn is_colour_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Prints a line to standard output.
pub(crate) fn line(text: impl std::fmt::Display) -> Outcome {
    writeln!(io::stdout().lock(), "{text}").map_err(Failure::from)
}

/// Prints text as it is to standard output, all at once.
pub(crate) fn text(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::from)
}

/// Prints a line to standard error. That nobody reads it is no reason to do less or to end with another status.
pub(crate) fn aside(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a JSON value on a line of its own.
pub(crate) fn json(value: &Value) -> Outcome {
    line(value)
}

/// A note for people on standard error; programs that asked for JSON do not get it.
pub(crate) fn note(common: &Common, text: impl std::fmt::Display) {
    if common.output == Form::Human {
        aside(text);
    }
}

/// Prints rows under a header, or one JSON object for each row with the header's words as names.
pub(crate) fn rows(common: &Common, header: &[&str], rows: Vec<Vec<Value>>) -> Outcome {
    match common.output {
        Form::Human => line(table(header, &rows)),
        Form::Json => rows.into_iter().try_for_each(|row| {
            let named = header.iter().map(|name| name.replace([' ', '-'], "_")).zip(row);
            json(&Value::Object(named.collect()))
        }),
    }
}

/// Rows as JSON objects with the header's words as names.
pub(crate) fn named(header: &[&str], rows: Vec<Vec<Value>>) -> Vec<Value> {
    let names: Vec<String> = header.iter().map(|name| name.replace([' ', '-'], "_")).collect();
    rows.into_iter().map(|row| Value::Object(names.iter().cloned().zip(row).collect())).collect()
}

/// A length of time: milliseconds for programs, and for people as they say it: `12.3s`, `5m10s`, `3h2m`, `4d1h`.
pub(crate) fn duration(common: &Common, ms: Option<i64>) -> Value {
    match (ms, common.output) {
        (Some(ms), Form::Human) => Value::from(crate::text::duration(ms)),
        (ms, _) => Value::from(ms),
    }
}

/// Columns of text without borders, as wide as their content, so that `awk` works on them, too.
pub(crate) fn table(header: &[&str], rows: &[Vec<Value>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Asks before something is destroyed. Without a terminal to ask on, `--yes` is needed.
pub(crate) fn confirm(is_confirmed: bool, question: &str) -> Outcome {
    if is_confirmed {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "{question} There is no terminal to ask on: add --yes to go ahead"
        )));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was changed")),
    }
}

/// A progress line on standard error for work that may take long; invisible without a terminal.
pub(crate) fn progress(common: &Common, total: Option<u64>) -> ProgressBar {
    let is_visible =
        io::stderr().is_terminal() && !io::stdout().is_terminal() && common.output == Form::Human;
    if !is_visible {
        return ProgressBar::hidden();
    }
    let template = match total {
        Some(_) => "{bar:30} {human_pos}/{human_len} records, {per_sec}, {elapsed}",
        None => "{spinner} {human_pos} records, {per_sec}, {elapsed}",
    };
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A progress line for work that reads `total` bytes and prints only at its end; invisible without a terminal.
pub(crate) fn progress_bytes(common: &Common, total: u64) -> ProgressBar {
    if !io::stderr().is_terminal() || common.output != Form::Human {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let template = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {elapsed}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
