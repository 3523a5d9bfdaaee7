//! A suite that kills the broker again and again, from its arguments to its section of the document. What happens between
//! the kills, and how it is judged, is the suite's.

use super::clock::now;
use super::document;
use super::options::{self, Options};
use crate::Outcome;
use crate::conformance::broker::released_for_checks;
use crate::conformance::packages::{Setback, Shelf};
use std::path::{Path, PathBuf};

/// Names and figures.
pub(super) type Figures = Vec<(&'static str, String)>;

/// A suite. `P` is what it knows of its programs of clients.
pub(super) struct Suite<P> {
    /// Its section in the document.
    pub(super) name: &'static str,
    /// What is done to the data of a broker that is dead, with `--sabotage`.
    pub(super) sabotage: &'static str,
    /// Makes the clients ready.
    pub(super) prepare: fn(&Shelf) -> Result<P, Setback>,
    /// Which clients these are, for the document.
    pub(super) what: fn() -> String,
    /// Kills, has what was seen judged, and fails if it is not what it has to be.
    pub(super) attempt: fn(&Ground<'_, P>) -> Result<Figures, String>,
}

impl<P> Suite<P> {
    /// How it is called.
    pub(super) fn usage(&self) -> String {
        options::usage(self.name, self.sabotage)
    }
}

/// What one run has.
pub(super) struct Ground<'a, P> {
    pub(super) options: &'a Options,
    pub(super) programs: &'a P,
    /// For everything that it leaves.
    pub(super) folder: &'a Path,
    pub(super) ottla: PathBuf,
    /// The program of `crates/sim`.
    pub(super) judge: PathBuf,
}

/// Runs the suite.
///
/// # Errors
/// If something was violated, a client gave up, or the broker did not come back: then everything is kept. And if sabotage
/// was not noticed.
pub(super) fn run<P>(arguments: &[String], suite: &Suite<P>) -> Outcome {
    let Suite { name, sabotage, prepare, what, attempt } = suite;
    let options = Options::parse(arguments, name, sabotage)?;
    let shelf = Shelf::new(crate::tree::root())?;
    let programs = match prepare(&shelf) {
        Ok(programs) => programs,
        Err(Setback::Skipped(why)) => {
            println!("skipped: {name}: {why}");
            return Ok(());
        }
        Err(Setback::Failed(why)) => return Err(why),
    };
    let program = |program| options.built.program(program, released_for_checks);
    let (ottla, judge) = (program("ottla")?, program("ottla-sim")?);
    let folder = folder(&shelf, name, &options)?;
    let begin = now();
    let ground = Ground { options: &options, programs: &programs, folder: &folder, ottla, judge };
    let mut figures = attempt(&ground).map_err(|why| format!("{name}: {why}\nkept: {}", folder.display()))?;
    let took = begin.elapsed();
    println!("{}", text(&figures));
    drop(std::fs::remove_dir_all(&folder));
    if options.is_sabotaged {
        return Err(format!("{name}: nobody noticed the sabotage: {sabotage}"));
    }
    if options.is_quick {
        return Ok(());
    }
    figures.push(("duration (min)", format!("{:.1}", took.as_secs_f64() / 60.0)));
    document::write(name, &format!("release build, {}{}", what(), options.built.origin()), &figures)
}

/// An empty folder for all that the run leaves.
fn folder(shelf: &Shelf, suite: &str, options: &Options) -> Result<PathBuf, String> {
    let folder = shelf.folder(suite).join(options.seed.to_string());
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    println!("{suite}: seed {}, everything in {}", options.seed, folder.display());
    Ok(folder)
}

/// One line of names and figures.
fn text(figures: &[(&str, String)]) -> String {
    figures.iter().map(|(name, figure)| format!("{name}: {figure}")).collect::<Vec<_>>().join(", ")
}
