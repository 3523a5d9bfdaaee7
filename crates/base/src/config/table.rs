//! Keys by name.

use super::Key;
use std::collections::BTreeMap;

/// Keys by name, in alphabetical order.
#[derive(Debug)]
pub struct Table {
    keys: BTreeMap<&'static str, &'static Key>,
}

impl Table {
    /// A table of all keys of these sections.
    ///
    /// # Panics
    /// If two entries have the same name.
    #[must_use]
    pub fn new(sections: &[&'static [Key]]) -> Self {
        let mut keys = BTreeMap::new();
        for key in sections.iter().flat_map(|section| section.iter()) {
            assert!(keys.insert(key.name, key).is_none(), "the key {} is declared twice", key.name);
        }
        Self { keys }
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.get(name).copied()
    }

    /// All keys in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.values().copied()
    }

    /// All names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.keys().copied()
    }

    /// What is wrong with the entries of this table, for its test: names and docs present, defaults valid,
    /// numbers with a unit and with a cost at both ends.
    #[must_use]
    pub fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        for key in self.iter() {
            if key.doc.trim().is_empty() {
                flaws.push(format!("{} has no documentation", key.name));
            }
            let default = key.default.map(|text| key.parse(text)).transpose();
            match default {
                Err(invalid) => flaws.push(format!("default: {invalid}")),
                Ok(None) if (key.check)(&super::Parsed::Null).is_err() => {
                    flaws.push(format!("{} needs a default or an optional type", key.name));
                }
                Ok(_) => {}
            }
            if key.unit != super::Unit::None && (key.low.is_empty() || key.high.is_empty()) {
                flaws.push(format!("{} has a unit but not a cost at both ends", key.name));
            }
        }
        flaws
    }
}

/// The name closest to `name`, if one is close enough to be meant: at most one edit per four letters.
#[must_use]
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = (name.len() / 4).max(1);
    names
        .map(|candidate| (distance(name, candidate, most), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions and replacements turn `a` into `b`; any number above `most` if more than that.
fn distance(a: &str, b: &str, most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}
