//! How many files the process may have open, and who gets them: logs, or connections and all else.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process open as many files as it may without asking anybody, and returns how many of them may be logs'.
///
/// The soft limit is kept low for programs that use `select`, which cannot count beyond 1024; the hard one is what the
/// machine's owner has set.
pub(super) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let hard = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let in_force = if setrlimit(Resource::Nofile, hard).is_ok() { limit.maximum } else { limit.current };
    for_logs(in_force.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// Five of eight: of 20,000 that is room for 10,000 partitions that are all written to, and leaves it for 5,000 connections.
fn for_logs(limit: usize) -> usize {
    (limit / 8 * 5).min(LOGS_MAX)
}

/// Each holds memory of the kernel, and nobody has so many partitions in use at once.
const LOGS_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_get_most_files_and_connections_the_rest() {
        assert_eq!([1024, 20_000, 1 << 20, usize::MAX].map(for_logs), [640, 12_500, LOGS_MAX, LOGS_MAX]);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        // Where both are the same, there would be nothing to raise.
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(512), maximum }).unwrap();
        let logs = raise();
        assert_eq!(getrlimit(Resource::Nofile), Rlimit { current: maximum, maximum });
        assert!(0 < logs && logs <= LOGS_MAX);
    }
}
