//! Preparing a client's packages, each from its own registry by its ordinary program, into the cache.
//!
//! A folder of the cache carries a stamp: the text of the pins that it was made from. While they are the
//! same the folder is used as it is, so a second run needs no network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where scripts are, and where what they need is kept.
pub(crate) struct Shelf {
    root: PathBuf,
    cache: PathBuf,
}

/// Why a client cannot be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Setback {
    /// This machine lacks something that others have: not Ottla's fault.
    Skipped(String),
    /// Our own script does not build.
    Failed(String),
}

impl Shelf {
    /// # Errors
    /// If the cache cannot be written.
    pub(crate) fn new(root: PathBuf) -> Result<Self, String> {
        let cache = root.join(".cache/conformance");
        let logs = cache.join("logs");
        fs::create_dir_all(&logs).map_err(|error| format!("cannot create {}: {error}", logs.display()))?;
        Ok(Self { root, cache })
    }

    /// A file or folder below `conformance/`.
    pub(crate) fn script(&self, path: &str) -> PathBuf {
        self.root.join("conformance").join(path)
    }

    /// A folder of the cache, whether or not it exists yet.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.cache.join(name)
    }

    /// The file that takes what `name` says besides its answers.
    pub(crate) fn log(&self, name: &str, kind: &str) -> PathBuf {
        self.cache.join("logs").join(format!("{name}.{kind}.log"))
    }

    /// Makes the folder `name` by `fill`, unless it was made from the same pins before.
    ///
    /// # Errors
    /// As `fill` says; the folder is then left without a stamp and made anew next time.
    pub(crate) fn made(
        &self,
        name: &str,
        pins: &[PathBuf],
        fill: impl FnOnce(&Path) -> Result<(), Setback>,
    ) -> Result<PathBuf, Setback> {
        if let Some(folder) = self.found(name, pins) {
            return Ok(folder);
        }
        let folder = self.folder(name);
        let failed = |error: std::io::Error| Setback::Failed(format!("{}: {error}", folder.display()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).map_err(failed)?;
        println!("preparing {name}");
        fill(&folder)?;
        fs::write(folder.join(STAMP), text(pins)).map_err(failed)?;
        Ok(folder)
    }

    /// The folder `name`, if it was made from the same pins before.
    pub(crate) fn found(&self, name: &str, pins: &[PathBuf]) -> Option<PathBuf> {
        let folder = self.folder(name);
        let stamp = fs::read_to_string(folder.join(STAMP));
        stamp.is_ok_and(|made| made == text(pins)).then_some(folder)
    }
}

/// The file of a folder that has the text of its pins.
const STAMP: &str = "made-from";

fn text(pins: &[PathBuf]) -> String {
    pins.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
}

/// Whether a program can be run at all; `arguments` are some that end at once.
///
/// # Errors
/// [`Setback::Skipped`] if it cannot.
pub(crate) fn need(program: &str, arguments: &[&str]) -> Result<(), Setback> {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Setback::Skipped(format!("`{program}` is not on this machine"))),
    }
}

/// Runs a package client, which needs the network.
///
/// # Errors
/// [`Setback::Skipped`] with its last words: a registry that cannot be reached is not Ottla's fault.
pub(crate) fn fetch(command: &mut Command) -> Result<(), Setback> {
    complete(command).map_err(Setback::Skipped)
}

/// Runs a compiler on our own script.
///
/// # Errors
/// [`Setback::Failed`] with its last words.
pub(crate) fn compile(command: &mut Command) -> Result<(), Setback> {
    complete(command).map_err(Setback::Failed)
}

fn complete(command: &mut Command) -> Result<(), String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words =
        [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    Err(format!("{program}: {}", telling(&words)))
}

/// The line that says most about what went wrong: the first that speaks of an error, else the last.
fn telling(words: &str) -> &str {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.to_lowercase().contains("error"));
    error.or_else(|| lines().next_back()).unwrap_or("failed without a word")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_speaks_of_an_error_is_told() {
        assert_eq!(telling("warning: x\n  ERROR: no such package\nhint: y\n"), "ERROR: no such package");
        assert_eq!(telling("one\ntwo\n\n"), "two");
        assert_eq!(telling(""), "failed without a word");
    }

    #[test]
    fn a_program_that_is_not_there_is_skipped() {
        let setback = need("no-such-program-anywhere", &[]).unwrap_err();
        assert_eq!(setback, Setback::Skipped("`no-such-program-anywhere` is not on this machine".to_owned()));
    }
}
