//! Puts a compacted segment in place of those whose offsets it covers; Kafka's protocol of suffixes.
//!
//! ```text
//! 1  N.index.cleaned → N.index.swap, …                       sync   a crash: .cleaned and .swap are thrown away
//! 2  N.log.cleaned   → N.log.swap                            sync   from here on the new segment counts
//! 3  (in memory, under the partition's lock: the old segments go, the new one comes)
//! 4  N.index.swap → N.index, …; other old segments removed   sync   a crash: begins anew with 4
//! 5  N.log.swap   → N.log                                    sync
//! ```
//! The syncs between them are of the directory: without them a power cut could keep a later step and lose an earlier
//! one. Which old segments a `.swap` covers follows from its own last offset: a compacted segment always reaches to
//! the next one, if need be by a placeholder. All files were synced before step 1.

use super::Stop;
use super::job::Shell;
use super::source::Source;
use crate::disk::Mode;
use crate::local::names::{self, Kind};
use crate::local::partition::{Mark, Partition, State, Status};
use crate::local::place::Place;
use crate::local::segment::Segment;
use crate::local::walk::{Walk, WalkError};
use ottla_base::Offset;
use std::io;

/// All steps. `segment` was written, and its files are open; `sources` are what it replaces.
///
/// After an error in the first two steps the log is as it was, and the caller [`abandon`]s what was written; after a
/// later one the partition is offline.
pub(crate) fn swap(
    shell: &Shell,
    partition: &Partition,
    sources: &[Source],
    segment: Segment,
) -> Result<(), Stop> {
    // Held so that nobody deletes, trims or makes a partition of this name meanwhile.
    let _change = shell.change.lock();
    shell.check(partition)?;
    let place = partition.place(shell.engine);
    let base = segment.base;
    {
        let mut state = partition.state.lock();
        if range_of(&state, sources).is_none() {
            return Err(Stop::Changed);
        }
        state.compaction.swapping = true;
    }
    let offline = |error: &io::Error| {
        partition.fail(&mut partition.state.lock(), "putting a compacted segment in place", error);
        Err(Stop::Offline)
    };
    match announce(&place, base) {
        Ok(()) => {}
        Err((error, Unknown::Yes)) => return offline(&error),
        Err((source, Unknown::No)) => {
            partition.state.lock().compaction.swapping = false;
            return Err(Stop::Io { doing: "announcing a compacted segment", source });
        }
    }
    let old = exchange(&mut partition.state.lock(), sources, segment);
    let covered: Vec<Offset> = sources[1..].iter().map(|source| source.base).collect();
    if let Err(error) = put_in_place(&place, base, &covered) {
        // Still swapping: nobody may rename or close files whose names nobody knows.
        return offline(&error);
    }
    partition.state.lock().compaction.swapping = false;
    // Its log and its index.
    (0..2).for_each(|_| partition.adopt(shell.engine, base));
    // Their names are gone for good: the directory was synced.
    old.into_iter().filter_map(|segment| segment.file).for_each(|file| shell.freeing.put(file));
    Ok(())
}

/// Removes the files of a segment that is not to be put in place, if the directory is still this partition's.
pub(crate) fn abandon(shell: &Shell, partition: &Partition, base: Offset) {
    let _change = shell.change.lock();
    if partition.state.lock().status != Status::Live {
        return;
    }
    if let Err(error) = discard(&partition.place(shell.engine), base) {
        tracing::debug!(%error, "an unfinished compacted segment stays until the next start");
    }
}

/// Where the sources are in the log; `None` if it no longer has all of them.
fn range_of(state: &State, sources: &[Source]) -> Option<std::ops::Range<usize>> {
    let first = state.segments.binary_search_by_key(&sources[0].base, |segment| segment.base).ok()?;
    let range = first..first + sources.len();
    let found = state.segments.get(range.clone())?;
    let is_same =
        |(segment, source): (&Segment, &Source)| segment.base == source.base && segment.size == source.bytes;
    // The active segment is never among them.
    (range.end < state.segments.len() && found.iter().zip(sources).all(is_same)).then_some(range)
}

/// Step 3. Returns the old segments, with whatever is open of them.
fn exchange(state: &mut State, sources: &[Source], segment: Segment) -> Vec<Segment> {
    let range = range_of(state, sources).expect("nobody else changes them while files are swapped");
    let (base, size) = (segment.base, segment.size);
    if sources.iter().any(|source| source.base == state.high_mark.base) {
        // It lies at the end of the last of them, because everything in them is visible.
        state.high_mark = Mark { base, position: size };
    }
    let old: Vec<Segment> = state.segments.splice(range, [segment]).collect();
    old.iter().for_each(|segment| state.forget_unsynced(segment));
    old
}

/// Steps 1 and 2. After an error the old segments still count, unless it is unknown.
fn announce(place: &Place, base: Offset) -> Result<(), (io::Error, Unknown)> {
    let (cleaned, swap) = (place.with_suffix(names::CLEANED_SUFFIX), place.with_suffix(names::SWAP_SUFFIX));
    let rename = |kind| place.disk.rename(&cleaned.file(base, kind), &swap.file(base, kind));
    for kind in Kind::OF_SEGMENTS.into_iter().filter(|kind| *kind != Kind::Log) {
        ignore_missing(rename(kind)).map_err(|error| (error, Unknown::No))?;
    }
    place.sync().map_err(|error| (error, Unknown::No))?;
    rename(Kind::Log).map_err(|error| (error, Unknown::No))?;
    place.sync().map_err(|error| (error, Unknown::Yes))
}

/// Whether it is unknown which segments a start after a crash would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    No,
    Yes,
}

/// Steps 4 and 5. `covered` are the bases of the other segments that the new one replaces.
fn put_in_place(place: &Place, base: Offset, covered: &[Offset]) -> io::Result<()> {
    let swap = place.with_suffix(names::SWAP_SUFFIX);
    for kind in Kind::OF_SEGMENTS.into_iter().filter(|kind| *kind != Kind::Log) {
        // It may have been renamed before a crash.
        ignore_missing(place.disk.rename(&swap.file(base, kind), &place.file(base, kind)))?;
    }
    for old in covered {
        remove(place, *old)?;
    }
    place.sync()?;
    place.disk.rename(&swap.log(base), &place.log(base))?;
    place.sync()
}

/// Removes what a compaction has written, which was not announced.
fn discard(place: &Place, base: Offset) -> io::Result<()> {
    for suffix in [names::CLEANED_SUFFIX, names::SWAP_SUFFIX] {
        remove(&place.with_suffix(suffix), base)?;
    }
    Ok(())
}

/// After a crash: finishes what was announced, and throws the rest away. `names` are in the directory. Returns whether
/// others are now.
pub(crate) fn recover(place: &Place, names: &[String]) -> io::Result<bool> {
    let mut announced = Vec::new();
    let mut bases = Vec::new();
    let mut left = Vec::new();
    for name in names {
        if let Some((base, Kind::Log)) = names::parse_file(name) {
            bases.push(base);
        } else if let Some(stem) = name.strip_suffix(names::SWAP_SUFFIX) {
            match names::parse_file(stem) {
                Some((base, Kind::Log)) => announced.push(base),
                _ => left.push(name),
            }
        } else if name.ends_with(names::CLEANED_SUFFIX) {
            left.push(name);
        }
    }
    for base in &announced {
        let end = end_of_swap(place, *base)?;
        let mut covered: Vec<Offset> =
            bases.iter().copied().filter(|old| *base < *old && *old < end).collect();
        covered.sort_unstable();
        // Kafka renames in another order, so that these may still be the old segment's. They are made anew.
        let swap = place.with_suffix(names::SWAP_SUFFIX);
        for kind in [Kind::Index, Kind::TimeIndex] {
            place.disk.remove_file_if_any(&place.file(*base, kind))?;
            place.disk.remove_file_if_any(&swap.file(*base, kind))?;
        }
        put_in_place(place, *base, &covered)?;
        tracing::info!(path = %place.path.display(), %base, "a compacted segment was put in place");
    }
    for name in &left {
        place.disk.remove_file_if_any(&place.path.join(name))?;
    }
    Ok(!announced.is_empty() || !left.is_empty())
}

/// The offset after the last batch of an announced segment. Damage in it is found, and reported, by whoever reads it.
fn end_of_swap(place: &Place, base: Offset) -> io::Result<Offset> {
    let file = place.disk.open(&place.with_suffix(names::SWAP_SUFFIX).log(base), Mode::Read)?;
    let length = place.disk.length(&file)?;
    let mut walk = Walk::new(place.disk, &file, 0, length);
    let mut end = base;
    loop {
        match walk.next() {
            Ok(Some(found)) => end = found.header.next_offset(),
            Ok(None) | Err(WalkError::NotABatch { .. }) => return Ok(end),
            Err(WalkError::Io(error)) => return Err(error),
        }
    }
}

/// Removes a segment's files; the log goes last.
fn remove(place: &Place, base: Offset) -> io::Result<()> {
    Kind::OF_SEGMENTS.into_iter().try_for_each(|kind| place.disk.remove_file_if_any(&place.file(base, kind)))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
