//! What lies in a partition's directory.

use super::Known;
use crate::error::OpenError;
use crate::local::compaction::swap;
use crate::local::names::{self, Kind};
use crate::local::place::Place;
use crate::local::segment::Segment;
use ottla_base::Offset;

/// What lies in a partition's directory.
pub(super) struct Files {
    pub(super) segments: Vec<Segment>,
    /// Offsets of segments with whole index files. Of aborted transactions only the empty ones: others have to be read.
    pub(super) indexes: Vec<(Offset, Kind)>,
    pub(super) snapshots: Vec<Offset>,
}

impl Files {
    /// Lists the directory, puts compacted segments in place, and clears away what no longer belongs there. After a clean
    /// stop, an index that is there was written to its end.
    pub(super) fn list(place: &Place, known: &Known) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("listing", &place.path, error);
        let list = || place.disk.list(&place.path).map_err(failed);
        let mut listed = list()?;
        let changed = swap::recover(place, &listed)
            .map_err(|error| OpenError::io("putting compacted segments in place in", &place.path, error))?;
        if changed {
            listed = list()?;
        }
        Self::of(place, &listed, known)
    }

    fn of(place: &Place, listed: &[String], known: &Known) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("listing", &place.path, error);
        let mut files = Self { segments: Vec::new(), indexes: Vec::new(), snapshots: Vec::new() };
        for name in listed {
            let path = place.path.join(name);
            if name.ends_with(names::DELETED_FILE_SUFFIX) || name.ends_with(names::TEMPORARY_SUFFIX) {
                place.disk.remove_file(&path).map_err(failed)?;
                continue;
            }
            let Some((offset, kind)) = names::parse_file(name) else { continue };
            let length = || Ok(place.disk.metadata(&path).map_err(failed)?.length);
            match kind {
                Kind::Snapshot => files.snapshots.push(offset),
                Kind::Log => {
                    let size = u32::try_from(length()?).map_err(|_| OpenError::Damaged {
                        path: path.clone(),
                        reason: "a segment has less than 4 GiB".to_owned(),
                    })?;
                    files.segments.push(Segment::new(offset, size));
                }
                Kind::Index if known.clean || length()? % 8 == 0 => files.indexes.push((offset, kind)),
                Kind::TimeIndex if known.clean || length()? % 12 == 0 => files.indexes.push((offset, kind)),
                Kind::TxnIndex if length()? == 0 => files.indexes.push((offset, kind)),
                Kind::Index | Kind::TimeIndex | Kind::TxnIndex => {}
            }
        }
        files.segments.sort_unstable_by_key(|segment| segment.base);
        files.snapshots.sort_unstable();
        Ok(files)
    }
}
