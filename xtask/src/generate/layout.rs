//! Every structure of a message in one flat list, with versions cut down to what is valid.

use super::schema::{Field, Message, Scalar, Type, Versions};

/// One Rust structure: the message itself or one that it contains.
pub(crate) struct Layout<'a> {
    /// The schema's name.
    pub(crate) name: &'a str,
    /// The fields that exist in a valid version.
    pub(crate) fields: Vec<&'a Field>,
    /// Whether this is the message itself.
    pub(crate) is_message: bool,
}

/// The message first, then its structures in the order in which they are met.
pub(crate) fn layouts(message: &Message) -> Result<Vec<Layout<'_>>, String> {
    let mut list = Vec::new();
    collect(message, &message.name, &message.fields, &mut list);
    list[0].is_message = true;
    for structure in &message.structs {
        collect(message, &structure.name, &structure.fields, &mut list);
    }
    for layout in &list {
        if list.iter().filter(|other| other.name == layout.name).count() > 1 {
            return Err(format!("structure {} is defined twice", layout.name));
        }
        for name in layout.fields.iter().filter_map(|field| field.ty.structure()) {
            if !list.iter().any(|other| other.name == name) {
                return Err(format!("structure {name} is not defined"));
            }
        }
    }
    Ok(list)
}

fn collect<'a>(message: &Message, name: &'a str, fields: &'a [Field], list: &mut Vec<Layout<'a>>) {
    let valid: Vec<&Field> =
        fields.iter().filter(|field| field.versions.intersect(message.versions).is_some()).collect();
    list.push(Layout { name, fields: valid.clone(), is_message: false });
    for field in valid {
        if let (Some(name), false) = (field.ty.structure(), field.fields.is_empty()) {
            collect(message, name, &field.fields, list);
        }
    }
}

/// Whether a valid version is flexible: never, always, or from a version on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flexible {
    /// No valid version is.
    Never,
    /// Every valid version is.
    Always,
    /// This version and every later one.
    From(i16),
}

/// When the message is flexible.
pub(crate) fn flexible(message: &Message) -> Flexible {
    match message.flexible {
        None => Flexible::Never,
        Some(first) if first <= message.versions.first => Flexible::Always,
        Some(first) if first > message.versions.last => Flexible::Never,
        Some(first) => Flexible::From(first),
    }
}

/// The Rust condition for `version` being in the range, given that it is valid; `None` if it always is.
pub(crate) fn condition(valid: Versions, range: Versions) -> Option<String> {
    let lower = range.first > valid.first;
    let upper = range.last < valid.last;
    match (lower, upper) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {}", range.first)),
        (false, true) => Some(format!("version <= {}", range.last)),
        (true, true) if range.first == range.last => Some(format!("version == {}", range.first)),
        (true, true) => Some(format!("({}..={}).contains(&version)", range.first, range.last)),
    }
}

/// The fewest bytes that a value takes in any of the versions, at least one.
pub(crate) fn bytes_min(message: &Message, layouts: &[Layout<'_>], ty: &Type, versions: Versions) -> usize {
    let versions = versions.first..=versions.last;
    versions.map(|version| bytes_min_at(message, layouts, ty, version)).min().unwrap_or(1).max(1)
}

fn bytes_min_at(message: &Message, layouts: &[Layout<'_>], ty: &Type, version: i16) -> usize {
    let flexible = message.flexible.is_some_and(|first| first <= version);
    match ty {
        Type::Array(_) => {
            if flexible {
                1
            } else {
                4
            }
        }
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool | Scalar::Int8 => 1,
            Scalar::Int16 | Scalar::Uint16 => 2,
            Scalar::Int32 | Scalar::Uint32 => 4,
            Scalar::Int64 | Scalar::Float64 => 8,
            Scalar::Uuid => 16,
            Scalar::String => {
                if flexible {
                    1
                } else {
                    2
                }
            }
            Scalar::Bytes | Scalar::Records => {
                if flexible {
                    1
                } else {
                    4
                }
            }
        },
        Type::Struct(name) => {
            let fields = layouts.iter().find(|layout| layout.name == name).map(|layout| &layout.fields);
            let present = fields
                .into_iter()
                .flatten()
                .filter(|field| field.versions.contains(version) && field.tag.is_none());
            let sum: usize = present
                .map(|field| match (&field.ty, field.nullable) {
                    (Type::Struct(_), Some(_)) => 1,
                    _ => bytes_min_at(message, layouts, &field.ty, version),
                })
                .sum();
            sum + usize::from(flexible)
        }
    }
}
