//! What the operating system keeps of files in memory.

const DROP: &str = "/proc/sys/vm/drop_caches";

/// Why it cannot be made to forget, if so.
pub(super) fn not_to_be_dropped() -> Option<String> {
    let opened = std::fs::OpenOptions::new().write(true).open(DROP);
    opened.err().map(|error| format!("what is in memory cannot be dropped here, {DROP}: {error}"))
}

/// Writes everything to the disk and forgets it.
///
/// # Errors
/// If it may not.
pub(super) fn drop_all() -> Result<(), String> {
    rustix::fs::sync();
    std::fs::write(DROP, "1").map_err(|error| format!("{DROP}: {error}"))
}
