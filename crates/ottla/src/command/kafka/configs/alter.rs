//! `kafka-configs --alter`.

use super::target::{Kind, Target};
use super::{All, Ran, fetch, invalid};
use crate::command::kafka::flags::Given;
use crate::command::kafka::settings::Settings;
use crate::output;
use ottla_client::admin::{AlterOp, ConfigAlteration, Mode};
use ottla_client::{Admin, Client};
use std::collections::BTreeMap;

/// Changes them. Loggers must be known; other names are for the broker to judge.
pub(super) async fn run(client: &Client, given: &Given<'_>, target: &Target) -> Ran {
    let added = added(given)?;
    let deleted: Vec<&str> =
        given.all("delete-config").into_iter().flat_map(|names| names.split(',')).map(str::trim).collect();
    let name = target.name.clone().unwrap_or_default();
    if target.kind == Kind::BrokerLogger {
        let there = fetch(client, (target.kind, name.as_str()), All::Shown).await?;
        let loggers = deleted.iter().copied().chain(added.keys().map(String::as_str));
        let unknown: Vec<&str> =
            loggers.filter(|wanted| !there.iter().any(|entry| entry.name == *wanted)).collect();
        if !unknown.is_empty() {
            return Err(invalid(format!("Invalid broker logger(s): {}", unknown.join(","))));
        }
    }
    let alteration = |name: &str, op, value| ConfigAlteration { name: name.to_owned(), op, value };
    let mut changes: Vec<_> =
        deleted.into_iter().map(|name| alteration(name, AlterOp::Delete, None)).collect();
    changes.extend(added.into_iter().map(|(name, value)| alteration(&name, AlterOp::Set, Some(value))));
    let wanted = [(target.kind.resource(&name), changes)];
    for (_, outcome) in Admin::new(client).alter_configs(&wanted, Mode::Apply).await? {
        outcome?;
    }
    Ok(output::line(match name.is_empty() {
        false => format!("Completed updating config for {} {name}.", target.kind.singular()),
        true => format!("Completed updating default config for {} in the cluster.", target.kind.plural()),
    })?)
}

/// What is to be set.
fn added(given: &Given<'_>) -> Ran<BTreeMap<String, String>> {
    let file = Settings::of_flag(given, "add-config-file")?;
    let mut added: BTreeMap<String, String> =
        file.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(text) = given.one("add-config")? {
        added.extend(pairs(text)?);
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "$._-".contains(c);
    match added.keys().find(|name| !name.chars().all(is_legal)) {
        Some(name) => Err(invalid(format!("Invalid character found for config key: {name}"))),
        None => Ok(added),
    }
}

/// Reads `a=1,b=[2,3]`.
fn pairs(text: &str) -> Ran<Vec<(String, String)>> {
    let pair = |text: &str| match outside_brackets(text, '=')[..] {
        [name, value] => Ok((name.trim().to_owned(), value.replace(['[', ']'], "").trim().to_owned())),
        _ => Err(invalid(
            "Invalid entity config: all configs to be added must be in the format \"key=val\" or  \
             \"key=[val1,val2]\" to group values which contain commas."
                .to_owned(),
        )),
    };
    outside_brackets(text, ',').into_iter().map(pair).collect()
}

/// Splits at a letter, but not where the next bracket closes.
fn outside_brackets(text: &str, by: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(by) {
        let rest = &text[at + by.len_utf8()..];
        if rest.find(['[', ']']).is_none_or(|bracket| rest[bracket..].starts_with('[')) {
            parts.push(&text[start..at]);
            start = at + by.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_brackets_belong_to_the_value() {
        let read = |text: &str| pairs(text).ok();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read("a=1, b = [2,3] ,c="), Some(vec![pair("a", "1"), pair("b", "2,3"), pair("c", "")]));
        assert_eq!(read("a=[x=1,y=2]"), Some(vec![pair("a", "x=1,y=2")]));
        for bad in ["a", "a=1,b", "a=1=2", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
