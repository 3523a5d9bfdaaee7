//! How soon a group of 500 members has shared its partitions out anew after 50 of them left.
//!
//! The members are a program of their own, `conformance/members`.

use super::process::{Broker, members};
use super::report;
use crate::Outcome;
use std::path::Path;
use std::process::{Command, Stdio};

/// Brokers for each protocol. Odd, so that the median is one of them.
const RUNS: usize = 5;
/// What the project promises.
const SETTLED_MS_MAX: f64 = 2000.0;

/// What each run took, by protocol.
pub(super) struct Settled {
    classic_ms: Vec<f64>,
    consumer_ms: Vec<f64>,
}

/// Lets groups lose members, each on a broker of its own.
pub(super) fn measure(program: &Path) -> Result<Settled, String> {
    let members = members()?;
    let runs = |protocol| (0..RUNS).map(|_| one(program, &members, protocol)).collect::<Result<Vec<_>, _>>();
    Ok(Settled { classic_ms: runs("classic")?, consumer_ms: runs("consumer")? })
}

fn one(program: &Path, members: &Path, protocol: &str) -> Result<f64, String> {
    let broker = Broker::start(program)?;
    let output = Command::new(members)
        .args([&broker.address, protocol])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", members.display()))?;
    if !output.status.success() {
        return Err(format!("the {protocol} group did not settle"));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|error| format!("the members said {said:?}: {error}"))
}

/// Fails where the promise is broken, and prints what was measured either way.
pub(super) fn check(settled: &Settled) -> Outcome {
    println!("{}", text(settled));
    for (protocol, runs) in [("classic", &settled.classic_ms), ("consumer", &settled.consumer_ms)] {
        let median = report::median(runs.iter().copied());
        if SETTLED_MS_MAX < median {
            return Err(format!(
                "the {protocol} group took {median:.1} ms, promised are {SETTLED_MS_MAX} ms"
            ));
        }
    }
    Ok(())
}

/// The section of the document.
pub(super) fn text(settled: &Settled) -> String {
    let rows = [
        report::row("classic group settled after (ms)", settled.classic_ms.iter().copied()),
        report::row("consumer group settled after (ms)", settled.consumer_ms.iter().copied()),
    ];
    let what = format!(
        "{RUNS} brokers for each protocol, 500 members on 500 partitions, heartbeats every 200 ms, 50 members leave at \
         once"
    );
    report::table("cargo xtask measure groups", &what, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_fails_the_check() {
        let settled = |classic, consumer| Settled { classic_ms: vec![classic], consumer_ms: vec![consumer] };
        assert_eq!(check(&settled(2000.0, 2000.0)), Ok(()));
        assert!(check(&settled(2001.0, 1.0)).is_err());
        assert!(check(&settled(1.0, 2001.0)).is_err());
    }
}
