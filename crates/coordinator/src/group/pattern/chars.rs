//! Sets of characters, as far as they can occur in the names of topics: ASCII letters, digits, `.`, `_` and `-`.

use std::fmt::Write as _;

/// A set of ASCII characters. What is not ASCII is in no set, for no topic has it in its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chars(u128);

impl Chars {
    pub(super) const EMPTY: Self = Self(0);
    /// Every character of RE2's `.`; line feeds do not occur.
    pub(super) const ANY: Self = Self(u128::MAX);

    /// All from `first` to `last`, both in. With `fold`, also what differs from one of them in case alone.
    pub(super) fn range(first: char, last: char, fold: bool) -> Self {
        let mut chars = Self::EMPTY;
        for code in u32::from(first)..=u32::from(last).min(ASCII_LAST) {
            chars.0 |= 1 << code;
        }
        if !fold {
            return chars;
        }
        // Two characters that are not ASCII are other cases of ASCII ones.
        for (other, ascii) in [(LONG_S, 's'), (KELVIN, 'k')] {
            if (first..=last).contains(&other) {
                chars.0 |= 1 << u32::from(ascii);
            }
        }
        chars.folded()
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn negated(self) -> Self {
        Self(!self.0)
    }

    /// With both cases of each letter.
    pub(super) fn folded(self) -> Self {
        let (upper, lower) = (self.0 & UPPER.0, self.0 & LOWER.0);
        Self(self.0 | (upper << CASE) | (lower >> CASE))
    }

    /// What of it can occur in a name, as an expression of the library that matches one character of it.
    pub(super) fn write(self, output: &mut String) {
        let occurring = self.0 & TOPIC.0;
        if occurring == TOPIC.0 {
            return output.push('.');
        }
        if occurring == 0 {
            // No place is both the edge of a word and not: this never matches.
            return output.push_str(r"(?:\b\B)");
        }
        let members = (0..=ASCII_LAST).filter(|code| occurring >> code & 1 == 1);
        let listed = members.fold(String::new(), |mut listed, code| {
            let _ = write!(listed, "\\x{code:02x}");
            listed
        });
        match occurring.count_ones() {
            1 => output.push_str(&listed),
            _ => {
                let _ = write!(output, "[{listed}]");
            }
        }
    }
}

/// Perl's classes, without the backslash: `d`, `S`, …
pub(super) fn perl(name: char) -> Option<Chars> {
    let chars = match name.to_ascii_lowercase() {
        'd' => of(|byte| byte.is_ascii_digit()),
        's' => of(|byte| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')),
        'w' => of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        _ => return None,
    };
    Some(if name.is_ascii_uppercase() { chars.negated() } else { chars })
}

/// The classes that are written `[:alpha:]`.
pub(super) fn posix(name: &str) -> Option<Chars> {
    Some(match name {
        "alnum" => of(|byte| byte.is_ascii_alphanumeric()),
        "alpha" => of(|byte| byte.is_ascii_alphabetic()),
        "ascii" => Chars::ANY,
        "blank" => of(|byte| matches!(byte, b'\t' | b' ')),
        "cntrl" => of(|byte| byte.is_ascii_control()),
        "digit" => of(|byte| byte.is_ascii_digit()),
        "graph" => of(|byte| byte.is_ascii_graphic()),
        "lower" => LOWER,
        "print" => of(|byte| byte.is_ascii_graphic() || byte == b' '),
        "punct" => of(|byte| byte.is_ascii_punctuation()),
        "space" => of(|byte| byte.is_ascii_whitespace() || byte == b'\x0b'),
        "upper" => UPPER,
        "word" => of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        "xdigit" => of(|byte| byte.is_ascii_hexdigit()),
        _ => return None,
    })
}

/// The classes that are written `\p{Greek}`: categories and scripts. Exact for what can occur in names.
pub(super) fn unicode(name: &str) -> Option<Chars> {
    Some(match name {
        "Any" => Chars::ANY,
        "L" | "Latin" => of(|byte| byte.is_ascii_alphabetic()),
        "Ll" => LOWER,
        "Lu" => UPPER,
        "N" | "Nd" => of(|byte| byte.is_ascii_digit()),
        "P" => of(|byte| matches!(byte, b'.' | b'-' | b'_')),
        "Pc" => of(|byte| byte == b'_'),
        "Pd" => of(|byte| byte == b'-'),
        "Po" => of(|byte| byte == b'.'),
        "Common" => of(|byte| !byte.is_ascii_alphabetic()),
        // None of these has a character that can occur in a name.
        _ if ELSEWHERE.contains(&name) => Chars::EMPTY,
        _ => return None,
    })
}

fn of(is_member: impl Fn(u8) -> bool) -> Chars {
    Chars((0..=127_u8).filter(|byte| is_member(*byte)).fold(0, |chars, byte| chars | 1 << byte))
}

const fn bits(first: u8, last: u8) -> u128 {
    ((1 << (last - first + 1)) - 1) << first
}

const UPPER: Chars = Chars(bits(b'A', b'Z'));
const LOWER: Chars = Chars(bits(b'a', b'z'));
/// What names of topics consist of.
const TOPIC: Chars = Chars(UPPER.0 | LOWER.0 | bits(b'0', b'9') | bits(b'-', b'.') | bits(b'_', b'_'));
/// How far a lower-case letter is from its upper-case one.
const CASE: u32 = 32;
const ASCII_LAST: u32 = 127;
const LONG_S: char = '\u{17f}';
const KELVIN: char = '\u{212a}';

/// The other names that RE2/J 1.8 knows.
const ELSEWHERE: [&str; 121] = [
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Batak",
    "Bengali",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "C",
    "Canadian_Aboriginal",
    "Carian",
    "Cc",
    "Cf",
    "Cham",
    "Cherokee",
    "Co",
    "Coptic",
    "Cs",
    "Cuneiform",
    "Cypriot",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Egyptian_Hieroglyphs",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanunoo",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kayah_Li",
    "Kharoshthi",
    "Khmer",
    "Lao",
    "Lepcha",
    "Limbu",
    "Linear_B",
    "Lisu",
    "Lm",
    "Lo",
    "Lt",
    "Lycian",
    "Lydian",
    "M",
    "Malayalam",
    "Mandaic",
    "Mc",
    "Me",
    "Meetei_Mayek",
    "Mn",
    "Mongolian",
    "Myanmar",
    "New_Tai_Lue",
    "Nko",
    "Nl",
    "No",
    "Ogham",
    "Ol_Chiki",
    "Old_Italic",
    "Old_Persian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Oriya",
    "Osmanya",
    "Pe",
    "Pf",
    "Phags_Pa",
    "Phoenician",
    "Pi",
    "Ps",
    "Rejang",
    "Runic",
    "S",
    "Samaritan",
    "Saurashtra",
    "Sc",
    "Shavian",
    "Sinhala",
    "Sk",
    "Sm",
    "So",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Tamil",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Ugaritic",
    "Unknown",
    "Vai",
    "Yi",
    "Z",
    "Zl",
    "Zp",
    "Zs",
];
