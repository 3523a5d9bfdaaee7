//! What a feature needs to be checked and reported: waiting, comparing, and who owned which partition.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a check waits for what others do.
pub const WAIT: Duration = Duration::from_secs(20);

/// A check that went wrong says why.
pub type Outcome<T = ()> = Result<T, String>;

/// Runs a check and prints its JSON line; `Ok` may carry a remark.
pub fn report(feature: &str, check: impl FnOnce(&str) -> Outcome) {
    let wanted = std::env::var("FEATURES").unwrap_or_default();
    if !wanted.is_empty() && !wanted.split(',').any(|name| name == feature) {
        return;
    }
    let prefix = std::env::var("PREFIX").expect("PREFIX names the run's topics");
    let outcome = check(&format!("{prefix}-{feature}"));
    let note = outcome.as_ref().err().cloned().unwrap_or_default();
    println!("{}", serde_json::json!({ "feature": feature, "ok": outcome.is_ok(), "note": note }));
}

/// Fails with both values when they differ.
pub fn equal<T: PartialEq + Debug>(got: T, wanted: T, what: &str) -> Outcome {
    if got == wanted { Ok(()) } else { Err(format!("{what}: got {got:.300?}, wanted {wanted:.300?}")) }
}

/// Waits until the condition holds; `what` says what it waited for.
pub fn wait_until(mut condition: impl FnMut() -> bool, what: impl Fn() -> String) -> Outcome {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > WAIT {
            return Err(format!("waited {WAIT:?} for {}", what()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Who owns which partition, and who processed what, over all members of one group.
#[derive(Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Default)]
struct Book {
    owners: BTreeMap<i32, String>,
    processed: Vec<String>,
    faults: Vec<String>,
    revocations: usize,
}

impl Ledger {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.0.lock().expect("no check panics while it holds the book")
    }

    pub fn assigned(&self, member: &str, partitions: &[i32]) {
        let mut book = self.book();
        for &partition in partitions {
            let before = book.owners.insert(partition, member.to_owned());
            if let Some(owner) = before.filter(|owner| owner != member) {
                book.faults.push(format!("{partition} went to {member} while {owner} had it"));
            }
        }
    }

    pub fn revoked(&self, member: &str, partitions: &[i32]) {
        let mut book = self.book();
        for partition in partitions {
            book.revocations += 1;
            if book.owners.get(partition).is_some_and(|owner| owner == member) {
                book.owners.remove(partition);
            }
        }
    }

    pub fn record(&self, member: &str, partition: i32, value: &str) {
        let mut book = self.book();
        if book.owners.get(&partition).is_none_or(|owner| owner != member) {
            book.faults.push(format!("{member} got {value} of {partition}, which it does not own"));
        }
        book.processed.push(value.to_owned());
    }

    pub fn owned_by(&self, member: &str) -> Vec<i32> {
        let owners = &self.book().owners;
        owners.iter().filter(|(_, owner)| *owner == member).map(|(partition, _)| *partition).collect()
    }

    fn shares(&self) -> BTreeMap<String, usize> {
        let mut shares = BTreeMap::new();
        for owner in self.book().owners.values() {
            *shares.entry(owner.clone()).or_default() += 1;
        }
        shares
    }

    /// Waits until each member owns as many partitions as `wanted` says.
    pub fn wait_for_shares(&self, wanted: &[(&str, usize)]) -> Outcome {
        let wanted: BTreeMap<String, usize> =
            wanted.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
        wait_until(|| self.shares() == wanted, || format!("shares {wanted:?}, they are {:?}", self.shares()))
    }

    /// Waits until `count` different records were processed.
    pub fn wait_for_records(&self, count: usize) -> Outcome {
        let distinct = || self.book().processed.iter().collect::<BTreeSet<_>>().len();
        wait_until(|| distinct() >= count, || format!("{count} records, got {}", distinct()))
    }

    /// Every record once, and no partition with two owners.
    pub fn settle(&self, mut wanted: Vec<String>) -> Outcome {
        let mut processed = self.book().processed.clone();
        processed.sort();
        wanted.sort();
        equal(processed.len(), wanted.len(), "number of processed records")?;
        equal(processed, wanted, "processed")?;
        self.no_faults()
    }

    /// No partition had two owners.
    pub fn no_faults(&self) -> Outcome {
        equal(self.book().faults.as_slice(), &[], "faults")
    }

    /// How many partitions were taken from members so far.
    pub fn revocations(&self) -> usize {
        self.book().revocations
    }
}
