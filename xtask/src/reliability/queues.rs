//! `cargo xtask reliability queues`: the released program is killed again and again while share consumers work.
//!
//! Members in Java and Python (`conformance/queues`) accept, release, reject, renew, are too late, and some of them are
//! killed; letters go back to their queues meanwhile. Each writes down what it does and sees. At the end the queues are
//! emptied, all topics are read, and the judge (`crates/sim/src/queues.rs`) looks for what a queue must never show.

mod clients;
mod floor;
mod groups;

use super::blows::Blows;
use super::broker::Broker;
use super::clock::{now, pause};
use super::loops::{self, Figures, Ground, Suite};
use super::verdict::Verdict;
use crate::Outcome;
use clients::{Programs, Site};
use floor::{Done, Floor};
use groups::GROUPS;
use std::time::Duration;

/// How long it may take until nothing is left in any queue. An interrupted requeue holds readers up for a minute.
const EMPTY_LIMIT: Duration = Duration::from_secs(150);

const SUITE: Suite<Programs> = Suite {
    name: "queues",
    sabotage: "put an older journal back",
    prepare: Programs::prepare,
    what: Programs::what,
    attempt,
};

/// How it is called.
pub(super) fn usage() -> String {
    SUITE.usage()
}

/// Runs the loop and has its history judged.
///
/// # Errors
/// As [`loops::run`].
pub(super) fn run(arguments: &[String]) -> Outcome {
    loops::run(arguments, &SUITE)
}

fn attempt(ground: &Ground<'_, Programs>) -> Result<Figures, String> {
    let Ground { options, programs, folder, ottla, judge } = ground;
    let mut broker = Broker::new(ottla, folder, groups::BROKER)?;
    broker.start()?;
    groups::create(&broker)?;
    let settings = folder.join("settings.jsonl");
    std::fs::write(&settings, groups::history())
        .map_err(|error| format!("{}: {error}", settings.display()))?;
    let site = Site { programs, folder, address: broker.address(), seed: options.seed };
    let mut floor = Floor::open(&site)?;
    // Without members there is nothing to be killed in the middle of.
    pause(Duration::from_secs(4));
    let blows = Blows::deal(SUITE.name, &mut broker, &mut floor, options)?;
    pause(Duration::from_secs(2));
    let (mut histories, done) = floor.close()?;
    histories.push(settings);
    // This takes back what the last interrupted one has left.
    for group in GROUPS {
        broker.ask(&["queue", "dlq", "requeue", group.name, "--all", "--yes"])?;
    }
    let drain = site.drain()?;
    empty(&broker)?;
    histories.extend(drain.end()?);
    histories.extend(site.read()?);
    broker.stop()?;
    broker.verify()?;
    let verdict = Verdict::of(judge, &["queues", "check"], &histories)?;
    verdict.clean(&["sent", "accepted", "released", "rejected"])?;
    let mut figures = blows.figures();
    figures.extend(table(&verdict, &done));
    Ok(figures)
}

/// Waits until nothing is left in any queue.
fn empty(broker: &Broker) -> Outcome {
    let begin = now();
    loop {
        let mut left = 0;
        for group in GROUPS {
            let printed =
                broker.ask(&["queue", "describe", group.name, "--sample", "0", "--output", "json"])?;
            let queue: serde_json::Value =
                serde_json::from_str(&printed).map_err(|error| format!("queue describe: {error}"))?;
            left += queue["depth"].as_u64().ok_or("queue describe tells no depth")?;
        }
        if left == 0 {
            return Ok(());
        }
        if EMPTY_LIMIT < begin.elapsed() {
            return Err(format!("{left} records do not come to an end"));
        }
        pause(Duration::from_millis(200));
    }
}

fn table(verdict: &Verdict, done: &Done) -> Figures {
    let Done { members_killed, requeues, requeues_interrupted } = done;
    let counts = |names: &[&str]| {
        names.iter().map(|name| verdict.count(name).to_string()).collect::<Vec<_>>().join(", ")
    };
    vec![
        ("members, of them killed by SIGKILL", format!("{}, {members_killed}", counts(&["members"]))),
        ("records acknowledged to producers", counts(&["sent"])),
        ("records given to members of three groups", counts(&["delivered"])),
        (
            "records accepted, released, rejected, and confirmed so",
            counts(&["accepted", "released", "rejected"]),
        ),
        ("of which members never heard whether it counts", counts(&["unconfirmed"])),
        (
            "dead letters of rejected, of exhausted records",
            counts(&["letters_rejected", "letters_exhausted"]),
        ),
        ("dead letters requeued", counts(&["requeued"])),
        ("runs of requeue, interrupted ones", format!("{requeues}, {requeues_interrupted}")),
        ("records of interrupted ones, taken back", counts(&["uncommitted"])),
        ("violations", verdict.violations()),
    ]
}
