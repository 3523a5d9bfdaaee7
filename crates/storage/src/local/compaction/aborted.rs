//! Which transactions of a log were aborted.

use super::Stop;
use crate::local::partition::{Engine, Partition};
use crate::local::txnindex::{self, AbortedEntry};
use ottla_base::Offset;
use std::io;
use std::ops::Range;

/// The aborted transactions with records in `range`, which lies below the last stable offset. Their markers may lie
/// behind it.
pub(crate) fn collect(
    partition: &Partition,
    engine: &Engine,
    range: Range<Offset>,
) -> Result<Vec<AbortedEntry>, Stop> {
    let place = partition.place(engine);
    let load = |base, durable_to| {
        txnindex::load(&place, base, durable_to).map_err(Stop::io("reading the aborted transactions"))
    };
    let (bases, mut found) = {
        let state = partition.state.lock();
        let (active, old) = state.segments.split_last().expect("a partition has a segment");
        let first = state.segment_of(range.start).unwrap_or(0).min(old.len());
        let with_aborts = old[first..].iter().filter(|segment| 0 < segment.aborted);
        let bases: Vec<Offset> = with_aborts.map(|segment| segment.base).collect();
        let mut found = Vec::new();
        if 0 < active.aborted {
            // Under the lock, because the file grows. It may not even be there yet, and a write that a full disk
            // broke off may have left a piece at its end.
            found.extend(load(active.base, Some(state.end))?.into_iter().flatten());
            found.extend(state.active.iter().flat_map(|active| active.aborts.pending().iter().copied()));
        }
        (bases, found)
    };
    for base in bases {
        let Some(loaded) = load(base, None)? else {
            let state = partition.state.lock();
            // Without them, aborted records would supersede others.
            return Err(match state.segments.binary_search_by_key(&base, |segment| segment.base) {
                Ok(_) => Stop::io("reading the aborted transactions")(io::ErrorKind::InvalidData.into()),
                Err(_) => Stop::Changed,
            });
        };
        found.extend(loaded);
    }
    found.retain(|entry| range.start <= entry.marker && entry.first < range.end);
    Ok(found)
}
