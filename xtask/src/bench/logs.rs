//! The logs of a broker as files, of Ottla and of Kafka alike: a folder for each partition, with segments that end in `.log`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every segment of every partition that has a folder in `data`, and how long it is. What vanishes meanwhile is left out.
///
/// # Errors
/// If `data` cannot be read.
pub(super) fn lengths(data: &Path) -> Result<BTreeMap<PathBuf, u64>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", data.display());
    let mut lengths = BTreeMap::new();
    for partition in std::fs::read_dir(data).map_err(failed)? {
        let partition = partition.map_err(failed)?.path();
        for file in std::fs::read_dir(&partition).into_iter().flatten().flatten() {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "log")
                && let Ok(metadata) = path.metadata()
            {
                lengths.insert(path, metadata.len());
            }
        }
    }
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_every_log_is_known_and_nothing_else() {
        let data = std::env::temp_dir().join(format!("ottla-logs-{}", std::process::id()));
        std::fs::create_dir_all(data.join("t-0")).unwrap();
        std::fs::write(data.join("t-0/0.log"), "four").unwrap();
        std::fs::write(data.join("t-0/0.index"), "index").unwrap();
        std::fs::write(data.join("meta.redb"), "store").unwrap();
        assert_eq!(lengths(&data), Ok([(data.join("t-0/0.log"), 4)].into()));
        std::fs::remove_dir_all(&data).unwrap();
        assert!(lengths(&data).unwrap_err().contains("ottla-logs"));
    }
}
