//! `cargo xtask schema-import DIR`: turns the message definitions of Kafka's clients jar into our own text form.
//!
//! `DIR` holds the files of `common/message/` of the jar. Only facts are taken: names, types, versions,
//! defaults, tags, listeners. APIs that no client sends become one line each, so that their keys stay known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Sent between brokers only, although they stand on the broker's listener.
const INTER_BROKER: [&str; 5] = [
    "InitializeShareGroupState",
    "ReadShareGroupState",
    "WriteShareGroupState",
    "DeleteShareGroupState",
    "ReadShareGroupStateSummary",
];

/// Structures without a key that clients or the log need.
const DATA: [&str; 5] = [
    "AbortedTxn",
    "ConsumerProtocolAssignment",
    "ConsumerProtocolSubscription",
    "ControlRecordTypeSchema",
    "EndTxnMarker",
];

/// Reads `DIR/*.json` and writes the text files below `schema`.
pub(crate) fn run(directory: &Path, schema: &Path) -> Result<(), String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut unserved: BTreeMap<i64, String> = BTreeMap::new();
    for name in json_files(directory)? {
        let text = fs::read_to_string(directory.join(&name)).map_err(|e| format!("{name}: {e}"))?;
        let json: Value =
            serde_json::from_str(&without_comments(&text)).map_err(|e| format!("{name}: {e}"))?;
        let message = word(&json, "name")?;
        if word(&json, "validVersions")? == "none" {
            continue;
        }
        let api = message.trim_end_matches("Request").trim_end_matches("Response");
        let file = match word(&json, "type")? {
            "request" if !is_client_facing(directory, api)? => {
                let key = json["apiKey"].as_i64().ok_or("a request without key")?;
                unserved.insert(key, head(&json, "api", api)?);
                continue;
            }
            "response" if !is_client_facing(directory, api)? => continue,
            "request" | "response" => api,
            "header" => "Header",
            "data" if DATA.contains(&message) => message,
            "data" => continue,
            other => return Err(format!("{name}: unknown type {other}")),
        };
        let text = files.entry(file.to_owned()).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&describe(&json).map_err(|e| format!("{name}: {e}"))?);
    }
    files.insert("Unserved".to_owned(), unserved.into_values().collect());
    for (name, text) in files {
        let path = schema.join("kafka").join(format!("{name}.txt"));
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn json_files(directory: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    Ok(names)
}

fn is_client_facing(directory: &Path, api: &str) -> Result<bool, String> {
    if INTER_BROKER.contains(&api) {
        return Ok(false);
    }
    let path = directory.join(format!("{api}Request.json"));
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let json: Value = serde_json::from_str(&without_comments(&text)).map_err(|e| format!("{api}: {e}"))?;
    Ok(words(&json, "listeners").contains(&"broker"))
}

/// Removes `//` comments outside of strings: JSON has none.
pub(super) fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut previous = ' ';
        let mut end = line.len();
        for (index, c) in line.char_indices() {
            match c {
                '"' if previous != '\\' => quoted = !quoted,
                '/' if previous == '/' && !quoted => {
                    end = index - 1;
                    break;
                }
                _ => {}
            }
            previous = c;
        }
        clean.push_str(&line[..end]);
        clean.push('\n');
    }
    clean
}

fn word<'a>(json: &'a Value, name: &str) -> Result<&'a str, String> {
    json[name].as_str().ok_or_else(|| format!("`{name}` is missing"))
}

fn words<'a>(json: &'a Value, name: &str) -> Vec<&'a str> {
    json[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn head(json: &Value, kind: &str, name: &str) -> Result<String, String> {
    let mut line = format!("{kind} {name}");
    if let Some(key) = json["apiKey"].as_i64() {
        let _ = write!(line, ", key {key}");
    }
    let _ = write!(line, ", versions {}", word(json, "validVersions")?);
    match json["flexibleVersions"].as_str() {
        None | Some("none") => {}
        Some(flexible) => {
            let _ = write!(line, ", flexible {flexible}");
        }
    }
    if json["latestVersionUnstable"].as_bool() == Some(true) {
        line.push_str(", unstable");
    }
    let listeners = words(json, "listeners");
    if !listeners.is_empty() {
        let _ = write!(line, ", listeners {}", listeners.join(" "));
    }
    line.push('\n');
    Ok(line)
}

fn describe(json: &Value) -> Result<String, String> {
    let mut text = head(json, word(json, "type")?, word(json, "name")?)?;
    fields(json, 1, &mut text)?;
    for structure in json["commonStructs"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "  struct {} {}", word(structure, "name")?, word(structure, "versions")?);
        fields(structure, 2, &mut text)?;
    }
    Ok(text)
}

fn fields(json: &Value, depth: usize, text: &mut String) -> Result<(), String> {
    for field in json["fields"].as_array().into_iter().flatten() {
        let name = word(field, "name")?;
        let versions = word(field, "versions")?;
        let _ = write!(text, "{:1$}{name} {2} {versions}", "", depth * 2, word(field, "type")?);
        for key in field.as_object().into_iter().flat_map(|object| object.keys()) {
            let known = [
                "name",
                "type",
                "versions",
                "fields",
                "nullableVersions",
                "tag",
                "taggedVersions",
                "default",
                "ignorable",
                "flexibleVersions",
                "about",
                "entityType",
                "mapKey",
                "zeroCopy",
            ];
            if !known.contains(&key.as_str()) {
                return Err(format!("{name}: unknown property `{key}`"));
            }
        }
        match field["nullableVersions"].as_str() {
            None | Some("none") => {}
            Some(nullable) => {
                let _ = write!(text, ", nullable {nullable}");
            }
        }
        if let Some(tag) = field["tag"].as_u64() {
            if field["taggedVersions"] != field["versions"] {
                return Err(format!("{name}: tagged in some of its versions only"));
            }
            let _ = write!(text, ", tag {tag}");
        }
        match &field["default"] {
            Value::Null => {}
            Value::String(default) if default.is_empty() => {}
            Value::String(default) => {
                let _ = write!(text, ", default {default}");
            }
            other => {
                let _ = write!(text, ", default {other}");
            }
        }
        if field["ignorable"].as_bool() == Some(true) || field["ignorable"].as_str() == Some("true") {
            text.push_str(", ignorable");
        }
        match field["flexibleVersions"].as_str() {
            None => {}
            Some("none") => text.push_str(", inflexible"),
            Some(other) => return Err(format!("{name}: flexible in {other} only")),
        }
        text.push('\n');
        fields(field, depth + 1, text)?;
    }
    Ok(())
}
