//! Java's properties format, as `server.properties` uses it.
//!
//! `#` and `!` begin a comment; `=`, `:` or a blank ends the name; a backslash at the end of a line joins it with
//! the next, whose leading blanks do not count; `\n`, `\r`, `\t`, `\f`, `\uXXXX` and a backslash before any other
//! character are escapes.

use super::Parsed;

/// Reads all settings. A name that comes twice is given twice: the caller lets the later one win, as Java does.
pub(crate) fn parse(text: &str) -> Parsed {
    let mut settings = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let mut logical = line.trim_start().to_owned();
        if logical.is_empty() || logical.starts_with(['#', '!']) {
            continue;
        }
        while continues(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start()),
                None => break,
            }
        }
        let number = at + 1;
        let (name, value) = split(&logical);
        let unescaped = |raw: &str| unescape(raw).map_err(|reason| (number, reason));
        settings.push((number, unescaped(name)?, unescaped(value)?));
    }
    Ok(settings)
}

/// Whether an odd number of backslashes ends the line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// The name, and the value behind one separator and the blanks around it.
fn split(line: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = line.find(|c: char| {
        let ends = !is_escaped && (c == '=' || c == ':' || is_blank(c));
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    let Some(end) = end else { return (line, "") };
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (name, rest.trim_start_matches(is_blank))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn unescape(raw: &str) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('f') => text.push('\u{c}'),
            Some('u') => text.push(unicode(&mut chars)?),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Ok(text)
}

/// The character of four hexadecimal digits, or of two such escapes for one beyond the first 65,536.
fn unicode(chars: &mut std::str::Chars<'_>) -> Result<char, String> {
    let wrong = || "an escape is not \\u and four hexadecimal digits: write the character itself".to_owned();
    let unit = |chars: &mut std::str::Chars<'_>| {
        let digits = chars.as_str().get(..4).ok_or_else(wrong)?;
        let unit = u16::from_str_radix(digits, 16).map_err(|_| wrong())?;
        *chars = chars.as_str()[4..].chars();
        Ok::<u16, String>(unit)
    };
    let first = unit(chars)?;
    let mut units = vec![first];
    if (0xd800..0xdc00).contains(&first) && chars.as_str().starts_with("\\u") {
        *chars = chars.as_str()[2..].chars();
        units.push(unit(chars)?);
    }
    let mut decoded = char::decode_utf16(units);
    decoded.next().and_then(Result::ok).ok_or_else(wrong)
}
