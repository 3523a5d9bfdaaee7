//! What a developer may ask of a loop of kills.

use super::built::Built;
use super::clock::seed;
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
    /// With the usage if `suite` is not asked for like this.
    pub(super) fn parse(arguments: &[String], suite: &str, sabotage: &str) -> Result<Self, String> {
        let usage = usage(suite, sabotage);
        let is_quick = arguments.iter().any(|argument| argument == "--quick");
        let kills = if is_quick { KILLS_QUICK } else { KILLS };
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
}

/// How a suite is called.
pub(super) fn usage(suite: &str, sabotage: &str) -> String {
    format!(
        "cargo xtask reliability {suite} [--quick] [--kills N] [--seed N] [--sabotage] [--built DIR]

  --quick     a few kills, in under a minute; writes no figures
  --kills N   how many (default: {KILLS})
  --seed N    when each comes; the clients' chance is seeded, too, but what they meet is not
  --sabotage  {sabotage} while the broker is dead, to see that the run fails for it
  --built DIR take ottla and ottla-sim from there, and build neither"
    )
}

const KILLS: u64 = 220;
const KILLS_QUICK: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), "loop", "lie")
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
