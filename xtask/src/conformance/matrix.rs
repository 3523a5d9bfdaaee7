//! Client × feature: what was heard, and how it is shown.

use super::Tally;
use super::packages::Setback;
use super::script::Ended;
use serde_json::Value;
use std::fmt::Write;
use std::process::Command;

/// A feature by the name that scripts report, and what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) asks: &'static str,
}

const fn feature(name: &'static str, asks: &'static str) -> Feature {
    Feature { name, asks }
}

/// The columns, in their order.
const FEATURES: &[Feature] = &[
    feature("create", "create a topic with three partitions and see it"),
    feature("none", "send records without compression and read them back equal"),
    feature("gzip", "the same with gzip"),
    feature("snappy", "the same with snappy"),
    feature("lz4", "the same with lz4"),
    feature("zstd", "the same with zstd"),
    feature("headers", "null and empty keys and values; a header key twice, empty and null header values"),
    feature("earliest", "read from the start: every record in order, offsets without gaps"),
    feature("timestamp", "find the offset of a point in time and read from there"),
    feature(
        "group",
        "three members share six partitions, one leaves, one joins: every record is processed once, \
         and no partition ever has two owners",
    ),
    feature("broadcast", "two groups get every record each"),
    feature("resume", "commit, leave, and go on after the commit"),
    feature("idempotent", "an idempotent producer's records have the offsets 0, 1, 2, …"),
    feature(
        "transactions",
        "committed transactions are read whole and aborted ones not at all, unless uncommitted records are asked for; \
         a group's offset counts when its transaction does",
    ),
    feature(
        "fencing",
        "a second producer with the same transactional id aborts what the first one has open, and the first one cannot \
         commit it",
    ),
    feature(
        "cooperative",
        "a second member takes two of four partitions; the first keeps the others throughout",
    ),
    feature("static", "a static member comes back and gets its partitions without a rebalance"),
    feature("configs", "read a topic's setting, change it and read the change"),
    feature("groups", "list and describe a group, delete it when it is empty"),
    feature("delete", "delete a topic and see it vanish"),
];

/// All features of clients.
pub(super) fn features() -> &'static [Feature] {
    FEATURES
}

/// Which column a feature has.
pub(super) fn column(name: &str) -> Option<usize> {
    FEATURES.iter().position(|feature| feature.name == name)
}

/// What is known of one feature of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nobody asked for it in this run.
    NotAsked,
    /// It was asked for, and the script has not answered.
    Silent,
    Passed,
    Failed,
    /// The client has no such thing.
    NotApplicable,
}

/// One client's answers.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) language: &'static str,
    /// As the client itself says it.
    pub(super) version: String,
    pub(super) features: &'static [Feature],
    pub(super) cells: Vec<Cell>,
    /// Feature and remark, in the order they were heard.
    pub(super) notes: Vec<(String, String)>,
    /// Why nothing could be asked.
    pub(super) skipped: Option<String>,
    /// Why the run as a whole went wrong.
    pub(super) fault: Option<String>,
    pub(super) seconds: f64,
}

impl Row {
    pub(super) fn new(name: &'static str, language: &'static str, features: &'static [Feature]) -> Self {
        Self {
            name,
            language,
            version: String::new(),
            features,
            cells: vec![Cell::Silent; features.len()],
            notes: Vec::new(),
            skipped: None,
            fault: None,
            seconds: 0.0,
        }
    }

    /// Nothing can be asked on this machine.
    pub(super) fn skip(&mut self, reason: &str) {
        self.skipped = Some(reason.to_owned());
        self.cells.fill(Cell::NotAsked);
    }

    /// The run itself failed before or after the script spoke.
    pub(super) fn fail(&mut self, reason: &str) {
        self.fault = Some(reason.to_owned());
    }

    /// The script's command; `None` if there is none, and then the row says why.
    pub(super) fn prepared(&mut self, prepared: Result<Command, Setback>) -> Option<Command> {
        match prepared {
            Ok(command) => return Some(command),
            Err(Setback::Skipped(reason)) => self.skip(&reason),
            Err(Setback::Failed(reason)) => self.fail(&reason),
        }
        None
    }

    /// Only these features are asked for.
    pub(super) fn limit_to(&mut self, wanted: &[String]) {
        for (feature, cell) in self.features.iter().zip(&mut self.cells) {
            if !wanted.iter().any(|name| name == feature.name) {
                *cell = Cell::NotAsked;
            }
        }
    }

    /// The names of what is asked for.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        let asked = self.features.iter().zip(&self.cells).filter(|(_, cell)| **cell != Cell::NotAsked);
        asked.map(|(feature, _)| feature.name).collect()
    }

    /// Takes one line of the script; what is no report is passed on to the terminal.
    pub(super) fn hear(&mut self, line: &str) {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(version) = value["version"].as_str() {
            version.clone_into(&mut self.version);
            return;
        }
        let name = value["feature"].as_str().unwrap_or_default();
        let Some(at) = self.features.iter().position(|feature| feature.name == name) else {
            println!("{}: {line}", self.name);
            return;
        };
        self.cells[at] = match value["ok"].as_bool() {
            Some(true) => Cell::Passed,
            Some(false) => Cell::Failed,
            None => Cell::NotApplicable,
        };
        let note = value["note"].as_str().unwrap_or_default();
        if !note.is_empty() {
            self.notes.push((name.to_owned(), note.to_owned()));
        }
    }

    /// The script is done: what it has not answered by now has failed.
    pub(super) fn close(&mut self, ended: Ended) {
        self.fault = ended.fault;
        self.seconds = ended.seconds;
        for (feature, cell) in self.features.iter().zip(&mut self.cells) {
            if *cell == Cell::Silent {
                *cell = Cell::Failed;
                self.notes.push((feature.name.to_owned(), "the script never answered".to_owned()));
            }
        }
    }

    fn cell(&self, feature: &str) -> Option<&Cell> {
        self.features.iter().position(|known| known.name == feature).map(|at| &self.cells[at])
    }

    pub(super) fn passed(&self, feature: &str) -> bool {
        self.cell(feature) == Some(&Cell::Passed)
    }

    pub(super) fn tally(&self) -> Tally {
        let count = |wanted: &[Cell]| self.cells.iter().filter(|cell| wanted.contains(cell)).count() as u64;
        if self.skipped.is_some() {
            return Tally { skipped: 1, ..Tally::default() };
        }
        let failed = count(&[Cell::Failed, Cell::Silent]);
        // A fault beyond the features counts once, so that it cannot pass unseen.
        let failed = if failed == 0 && self.fault.is_some() { 1 } else { failed };
        Tally { passed: count(&[Cell::Passed]), failed, skipped: 0 }
    }

    /// One line for the row, and one for each thing that is not well.
    pub(super) fn summary(&self) -> String {
        if let Some(reason) = &self.skipped {
            return format!("{}: skipped: {reason}", self.name);
        }
        let Tally { passed, failed, skipped: _ } = self.tally();
        let mut text = format!(
            "{} {}: {passed} passed, {failed} failed, {:.1} s",
            self.name, self.version, self.seconds
        );
        if let Some(fault) = &self.fault {
            write!(text, "\n  {fault}").expect("writing to a string");
        }
        for (feature, note) in &self.notes {
            if self.cell(feature) == Some(&Cell::Failed) {
                write!(text, "\n  {feature}: {note}").expect("writing to a string");
            }
        }
        text
    }
}

/// All rows of a run.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    /// The acceptance tests on real data, if they were run.
    pub(super) seeds: Option<Row>,
    /// The examples, if they were run.
    pub(super) examples: Option<Row>,
    /// The tests with Kafka's tools and data directories, if they were run.
    pub(super) files: Option<Row>,
    /// Members of consumer groups and share groups, if they were run.
    pub(super) groups: Vec<Row>,
    /// The applications of Kafka Streams, if they were run.
    pub(super) streams: Vec<Row>,
    /// Kafka's command-line tools beside Ottla's, if they were run.
    pub(super) tools: Option<Row>,
}

impl Matrix {
    pub(super) fn tally(&self) -> Tally {
        self.rows
            .iter()
            .chain(&self.files)
            .chain(&self.groups)
            .chain(&self.streams)
            .chain(&self.tools)
            .chain(&self.examples)
            .chain(&self.seeds)
            .map(Row::tally)
            .fold(Tally::default(), |sum, row| Tally {
                passed: sum.passed + row.passed,
                failed: sum.failed + row.failed,
                skipped: sum.skipped + row.skipped,
            })
    }

    /// The matrix for a terminal: features downwards, clients across by number.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let state = row.skipped.as_ref().map_or(String::new(), |_| " (skipped)".to_owned());
            writeln!(text, "{:>2}  {} {} {}{state}", number + 1, row.name, row.version, row.language)
                .expect("writing to a string");
        }
        if !self.rows.is_empty() {
            let numbers: Vec<String> = (1..=self.rows.len()).map(|number| format!("{number:>3}")).collect();
            writeln!(text, "\n{:<12}{}", "", numbers.concat()).expect("writing to a string");
        }
        for (at, feature) in FEATURES.iter().enumerate().filter(|_| !self.rows.is_empty()) {
            let cells: Vec<&str> = self.rows.iter().map(|row| sign(&row.cells[at])).collect();
            writeln!(text, "{:<12}{}", feature.name, cells.concat()).expect("writing to a string");
        }
        for row in self
            .files
            .iter()
            .chain(&self.groups)
            .chain(&self.streams)
            .chain(&self.tools)
            .chain(&self.examples)
            .chain(&self.seeds)
        {
            writeln!(text, "\n{}", row.name).expect("writing to a string");
            for (feature, cell) in row.features.iter().zip(&row.cells) {
                writeln!(text, "{:<12}{}  {}", feature.name, sign(cell), feature.asks)
                    .expect("writing to a string");
            }
        }
        text.push_str("\n✓ passed   ✗ failed   – does not apply   · not asked");
        text
    }
}

fn sign(cell: &Cell) -> &'static str {
    match cell {
        Cell::NotAsked => "  ·",
        Cell::Passed => "  ✓",
        Cell::Failed | Cell::Silent => "  ✗",
        Cell::NotApplicable => "  –",
    }
}
