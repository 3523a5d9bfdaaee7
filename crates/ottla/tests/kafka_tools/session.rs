//! A session as text: command lines and what they printed.
//!
//! ```text
//! # a remark
//! $ kafka-topics --list        a command; --bootstrap-server is put in front of its flags
//! $! kafka-topics --list       a command without it
//! < text                       a line of its standard input
//! text                         a line of its standard output
//! ! text                       a line of its standard error
//! [1]                          its status, unless that is 0
//! & 3 kafka-console-consumer … starts a member of a group, and waits until it has printed three lines
//! & stop                       stops all of them
//! > name text                  a line of the file that a command names as @name
//! ```
//!
//! A line of output that could be taken for something else has a backslash in front, and one that ends with a blank
//! has a `¶` behind it. What is new in every run is blotted out, without a change of its length: ports, topic ids,
//! the ids of members, and times.

use regex_lite::{Captures, Regex};
use std::path::Path;

/// A session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    steps: Vec<(Step, Option<Run>)>,
}

/// Something that is done.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Remark(String),
    Command { words: Vec<String>, input: String, line: String },
    Start { lines: usize, words: Vec<String> },
    Stop,
    File { name: String, line: String },
}

/// What became of a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) output: String,
    pub(crate) errors: String,
    pub(crate) status: i32,
}

impl Session {
    /// Reads the steps of a session; what they printed is not needed.
    pub(crate) fn read(text: &str) -> Self {
        let mut steps = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') {
                steps.push((Step::Remark(line.to_owned()), None));
            } else if line == "& stop" {
                steps.push((Step::Stop, None));
            } else if let Some(rest) = line.strip_prefix("& ") {
                let (lines, rest) = rest.split_once(' ').unwrap();
                steps.push((Step::Start { lines: lines.parse().unwrap(), words: words(rest) }, None));
            } else if let Some((name, line)) = line.strip_prefix("> ").and_then(|rest| rest.split_once(' ')) {
                steps.push((Step::File { name: name.to_owned(), line: line.to_owned() }, None));
            } else if let Some(rest) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("$! ")) {
                let command =
                    Step::Command { words: words(rest), input: String::new(), line: line.to_owned() };
                steps.push((command, None));
            } else if let Some(text) = line.strip_prefix("< ") {
                let Some((Step::Command { input, .. }, _)) = steps.last_mut() else { panic!("{line}") };
                input.push_str(&format!("{text}\n"));
            }
        }
        Self { steps }
    }

    /// Does everything again.
    pub(crate) fn replay(&self, mut run: impl FnMut(&Step) -> Option<Run>) -> Self {
        Self { steps: self.steps.iter().map(|(step, _)| (step.clone(), run(step))).collect() }
    }

    /// The session with what was printed.
    pub(crate) fn text(&self) -> String {
        self.steps
            .iter()
            .map(|(step, run)| step.text() + &run.as_ref().map(Run::text).unwrap_or_default())
            .collect()
    }
}

impl Step {
    fn text(&self) -> String {
        match self {
            Self::Remark(line) => format!("{line}\n"),
            Self::Command { input, line, .. } => {
                input.lines().fold(format!("{line}\n"), |text, line| text + "< " + line + "\n")
            }
            Self::Start { lines, words } => format!("& {lines} {}\n", words.join(" ")),
            Self::Stop => "& stop\n".to_owned(),
            Self::File { name, line } => format!("> {name} {line}\n"),
        }
    }

    /// The tool of a command and its flags: the broker's address first, and files where they are.
    pub(crate) fn words(&self, address: &str, files: &Path) -> (String, Vec<String>) {
        let Self::Command { words, line, .. } = self else { panic!("{self:?} is no command") };
        let (tool, rest) = words.split_first().unwrap();
        let mut words = Vec::new();
        if !line.starts_with("$!") {
            words.extend(["--bootstrap-server".to_owned(), address.to_owned()]);
        }
        words.extend(rest.iter().map(|word| match word.strip_prefix('@') {
            Some(name) => files.join(name).display().to_string(),
            None => word.clone(),
        }));
        (tool.clone(), words)
    }

    pub(crate) fn input(&self) -> &str {
        match self {
            Self::Command { input, .. } => input,
            Self::Remark(_) | Self::Start { .. } | Self::Stop | Self::File { .. } => "",
        }
    }
}

impl Run {
    fn text(&self) -> String {
        let mut text = String::new();
        for line in blotted(&self.output).lines() {
            let odd = line.starts_with(['$', '<', '>', '!', '[', '&', '#', '\\']);
            let (before, behind) = (if odd { "\\" } else { "" }, if line.ends_with(' ') { "¶" } else { "" });
            text.push_str(&format!("{before}{line}{behind}\n"));
        }
        for line in own(&blotted(&self.errors)) {
            text.push_str(&format!("! {line}\n"));
        }
        if self.status != 0 {
            text.push_str(&format!("[{}]\n", self.status));
        }
        text
    }
}

/// The lines of standard error that a tool says itself: no log, no stack trace, no help.
fn own(errors: &str) -> Vec<String> {
    const HELP: [&str; 2] = ["Option  ", "Usage: "];
    const NOISE: [&str; 10] = [
        "\tat ",
        "\t... ",
        "Caused by",
        "java.",
        "joptsimple.",
        "org.apache.kafka.",
        "Tools$",
        "null",
        "WARN New offset",
        "The consumer rebalance protocol (KIP-848)",
    ];
    let is_log = |line: &str| {
        line.starts_with('[')
            || line.contains("] ERROR ")
            || line.contains("] WARN ")
            || line.contains("] INFO ")
    };
    let lines = errors.lines().take_while(|line| !HELP.iter().any(|help| line.starts_with(help)));
    let lines = lines.filter(|line| !NOISE.iter().any(|noise| line.starts_with(noise)) && !is_log(line));
    lines.map(|line| in_order(line.trim_end())).filter(|line| !line.is_empty()).collect()
}

/// The line with the flags of a list, `[b], [a]`, in order: Kafka's tools name them as they come out of a set.
fn in_order(line: &str) -> String {
    let list = Regex::new(r"\[[a-z-]+\](, \[[a-z-]+\])+").unwrap();
    let sorted = |found: &Captures<'_>| {
        let mut flags: Vec<&str> = found[0].split(", ").collect();
        flags.sort_unstable();
        flags.join(", ")
    };
    list.replace_all(line, sorted).into_owned()
}

/// Blots out what is new in every run.
fn blotted(text: &str) -> String {
    const PATTERNS: [&str; 4] = [
        r"127\.0\.0\.1:\d+",
        r"TopicId: [A-Za-z0-9_-]{22}",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"(CreateTime|LogAppendTime):\d{13}",
    ];
    let mut text = text.to_owned();
    for pattern in PATTERNS {
        let regex = Regex::new(pattern).unwrap();
        let blot = |found: &Captures<'_>| {
            let (kept, hidden) = match found[0].split_once(": ").or_else(|| found[0].split_once(':')) {
                Some((kept, hidden)) => {
                    (format!("{kept}{}", &found[0][kept.len()..found[0].len() - hidden.len()]), hidden)
                }
                None => (String::new(), &found[0]),
            };
            kept + &"*".repeat(hidden.len())
        };
        text = regex.replace_all(&text, blot).into_owned();
    }
    text
}

/// Splits a command line at blanks outside of single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut is_inside = false;
    let mut word: Option<String> = None;
    for c in line.chars() {
        match c {
            '\'' => {
                is_inside = !is_inside;
                word.get_or_insert_default();
            }
            ' ' if !is_inside => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
