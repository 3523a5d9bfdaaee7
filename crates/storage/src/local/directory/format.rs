//! The format of the data directory, as `meta.properties` tells it.

use crate::disk::Disk;
use crate::error::OpenError;
use crate::local::names;
use std::io;
use std::path::Path;

/// Checks `meta.properties`, or writes it. It is there whole or not at all; a lost one is written again.
pub(super) fn check(dir: &Path, disk: &dyn Disk) -> Result<(), OpenError> {
    let path = dir.join(names::META_PROPERTIES);
    let text = match disk.read_to_string(&path) {
        Ok(text) if !text.is_empty() => text,
        Ok(_) => return write(dir, &path, disk),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write(dir, &path, disk),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let reason = format!("it is no text; if the data is of this release, it says version={FORMAT}");
            return Err(OpenError::Damaged { path, reason });
        }
        Err(error) => return Err(OpenError::io("reading", path, error)),
    };
    let version = text.lines().find_map(|line| line.strip_prefix("version="));
    match version.map(|version| version.trim().parse::<u32>()) {
        Some(Ok(found)) if found <= FORMAT => Ok(()),
        Some(Ok(found)) => Err(OpenError::NewerFormat { path, found, known: FORMAT }),
        Some(Err(_)) => Err(OpenError::Damaged { path, reason: "its version is not a number".to_owned() }),
        None => Err(OpenError::Damaged { path, reason: "it has no line version=".to_owned() }),
    }
}

fn write(dir: &Path, path: &Path, disk: &dyn Disk) -> Result<(), OpenError> {
    sync_parent(dir, disk)?;
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(names::TEMPORARY_SUFFIX);
    let temporary = Path::new(&temporary);
    let written = disk
        .write(temporary, format!("version={FORMAT}\n").as_bytes())
        // A power cut may leave nonsense in a file that was not synced, and with that nobody starts.
        .and_then(|file| disk.sync_data(&file))
        .and_then(|()| disk.rename(temporary, path));
    written.map_err(|error| OpenError::io("writing", path, error))
}

/// Makes it durable that the data directory is there. Not only the start that has made it does this, for its sync may have
/// failed: every one does until there is a `meta.properties`.
fn sync_parent(dir: &Path, disk: &dyn Disk) -> Result<(), OpenError> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match disk.sync_directory(parent) {
        // Whoever made the directory in there was somebody else, and may do more than this process.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(|error| OpenError::io("syncing", parent, error)),
    }
}

/// Kafka's version of `meta.properties` with the layout that this release reads and writes.
const FORMAT: u32 = 1;
