//! Settings in TOML: dotted names are nested tables there, and lists and numbers need no quotes.

use super::Parsed;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads all settings; lists become texts with commas between.
pub(super) fn parse(text: &str) -> Parsed {
    let line_at = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        (error.span().map_or(1, |span| line_at(span.start)), error.message().trim().replace('\n', " "))
    })?;
    let mut settings = Vec::new();
    flatten("", table.get_ref(), &mut |name, value| {
        let line = line_at(value.span().start);
        let text = scalar(value.get_ref()).ok_or_else(|| {
            (line, format!("'{name}' must be a text, a number, true or false, or a list of those"))
        })?;
        settings.push((line, name, text));
        Ok(())
    })?;
    settings.sort_by_key(|(line, _, _)| *line);
    Ok(settings)
}

type Visit<'v> = dyn FnMut(String, &Spanned<DeValue<'_>>) -> Result<(), (usize, String)> + 'v;

fn flatten(prefix: &str, table: &DeTable<'_>, visit: &mut Visit<'_>) -> Result<(), (usize, String)> {
    for (name, value) in table {
        let name = name.get_ref();
        let full = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) => flatten(&full, inner, visit)?,
            _ => visit(full, value)?,
        }
    }
    Ok(())
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(|value| scalar(value.get_ref())).collect();
            texts.map(|texts| texts.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
