//! The words behind a tool's name, read by the rules of the library that Kafka's tools use.
//!
//! `--name value`, `--name=value` and the same with one dash; no abbreviations; whatever takes a value takes the next
//! word, even if that begins with a dash; words that belong to no flag are ignored, and so is everything behind `--`.

use super::Ran;
use super::error::{Stop, Trouble};
use std::fmt;
use std::str::FromStr;

/// One flag.
pub(super) struct Flag {
    name: &'static str,
    takes: Takes,
    /// For `--help`.
    doc: &'static str,
}

/// What stands behind a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// A value, called so in the help.
    Value(&'static str),
    /// A value, if the next word does not look like a flag.
    Perhaps(&'static str),
}

/// A flag that takes nothing.
pub(super) const fn switch(name: &'static str, doc: &'static str) -> Flag {
    Flag { name, takes: Takes::Nothing, doc }
}

/// A flag that takes a value, called so in the help.
pub(super) const fn value(name: &'static str, value: &'static str, doc: &'static str) -> Flag {
    Flag { name, takes: Takes::Value(value), doc }
}

/// A flag that takes a value, if the next word does not look like a flag.
pub(super) const fn perhaps(name: &'static str, value: &'static str, doc: &'static str) -> Flag {
    Flag { name, takes: Takes::Perhaps(value), doc }
}

/// The flag that every tool needs.
pub(super) const BOOTSTRAP_SERVER: Flag =
    value("bootstrap-server", "SERVERS", "the brokers to ask, HOST:PORT between commas; needed");
/// The flag of tools whose clients are no consumers and no producers.
pub(super) const COMMAND_CONFIG: Flag =
    value("command-config", "FILE", "settings of the client, as properties");

/// What a tool understands, and how it complains.
pub(super) struct Sheet {
    pub(super) tool: &'static str,
    pub(super) about: &'static str,
    pub(super) flags: &'static [Flag],
    pub(super) examples: &'static str,
    /// How it says that it does not understand its words.
    pub(super) misread: fn(String) -> Stop,
    /// How it says that a flag has several values, where one is asked for.
    pub(super) wrong_text: fn(String) -> Stop,
    /// The same where a number is asked for, and that a value is none.
    pub(super) wrong_number: fn(String) -> Stop,
    /// How it says that what was asked for failed.
    pub(super) failed: fn(Trouble) -> Stop,
}

/// Flags that every tool has.
const COMMON: &[Flag] =
    &[switch("help", "print this"), switch("version", "print the version of Kafka whose tool this is like")];

impl Sheet {
    fn all(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        self.flags.iter().chain(COMMON)
    }
}

/// The help of a tool.
impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Usage: {} FLAGS\n\n{}\n", self.tool, self.about)?;
        let typed = |flag: &Flag| match flag.takes {
            Takes::Nothing => format!("--{}", flag.name),
            Takes::Value(value) => format!("--{} {value}", flag.name),
            Takes::Perhaps(value) => format!("--{} [{value}]", flag.name),
        };
        let width = self.all().map(|flag| typed(flag).len()).max().unwrap_or(0);
        for flag in self.all() {
            writeln!(f, "  {:width$}  {}", typed(flag), flag.doc)?;
        }
        write!(f, "\nExamples:\n{}", self.examples)
    }
}

/// The flags that were given, in their order, each with its value.
pub(super) struct Given<'w> {
    flags: Vec<(&'static str, Option<&'w str>)>,
    sheet: &'static Sheet,
    words: &'w [String],
}

/// Reads the words.
///
/// # Errors
/// What is wrong with the first that is wrong, in the words of Kafka's tools.
pub(super) fn parse<'w>(sheet: &'static Sheet, words: &'w [String]) -> Result<Given<'w>, String> {
    let mut given = Given { flags: Vec::new(), sheet, words };
    let mut rest = words.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next().filter(|word| *word != "--") {
        let Some(text) = flag_text(word) else { continue };
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let Some(flag) = sheet.all().find(|flag| flag.name == name) else {
            return Err(format!("{name} is not a recognized option"));
        };
        let value = match flag.takes {
            Takes::Nothing => None,
            _ if !value.is_empty() => Some(value),
            Takes::Value(_) => Some(rest.next().ok_or(format!("Option {name} requires an argument"))?),
            Takes::Perhaps(_) => rest.next_if(|next| flag_text(next).is_none()),
        };
        given.flags.push((flag.name, value));
    }
    Ok(given)
}

/// What stands behind the dashes of a word that looks like a flag.
fn flag_text(word: &str) -> Option<&str> {
    word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|text| !text.is_empty())
}

impl<'w> Given<'w> {
    /// Whether the flag was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find_misspelt(name);
        self.flags.iter().any(|(given, _)| *given == name)
    }

    /// How many of these flags were given.
    pub(super) fn count(&self, names: &[&str]) -> usize {
        names.iter().filter(|name| self.has(name)).count()
    }

    /// The values of a flag that may come several times.
    pub(super) fn all(&self, name: &str) -> Vec<&'w str> {
        self.find_misspelt(name);
        self.flags.iter().filter(|(given, _)| *given == name).filter_map(|(_, value)| *value).collect()
    }

    /// The value of a flag.
    ///
    /// # Errors
    /// The flag was given with several values.
    pub(super) fn one(&self, name: &str) -> Ran<Option<&'w str>> {
        self.single(name).map_err(self.sheet.wrong_text)
    }

    /// The value of a flag as a number.
    ///
    /// # Errors
    /// It is none, or the flag was given with several values.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Ran<Option<T>> {
        let read =
            |text: &str| text.parse().map_err(|_| format!("Cannot parse argument '{text}' of option {name}"));
        let number = self.single(name).and_then(|text| text.map(read).transpose());
        number.map_err(self.sheet.wrong_number)
    }

    fn single(&self, name: &str) -> Result<Option<&'w str>, String> {
        match self.all(name)[..] {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(format!("Found multiple arguments for option {name}, but you asked for only one")),
        }
    }

    /// Finds questions for flags that there are not, in tests.
    fn find_misspelt(&self, name: &str) {
        debug_assert!(self.sheet.all().any(|flag| flag.name == name), "there is no flag --{name}");
    }

    /// Refuses unless all these flags were given.
    ///
    /// # Errors
    /// The first that was not.
    pub(super) fn require(&self, names: &[&str]) -> Ran {
        match names.iter().find(|name| !self.has(name)) {
            Some(name) => Err(Stop::Usage(format!("Missing required argument \"[{name}]\""))),
            None => Ok(()),
        }
    }

    /// Refuses if a flag was given together with any of these.
    ///
    /// # Errors
    /// The first that was.
    pub(super) fn exclude(&self, name: &str, others: &[&str]) -> Ran {
        match others.iter().find(|other| self.has(name) && self.has(other)) {
            Some(other) => {
                Err(Stop::Usage(format!("Option \"[{name}]\" can't be used with option \"[{other}]\"")))
            }
            None => Ok(()),
        }
    }

    /// The words as they were typed.
    pub(super) fn words(&self) -> &'w [String] {
        self.words
    }

    /// The flags that were given with their values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, Option<&'w str>)> {
        self.flags.iter().copied()
    }
}

#[cfg(test)]
mod tests;
