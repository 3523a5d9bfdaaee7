//! What a power cut leaves: all that is durable, and of the changes that no sync has covered, whatever chance keeps.
//!
//! Changes are kept or lost one by one, as the disk may write them in any order. A write may be torn: some of its
//! sectors, or its first bytes only. A file may be longer than its bytes, with zeros or with what the disk held
//! there before. A name is there or not; a move happens whole or not at all. What is durable never changes.

use super::model::{Change, Directory, File, Id, Model, Node, ROOT, put, size};
use crate::chance::Chance;
use std::io;
use std::path::Path;

/// How much of what no sync has covered is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    All,
    /// So many of a hundred changes.
    Some(u64),
}

/// Makes the files that a power cut leaves in the empty directory `root`, and their model. `made` is told of each.
pub(super) fn build(
    before: &Model,
    root: &Path,
    chance: &mut Chance,
    made: &mut dyn FnMut(&Path, Id),
) -> io::Result<Model> {
    let kept = *chance.pick(&[Kept::Nothing, Kept::All, Kept::Some(20), Kept::Some(50), Kept::Some(80)]);
    let mut building = Building { before, after: Model::default(), kept, chance, made };
    building.directory(ROOT, root, ROOT)?;
    Ok(building.after)
}

struct Building<'a> {
    before: &'a Model,
    after: Model,
    kept: Kept,
    chance: &'a mut Chance,
    made: &'a mut dyn FnMut(&Path, Id),
}

impl Building<'_> {
    fn directory(&mut self, id: Id, path: &Path, new_directory: Id) -> io::Result<()> {
        (self.made)(path, new_directory);
        let Node::Directory(Directory { durable, changes }) = self.before.node(id) else {
            unreachable!("a file has no names")
        };
        let mut names = durable.clone();
        for change in changes {
            if self.keeps() {
                change.apply(&mut names);
            }
        }
        for (name, id) in names {
            let path = path.join(&name);
            let new_id = match self.before.node(id) {
                Node::Directory(_) => {
                    std::fs::create_dir(&path)?;
                    let new_id = self.after.add(Node::Directory(Directory::default()));
                    self.directory(id, &path, new_id)?;
                    new_id
                }
                Node::File(file) => {
                    let durable = self.bytes(file);
                    std::fs::write(&path, &durable)?;
                    let new_id = self.after.add(Node::File(File { durable, ..File::named(&path) }));
                    (self.made)(&path, new_id);
                    new_id
                }
            };
            self.after.directory(new_directory).durable.insert(name, new_id);
        }
        Ok(())
    }

    fn keeps(&mut self) -> bool {
        match self.kept {
            Kept::Nothing => false,
            Kept::All => true,
            Kept::Some(cases) => self.chance.percent(cases),
        }
    }

    fn bytes(&mut self, file: &File) -> Vec<u8> {
        let mut bytes = file.durable.clone();
        let mut longest = bytes.len();
        // Lengths are kept in their order: who lengthens a file and then writes into it never sees what was written
        // beyond a length that was lost.
        let mut cap = None;
        for change in &file.changes {
            if let Change::Write { at, bytes: written } = change {
                longest = longest.max(size(*at) + written.len());
            }
            let keeps = self.keeps();
            match change {
                Change::Length(length) if !keeps && bytes.len() < size(*length) => {
                    cap.get_or_insert(bytes.len());
                }
                _ if !keeps => continue,
                Change::Length(_) => {
                    cap = None;
                    change.apply(&mut bytes);
                }
                Change::Write { at, bytes: written } if self.is_torn() => self.tear(&mut bytes, *at, written),
                Change::Write { .. } => change.apply(&mut bytes),
            }
            bytes.truncate(cap.unwrap_or(usize::MAX));
        }
        let is_appended = !file.changes.iter().any(|change| matches!(change, Change::Length(_)));
        if is_appended
            && bytes.len() < longest
            && matches!(self.kept, Kept::Some(_))
            && self.chance.percent(LONGER)
        {
            let end = bytes.len() + 1 + self.chance.below(longest - bytes.len());
            let old = self.chance.percent(OLD_BYTES);
            while bytes.len() < end {
                bytes.push(if old { self.chance.bits().to_le_bytes()[0] } else { 0 });
            }
        }
        bytes
    }

    fn is_torn(&mut self) -> bool {
        matches!(self.kept, Kept::Some(_)) && self.chance.percent(TORN)
    }

    /// Keeps the first bytes of a write, or some of its sectors.
    fn tear(&mut self, bytes: &mut Vec<u8>, at: u64, written: &[u8]) {
        if self.chance.percent(50) {
            put(bytes, at, &written[..self.chance.below(written.len() + 1)]);
            return;
        }
        let mut from = 0;
        while from < written.len() {
            let to_boundary = SECTOR - (size(at) + from) % SECTOR;
            let to = written.len().min(from + to_boundary);
            if self.chance.percent(50) {
                put(bytes, at + from as u64, &written[from..to]);
            }
            from = to;
        }
    }
}

/// A disk writes a sector whole or not at all.
const SECTOR: usize = 512;
const TORN: u64 = 30;
const LONGER: u64 = 30;
const OLD_BYTES: u64 = 30;
