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
    /// What was measured, in the words of the members.
    what: String,
    classic_ms: Vec<f64>,
    consumer_ms: Vec<f64>,
}

/// Lets groups lose members, each on a broker of its own.
pub(super) fn measure(program: &Path) -> Result<Settled, String> {
    let members = members()?;
    let mut what = String::new();
    let mut runs = |protocol| {
        let one = |_| {
            let (took_ms, said) = one(program, &members, protocol)?;
            what = said;
            Ok(took_ms)
        };
        (0..RUNS).map(one).collect::<Result<Vec<_>, String>>()
    };
    let (classic_ms, consumer_ms) = (runs("classic")?, runs("consumer")?);
    Ok(Settled { what, classic_ms, consumer_ms })
}

/// After how many milliseconds the group was settled, and what was measured.
fn one(program: &Path, members: &Path, protocol: &str) -> Result<(f64, String), String> {
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
    heard(&String::from_utf8_lossy(&output.stdout))
}

/// Two lines: a number and a text.
fn heard(said: &str) -> Result<(f64, String), String> {
    let parts =
        said.trim().split_once('\n').and_then(|(took, what)| Some((took.parse().ok()?, what.to_owned())));
    parts.ok_or_else(|| format!("the members said {said:?}"))
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
    let what = format!("{RUNS} brokers for each protocol, {}", settled.what);
    report::table("cargo xtask measure groups", &what, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_fails_the_check() {
        let settled = |classic, consumer| Settled {
            what: "2 members".to_owned(),
            classic_ms: vec![classic],
            consumer_ms: vec![consumer],
        };
        assert_eq!(check(&settled(2000.0, 2000.0)), Ok(()));
        assert!(check(&settled(2001.0, 1.0)).is_err());
        assert!(check(&settled(1.0, 2001.0)).is_err());
    }

    #[test]
    fn members_say_how_long_it_took_and_what_they_did() {
        assert_eq!(heard("223.7\n2 members\n"), Ok((223.7, "2 members".to_owned())));
        assert!(heard("").is_err() && heard("223.7\n").is_err() && heard("x\n2 members\n").is_err());
    }
}
