//! Where a server's processor time goes, told by `perf`: for points that miss their target, so that it can be seen why.
//!
//! What runs in the kernel is told by system call, and everything else by the crate or library whose code it is.

use super::arena::Arena;
use super::processor;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Samples by what the processor was at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profile {
    counts: BTreeMap<String, u32>,
}

/// A profiler at work.
pub(super) struct Profiler {
    process: Child,
    data: PathBuf,
}

/// How it is called, besides who is looked at.
const RECORD: [&str; 6] = ["record", "-q", "-g", "-e", "cpu-clock", "-F"];
/// No divisor of anything that happens at a rate.
const SAMPLES_PER_SECOND: &str = "997";

impl Profiler {
    /// Looks at these processes from now on. `None` if there is no `perf`.
    pub(super) fn start(arena: &Arena, pids: &[u32]) -> Option<Self> {
        let data = arena.log("perf");
        // What is left of another run would be taken for what this one has seen.
        drop(std::fs::remove_file(&data));
        let errors = File::create(data.with_extension("errors")).ok()?;
        let pids = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let mut command = Command::new("perf");
        command.args(RECORD).args([SAMPLES_PER_SECOND, "-p", &pids, "-o"]).arg(&data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let process = arena.on(processor::GENERATOR, || command.spawn()).ok()?;
        Some(Self { process, data })
    }

    /// What it has seen. `None` if that is nothing, because it may not look.
    ///
    /// # Errors
    /// If what it has written cannot be read.
    pub(super) fn stop(mut self) -> Result<Option<Profile>, String> {
        // One that has ended by itself has had nothing to look at.
        let _ = kill_process(Pid::from_child(&self.process), Signal::INT);
        self.process.wait().map_err(|error| format!("perf: {error}"))?;
        let profile = Profile::read(&self.data)?;
        Ok((0 < profile.total()).then_some(profile))
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Profile {
    fn read(data: &Path) -> Result<Self, String> {
        let output = Command::new("perf")
            .args(["script", "-F", "comm,ip,sym,dso", "-i"])
            .arg(data)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("perf: {error}"))?;
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    /// A block of lines for each sample: the thread's name, then its frames from the innermost on.
    pub(super) fn parse(script: &str) -> Self {
        let mut profile = Self::default();
        for sample in script.split("\n\n") {
            let frames: Vec<Frame<'_>> = sample.lines().filter_map(Frame::parse).collect();
            if let Some(name) = what(&frames) {
                *profile.counts.entry(name).or_default() += 1;
            }
        }
        profile
    }

    pub(super) fn total(&self) -> u32 {
        self.counts.values().sum()
    }

    /// The share of something, in percent.
    pub(super) fn percent(&self, name: &str) -> f64 {
        100.0 * f64::from(self.counts.get(name).copied().unwrap_or_default()) / f64::from(self.total())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().map(String::as_str)
    }
}

/// A function, and the file that it comes from.
#[derive(Debug, PartialEq, Eq)]
struct Frame<'a> {
    symbol: &'a str,
    file: &'a str,
}

impl<'a> Frame<'a> {
    /// `    ffffffff81 __x64_sys_sendto ([kernel.kallsyms])`
    fn parse(line: &'a str) -> Option<Self> {
        let (_address, rest) = line.strip_prefix([' ', '\t'])?.trim_start().split_once(' ')?;
        let (symbol, file) = rest.rsplit_once(" (")?;
        Some(Self { symbol, file: file.strip_suffix(')')? })
    }

    fn is_kernel(&self) -> bool {
        self.file.starts_with("[kernel") || self.file.starts_with("[guest.kernel")
    }

    /// Whose code it is: a crate's, or a library's.
    fn owner(&self) -> String {
        let path = self.symbol.trim_start_matches(['<', '&', '*', '_']);
        let path = path.strip_prefix("dyn ").unwrap_or(path);
        let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        match path.split_once("::") {
            Some((krate, _)) if krate.chars().all(is_name) => format!("`{krate}`"),
            _ => {
                let library = Path::new(self.file).file_name().and_then(|name| name.to_str());
                format!("`{}`", library.unwrap_or("?").split(".so").next().unwrap_or("?"))
            }
        }
    }
}

/// What the processor was at.
fn what(frames: &[Frame<'_>]) -> Option<String> {
    let innermost = frames.first()?;
    if !innermost.is_kernel() {
        return Some(innermost.owner());
    }
    let entry = |name: &str| {
        let own = ["__x64_sys_", "__arm64_sys_", "__se_sys_"].iter().find_map(|it| name.strip_prefix(it));
        own.map(str::to_owned)
    };
    // A system call that ends with a call of what does its work has left no frame of its own.
    let worker = || {
        let gate = frames.iter().rposition(|frame| frame.symbol == "do_syscall_64")?;
        let inside = frames[..gate].iter().rev().find(|frame| frame.symbol != "x64_sys_call")?;
        let name = ["do_", "ksys_", "__sys_"].iter().find_map(|it| inside.symbol.strip_prefix(it));
        Some(name.unwrap_or(inside.symbol).to_owned())
    };
    let call = frames.iter().find_map(|frame| entry(frame.symbol)).or_else(worker);
    Some(call.map_or_else(|| "kernel, in no system call".to_owned(), |name| format!("system call {name}")))
}

#[cfg(test)]
mod tests;
