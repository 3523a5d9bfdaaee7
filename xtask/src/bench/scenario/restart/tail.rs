//! What a broker has written since it started, as files: how long each log is, and reading what came behind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The end of a log, from a byte on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) path: PathBuf,
    pub(super) from: u64,
}

/// Every log, and how long it is.
pub(super) fn logs(data: &Path) -> Result<BTreeMap<PathBuf, u64>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", data.display());
    let mut logs = BTreeMap::new();
    for partition in std::fs::read_dir(data).map_err(failed)? {
        let partition = partition.map_err(failed)?.path();
        for file in std::fs::read_dir(&partition).into_iter().flatten() {
            let path = file.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let length = path.metadata().map_err(failed)?.len();
                logs.insert(path, length);
            }
        }
    }
    Ok(logs)
}

/// Every byte of it.
pub(super) fn read(pieces: &[Piece]) -> Result<(), String> {
    let mut buffer = vec![0; 1 << 20];
    for Piece { path, from } in pieces {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::open(path).map_err(failed)?;
        file.seek(SeekFrom::Start(*from)).map_err(failed)?;
        while 0 < file.read(&mut buffer).map_err(failed)? {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_every_log_is_known_and_nothing_else() {
        let data = std::env::temp_dir().join(format!("ottla-restart-{}", std::process::id()));
        std::fs::create_dir_all(data.join("t-0")).unwrap();
        std::fs::write(data.join("t-0/0.log"), "four").unwrap();
        std::fs::write(data.join("t-0/0.index"), "index").unwrap();
        std::fs::write(data.join("meta.redb"), "store").unwrap();
        assert_eq!(logs(&data), Ok([(data.join("t-0/0.log"), 4)].into()));
        let piece = |name: &str| Piece { path: data.join(name), from: 2 };
        assert_eq!(read(&[piece("t-0/0.log")]), Ok(()));
        assert!(read(&[piece("t-1/0.log")]).unwrap_err().contains("t-1/0.log"));
        std::fs::remove_dir_all(&data).unwrap();
    }
}
