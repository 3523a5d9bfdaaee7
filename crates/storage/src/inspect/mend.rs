//! Mends what [`verify`](super::verify) has found.
//!
//! ```text
//! before   [ good ][xx damaged xx][ good ]         one segment
//! after    [ good ]                                the same, shorter
//!                  <base>.log.<position>.cut       the damaged bytes
//!                                 [ good ]         a segment of its own, named by its first offset
//! ```
//! Every byte that leaves a log is kept. What is new is on stable storage before what is old is shortened, so that
//! an interruption leaves something twice, never nothing. Afterwards the next start checks like after a crash and
//! begins a new leader epoch, by which consumers notice.

pub(crate) mod rebuild;

use super::directory::{DataDirectory, PartitionFiles};
use super::finding::{Finding, Mend};
use super::real_disk;
use super::verify::Verified;
use crate::disk::Mode;
use crate::error::OpenError;
use crate::local::names::{self, Kind};
use ottla_base::Offset;
use std::collections::BTreeSet;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

/// A finding that was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// What was wrong.
    pub finding: Finding,
    /// Where the bytes are that were taken out.
    pub kept: Option<PathBuf>,
}

/// Mends all findings that can be. Those that need a hand or nothing at all are left out of the result.
///
/// # Errors
/// What the operating system refuses; what was done until then stays, and another attempt goes on.
pub fn mend(data: &DataDirectory, verified: &Verified) -> Result<Vec<Mended>, OpenError> {
    let mut findings: Vec<&Finding> =
        verified.findings.iter().filter(|finding| is_mendable(finding)).collect();
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    // From the back to the front, so that positions and segments still mean the same.
    findings.sort_by_key(|finding| std::cmp::Reverse(place(finding)));
    distrust(data)?;
    let partitions = data.partitions()?;
    let mut mended = Vec::new();
    for files in &partitions {
        let concerned = |finding: &&&Finding| {
            finding
                .partition
                .as_ref()
                .is_some_and(|(topic, index)| (topic, index) == (&files.topic, &files.index))
        };
        let mut mending = Mending { files, rebuilt: BTreeSet::new() };
        for finding in findings.iter().filter(concerned) {
            let kept = mending.mend(finding)?;
            mended.push(Mended { finding: (*finding).clone(), kept });
        }
        mending.finish()?;
    }
    for finding in findings.iter().filter(|finding| finding.partition.is_none()) {
        let kept = set_aside(&finding.path)?;
        mended.push(Mended { finding: (*finding).clone(), kept: Some(kept) });
    }
    sync_directory(data.path())?;
    Ok(mended)
}

fn is_mendable(finding: &Finding) -> bool {
    match finding.mend {
        Mend::NextStart | Mend::ByHand(_) => false,
        Mend::CutTail { .. }
        | Mend::CutOut { .. }
        | Mend::RebuildIndexes { .. }
        | Mend::RebuildEpochs(_)
        | Mend::SetEpoch { .. }
        | Mend::SetAside
        | Mend::GoOnAt(_) => true,
    }
}

fn place(finding: &Finding) -> (Offset, u64) {
    match &finding.mend {
        Mend::CutTail { base, position }
        | Mend::CutOut { base, position, .. }
        | Mend::SetEpoch { base, position, .. } => (*base, *position),
        Mend::RebuildIndexes { base } => (*base, 0),
        Mend::NextStart | Mend::ByHand(_) | Mend::RebuildEpochs(_) | Mend::SetAside | Mend::GoOnAt(_) => {
            (Offset::NONE, 0)
        }
    }
}

/// Takes the mark of an orderly stop away: the next start has to look.
fn distrust(data: &DataDirectory) -> Result<(), OpenError> {
    let marker = data.path().join(names::CLEAN_SHUTDOWN);
    data.disk.remove_file_if_any(&marker).map_err(|error| OpenError::io("removing", marker, error))?;
    sync_directory(data.path())
}

struct Mending<'a> {
    files: &'a PartitionFiles,
    /// Segments whose indexes have to be made anew.
    rebuilt: BTreeSet<Offset>,
}

impl Mending<'_> {
    /// Returns where the bytes are kept that were taken out.
    fn mend(&mut self, finding: &Finding) -> Result<Option<PathBuf>, OpenError> {
        let path = &finding.path;
        match &finding.mend {
            Mend::CutTail { base, position } => {
                let kept = self.keep(*base, *position, None)?;
                self.shorten(*base, *position)?;
                Ok(Some(kept))
            }
            Mend::CutOut { base, position, end, next } => {
                let kept = self.keep(*base, *position, Some(*end))?;
                self.split(*base, *end, *next)?;
                if next != base {
                    self.shorten(*base, *position)?;
                }
                Ok(Some(kept))
            }
            Mend::RebuildIndexes { base } => {
                self.rebuilt.insert(*base);
                Ok(None)
            }
            Mend::SetEpoch { position, epoch, .. } => {
                let (disk, bytes) = (real_disk(), epoch.0.to_be_bytes());
                let set = disk.open(path, Mode::Write).and_then(|file| {
                    disk.write_all_at(&file, &mut [IoSlice::new(&bytes)], position + LEADER_EPOCH_AT)?;
                    disk.sync_data(&file)
                });
                set.map_err(|error| OpenError::io("writing", path, error))?;
                Ok(None)
            }
            Mend::RebuildEpochs(epochs) => {
                let lines = epochs.iter().map(|(epoch, start)| format!("{epoch} {start}"));
                let text = crate::local::checkpoint::text(lines);
                write(path, text.as_bytes())?;
                Ok(None)
            }
            Mend::SetAside => set_aside(path).map(Some),
            Mend::GoOnAt(offset) => {
                let path = self.files.file(*offset, Kind::Log);
                let disk = real_disk();
                let synced = disk.open(&path, Mode::Create).and_then(|file| disk.sync_data(&file));
                synced.map_err(|error| OpenError::io("making", path, error))?;
                Ok(None)
            }
            Mend::NextStart | Mend::ByHand(_) => Ok(None),
        }
    }

    /// Copies the bytes of a log from `position` to `end`, or to the end of the file.
    fn keep(&self, base: Offset, position: u64, end: Option<u64>) -> Result<PathBuf, OpenError> {
        let path = self.files.file(base, Kind::Log);
        let mut kept = path.clone().into_os_string();
        kept.push(format!(".{position}{}", names::CUT_SUFFIX));
        let kept = PathBuf::from(kept);
        copy(&path, position, end, &kept)?;
        Ok(kept)
    }

    /// Makes a segment of what begins at `from`.
    fn split(&mut self, base: Offset, from: u64, next: Offset) -> Result<(), OpenError> {
        let path = self.files.file(base, Kind::Log);
        let (new, temporary) = (
            self.files.file(next, Kind::Log),
            self.files.directory.join(format!("mending{}", names::TEMPORARY_SUFFIX)),
        );
        copy(&path, from, None, &temporary)?;
        real_disk().rename(&temporary, &new).map_err(|error| OpenError::io("making", &new, error))?;
        sync_directory(&self.files.directory)?;
        self.rebuilt.insert(next);
        Ok(())
    }

    fn shorten(&mut self, base: Offset, length: u64) -> Result<(), OpenError> {
        let path = self.files.file(base, Kind::Log);
        let disk = real_disk();
        let file = disk.open(&path, Mode::Write);
        let cut = file.and_then(|file| disk.set_len(&file, length).and_then(|()| disk.sync_data(&file)));
        cut.map_err(|error| OpenError::io("cutting", path, error))?;
        self.rebuilt.insert(base);
        Ok(())
    }

    fn finish(self) -> Result<(), OpenError> {
        if !self.rebuilt.is_empty() {
            rebuild::indexes(&self.files.directory, &|base| self.rebuilt.contains(&base))?;
        }
        sync_directory(&self.files.directory)
    }
}

pub(crate) fn copy(path: &Path, from: u64, to: Option<u64>, into: &Path) -> Result<(), OpenError> {
    let copied = || -> io::Result<()> {
        let disk = real_disk();
        let (source, target) = (disk.open(path, Mode::Read)?, disk.open(into, Mode::Empty)?);
        let to = match to {
            Some(to) => to,
            None => disk.length(&source)?,
        };
        let mut buffer = vec![0; COPY_BYTES];
        let mut position = from;
        while position < to {
            let count = usize::try_from(to - position).unwrap_or(COPY_BYTES).min(COPY_BYTES);
            disk.read_exact_at(&source, &mut buffer[..count], position)?;
            disk.write_all_at(&target, &mut [IoSlice::new(&buffer[..count])], position - from)?;
            position += count as u64;
        }
        disk.sync_data(&target)
    };
    copied().map_err(|error| OpenError::io("copying to", into, error))
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    let written = || -> io::Result<()> {
        let disk = real_disk();
        disk.sync_data(&disk.write(path, bytes)?)
    };
    written().map_err(|error| OpenError::io("writing", path, error))
}

fn set_aside(path: &Path) -> Result<PathBuf, OpenError> {
    let mut aside = path.to_owned().into_os_string();
    aside.push(names::CUT_SUFFIX);
    let aside = PathBuf::from(aside);
    let renamed = real_disk().rename(path, &aside);
    renamed.map_err(|error| OpenError::io("setting aside", path, error))?;
    Ok(aside)
}

pub(crate) fn sync_directory(path: &Path) -> Result<(), OpenError> {
    real_disk().sync_directory(path).map_err(|error| OpenError::io("syncing", path, error))
}

/// Where a batch has its leader epoch.
const LEADER_EPOCH_AT: u64 = 12;
const COPY_BYTES: usize = 1 << 20;
