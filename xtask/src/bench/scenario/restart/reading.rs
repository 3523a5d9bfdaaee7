//! Reading all that a broker has stored, and nothing else.

use crate::bench::logs;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads every byte of every log, and returns how many there were.
pub(super) fn read_all(data: &Path) -> Result<u64, String> {
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    for path in logs::lengths(data)?.keys() {
        bytes += read(path, &mut buffer).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(bytes)
}

fn read(path: &Path, buffer: &mut [u8]) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut bytes = 0;
    loop {
        match file.read(buffer)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_log_is_read_to_its_end() {
        let data = std::env::temp_dir().join(format!("ottla-reading-{}", std::process::id()));
        std::fs::create_dir_all(data.join("t-0")).unwrap();
        std::fs::create_dir_all(data.join("t-1")).unwrap();
        std::fs::write(data.join("t-0/0.log"), "four").unwrap();
        std::fs::write(data.join("t-1/0.log"), vec![7; (1 << 20) + 1]).unwrap();
        assert_eq!(read_all(&data), Ok(4 + (1 << 20) + 1));
        std::fs::remove_dir_all(&data).unwrap();
        assert!(read_all(&data).is_err());
    }
}
