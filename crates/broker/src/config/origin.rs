//! Where a setting comes from, and what became of it.

use ottla_base::config::Invalid;
use std::fmt;
use std::path::PathBuf;

/// One setting as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The key's name as written.
    pub name: String,
    /// Its value as written.
    pub value: String,
    /// Where.
    pub origin: Origin,
}

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file, at this line (from 1).
    File(PathBuf, usize),
    /// In this environment variable.
    Environment(String),
    /// In this argument of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A setting that was found and is not used: worth a line in the log, never a reason to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nobody knows the name.
    Unknown {
        /// The name as written.
        name: String,
        /// Where.
        origin: Origin,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Apache Kafka knows the name, Ottla has no use for it.
    Unused {
        /// The name as written.
        name: String,
        /// Where.
        origin: Origin,
        /// Why.
        reason: &'static str,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, origin, nearest: Some(nearest) } => {
                write!(f, "{origin}: '{name}' is not a setting and is ignored; did you mean '{nearest}'?")
            }
            Self::Unknown { name, origin, nearest: None } => {
                write!(f, "{origin}: '{name}' is not a setting and is ignored")
            }
            Self::Unused { name, origin, reason } => {
                write!(f, "{origin}: '{name}' is a Kafka setting that does nothing here: {reason}")
            }
        }
    }
}

/// A setting that cannot be used, so that the broker must not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where the value was found; `None` where several settings contradict each other.
    pub origin: Option<Origin>,
    /// What is wrong and what to write instead.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn of(origin: &Origin, invalid: &Invalid) -> Self {
        Self { origin: Some(origin.clone()), reason: invalid.to_string() }
    }

    pub(crate) fn of_combination(reason: impl Into<String>) -> Self {
        Self { origin: None, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{origin}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Refusal {}
