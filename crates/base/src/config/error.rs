//! Why a value is refused.

use std::fmt;

/// A value that its key does not accept. The caller shows it with where the value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The key.
    pub name: &'static str,
    /// The refused text, hidden for passwords.
    pub value: String,
    /// What it should have been: the cure.
    pub expected: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be '{}': expected {}", self.name, self.value, self.expected)
    }
}

impl std::error::Error for Invalid {}
