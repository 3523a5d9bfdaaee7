//! What a process has cost so far, read from `/proc`: time on processors, switches, memory.
//!
//! A measurement is the difference of two readings. All is in whole units of the kernel; nothing is sampled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Times in `/proc/PID/stat` and `/proc/stat` are in these parts of a second, on every Linux.
const TICK_NANOS: u64 = 10_000_000;
/// How far the sum over threads may lie below the whole process before threads must have ended in between. The whole
/// is told in ticks, of which two readings are two.
const TICKS_SLACK: u64 = 3;

/// One reading of a process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reading {
    /// Nanoseconds on a processor, by thread.
    threads: BTreeMap<u32, u64>,
    /// The same of the whole process, threads that have ended included, in ticks.
    ticks: u64,
    switches: u64,
    peak_kib: u64,
}

/// What a process cost between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) cpu_nanos: u64,
    /// Context switches, wanted or not.
    pub(super) switches: u64,
    /// The most memory that was ever resident, in KiB; 0 of a process that has ended and waits to be looked after.
    pub(super) peak_kib: u64,
}

/// Reads what the process has cost.
///
/// # Errors
/// If there is no such process, or it is not ours to look at.
pub(super) fn read(pid: u32) -> Result<Reading, String> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let ended = |error: std::io::Error| format!("{}: {error}: has the process ended?", folder.display());
    let mut reading = Reading::default();
    for thread in std::fs::read_dir(folder.join("task")).map_err(ended)? {
        let path = thread.map_err(ended)?.path();
        // A thread may end while it is looked at.
        let (Ok(times), Ok(status)) = (text(&path, "schedstat"), text(&path, "status")) else { continue };
        let id = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        reading.threads.insert(id.unwrap_or_default(), on_processor(&times)?);
        reading.switches +=
            number(&status, "voluntary_ctxt_switches")? + number(&status, "nonvoluntary_ctxt_switches")?;
    }
    reading.ticks = ticks(&text(&folder, "stat").map_err(ended)?)?;
    reading.peak_kib = number(&text(&folder, "status").map_err(ended)?, "VmHWM").unwrap_or_default();
    Ok(reading)
}

/// The most memory that was ever resident, in KiB.
///
/// # Errors
/// As [`read`].
pub(super) fn peak_kib(pid: u32) -> Result<u32, String> {
    let peak_kib = read(pid)?.peak_kib;
    u32::try_from(peak_kib).map_err(|_| format!("{peak_kib} KiB are more than any process here has"))
}

/// Nanoseconds in which any processor of the machine was busy, since it was started.
///
/// # Errors
/// If the kernel does not say.
pub(super) fn machine_busy_nanos() -> Result<u64, String> {
    let path = "/proc/stat";
    let stat = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    busy_ticks(&stat)
        .map(|ticks| ticks * TICK_NANOS)
        .ok_or_else(|| format!("{path}: no line of all processors"))
}

/// What a process holds at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holding {
    /// Memory that no file backs, in KiB.
    pub(super) anonymous_kib: u32,
    pub(super) files: u32,
}

/// Looks at what the process holds.
///
/// # Errors
/// If there is no such process.
pub(super) fn holding(pid: u32) -> Result<Holding, String> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let ended = |error: std::io::Error| format!("{}: {error}: has the process ended?", folder.display());
    let files = std::fs::read_dir(folder.join("fd")).map_err(ended)?.count();
    let anonymous = number(&text(&folder, "status").map_err(ended)?, "RssAnon")?;
    let small = |number: u64| {
        u32::try_from(number).map_err(|_| format!("{number} is more than any process here has"))
    };
    Ok(Holding { anonymous_kib: small(anonymous)?, files: small(files as u64)? })
}

impl Cost {
    /// What happened from `before` until `after`.
    pub(super) fn between(before: &Reading, after: &Reading) -> Self {
        let threads = after
            .threads
            .iter()
            .map(|(id, nanos)| nanos.saturating_sub(before.threads.get(id).copied().unwrap_or_default()));
        let threads: u64 = threads.sum();
        let whole = after.ticks.saturating_sub(before.ticks);
        // Threads that ended in between have taken their times along; only the coarser sum still has them.
        let ended = threads + TICKS_SLACK * TICK_NANOS < whole * TICK_NANOS;
        Self {
            cpu_nanos: if ended { whole * TICK_NANOS } else { threads },
            switches: after.switches.saturating_sub(before.switches),
            peak_kib: after.peak_kib,
        }
    }

    /// Of several processes together.
    pub(super) fn sum(costs: impl Iterator<Item = Self>) -> Self {
        costs.fold(Self { cpu_nanos: 0, switches: 0, peak_kib: 0 }, |sum, cost| Self {
            cpu_nanos: sum.cpu_nanos + cost.cpu_nanos,
            switches: sum.switches + cost.switches,
            peak_kib: sum.peak_kib + cost.peak_kib,
        })
    }
}

fn text(folder: &Path, name: &str) -> std::io::Result<String> {
    std::fs::read_to_string(folder.join(name))
}

/// `NANOSECONDS_RUNNING NANOSECONDS_WAITING TIMESLICES`
fn on_processor(schedstat: &str) -> Result<u64, String> {
    let first = schedstat.split_whitespace().next().and_then(|number| number.parse().ok());
    first.ok_or_else(|| {
        format!("schedstat reads {schedstat:?}: is the kernel built with scheduler statistics?")
    })
}

/// User and system time: the 14th and the 15th field. The second, a name in parentheses, may hold anything.
fn ticks(stat: &str) -> Result<u64, String> {
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
    let field = |index: usize| -> Option<u64> { fields.as_ref()?.get(index)?.parse().ok() };
    // The rest begins with the third field.
    field(11).zip(field(12)).map(|(user, system)| user + system).ok_or_else(|| format!("stat reads {stat:?}"))
}

/// `cpu  USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL …`
fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    let [user, nice, system, _, _, irq, softirq, ..] = fields.as_slice() else { return None };
    Some(user + nice + system + irq + softirq)
}

/// `NAME:  123 kB` → 123
fn number(status: &str, name: &str) -> Result<u64, String> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| format!("the process's status has no {name}: has it ended?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(threads: &[(u32, u64)], ticks: u64) -> Reading {
        Reading { threads: threads.iter().copied().collect(), ticks, switches: ticks, peak_kib: 7 }
    }

    #[test]
    fn times_are_read_from_the_kernels_lines() {
        assert_eq!(on_processor("46510 171 9\n"), Ok(46_510));
        assert!(on_processor("").is_err());
        assert_eq!(ticks("7 (a ) b) S 1 7 7 0 -1 4194304 9 0 0 0 31 11 0 0 20"), Ok(42));
        assert!(ticks("7 (a) S 1").is_err());
        assert_eq!(busy_ticks("cpu  1 2 4 100 200 8 16 32 0 0\ncpu0 9 9 9 9 9 9 9 9 0 0\n"), Some(31));
        assert_eq!(number("VmHWM:\t  12 kB\n", "VmHWM"), Ok(12));
    }

    #[test]
    fn a_cost_is_what_came_between_and_new_threads_count_whole() {
        let cost = Cost::between(&reading(&[(1, 50), (2, 10)], 1), &reading(&[(1, 80), (2, 10), (3, 5)], 2));
        assert_eq!(cost, Cost { cpu_nanos: 35, switches: 1, peak_kib: 7 });
    }

    #[test]
    fn the_time_of_threads_that_ended_is_not_lost() {
        let cost = Cost::between(&reading(&[(1, 0), (2, 900_000_000)], 90), &reading(&[(1, 5_000_000)], 190));
        assert_eq!(cost.cpu_nanos, 1_000_000_000);
    }

    #[test]
    fn a_file_that_is_open_is_held() {
        let file = std::fs::File::open("/proc/self/status").unwrap();
        let holding = holding(std::process::id()).unwrap();
        assert!(3 < holding.files && 100 < holding.anonymous_kib, "{holding:?}");
        drop(file);
        assert!(super::holding(u32::MAX).is_err());
    }

    #[test]
    fn this_process_is_seen_at_work() {
        let before = read(std::process::id()).unwrap();
        let mut value = 1_u64;
        while Cost::between(&before, &read(std::process::id()).unwrap()).cpu_nanos < 1_000_000 {
            value = std::hint::black_box(value.wrapping_mul(31));
        }
        assert!(0 < machine_busy_nanos().unwrap());
    }
}
