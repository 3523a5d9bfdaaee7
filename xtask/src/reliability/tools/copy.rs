//! `TransactionalMessageCopier`: a topic is copied in transactions, by two copiers that are killed and started again
//! under their transactional ids, while the broker is killed, too. The copy must be the original, in each partition.

use super::super::broker::Broker;
use super::super::clock::{now, pause};
use super::super::schedule::{Blow, Schedule};
use super::kit::Kit;
use std::process::Child;
use std::time::Duration;

/// How the copiers get their input and what they do on purpose.
struct Way {
    name: &'static str,
    flags: &'static [&'static str],
}

const WAYS: &[Way] = &[
    Way { name: "direct", flags: &[] },
    Way { name: "aborting", flags: &["--enable-random-aborts"] },
    Way { name: "group", flags: &["--enable-random-aborts", "--group-mode", "--use-group-metadata"] },
];

/// One way may take this long.
const LIMIT: Duration = Duration::from_secs(300);

/// How many copiers are killed in one way.
const VICTIMS_MAX: u32 = 3;

/// Copies in every way, and what was done meanwhile.
pub(super) struct Copies<'a> {
    kit: &'a Kit,
    records: usize,
    schedule: Schedule,
    copied: usize,
    broker_kills: u64,
    copier_kills: u64,
    /// Copiers that gave up by themselves, for example fenced, and were started again.
    copier_ends: u64,
}

/// A copier under its transactional id, through all its lives.
struct Copier {
    arguments: Vec<String>,
    output: String,
    process: Option<Child>,
    lives: u32,
    is_done: bool,
}

impl<'a> Copies<'a> {
    pub(super) fn new(kit: &'a Kit, records: usize, seed: u64) -> Self {
        let schedule = Schedule::new(seed, false);
        Self { kit, records, schedule, copied: 0, broker_kills: 0, copier_kills: 0, copier_ends: 0 }
    }

    /// # Errors
    /// If a copy is not the original.
    pub(super) fn all(&mut self, broker: &mut Broker) -> Result<(), String> {
        for way in WAYS {
            self.copy(broker, way)
                .map_err(|why| format!("TransactionalMessageCopier, {}: {why}", way.name))?;
        }
        Ok(())
    }

    pub(super) fn figures(&self) -> Vec<(&'static str, String)> {
        let ways: Vec<&str> = WAYS.iter().map(|way| way.name).collect();
        vec![
            ("ways of TransactionalMessageCopier", ways.join(", ")),
            ("records copied by it, exactly once and in order", self.copied.to_string()),
            ("copiers killed meanwhile", self.copier_kills.to_string()),
            ("copiers that gave up and were started again", self.copier_ends.to_string()),
            ("broker killed meanwhile", self.broker_kills.to_string()),
        ]
    }

    fn copy(&mut self, broker: &mut Broker, way: &Way) -> Result<(), String> {
        let (input, output) = (format!("{}-input", way.name), format!("{}-output", way.name));
        let address = broker.address();
        broker.create_topic(&input, "2")?;
        broker.create_topic(&output, "2")?;
        let count = self.records.to_string();
        self.kit.run(
            "VerifiableProducer",
            &[
                "--bootstrap-server",
                &address,
                "--topic",
                &input,
                "--max-messages",
                &count,
                "--throughput",
                "-1",
                "--acks",
                "-1",
            ],
            LIMIT,
        )?;
        let mut copiers: Vec<Copier> =
            (0..2).map(|number| Copier::new(&address, way, number, [&input, &output])).collect();
        let outcome = self.torture(broker, &mut copiers);
        copiers.iter_mut().for_each(Copier::kill);
        outcome?;
        let (original, copy) = (self.kit.read(&address, &input)?, self.kit.read(&address, &output)?);
        let total: usize = original.values().map(Vec::len).sum();
        if total != self.records {
            return Err(format!("the original has {total} records of {count}"));
        }
        for (partition, original) in &original {
            let copy = copy.get(partition).map_or(&[][..], Vec::as_slice);
            if copy != original {
                return Err(format!("{partition}: {}", difference(original, copy)));
            }
        }
        self.copied += total;
        println!("tools: {} copied: {total}", way.name);
        Ok(())
    }

    /// Kills copiers and the broker in turn until every copier says that it is done.
    fn torture(&mut self, broker: &mut Broker, copiers: &mut [Copier]) -> Result<(), String> {
        let begin = now();
        let (mut turn, mut victims) = (0, 0);
        while begin.elapsed() < LIMIT {
            for copier in copiers.iter_mut() {
                self.copier_ends += u64::from(copier.run(self.kit)?);
            }
            if copiers.iter().all(|copier| copier.is_done) {
                return Ok(());
            }
            let (life, blow) = self.schedule.next();
            wait(copiers, life + Duration::from_secs(1));
            // Starting a copier takes the Java machine a second or two, so copiers get some peace in between.
            match (turn % 3, blow) {
                (0, Blow::Stop | Blow::Kill | Blow::KillAgain(_)) => {
                    broker.kill();
                    broker.start()?;
                    self.broker_kills += 1;
                }
                // In a group the dead member's partitions wait for the end of its session, most of a minute.
                (1, Blow::Stop | Blow::Kill | Blow::KillAgain(_)) if victims < VICTIMS_MAX => {
                    victims += 1;
                    let victim = &mut copiers[turn / 3 % 2];
                    self.copier_kills += u64::from(victim.process.is_some());
                    victim.kill();
                }
                (_, Blow::Stop | Blow::Kill | Blow::KillAgain(_)) => {}
            }
            turn += 1;
        }
        Err(format!("not done after {LIMIT:?}"))
    }
}

/// Waits, but not for copiers that have ended.
fn wait(copiers: &mut [Copier], time: Duration) {
    let begin = now();
    while begin.elapsed() < time && !copiers.iter_mut().all(Copier::has_ended) {
        pause(Duration::from_millis(50));
    }
}

impl Copier {
    fn new(address: &str, way: &Way, number: u32, [input, output]: [&str; 2]) -> Self {
        let (partition, name) = (number.to_string(), way.name);
        let id = format!("copier-{name}-{number}");
        let group = format!("copiers-{name}");
        let words = [
            "--broker-list",
            address,
            "--input-topic",
            input,
            "--input-partition",
            &partition,
            "--output-topic",
            output,
            "--transactional-id",
            &id,
            "--consumer-group",
            &group,
            "--transaction-size",
            "50",
            "--transaction-timeout",
            "10000",
        ];
        let arguments = words.iter().chain(way.flags).map(|word| (*word).to_owned()).collect();
        Self { arguments, output: id, process: None, lives: 0, is_done: false }
    }

    /// Starts it if it does not run and is not done; says whether it had given up before.
    fn run(&mut self, kit: &Kit) -> Result<bool, String> {
        if self.is_done || !self.has_ended() {
            return Ok(false);
        }
        let had_started = self.process.take().is_some();
        let printed = kit.printed(&self.file());
        let last = printed.lines().last().unwrap_or_default();
        self.is_done = had_started && last.contains("ShutdownComplete") && last.ends_with("\"remaining\":0}");
        if self.is_done {
            return Ok(false);
        }
        self.lives += 1;
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.process = Some(kit.start("TransactionalMessageCopier", &arguments, &self.file())?);
        Ok(had_started)
    }

    fn file(&self) -> String {
        format!("{}.{}.out", self.output, self.lives)
    }

    fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)))
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // One that has ended by itself is as dead.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// The first place where two lists differ, and how much each has.
fn difference(original: &[String], copy: &[String]) -> String {
    let at = original.iter().zip(copy).position(|(a, b)| a != b).unwrap_or(original.len().min(copy.len()));
    let value = |list: &[String]| list.get(at).cloned().unwrap_or("nothing".to_owned());
    format!(
        "{} records became {}; at {at} there is {} in place of {}",
        original.len(),
        copy.len(),
        value(copy),
        value(original)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_told() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            difference(&list("1 2 3"), &list("1 3")),
            "3 records became 2; at 1 there is 3 in place of 2"
        );
        assert_eq!(
            difference(&list("1 2"), &list("1")),
            "2 records became 1; at 1 there is nothing in place of 2"
        );
    }
}
