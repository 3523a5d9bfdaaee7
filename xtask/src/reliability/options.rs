//! What a developer may ask of a loop of kills.

use super::built::Built;
use super::clock::seed;
use crate::conformance::packages::Shelf;
use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) is_quick: bool,
    pub(super) kills: u64,
    pub(super) seed: u64,
    pub(super) is_sabotaged: bool,
    pub(super) built: Built,
}

impl Options {
    /// # Errors
    /// With the usage if it is not asked for like this.
    pub(super) fn parse(arguments: &[String], usage: &str) -> Result<Self, String> {
        let is_quick = arguments.iter().any(|argument| argument == "--quick");
        let kills = if is_quick { 8 } else { 220 };
        let mut options =
            Self { is_quick, kills, seed: seed(), is_sabotaged: false, built: Built::default() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} needs a value\n\n{usage}"));
            let number =
                |text: &String| text.parse().map_err(|_| format!("{text:?} is no number\n\n{usage}"));
            match argument.as_str() {
                "--quick" => {}
                "--built" => options.built = Built(Some(PathBuf::from(value()?))),
                "--sabotage" => options.is_sabotaged = true,
                "--kills" => options.kills = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                _ => return Err(format!("no argument {argument:?}\n\n{usage}")),
            }
        }
        Ok(options)
    }

    /// An empty folder for all that the run of a suite leaves.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn folder(&self, shelf: &Shelf, suite: &str) -> Result<PathBuf, String> {
        let folder = shelf.folder(suite).join(self.seed.to_string());
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
        println!("{suite}: seed {}, everything in {}", self.seed, folder.display());
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), "")
    }

    #[test]
    fn a_quick_run_kills_a_few_times_and_a_long_one_at_least_two_hundred() {
        assert_eq!(
            parse("--kills 3 --seed 7").unwrap(),
            Options { is_quick: false, kills: 3, seed: 7, is_sabotaged: false, built: Built::default() }
        );
        assert!(5 <= parse("--quick").unwrap().kills && 200 <= parse("").unwrap().kills);
        assert!(parse("--kills many").is_err() && parse("--slow").is_err());
    }
}
