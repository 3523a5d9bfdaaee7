//! What of the files is on stable storage, and what may come to be: the other half of the page cache.
//!
//! ```text
//! file        durable bytes      + changes in their order: writes, lengths
//! directory   durable names      + changes in their order: names put, removed, moved
//! ```
//! A sync of a file or directory makes its changes durable, all of them. A power cut keeps any of them: see
//! [`image`](super::image).

use super::planted::{self, Planted};
use std::collections::BTreeMap;
use std::path::Path;

/// Which file or directory; never given twice, other than the system's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u64);

/// The root, which is always there.
pub(super) const ROOT: Id = Id(0);

/// All files and directories that were ever made.
#[derive(Debug)]
pub(super) struct Model {
    nodes: BTreeMap<Id, Node>,
}

#[derive(Debug)]
pub(super) enum Node {
    File(File),
    Directory(Directory),
}

#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) durable: Vec<u8>,
    pub(super) changes: Vec<Change>,
    /// Whether records are in it, which matters to planted bugs.
    pub(super) is_log: bool,
}

/// What a file's bytes may become.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Length(u64),
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) durable: BTreeMap<String, Id>,
    pub(super) changes: Vec<Naming>,
}

/// What a directory's names may become. A move is one change: both names or none.
#[derive(Debug, Clone)]
pub(super) enum Naming {
    Put { name: String, id: Id },
    Remove { name: String },
    Move { from: String, to: String, id: Id },
}

impl Default for Model {
    fn default() -> Self {
        Self { nodes: BTreeMap::from([(ROOT, Node::Directory(Directory::default()))]) }
    }
}

impl Model {
    pub(super) fn add(&mut self, node: Node) -> Id {
        let id = Id(self.nodes.len() as u64);
        self.nodes.insert(id, node);
        id
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[&id]
    }

    pub(super) fn file(&mut self, id: Id) -> &mut File {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => file,
            other => unreachable!("{id:?} is no file but {other:?}"),
        }
    }

    pub(super) fn directory(&mut self, id: Id) -> &mut Directory {
        match self.nodes.get_mut(&id) {
            Some(Node::Directory(directory)) => directory,
            other => unreachable!("{id:?} is no directory but {other:?}"),
        }
    }

    /// Files with changes that no sync has covered, in the order of their ids.
    pub(super) fn dirty_files(&self) -> Vec<Id> {
        let is_dirty = |node: &Node| match node {
            Node::File(file) => !file.changes.is_empty(),
            Node::Directory(_) => false,
        };
        self.nodes.iter().filter(|(_, node)| is_dirty(node)).map(|(id, _)| *id).collect()
    }

    /// Makes everything durable, in the order of the ids; `until` says when to stop.
    pub(super) fn sync_all(&mut self, planted: Planted, mut until: impl FnMut() -> bool) {
        for node in self.nodes.values_mut() {
            if until() {
                return;
            }
            match node {
                Node::File(file) if file.is_log && planted.leaves_out_logs() => {}
                Node::File(file) => file.sync(),
                Node::Directory(directory) => directory.sync(),
            }
        }
    }
}

impl File {
    /// An empty one that is called so.
    pub(super) fn named(path: &Path) -> Self {
        Self { is_log: planted::is_log(path), ..Self::default() }
    }

    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            change.apply(&mut self.durable);
        }
    }

    /// What reads show once the cache was forgotten: all but what a sync that failed has lost. The file stays as long as
    /// it is, for its length is no page but in the system's inode, which nobody forgets; what is not there reads as zeros.
    pub(super) fn without_the_lost(&mut self, length: u64) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        self.changes.iter().for_each(|change| change.apply(&mut bytes));
        if bytes.len() != size(length) {
            let change = Change::Length(length);
            change.apply(&mut bytes);
            self.changes.push(change);
        }
        bytes
    }

    /// A sync has failed: the system takes the file's changes for written, whether they were or not.
    pub(super) fn forget(&mut self, mut is_written: impl FnMut() -> bool) {
        for change in std::mem::take(&mut self.changes) {
            if is_written() {
                change.apply(&mut self.durable);
            }
        }
    }
}

impl Change {
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes: written } => put(bytes, *at, written),
            Self::Length(length) => bytes.resize(size(*length), 0),
        }
    }
}

impl Directory {
    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            change.apply(&mut self.durable);
        }
    }
}

impl Naming {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, Id>) {
        match self {
            Self::Put { name, id } => _ = names.insert(name.clone(), *id),
            Self::Remove { name } => _ = names.remove(name),
            Self::Move { from, to, id } => {
                names.remove(from);
                names.insert(to.clone(), *id);
            }
        }
    }
}

/// Writes into a file's bytes; a gap before them reads as zeros.
pub(super) fn put(bytes: &mut Vec<u8>, at: u64, written: &[u8]) {
    let (start, end) = (size(at), size(at) + written.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(written);
}

pub(super) fn size(length: u64) -> usize {
    usize::try_from(length).expect("simulated files are small")
}
