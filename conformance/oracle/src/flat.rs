//! A message as a list of fields: `responses[0].partition_responses[0].error_code` = `NONE (0)`.
//!
//! The fields are read off the pretty form that every generated structure derives, so that a message needs no
//! code here, and a field that a schema gains is compared from that day on.

/// The path of a field, and its value as text.
pub type Field = (String, String);

/// What tells the elements of a list apart, the first that is there: brokers order most lists as they like.
const IDENTITIES: [&str; 17] = [
    "name",
    "topic",
    "topic_name",
    "topic_id",
    "index",
    "partition_index",
    "partition",
    "partition_id",
    "feature",
    "resource_name",
    "group_id",
    "transactional_id",
    "batch_index",
    "producer_id",
    "member_id",
    "subtopology_id",
    "status_code",
];

/// One level of nesting while the pretty form is read.
struct Level {
    /// What it adds to the path.
    part: String,
    /// How many leaves were found before it began.
    start: usize,
    /// How many unnamed elements it had.
    elements: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `Name { field: … }`
    Structure,
    /// `[ … ]`
    List,
    /// `Some( … )` or a newtype: adds nothing to the path.
    Wrapper,
}

/// Every leaf of the value, in order; an empty list is a leaf.
pub fn fields(value: &impl std::fmt::Debug) -> Vec<Field> {
    let text = format!("{value:#?}");
    let mut levels: Vec<Level> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_suffix(',').unwrap_or(line);
        if matches!(line, "}" | "]" | ")" | "})" | "])") {
            let path = path(&levels, "");
            let closed = levels.pop();
            if closed.as_ref().is_some_and(|closed| closed.kind == Kind::List) {
                sort_numbers(&mut found, closed.as_ref().map_or(0, |closed| closed.start));
            }
            if let (Some(closed), Some(Kind::List)) = (closed, levels.last().map(|level| level.kind)) {
                identify(&mut found[closed.start..], &path);
            }
            continue;
        }
        let (name, rest) = named(line);
        let part = part(&mut levels, name);
        match opened(rest) {
            Some(kind) => levels.push(Level { part, start: found.len(), elements: 0, kind }),
            None => found.push((path(&levels, &part), rest.to_owned())),
        }
    }
    found
}

/// A list of numbers, as of partitions, is a set.
fn sort_numbers(fields: &mut [Field], start: usize) {
    let list = &mut fields[start..];
    let numbers: Option<Vec<i64>> = list.iter().map(|(_, value)| value.parse().ok()).collect();
    let Some(mut numbers) = numbers.filter(|_| list.iter().all(|(path, _)| path.ends_with(']'))) else {
        return;
    };
    numbers.sort_unstable();
    for ((_, value), number) in list.iter_mut().zip(numbers) {
        *value = number.to_string();
    }
}

/// Names an element of a list, whose path is `path`, by its identity instead of its position.
fn identify(fields: &mut [Field], path: &str) {
    let identity = |name: &&str| {
        let wanted = format!("{path}.{name}");
        let found = fields.iter().find(|(field, _)| *field == wanted);
        found.map(|(_, value)| value.trim_matches('"').to_owned()).filter(|value| !is_nothing(value))
    };
    let Some(identity) = IDENTITIES.iter().find_map(identity) else { return };
    let is_number = identity.bytes().all(|byte| byte.is_ascii_digit());
    let by_producer = is_number && fields.iter().any(|(field, _)| *field == format!("{path}.producer_id"));
    let identity = if by_producer { format!("producer {identity}") } else { identity };
    let Some((list, _)) = path.rsplit_once('[') else { return };
    for (field, _) in fields {
        field.replace_range(..path.len(), &format!("{list}[{identity}]"));
    }
}

fn is_nothing(value: &str) -> bool {
    value.is_empty() || value == "00000000-0000-0000-0000-000000000000" || value == "None"
}

/// Splits `name: rest`; text in quotes has no name.
fn named(line: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    match line.split_once(": ") {
        Some((name, rest)) if is_name(name) => (Some(name), rest),
        _ => (None, line),
    }
}

fn opened(rest: &str) -> Option<Kind> {
    match rest {
        _ if rest.ends_with(" {") => Some(Kind::Structure),
        "[" => Some(Kind::List),
        _ if rest.ends_with('(') && !rest.starts_with('"') => Some(Kind::Wrapper),
        _ => None,
    }
}

/// What this line adds to the path below its parent.
fn part(levels: &mut [Level], name: Option<&str>) -> String {
    let Some(parent) = levels.last_mut() else { return String::new() };
    match (parent.kind, name) {
        (_, Some(name)) => format!(".{name}"),
        (Kind::List, None) => {
            parent.elements += 1;
            format!("[{}]", parent.elements - 1)
        }
        (Kind::Structure | Kind::Wrapper, None) => String::new(),
    }
}

fn path(levels: &[Level], last: &str) -> String {
    let all: String = levels.iter().map(|level| level.part.as_str()).chain([last]).collect();
    all.strip_prefix('.').unwrap_or(&all).to_owned()
}

#[cfg(test)]
mod tests;
