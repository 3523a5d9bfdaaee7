//! One configuration key and the facts about it.

use super::{Invalid, Parsed, Value};
use std::fmt;

/// Everything there is to know about one configuration key.
#[derive(Debug)]
pub struct Key {
    /// The name that files, variables and clients use, such as `retention.ms`.
    pub name: &'static str,
    /// How its text is read, and what DescribeConfigs calls its type.
    pub kind: Kind,
    /// The value when nobody sets one; `None` is Kafka's null.
    pub default: Option<&'static str>,
    /// Which values of its kind are accepted.
    pub valid: Valid,
    /// What a number counts.
    pub unit: Unit,
    /// What the key does and why its default is what it is.
    pub doc: &'static str,
    /// What it costs to set it low; empty where low has no meaning.
    pub low: &'static str,
    /// What it costs to set it high; empty where high has no meaning.
    pub high: &'static str,
    /// When a change takes effect.
    pub change: Change,
    /// Other keys of the broker that supply a value when this one has none, the strongest first.
    pub fallbacks: &'static [Fallback],
    /// Whether Ottla acts on it.
    pub effect: Effect,
    /// The rule of the Rust type behind the key, beyond [`Key::valid`].
    pub check: fn(&Parsed) -> Result<(), String>,
}

/// The type of a key on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Any text.
    Text,
    /// A 32-bit whole number.
    Int,
    /// A 16-bit whole number.
    Short,
    /// A 64-bit whole number.
    Long,
    /// A decimal number.
    Double,
    /// Texts between commas.
    List,
    /// The name of a Java class; kept as text.
    Class,
    /// A text that is never shown.
    Password,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing that has a unit.
    None,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Bytes.
    Bytes,
    /// Pieces of what the name says.
    Count,
    /// A share between 0 and 1.
    Ratio,
}

/// Which values of a kind are accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Valid {
    /// All of them.
    Any,
    /// Whole numbers from `min`.
    AtLeast(i64),
    /// Whole numbers from `min` to `max`, both included.
    Within {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// As `Within`, or the one number outside.
    WithinOr {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// The exception.
        or: i64,
    },
    /// Decimal numbers from 0 to 1, both included.
    Share,
    /// One of these texts; for a list, each element is one of them. Kafka lets one come twice, so we do, too.
    OneOf(&'static [&'static str]),
    /// Any text but the empty one.
    NotEmpty,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// At the next start; clients cannot change it.
    Restart,
    /// At once, for one broker or as the default of all.
    Live,
    /// At once, for one broker only (Kafka allows no cluster-wide default).
    LivePerBroker,
}

/// A key that supplies the value of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The broker key.
    pub name: &'static str,
    /// What its number is multiplied with, for a key in a larger unit. Negative values are kept as they are.
    pub factor: i64,
}

impl Fallback {
    /// The other key's value, unchanged.
    #[must_use]
    pub const fn to(name: &'static str) -> Self {
        Self { name, factor: 1 }
    }

    /// The other key counts minutes, this one milliseconds.
    #[must_use]
    pub const fn minutes(name: &'static str) -> Self {
        Self { name, factor: 60_000 }
    }

    /// The other key counts hours, this one milliseconds.
    #[must_use]
    pub const fn hours(name: &'static str) -> Self {
        Self { name, factor: 3_600_000 }
    }
}

/// Whether Ottla acts on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what the documentation says.
    Acts,
    /// It is accepted, validated, kept and described, so that tools that set it work; nothing follows from it.
    /// The text says why, as a sentence.
    Kept(&'static str),
}

impl Key {
    /// The facts that follow from the Rust type alone; the base of every entry.
    #[must_use]
    pub const fn of<T: Value>() -> Self {
        Self {
            name: "",
            kind: T::KIND,
            default: None,
            valid: T::VALID,
            unit: Unit::None,
            doc: "",
            low: "",
            high: "",
            change: Change::Restart,
            fallbacks: &[],
            effect: Effect::Acts,
            check: check::<T>,
        }
    }

    /// Reads `text` by the rules of this key.
    ///
    /// # Errors
    /// [`Invalid`] says what was expected instead.
    pub fn parse(&self, text: &str) -> Result<Parsed, Invalid> {
        let parsed = Parsed::read(self.kind, text).map_err(|expected| self.invalid(text, expected))?;
        self.valid.check(&parsed).map_err(|expected| self.invalid(text, expected))?;
        (self.check)(&parsed).map_err(|expected| self.invalid(text, expected))?;
        Ok(parsed)
    }

    /// The default as a value, [`Parsed::Null`] if there is none.
    ///
    /// # Panics
    /// If the entry's default breaks its own rule, which the tables' tests exclude.
    #[must_use]
    pub fn parse_default(&self) -> Parsed {
        match self.default {
            Some(text) => self.parse(text).expect("a declared default is valid"),
            None => Parsed::Null,
        }
    }

    /// Whether the value must not be shown.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// What a value must look like, for people: `a whole number of milliseconds, at least -1`.
    #[must_use]
    pub fn expectation(&self) -> String {
        let what = match (self.kind, self.unit) {
            (Kind::Int | Kind::Short | Kind::Long, Unit::None | Unit::Ratio) => "a whole number".to_owned(),
            (Kind::Int | Kind::Short | Kind::Long, Unit::Count) => "a whole number".to_owned(),
            (Kind::Int | Kind::Short | Kind::Long, unit) => format!("a whole number of {unit}"),
            (kind, _) => kind.to_string(),
        };
        match self.valid.describe() {
            Some(rule) => format!("{what}, {rule}"),
            None => what,
        }
    }

    pub(super) fn invalid(&self, text: &str, expected: String) -> Invalid {
        let expected = if expected.is_empty() { self.expectation() } else { expected };
        let value = if self.is_sensitive() { "(hidden)".to_owned() } else { text.to_owned() };
        Invalid { name: self.name, value, expected }
    }
}

fn check<T: Value>(parsed: &Parsed) -> Result<(), String> {
    T::from_parsed(parsed).map(drop)
}

impl Valid {
    /// Checks one value. The error is empty when [`Key::expectation`] already says all.
    fn check(&self, parsed: &Parsed) -> Result<(), String> {
        let fine = match (self, parsed) {
            (_, Parsed::Null) | (Self::Any, _) => true,
            (Self::AtLeast(min), Parsed::Integer(n)) => n >= min,
            (Self::Within { min, max }, Parsed::Integer(n)) => min <= n && n <= max,
            (Self::WithinOr { min, max, or }, Parsed::Integer(n)) => n == or || (min <= n && n <= max),
            (Self::Share, Parsed::Number(n)) => (0.0..=1.0).contains(n),
            (Self::OneOf(names), Parsed::Text(text)) => names.contains(&text.as_str()),
            (Self::OneOf(names), Parsed::List(texts)) => {
                texts.iter().all(|text| names.contains(&text.as_str()))
            }
            (Self::NotEmpty, Parsed::Text(text)) => !text.is_empty(),
            (Self::NotEmpty, Parsed::List(texts)) => !texts.is_empty(),
            _ => true,
        };
        if fine { Ok(()) } else { Err(String::new()) }
    }

    /// The rule for people, `None` if there is none.
    #[must_use]
    pub fn describe(&self) -> Option<String> {
        Some(match self {
            Self::Any => return None,
            Self::AtLeast(min) => format!("at least {min}"),
            Self::Within { min, max } => format!("from {min} to {max}"),
            Self::WithinOr { min, max, or } => format!("from {min} to {max}, or {or}"),
            Self::Share => "from 0 to 1".to_owned(),
            Self::OneOf(names) => format!("of: {}", names.join(", ")),
            Self::NotEmpty => "not empty".to_owned(),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "true or false",
            Self::Text => "a text",
            Self::Int | Self::Short | Self::Long => "a whole number",
            Self::Double => "a decimal number",
            Self::List => "a list of texts between commas",
            Self::Class => "a class name",
            Self::Password => "a secret text",
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "",
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Bytes => "bytes",
            Self::Count => "pieces",
            Self::Ratio => "share (0 to 1)",
        })
    }
}
