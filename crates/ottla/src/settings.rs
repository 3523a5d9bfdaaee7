//! Collects settings from where they can stand: a file, the environment, flags; each stronger than the one before.
//!
//! Names and meanings belong to `ottla_broker::config`; here is only reading and order.

mod environment;
pub(crate) mod properties;
mod toml_file;

use crate::exit::{Failure, Outcome, Status};
use ottla_broker::config::{Assignment, Origin};
use std::path::{Path, PathBuf};

/// Where to look for settings, the weakest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// What a mode of running presets; anything else is stronger.
    pub(crate) presets: Vec<Assignment>,
    /// A `server.properties` or a TOML file.
    pub(crate) file: Option<PathBuf>,
    /// What flags of their own set, such as `--listen`.
    pub(crate) flags: Vec<Assignment>,
    /// KEY=VALUE as given to `--set`.
    pub(crate) set: Vec<String>,
}

impl Sources {
    /// All settings, the weakest first.
    ///
    /// # Errors
    /// The file cannot be read or is malformed, or a `--set` has no `=`.
    pub(crate) fn collect(&self) -> Outcome<Vec<Assignment>> {
        let mut settings = self.presets.clone();
        if let Some(path) = &self.file {
            settings.extend(file(path)?);
        }
        settings.extend(environment::read(std::env::vars_os()));
        settings.extend(self.flags.iter().cloned());
        for text in &self.set {
            settings.push(set(text)?);
        }
        Ok(settings)
    }
}

fn file(path: &Path) -> Outcome<Vec<Assignment>> {
    let refused = |reason: String| Failure::new(Status::Config, format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| {
        refused(format!("the configuration file cannot be read ({error}): check the path given to --config"))
    })?;
    let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let found = if is_toml { toml_file::parse(&text) } else { properties::parse(&text) };
    let found = found.map_err(|(line, reason)| {
        Failure::new(Status::Config, format!("{}:{line}: {reason}", path.display()))
    })?;
    let assignment =
        |(line, name, value)| Assignment { name, value, origin: Origin::File(path.to_owned(), line) };
    Ok(found.into_iter().map(assignment).collect())
}

/// Reads KEY=VALUE.
pub(crate) fn set(text: &str) -> Outcome<Assignment> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::usage(format!("--set {text}: expected KEY=VALUE, such as num.partitions=6"))
    })?;
    let origin = Origin::Flag(format!("--set {text}"));
    Ok(Assignment { name: name.trim().to_owned(), value: value.to_owned(), origin })
}

/// Settings of a file: line (from 1), name, value; or the line and what is wrong with it.
type Parsed = Result<Vec<(usize, String, String)>, (usize, String)>;

#[cfg(test)]
mod tests;
