//! From RE2's words to the library's.
//!
//! What comes out consists of characters and classes, `(?:`, `|`, `)`, repetitions, `\A`, `\z`, `\b` and `\B`, which mean
//! the same in both. Flags are carried out here: only `i` makes a difference, because names have no line feeds, and
//! because who only asks whether the whole name matches cannot tell a greedy repetition from a lazy one.

use super::Invalid;
use super::chars::{self, Chars};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn translate(text: &str) -> Result<String, Invalid> {
    let mut parser = Parser {
        text,
        rest: text,
        output: String::with_capacity(text.len()),
        fold: false,
        open: Vec::new(),
        names: BTreeSet::new(),
        last: Last::Nothing,
    };
    while let Some(next) = parser.pop() {
        parser.item(next)?;
    }
    match parser.open.is_empty() {
        true => Ok(parser.output),
        false => Err(parser.wrong(NO_CLOSING_PAREN)),
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    output: String,
    /// Whether case is ignored, here.
    fold: bool,
    /// Of each open group, whether case is ignored around it.
    open: Vec<bool>,
    names: BTreeSet<&'a str>,
    last: Last,
}

/// What a repetition would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Atom,
    /// RE2 lets nobody repeat a repetition without a group around it.
    Repetition,
}

impl<'a> Parser<'a> {
    fn wrong(&self, cause: &'static str) -> Invalid {
        let read = &self.text[..self.text.len() - self.rest.len()];
        Invalid::Syntax { cause, at: read.chars().count() }
    }

    fn pop(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        Some(next)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes what comes before `end`, and `end`.
    fn pop_until(&mut self, end: &str) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(taken)
    }

    fn item(&mut self, next: char) -> Result<(), Invalid> {
        match next {
            '(' => self.open_group(),
            ')' => self.close_group(),
            '|' => {
                self.output.push('|');
                self.last = Last::Nothing;
                Ok(())
            }
            '^' => self.assertion(r"\A"),
            '$' => self.assertion(r"\z"),
            '.' => self.class(Chars::ANY),
            '[' => self.bracket(),
            '*' | '+' | '?' => self.repeat(&next.to_string()),
            '{' => self.brace(),
            '\\' => self.escaped(),
            literal => self.literal(literal),
        }
    }

    fn assertion(&mut self, assertion: &str) -> Result<(), Invalid> {
        let _ = write!(self.output, "(?:{assertion})");
        self.last = Last::Atom;
        Ok(())
    }

    fn class(&mut self, chars: Chars) -> Result<(), Invalid> {
        chars.write(&mut self.output);
        self.last = Last::Atom;
        Ok(())
    }

    fn literal(&mut self, literal: char) -> Result<(), Invalid> {
        self.class(Chars::range(literal, literal, self.fold))
    }

    fn open_group(&mut self) -> Result<(), Invalid> {
        if self.skip("?P<") || self.skip("?<") {
            let name = self.pop_until(">").ok_or_else(|| self.wrong(BAD_NAME))?;
            let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return Err(self.wrong(BAD_NAME));
            }
            if !self.names.insert(name) {
                return Err(self.wrong(NAME_TWICE));
            }
        } else if self.skip("?") {
            let around = self.fold;
            if self.flags()? == Scope::Rest {
                // `a(?i)*` repeats the `a`, and so it does here.
                self.last = if self.last == Last::Nothing { Last::Nothing } else { Last::Atom };
                return Ok(());
            }
            self.open.push(around);
            return self.opened();
        }
        self.open.push(self.fold);
        self.opened()
    }

    fn opened(&mut self) -> Result<(), Invalid> {
        self.output.push_str("(?:");
        self.last = Last::Nothing;
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Invalid> {
        self.fold = self.open.pop().ok_or_else(|| self.wrong(NO_OPENING_PAREN))?;
        self.output.push(')');
        self.last = Last::Atom;
        Ok(())
    }

    /// What follows `(?`, up to `)` or `:`.
    fn flags(&mut self) -> Result<Scope, Invalid> {
        let (mut on, mut is_first) = (true, true);
        loop {
            match self.pop() {
                Some('i') => self.fold = on,
                Some('m' | 's' | 'U') => {}
                Some('-') if on => {
                    on = false;
                    is_first = true;
                    continue;
                }
                // A minus without a flag is a mistake; nothing at all is not.
                Some(')') if on || !is_first => return Ok(Scope::Rest),
                Some(':') if on || !is_first => return Ok(Scope::Group),
                Some(_) | None => return Err(self.wrong(BAD_FLAGS)),
            }
            is_first = false;
        }
    }

    fn repeat(&mut self, operator: &str) -> Result<(), Invalid> {
        // Lazy or not is the same to us.
        self.skip("?");
        match self.last {
            Last::Nothing => return Err(self.wrong(NOTHING_TO_REPEAT)),
            Last::Repetition => return Err(self.wrong(REPEATED_TWICE)),
            Last::Atom => {}
        }
        self.output.push_str(operator);
        self.last = Last::Repetition;
        Ok(())
    }

    /// A repetition such as `{2,5}`; what only looks like one is a literal brace.
    fn brace(&mut self) -> Result<(), Invalid> {
        let Some((inside, rest)) = self.rest.split_once('}') else { return self.literal_brace() };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let is_number = |digits: &str| {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
        };
        if least.is_empty() || !is_number(least) || !is_number(most) {
            return self.literal_brace();
        }
        self.rest = rest;
        let number = |digits: &str| digits.parse().unwrap_or(u32::MAX);
        let (from, to) = (number(least), if most.is_empty() { REPEAT_MAX } else { number(most) });
        if REPEAT_MAX < from || REPEAT_MAX < to || to < from {
            return Err(self.wrong(BAD_COUNT));
        }
        self.repeat(&format!("{{{inside}}}"))
    }

    /// RE2/J takes also this for a repetition when it is repeated.
    fn literal_brace(&mut self) -> Result<(), Invalid> {
        self.literal('{')?;
        self.last = Last::Repetition;
        Ok(())
    }

    /// What follows a backslash, outside of brackets.
    fn escaped(&mut self) -> Result<(), Invalid> {
        for (word, assertion) in [("A", r"\A"), ("z", r"\z"), ("b", r"\b"), ("B", r"\B")] {
            if self.skip(word) {
                return self.assertion(assertion);
            }
        }
        if self.skip("Q") {
            let quoted = self.pop_until(r"\E").unwrap_or_else(|| std::mem::take(&mut self.rest));
            return quoted.chars().try_for_each(|char| self.literal(char));
        }
        match self.escaped_class()? {
            Some(chars) => self.class(chars),
            None => {
                let literal = self.escaped_char()?;
                self.class(self.range(literal, literal))
            }
        }
    }

    /// A class such as `\d` or `\pL`, the backslash taken; `None` if it is no class.
    fn escaped_class(&mut self) -> Result<Option<Chars>, Invalid> {
        let mut chars = self.rest.chars();
        let chars = match chars.next() {
            Some(name @ ('p' | 'P')) => {
                self.rest = chars.as_str();
                self.unicode_class(name == 'P')?
            }
            Some(name) => match chars::perl(name) {
                Some(perl) => {
                    self.rest = chars.as_str();
                    perl
                }
                None => return Ok(None),
            },
            None => return Ok(None),
        };
        Ok(Some(chars))
    }

    fn unicode_class(&mut self, is_negated: bool) -> Result<Chars, Invalid> {
        let name = if self.skip("{") {
            self.pop_until("}").ok_or_else(|| self.wrong(BAD_CLASS))?
        } else {
            let before = self.rest;
            self.pop().ok_or_else(|| self.wrong(BAD_CLASS))?;
            &before[..before.len() - self.rest.len()]
        };
        let (name, is_negated) =
            name.strip_prefix('^').map_or((name, is_negated), |name| (name, !is_negated));
        let chars = chars::unicode(name).ok_or_else(|| self.wrong(BAD_CLASS))?;
        let chars = if self.fold { chars.folded() } else { chars };
        Ok(if is_negated { chars.negated() } else { chars })
    }

    /// A single character that follows a backslash. `None` is one that no name has.
    fn escaped_char(&mut self) -> Result<Option<char>, Invalid> {
        let next = self.pop().ok_or_else(|| self.wrong(ENDS_IN_BACKSLASH))?;
        Ok(match next {
            '1'..='7' if !self.rest.starts_with(|next| matches!(next, '0'..='7')) => {
                return Err(self.wrong(BAD_ESCAPE));
            }
            '0'..='7' => {
                let octal = |next: &char| matches!(next, '0'..='7');
                let more: String = self.rest.chars().take(2).take_while(octal).collect();
                self.rest = &self.rest[more.len()..];
                u32::from_str_radix(&format!("{next}{more}"), 8).ok().and_then(char::from_u32)
            }
            'x' => return self.hexadecimal(),
            'a' => Some('\x07'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            '0'..='9' | 'a'..='z' | 'A'..='Z' => return Err(self.wrong(BAD_ESCAPE)),
            literal => Some(literal),
        })
    }

    fn hexadecimal(&mut self) -> Result<Option<char>, Invalid> {
        let digits = if self.skip("{") {
            self.pop_until("}").ok_or_else(|| self.wrong(BAD_ESCAPE))?
        } else {
            let (digits, rest) = self.rest.split_at_checked(2).ok_or_else(|| self.wrong(BAD_ESCAPE))?;
            self.rest = rest;
            digits
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = digits.trim_start_matches('0');
        match u32::from_str_radix(if digits.is_empty() { "0" } else { digits }, 16) {
            // Half of a surrogate pair is a number, too, but no character.
            Ok(code) if is_number && code <= u32::from(char::MAX) => Ok(char::from_u32(code)),
            _ => Err(self.wrong(BAD_ESCAPE)),
        }
    }

    /// A class in brackets, the opening one taken.
    fn bracket(&mut self) -> Result<(), Invalid> {
        let is_negated = self.skip("^");
        let mut chars = Chars::EMPTY;
        let mut is_first = true;
        while is_first || !self.skip("]") {
            is_first = false;
            chars = chars.union(self.bracket_item()?);
        }
        self.class(if is_negated { chars.negated() } else { chars })
    }

    fn bracket_item(&mut self) -> Result<Chars, Invalid> {
        if let Some(named) = self.rest.strip_prefix("[:").filter(|rest| rest.contains(":]")) {
            self.rest = named;
            let name = self.pop_until(":]").unwrap_or_default();
            let (name, is_negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
            let chars = chars::posix(name).ok_or_else(|| self.wrong(BAD_CLASS))?;
            let chars = if self.fold { chars.folded() } else { chars };
            return Ok(if is_negated { chars.negated() } else { chars });
        }
        let before = self.rest;
        if self.skip("\\") {
            if let Some(chars) = self.escaped_class()? {
                return Ok(chars);
            }
            self.rest = before;
        }
        let first = self.bracket_char()?;
        if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
            self.skip("-");
            let last = self.bracket_char()?;
            return match (first, last) {
                (Some(first), Some(last)) if last < first => Err(self.wrong(BAD_RANGE)),
                (first, last) => Ok(self.range(first, last)),
            };
        }
        Ok(self.range(first, first))
    }

    fn bracket_char(&mut self) -> Result<Option<char>, Invalid> {
        match self.pop() {
            Some('\\') => self.escaped_char(),
            Some(literal) => Ok(Some(literal)),
            None => Err(self.wrong(NO_CLOSING_BRACKET)),
        }
    }

    /// A half of a surrogate pair is above all ASCII and below all that it could be mixed up with.
    fn range(&self, first: Option<char>, last: Option<char>) -> Chars {
        match first {
            Some(first) => Chars::range(first, last.unwrap_or('\u{d7ff}'), self.fold),
            None => last.map_or(Chars::EMPTY, |last| Chars::range('\u{e000}', last, self.fold)),
        }
    }
}

/// How far flags reach.
#[derive(PartialEq, Eq)]
enum Scope {
    /// To the end of the group they stand in.
    Rest,
    /// The group that they open.
    Group,
}

/// RE2's own limit.
const REPEAT_MAX: u32 = 1_000;

const NO_CLOSING_PAREN: &str = "a closing ) is missing";
const NO_OPENING_PAREN: &str = "this ) closes nothing; write \\) for the character";
const NO_CLOSING_BRACKET: &str = "a closing ] is missing";
const NOTHING_TO_REPEAT: &str = "there is nothing to repeat; write a backslash before the character";
const REPEATED_TWICE: &str = "a repetition is repeated; put it in ( )";
const BAD_COUNT: &str = "a repetition goes from a smaller to a larger number, at most 1000";
const BAD_NAME: &str = "a group's name consists of letters, digits and _, and ends in >";
const NAME_TWICE: &str = "two groups have this name";
const BAD_FLAGS: &str =
    "after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind";
const BAD_CLASS: &str = "there is no class of characters of this name";
const BAD_RANGE: &str = "a range goes from a smaller to a larger character";
const BAD_ESCAPE: &str = "RE2 knows no such escape, and no references to groups";
const ENDS_IN_BACKSLASH: &str = "it ends in a backslash";
