//! A configuration value after its text was read.

use super::Kind;
use std::fmt;

/// The value of a key, typed by its [`Kind`]. Its `Display` is the form that DescribeConfigs shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Not set, and without default.
    Null,
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Int`], [`Kind::Short`] or [`Kind::Long`].
    Integer(i64),
    /// Of [`Kind::Double`].
    Number(f64),
    /// Of [`Kind::Text`], [`Kind::Class`] or [`Kind::Password`].
    Text(String),
    /// Of [`Kind::List`].
    List(Vec<String>),
}

impl Parsed {
    /// Reads `text` as `kind`: blanks around it do not count, `true` and `false` are read in any case.
    ///
    /// # Errors
    /// The text is no such value. The message is empty unless it knows more than the kind says.
    pub fn read(kind: Kind, text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = |min: i64, max: i64| match text.parse::<i64>() {
            Ok(n) if min <= n && n <= max => Ok(Self::Integer(n)),
            Ok(_) => Err(format!("a whole number from {min} to {max}")),
            Err(_) => Err(String::new()),
        };
        match kind {
            Kind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Self::Boolean(true)),
            Kind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Self::Boolean(false)),
            Kind::Boolean => Err(String::new()),
            Kind::Text | Kind::Class | Kind::Password => Ok(Self::Text(text.to_owned())),
            Kind::Int => whole(i64::from(i32::MIN), i64::from(i32::MAX)),
            Kind::Short => whole(i64::from(i16::MIN), i64::from(i16::MAX)),
            Kind::Long => whole(i64::MIN, i64::MAX),
            Kind::Double => match text.parse::<f64>() {
                Ok(n) if !n.is_nan() => Ok(Self::Number(n)),
                _ => Err(String::new()),
            },
            Kind::List if text.is_empty() => Ok(Self::List(Vec::new())),
            Kind::List => Ok(Self::List(text.split(',').map(|part| part.trim().to_owned()).collect())),
        }
    }

    /// A number in this unit from one in a unit `factor` times as large. Only whole, non-negative numbers
    /// change: -1 means "no limit" in every unit.
    #[must_use]
    pub fn scaled(self, factor: i64) -> Self {
        match self {
            Self::Integer(n) if n > 0 => Self::Integer(n.saturating_mul(factor)),
            other => other,
        }
    }
}

impl fmt::Display for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Boolean(b) => b.fmt(f),
            Self::Integer(n) => n.fmt(f),
            // Java writes 1.0 and 1.5E10 where Rust writes 1 and 15000000000.
            Self::Number(n) => f.write_str(&format!("{n:?}").replace('e', "E")),
            Self::Text(text) => f.write_str(text),
            Self::List(texts) => f.write_str(&texts.join(",")),
        }
    }
}
