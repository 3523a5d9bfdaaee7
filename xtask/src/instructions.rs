//! `cargo xtask instructions`: how many instructions the paths take that every request takes, written to
//! `crates/storage/examples/instructions/baseline.toml`; `--check` compares with what stands there.
//!
//! Callgrind counts what the processor would carry out, so that a figure is the same on a busy machine as on a quiet
//! one and a slower path is seen at once, in CI too. It pretends to a processor of its own, without the newest
//! instructions: on machines that differ only in these the figures are the same, and the path of the checksum is the one
//! of plain SSE 4.2. Compilers differ in earnest, so that figures of another one are shown and not compared.

#[cfg(test)]
mod tests;

use crate::built::Built;
use crate::conformance::broker::released_example;
use crate::{Outcome, tree};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use toml::{Table, Value};

pub(crate) const USAGE: &str = "usage: cargo xtask instructions [--check] [--built DIR]";
const BASELINE: &str = "crates/storage/examples/instructions/baseline.toml";
/// What does it all again and again: an example of the crate `storage`.
const PROGRAM: &str = "instructions";
/// Callgrind collects in this function of it alone and ends a figure when it is left.
const COLLECTED: &str = "*instructions::collected";

/// How much more than the baseline is a failure, in percent. Runs of one program differ by up to a percent where it looks
/// for files (names have other lengths, tables are seeded by chance) and hardly elsewhere; a needless allocation or copy
/// is more than this nearly everywhere.
const TOLERANCE_PERCENT: u64 = 3;

/// Instructions of one operation, by name.
type Counts = BTreeMap<String, u64>;

/// Counts, and compares or writes.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (mut built, mut checks) = (Built::default(), false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--check" => checks = true,
            "--built" => built = Built(Some(PathBuf::from(rest.next().ok_or(USAGE)?))),
            _ => return Err(USAGE.to_owned()),
        }
    }
    if !is_there("valgrind") {
        println!("skipped: valgrind is not installed, and nothing else counts instructions alike everywhere");
        return Ok(());
    }
    let counts = count(&built.program(PROGRAM, |name| released_example("ottla-storage", name))?)?;
    let compiler = compiler()?;
    let path = tree::root().join(BASELINE);
    if !checks {
        return fs::write(&path, page(&counts, &compiler)).map_err(|error| format!("{BASELINE}: {error}"));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{BASELINE}: {error}"))?;
    let baseline = Baseline::parse(&text)?;
    let findings = compare(&baseline.counts, &counts);
    for (name, count) in &counts {
        println!("{count:>9}  {name}");
    }
    if baseline.compiler != compiler {
        println!("not compared: {BASELINE} was counted with {}, and this is {compiler}", baseline.compiler);
        return Ok(());
    }
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n")) }
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn compiler() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(tree::root()).output();
    let output = output.map_err(|error| format!("cannot ask rustc for its version: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs all operations of the program under callgrind.
fn count(program: &Path) -> Result<Counts, String> {
    let folder = tree::root().join("target/instructions");
    // What an earlier run has left would be taken for this one's.
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let out = folder.join("counts");
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={COLLECTED}"))
        .arg(format!("--dump-after={COLLECTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cannot run valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind ended with {}", output.status));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let mut counts = Counts::new();
    for (line, number) in said.lines().zip(1..) {
        let (name, times) = line.split_once('\t').ok_or_else(|| format!("{PROGRAM} says {line:?}"))?;
        let times: u64 = times.parse().map_err(|_| format!("{PROGRAM} says {line:?}"))?;
        let path = folder.join(format!("counts.{number}"));
        let dump = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let total = total(&dump).ok_or_else(|| format!("{} has no total", path.display()))?;
        counts.insert(name.to_owned(), total / times.max(1));
    }
    if counts.is_empty() { Err(format!("{PROGRAM} has counted nothing")) } else { Ok(counts) }
}

/// What a file of callgrind has counted in all.
fn total(dump: &str) -> Option<u64> {
    dump.lines().find_map(|line| line.strip_prefix("totals:")).and_then(|total| total.trim().parse().ok())
}

/// What the counts are compared with.
#[derive(Debug, PartialEq, Eq)]
struct Baseline {
    compiler: String,
    counts: Counts,
}

impl Baseline {
    fn parse(text: &str) -> Result<Self, String> {
        let page: Table = text.parse().map_err(|error| format!("{BASELINE}: {error}"))?;
        let compiler = page.get("compiler").and_then(Value::as_str).unwrap_or_default().to_owned();
        let counts = page.get("instructions").and_then(Value::as_table).cloned().unwrap_or_default();
        let count = |(name, count): (String, Value)| {
            let count = count.as_integer().and_then(|count| u64::try_from(count).ok());
            count.map(|count| (name.clone(), count)).ok_or_else(|| format!("{BASELINE}: {name} is no number"))
        };
        Ok(Self { compiler, counts: counts.into_iter().map(count).collect::<Result<_, _>>()? })
    }
}

fn page(counts: &Counts, compiler: &str) -> String {
    let mut page = format!(
        "# Instructions of one operation, counted and written by `cargo xtask instructions`. `--check` fails where one\n\
         # takes {TOLERANCE_PERCENT} % more. A change that is meant to cost writes this file anew.\n\
         compiler = \"{compiler}\"\n\n[instructions]\n"
    );
    counts.iter().for_each(|(name, count)| page.push_str(&format!("\"{name}\" = {count}\n")));
    page
}

/// What costs more than it did, or is on one side only. What costs less is no failure.
fn compare(before: &Counts, now: &Counts) -> Vec<String> {
    let mut findings = Vec::new();
    let cure = "cargo xtask instructions writes the figures anew";
    for (name, count) in now {
        match before.get(name) {
            None => findings.push(format!("{name}: it has no figure in {BASELINE}; {cure}")),
            Some(known) if (100 + TOLERANCE_PERCENT) * known < 100 * count => findings.push(format!(
                "{name}: {count} instructions, {known} in {BASELINE}; if it is worth that, {cure}"
            )),
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    findings.extend(gone.map(|name| format!("{name}: nothing counts it any more; {cure}")));
    findings
}
