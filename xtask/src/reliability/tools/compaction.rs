//! `LogCompactionTester`: updates and deletions of keys are written, the log is compacted meanwhile, and what is read
//! must have the last value of every key. Once in peace, and once while the broker is killed.

use super::super::broker::Broker;
use super::super::clock::{now, pause};
use super::kit::Kit;
use std::time::Duration;

/// The tool waits this long between writing and reading, in seconds, so that there is something to see.
const SLEEP: &str = "10";
const LIMIT: Duration = Duration::from_secs(400);
/// Time for the broker to write, compact and recover between two kills.
const LIFE: Duration = Duration::from_secs(3);

/// What the tester found.
pub(super) struct Compactions {
    figures: Vec<(&'static str, String)>,
}

impl Compactions {
    /// Runs the tester twice.
    ///
    /// # Errors
    /// If a key has another value than its last one, or nothing was compacted.
    pub(super) fn run(kit: &Kit, broker: &mut Broker, records: usize) -> Result<Self, String> {
        let peace = test(kit, broker, records, "peace", 0)?;
        let kills = 5;
        let war = test(kit, broker, records, "kills", kills)?;
        let figures = vec![
            ("LogCompactionTester", peace),
            ("LogCompactionTester while the broker was killed", format!("{war}; {kills} kills")),
        ];
        Ok(Self { figures })
    }

    pub(super) fn figures(self) -> Vec<(&'static str, String)> {
        self.figures
    }
}

fn test(kit: &Kit, broker: &mut Broker, records: usize, name: &str, kills: u32) -> Result<String, String> {
    let (address, records) = (broker.address(), records.to_string());
    let arguments = [
        "--bootstrap-server",
        &address,
        "--messages",
        &records,
        "--duplicates",
        "10",
        "--percent-deletes",
        "20",
        "--topics",
        "2",
        "--sleep",
        SLEEP,
    ];
    let output = format!("compaction-{name}.out");
    let mut child = kit.start("LogCompactionTester", &arguments, &output)?;
    let begin = now();
    let mut left = kills;
    let mut peace = now();
    let outcome = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => break Ok(()),
            Some(status) => break Err(format!("LogCompactionTester, {name}: {status}: see {output}")),
            None if LIMIT < begin.elapsed() => {
                break Err(format!("LogCompactionTester, {name}, does not end"));
            }
            None => pause(Duration::from_millis(50)),
        }
        if 0 < left && LIFE < peace.elapsed() {
            broker.kill();
            broker.start()?;
            left -= 1;
            peace = now();
        }
    };
    // Often it has ended by now, which is as good.
    drop(child.kill());
    drop(child.wait());
    outcome?;
    found(&kit.printed(&output)).map_err(|why| format!("LogCompactionTester, {name}: {why}: see {output}"))
}

/// `60 rows of data produced, 20 rows of data consumed (66.7% reduction).` and `Validated 9 values, 0 mismatches.`
fn found(printed: &str) -> Result<String, String> {
    let line =
        |part: &str| printed.lines().find(|line| line.contains(part)).map(|line| line.trim_end_matches('.'));
    let reduced = line(" reduction)").ok_or("it read nothing")?;
    let validated = line("Validated ").ok_or("it validated nothing")?;
    if reduced.contains("(0.0% reduction)") {
        return Err(format!("nothing was compacted: {reduced}"));
    }
    if !validated.ends_with(" 0 mismatches") {
        return Err(validated.to_owned());
    }
    Ok(format!("{reduced}; {validated}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_compacted_log_without_mismatches_is_well() {
        let printed = |percent: &str, mismatches: u32| {
            format!(
                "60 rows of data produced, 20 rows of data consumed ({percent}% reduction).\nDe-duplicating\nValidated 9 values, {mismatches} mismatches.\n"
            )
        };
        let well = "60 rows of data produced, 20 rows of data consumed (66.7% reduction); Validated 9 values, 0 mismatches";
        assert_eq!(found(&printed("66.7", 0)).as_deref(), Ok(well));
        assert!(
            found(&printed("66.7", 1)).is_err() && found(&printed("0.0", 0)).is_err() && found("").is_err()
        );
    }
}
