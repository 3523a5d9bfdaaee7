//! The schema text: a compact, line-based form of message definitions, and its parser.
//!
//! ```text
//! # a comment
//! request FetchRequest, key 1, versions 4-18, flexible 12+, listeners broker controller
//!   ClusterId string 12+, nullable 12+, tag 0, default null, ignorable
//!   Topics []FetchTopic 0+
//!     Topic string 0-12, ignorable
//!     Partitions []int32 0+
//!   struct Shared 0+
//!     Name string 0+
//! ```
//!
//! Two spaces of indent per level. A field whose type is a structure is followed by the structure's fields,
//! unless a `struct` line of the same message defines them (such structures may be used several times).
//! `inflexible` keeps the classic two-byte length in flexible versions. A file may hold several messages.

use std::fmt;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent by a client, numbered by its key.
    Request,
    /// The answer to the request with the same key.
    Response,
    /// Stands before each request or response.
    Header,
    /// A stored or embedded structure: no key.
    Data,
    /// A key that is known and never served: versions only, no fields.
    Api,
}

/// An inclusive range of versions; an open end is [`i16::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The lowest version of the range.
    pub(crate) first: i16,
    /// The highest version of the range.
    pub(crate) last: i16,
}

/// A type that has no parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// One byte, zero is false.
    Bool,
    /// One signed byte.
    Int8,
    /// Two bytes, signed.
    Int16,
    /// Two bytes, unsigned.
    Uint16,
    /// Four bytes, signed.
    Int32,
    /// Four bytes, unsigned.
    Uint32,
    /// Eight bytes, signed.
    Int64,
    /// Eight bytes, IEEE 754.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// Length and UTF-8.
    String,
    /// Length and bytes.
    Bytes,
    /// Length and record batches.
    Records,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// One value.
    Scalar(Scalar),
    /// A structure, by name.
    Struct(String),
    /// Any number of values.
    Array(Box<Type>),
}

/// One field of a message or structure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The schema's name, in camel case.
    pub(crate) name: String,
    /// The type.
    pub(crate) ty: Type,
    /// Versions in which the field is present.
    pub(crate) versions: Versions,
    /// Versions in which the value may be null.
    pub(crate) nullable: Option<Versions>,
    /// The tag, if the field is a tagged one.
    pub(crate) tag: Option<u32>,
    /// The default, if it is not the type's own; `null` is a default, too.
    pub(crate) default: Option<String>,
    /// Whether a value may be dropped silently in versions without the field.
    pub(crate) ignorable: bool,
    /// Whether flexible versions keep the classic length.
    pub(crate) inflexible: bool,
    /// Fields of a structure defined in place.
    pub(crate) fields: Vec<Field>,
}

/// A named structure that several fields of a message use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Struct {
    /// The name.
    pub(crate) name: String,
    /// Versions in which it is used.
    pub(crate) versions: Versions,
    /// The fields.
    pub(crate) fields: Vec<Field>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// What it is for.
    pub(crate) kind: Kind,
    /// The schema's name.
    pub(crate) name: String,
    /// The API key of requests, responses and unserved APIs.
    pub(crate) key: Option<i16>,
    /// Every version that is valid.
    pub(crate) versions: Versions,
    /// The first flexible version.
    pub(crate) flexible: Option<i16>,
    /// Whether the last version is not stable yet.
    pub(crate) unstable: bool,
    /// The listeners of a request: `broker`, `controller`.
    pub(crate) listeners: Vec<String>,
    /// The fields.
    pub(crate) fields: Vec<Field>,
    /// The shared structures.
    pub(crate) structs: Vec<Struct>,
}

/// Why a text is not a schema.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// The line, counted from one.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) problem: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Versions {
    /// Reads `3`, `3-5` or `3+`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<i16>().ok();
        match (text.strip_suffix('+'), text.split_once('-')) {
            (Some(first), _) => Some(Self { first: number(first)?, last: i16::MAX }),
            (None, Some((first, last))) => Some(Self { first: number(first)?, last: number(last)? }),
            (None, None) => number(text).map(|version| Self { first: version, last: version }),
        }
    }

    /// The versions in both ranges, or none.
    pub(crate) fn intersect(self, other: Self) -> Option<Self> {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }

    /// Whether the range holds the version.
    pub(crate) fn contains(self, version: i16) -> bool {
        self.first <= version && version <= self.last
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { first, last: i16::MAX } => write!(f, "{first}+"),
            Self { first, last } if first == last => write!(f, "{first}"),
            Self { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl Scalar {
    /// Every scalar with the schema's word for it.
    pub(crate) const WORDS: [(&'static str, Self); 12] = [
        ("bool", Self::Bool),
        ("int8", Self::Int8),
        ("int16", Self::Int16),
        ("uint16", Self::Uint16),
        ("int32", Self::Int32),
        ("uint32", Self::Uint32),
        ("int64", Self::Int64),
        ("float64", Self::Float64),
        ("uuid", Self::Uuid),
        ("string", Self::String),
        ("bytes", Self::Bytes),
        ("records", Self::Records),
    ];
}

impl Type {
    /// Reads a type: a scalar's word, a structure's name, or `[]` and a type.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(element) = text.strip_prefix("[]") {
            return Some(Self::Array(Box::new(Self::parse(element)?)));
        }
        if let Some((_, scalar)) = Scalar::WORDS.iter().find(|(word, _)| *word == text) {
            return Some(Self::Scalar(*scalar));
        }
        text.starts_with(|c: char| c.is_ascii_uppercase()).then(|| Self::Struct(text.to_owned()))
    }

    /// The name of the structure that values of this type consist of, if any.
    pub(crate) fn structure(&self) -> Option<&str> {
        match self {
            Self::Scalar(_) => None,
            Self::Struct(name) => Some(name),
            Self::Array(element) => element.structure(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => {
                let word = Scalar::WORDS.iter().find(|(_, s)| s == scalar).map_or("?", |(word, _)| word);
                f.write_str(word)
            }
            Self::Struct(name) => f.write_str(name),
            Self::Array(element) => write!(f, "[]{element}"),
        }
    }
}

/// Reads every message of a schema file.
pub(crate) fn parse(text: &str) -> Result<Vec<Message>, ParseError> {
    let lines = lines(text)?;
    let mut rest = lines.as_slice();
    let mut messages = Vec::new();
    while let [head, tail @ ..] = rest {
        if head.depth != 0 {
            return Err(head.error("a message starts without indent"));
        }
        let mut message = parse_head(head)?;
        rest = parse_fields(tail, 1, &mut message.fields, Some(&mut message.structs))?;
        messages.push(message);
    }
    Ok(messages)
}

struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl Line<'_> {
    fn error(&self, problem: impl Into<String>) -> ParseError {
        ParseError { line: self.number, problem: problem.into() }
    }
}

fn lines(text: &str) -> Result<Vec<Line<'_>>, ParseError> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        if indent % 2 != 0 {
            return Err(ParseError { line: index + 1, problem: "odd indent".into() });
        }
        let mut parts = content.split(", ");
        let words = parts.next().unwrap_or_default().split(' ').collect();
        let options = parts.map(|option| option.split_once(' ').unwrap_or((option, ""))).collect();
        lines.push(Line { number: index + 1, depth: indent / 2, words, options });
    }
    Ok(lines)
}

fn parse_head(line: &Line<'_>) -> Result<Message, ParseError> {
    let (kind, name) = match line.words[..] {
        ["request", name] => (Kind::Request, name),
        ["response", name] => (Kind::Response, name),
        ["header", name] => (Kind::Header, name),
        ["data", name] => (Kind::Data, name),
        ["api", name] => (Kind::Api, name),
        _ => return Err(line.error("expected `request|response|header|data|api NAME`")),
    };
    let mut message = Message {
        kind,
        name: name.to_owned(),
        key: None,
        versions: Versions { first: 0, last: -1 },
        flexible: None,
        unstable: false,
        listeners: Vec::new(),
        fields: Vec::new(),
        structs: Vec::new(),
    };
    for (option, value) in &line.options {
        let bad = || line.error(format!("bad value `{value}` of `{option}`"));
        match *option {
            "key" => message.key = Some(value.parse().map_err(|_| bad())?),
            "versions" => message.versions = Versions::parse(value).ok_or_else(bad)?,
            "flexible" => message.flexible = Some(Versions::parse(value).ok_or_else(bad)?.first),
            "unstable" => message.unstable = true,
            "listeners" => message.listeners = value.split(' ').map(str::to_owned).collect(),
            _ => return Err(line.error(format!("unknown word `{option}`"))),
        }
    }
    if message.versions.last < message.versions.first || message.versions.last == i16::MAX {
        return Err(line.error("`versions FIRST-LAST` is missing or open"));
    }
    let keyed = matches!(kind, Kind::Request | Kind::Response | Kind::Api);
    if keyed != message.key.is_some() {
        return Err(line.error("requests, responses and apis have a key, others have none"));
    }
    Ok(message)
}

fn parse_fields<'a, 'b>(
    mut rest: &'b [Line<'a>],
    depth: usize,
    fields: &mut Vec<Field>,
    mut structs: Option<&mut Vec<Struct>>,
) -> Result<&'b [Line<'a>], ParseError> {
    while let [line, tail @ ..] = rest {
        if line.depth < depth {
            break;
        }
        if line.depth > depth {
            return Err(line.error("indented too far"));
        }
        match (&line.words[..], &mut structs) {
            (["struct", name, versions], Some(structs)) => {
                let versions = Versions::parse(versions).ok_or_else(|| line.error("bad versions"))?;
                let mut structure = Struct { name: (*name).to_owned(), versions, fields: Vec::new() };
                rest = parse_fields(tail, depth + 1, &mut structure.fields, None)?;
                structs.push(structure);
            }
            _ => {
                let mut field = parse_field(line)?;
                rest = parse_fields(tail, depth + 1, &mut field.fields, None)?;
                if !field.fields.is_empty() && field.ty.structure().is_none() {
                    return Err(line.error("fields below a type that has none"));
                }
                fields.push(field);
            }
        }
    }
    Ok(rest)
}

fn parse_field(line: &Line<'_>) -> Result<Field, ParseError> {
    let [name, ty, versions] = line.words[..] else {
        return Err(line.error("expected `Name type versions`"));
    };
    let mut field = Field {
        name: name.to_owned(),
        ty: Type::parse(ty).ok_or_else(|| line.error(format!("unknown type `{ty}`")))?,
        versions: Versions::parse(versions).ok_or_else(|| line.error("bad versions"))?,
        nullable: None,
        tag: None,
        default: None,
        ignorable: false,
        inflexible: false,
        fields: Vec::new(),
    };
    for (option, value) in &line.options {
        let bad = || line.error(format!("bad value `{value}` of `{option}`"));
        match *option {
            "nullable" => field.nullable = Some(Versions::parse(value).ok_or_else(bad)?),
            "tag" => field.tag = Some(value.parse().map_err(|_| bad())?),
            "default" => field.default = Some((*value).to_owned()),
            "ignorable" => field.ignorable = true,
            "inflexible" => field.inflexible = true,
            _ => return Err(line.error(format!("unknown word `{option}`"))),
        }
    }
    Ok(field)
}
