//! What lies in a partition's directory.

use crate::error::OpenError;
use crate::local::names::{self, Kind};
use crate::local::segment::Segment;
use ottla_base::Offset;
use std::path::Path;

/// What lies in a partition's directory.
pub(super) struct Files {
    pub(super) segments: Vec<Segment>,
    /// Offsets of segments with whole index files.
    pub(super) indexes: Vec<(Offset, Kind)>,
    pub(super) snapshots: Vec<Offset>,
}

impl Files {
    /// Lists the directory and clears away what no longer belongs to it.
    pub(super) fn list(directory: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("listing", directory, error);
        let mut files = Self { segments: Vec::new(), indexes: Vec::new(), snapshots: Vec::new() };
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(names::DELETED_FILE_SUFFIX) || name.ends_with(names::TEMPORARY_SUFFIX) {
                std::fs::remove_file(entry.path()).map_err(failed)?;
                continue;
            }
            let Some((offset, kind)) = names::parse_file(name) else { continue };
            if kind == Kind::Snapshot {
                files.snapshots.push(offset);
                continue;
            }
            let length = entry.metadata().map_err(failed)?.len();
            match kind {
                Kind::Log => {
                    let size = u32::try_from(length).map_err(|_| OpenError::Damaged {
                        path: entry.path(),
                        reason: "a segment has less than 4 GiB".to_owned(),
                    })?;
                    files.segments.push(Segment::new(offset, size));
                }
                Kind::Index if length % 8 == 0 => files.indexes.push((offset, kind)),
                Kind::TimeIndex if length % 12 == 0 => files.indexes.push((offset, kind)),
                Kind::Index | Kind::TimeIndex | Kind::Snapshot => {}
            }
        }
        files.segments.sort_unstable_by_key(|segment| segment.base);
        files.snapshots.sort_unstable();
        Ok(files)
    }
}
