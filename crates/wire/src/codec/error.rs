//! Why bytes are no message, and why a message cannot be written.

use std::fmt;

/// The bytes are not the message that they should be. The connection that sent them cannot be trusted to be in
/// step any more: answer nothing and close it.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Place<DecodeProblem>>);

/// The message cannot be written in this version: a bug of the caller, or a value too large for the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodeError(Box<Place<EncodeProblem>>);

/// What is wrong with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The message has no such version.
    Version,
    /// More bytes are needed than are left.
    Short {
        /// How many bytes the field takes, or at least takes.
        needed: usize,
        /// How many are left.
        left: usize,
    },
    /// A varint does not end, or its value does not fit.
    Varint,
    /// A null where the version allows none.
    Null,
    /// Text that is not UTF-8.
    Utf8,
    /// Text that is longer than any may be.
    Long {
        /// How many bytes it claims to have.
        length: usize,
    },
    /// An array with more elements than any request may have.
    Elements {
        /// How many it claims to have.
        count: usize,
    },
    /// More tagged fields than any structure may have.
    Tags {
        /// How many it claims to have.
        count: usize,
    },
    /// Tags are not in ascending order, or one stands there twice.
    TagOrder,
    /// A tagged field whose content is shorter than its size.
    TagSize,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeProblem {
    /// The message has no such version.
    Version,
    /// The field is set, and this version has no place for it.
    Absent,
    /// The field is null, and this version has no null for it.
    Null,
    /// The length does not fit its prefix.
    Long {
        /// The length in bytes or elements.
        length: usize,
    },
}

#[derive(Clone, PartialEq, Eq)]
struct Place<P> {
    message: &'static str,
    version: i16,
    field: &'static str,
    position: usize,
    problem: P,
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(
        message: &'static str,
        version: i16,
        field: &'static str,
        position: usize,
        problem: DecodeProblem,
    ) -> Self {
        Self(Box::new(Place { message, version, field, position, problem }))
    }

    /// What is wrong.
    pub fn problem(&self) -> DecodeProblem {
        self.0.problem
    }

    /// The message that was being read.
    pub fn message(&self) -> &'static str {
        self.0.message
    }

    /// The version in which it was being read.
    pub fn version(&self) -> i16 {
        self.0.version
    }

    /// The field at fault, as `Field` or `Structure.Field`; empty if it is none in particular.
    pub fn field(&self) -> &'static str {
        self.0.field
    }

    /// The position at which reading the field failed, in bytes from the start of the reader.
    pub fn position(&self) -> usize {
        self.0.position
    }
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(
        message: &'static str,
        version: i16,
        field: &'static str,
        problem: EncodeProblem,
    ) -> Self {
        Self(Box::new(Place { message, version, field, position: 0, problem }))
    }

    /// What is wrong.
    pub fn problem(&self) -> EncodeProblem {
        self.0.problem
    }

    /// The field at fault, as `Field` or `Structure.Field`; empty if it is none in particular.
    pub fn field(&self) -> &'static str {
        self.0.field
    }
}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("this version does not exist"),
            Self::Short { needed, left } => write!(f, "{needed} bytes needed, {left} left"),
            Self::Varint => f.write_str("a variable-length number does not end or is too large"),
            Self::Null => f.write_str("null is not allowed here"),
            Self::Utf8 => f.write_str("text is not UTF-8"),
            Self::Long { length } => write!(f, "{length} bytes are more than text may have"),
            Self::Elements { count } => write!(f, "{count} elements are more than an array may have"),
            Self::Tags { count } => write!(f, "{count} tagged fields are more than a structure may have"),
            Self::TagOrder => f.write_str("tags do not ascend"),
            Self::TagSize => f.write_str("a tagged field is larger than its content"),
        }
    }
}

impl fmt::Display for EncodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("this version does not exist"),
            Self::Absent => f.write_str("is set, and this version has no such field"),
            Self::Null => f.write_str("is null, and this version allows none"),
            Self::Long { length } => write!(f, "a length of {length} does not fit"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { message, version, field, position, problem } = &*self.0;
        let dot = if field.is_empty() { "" } else { "." };
        write!(f, "{message}{dot}{field} version {version}, byte {position}: {problem}")
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { message, version, field, position: _, problem } = &*self.0;
        let dot = if field.is_empty() { "" } else { "." };
        write!(f, "{message}{dot}{field} version {version}: {problem}")
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl fmt::Debug for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodeError({self})")
    }
}

impl std::error::Error for DecodeError {}
impl std::error::Error for EncodeError {}
