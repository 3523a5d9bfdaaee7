//! What lies in a partition's directory.

use crate::error::OpenError;
use crate::local::names::{self, Kind};
use crate::local::place::Place;
use crate::local::segment::Segment;
use ottla_base::Offset;

/// What lies in a partition's directory.
pub(super) struct Files {
    pub(super) segments: Vec<Segment>,
    /// Offsets of segments with whole index files.
    pub(super) indexes: Vec<(Offset, Kind)>,
    pub(super) snapshots: Vec<Offset>,
}

impl Files {
    /// Lists the directory and clears away what no longer belongs to it.
    pub(super) fn list(place: &Place) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("listing", &place.path, error);
        let mut files = Self { segments: Vec::new(), indexes: Vec::new(), snapshots: Vec::new() };
        for name in place.disk.list(&place.path).map_err(failed)? {
            let path = place.path.join(&name);
            if name.ends_with(names::DELETED_FILE_SUFFIX) || name.ends_with(names::TEMPORARY_SUFFIX) {
                place.disk.remove_file(&path).map_err(failed)?;
                continue;
            }
            let Some((offset, kind)) = names::parse_file(&name) else { continue };
            if kind == Kind::Snapshot {
                files.snapshots.push(offset);
                continue;
            }
            let length = place.disk.metadata(&path).map_err(failed)?.length;
            match kind {
                Kind::Log => {
                    let size = u32::try_from(length).map_err(|_| OpenError::Damaged {
                        path,
                        reason: "a segment has less than 4 GiB".to_owned(),
                    })?;
                    files.segments.push(Segment::new(offset, size));
                }
                Kind::Index if length % 8 == 0 => files.indexes.push((offset, kind)),
                Kind::TimeIndex if length % 12 == 0 => files.indexes.push((offset, kind)),
                Kind::Index | Kind::TimeIndex | Kind::TxnIndex | Kind::Snapshot => {}
            }
        }
        files.segments.sort_unstable_by_key(|segment| segment.base);
        files.snapshots.sort_unstable();
        Ok(files)
    }
}
