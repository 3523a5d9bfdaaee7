//! What a developer asks of the bench.

use super::arena::{Programs, Size};
use super::scenario::{LONG, SCENARIOS, Scenario};
use crate::built::Built;
use crate::conformance::broker::{released, released_for_checks};

/// What was asked for.
pub(super) struct Options {
    pub(super) scenarios: Vec<&'static Scenario>,
    pub(super) size: Size,
    /// Rounds of each point that has a target.
    pub(super) pairs: usize,
    /// Points whose name has this in it; figures of some points are no section of the document.
    pub(super) only: Option<String>,
    built: Built,
}

/// Odd, so that the median is one of the runs.
const PAIRS: usize = 7;

impl Options {
    /// # Errors
    /// With the usage if it is not asked for like this.
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            scenarios: Vec::new(),
            size: Size::Full,
            pairs: PAIRS,
            only: None,
            built: Built::default(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value\n\n{}", usage()));
            match argument.as_str() {
                "--quick" => options.size = Size::Quick,
                "--built" => options.built = Built(Some(value()?.into())),
                "--only" => options.only = Some(value()?.clone()),
                "--pairs" => {
                    let number = value()?.parse().ok().filter(|pairs| 0 < *pairs);
                    options.pairs = number.ok_or_else(|| format!("--pairs needs a number\n\n{}", usage()))?;
                }
                "all" => options.scenarios.extend(SCENARIOS),
                name => {
                    let scenario = SCENARIOS.iter().chain(LONG).find(|scenario| scenario.name == name);
                    let unknown = || format!("no scenario or option {name:?}\n\n{}", usage());
                    options.scenarios.push(scenario.ok_or_else(unknown)?);
                }
            }
        }
        if options.size == Size::Quick {
            options.pairs = 1;
        }
        if options.scenarios.is_empty() && options.size == Size::Full {
            return Err(usage());
        }
        if options.scenarios.is_empty() {
            options.scenarios.extend(SCENARIOS);
        }
        Ok(options)
    }

    /// The programs that are run, built unless they were built before.
    ///
    /// # Errors
    /// If they do not build.
    pub(super) fn programs(&self) -> Result<Programs, String> {
        let program = |name| match self.size {
            Size::Full => self.built.program(name, released),
            Size::Quick => self.built.program(name, released_for_checks),
        };
        Ok(Programs { ottla: program("ottla")?, bench: program("ottla-bench")? })
    }

    /// How the programs were made, for the document.
    pub(super) fn origin(&self) -> String {
        format!("release build{}", self.built.origin())
    }
}

/// How the bench is called.
pub(crate) fn usage() -> String {
    let names = |list: &[Scenario]| list.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
    format!(
        "\
cargo xtask bench SCENARIO… [--pairs N] [--only TEXT] [--built DIR]
cargo xtask bench --quick [SCENARIO…] [--built DIR]
cargo xtask bench --prepare

  SCENARIO     {}, or all of these; {}
  --pairs N    rounds of each point that has a target (default: {PAIRS}); others have at most three
  --only TEXT  points whose name has TEXT in it; writes nothing
  --built DIR  where programs lie that were built before
  --quick      one tiny run of one point of each scenario, to see that it works; writes nothing
  --prepare    fetch and build the servers and programs of other people, which takes an hour the first time",
        names(SCENARIOS),
        names(LONG)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_quick_run_takes_everything_once_and_a_full_one_what_is_named() {
        let quick = parse("--quick").ok().unwrap();
        assert_eq!((quick.scenarios.len(), quick.pairs, quick.size), (SCENARIOS.len(), 1, Size::Quick));
        let full = parse("produce --pairs 3").ok().unwrap();
        assert_eq!((full.scenarios[0].name, full.pairs, full.size), ("produce", 3, Size::Full));
        assert_eq!(parse("all").ok().unwrap().scenarios.len(), SCENARIOS.len());
        assert!(parse("").err().unwrap().contains("produce"));
        assert_eq!(parse("fetch --only disk").ok().unwrap().only.as_deref(), Some("disk"));
        assert_eq!(parse("soak --quick").ok().unwrap().scenarios.len(), 1);
        for refused in ["nonsense", "--pairs", "produce --pairs 0", "produce --pairs many"] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
