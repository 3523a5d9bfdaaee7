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
use super::document;
use super::options::Options;
use super::verdict::{Verdict, text};
use crate::Outcome;
use crate::conformance::broker::released_for_checks;
use crate::conformance::packages::{Setback, Shelf};
use clients::{Programs, Site};
use floor::{Done, Floor};
use groups::GROUPS;
use std::path::Path;
use std::time::Duration;

const USAGE: &str = "\
cargo xtask reliability queues [--quick] [--kills N] [--seed N] [--sabotage] [--built DIR]

  --quick     a few kills, in under a minute; writes no figures
  --kills N   how many (default: 220)
  --seed N    when each comes; the clients' chance is seeded, too, but what they meet is not
  --sabotage  put an older journal back while the broker is dead, to see that the run fails for it
  --built DIR take ottla and ottla-sim from there, and build neither";

/// How long it may take until nothing is left in any queue. An interrupted requeue holds readers up for a minute.
const EMPTY_LIMIT: Duration = Duration::from_secs(150);

/// Runs the loop and has its history judged.
///
/// # Errors
/// If something was violated, a client gave up, or the broker did not come back: then everything is kept.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments, USAGE)?;
    let shelf = Shelf::new(crate::tree::root())?;
    let programs = match Programs::prepare(&shelf) {
        Ok(programs) => programs,
        Err(Setback::Skipped(why)) => {
            println!("skipped: crash loops of queues: {why}");
            return Ok(());
        }
        Err(Setback::Failed(why)) => return Err(why),
    };
    let program = |name| options.built.program(name, released_for_checks);
    let (ottla, judge) = (program("ottla")?, program("ottla-sim")?);
    let folder = options.folder(&shelf, "queues")?;
    let begin = now();
    let mut figures = attempt(&options, &programs, &folder, &ottla, &judge)
        .map_err(|why| format!("queues: {why}\nkept: {}", folder.display()))?;
    println!("{}", text(&figures));
    drop(std::fs::remove_dir_all(&folder));
    if options.is_sabotaged {
        return Err("queues: the broker forgot what it had confirmed, and nobody noticed".to_owned());
    }
    if options.is_quick {
        return Ok(());
    }
    figures.push(("duration (min)", format!("{:.1}", begin.elapsed().as_secs_f64() / 60.0)));
    document::write("queues", &format!("{}{}", Programs::what(), options.built.origin()), &figures)
}

type Figures = Vec<(&'static str, String)>;

fn attempt(
    options: &Options,
    programs: &Programs,
    folder: &Path,
    ottla: &Path,
    judge: &Path,
) -> Result<Figures, String> {
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
    let blows = Blows::deal("queues", &mut broker, &mut floor, options)?;
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
