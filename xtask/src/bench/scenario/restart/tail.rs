//! What a broker has written since it started, as pieces of files, and reading them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// The end of a log, from a byte on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) path: PathBuf,
    pub(super) from: u64,
}

/// Reads every byte of it, and tells how many there are.
pub(super) fn read(pieces: &[Piece]) -> Result<usize, String> {
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    for Piece { path, from } in pieces {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::open(path).map_err(failed)?;
        file.seek(SeekFrom::Start(*from)).map_err(failed)?;
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                read => bytes += read,
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_piece_is_read_and_one_that_is_not_there_is_told() {
        let path = std::env::temp_dir().join(format!("ottla-tail-{}", std::process::id()));
        let piece = |path: &Path| Piece { path: path.to_owned(), from: 2 };
        std::fs::write(&path, "four").unwrap();
        assert_eq!(read(&[piece(&path), piece(&path)]), Ok(4));
        std::fs::remove_file(&path).unwrap();
        assert!(read(&[piece(&path)]).unwrap_err().contains("ottla-tail"));
    }
}
