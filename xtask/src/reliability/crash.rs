//! `cargo xtask reliability crash`: the released program is killed again and again while real clients work.
//!
//! The clients, librdkafka and the Java client, live through all of it in two programs below `conformance/crash`. Each
//! writes down what it did and saw. At the end everything is read once more, by both, and the checker judges all of it.
//!
//! `kill -9` takes the process, not the pages that the kernel holds for it: what a power cut takes is the simulator's
//! business.

mod clients;

use super::blows::{Blows, Work};
use super::broker::Broker;
use super::clock::pause;
use super::load::Load;
use super::loops::{self, Figures, Ground, Suite};
use super::verdict::Verdict;
use crate::Outcome;
use clients::Programs;
use std::time::Duration;

/// Topics with their partitions, as `conformance/crash` knows them.
const TOPICS: &[(&str, &str)] = &[("events", "3"), ("input", "4"), ("output", "3")];
/// What clients are asked to do beyond plain producing and consuming.
const FEATURES: &str = "transactions";

const SUITE: Suite<Programs> = Suite {
    name: "crash",
    sabotage: "cut the end off a log",
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
    let mut broker = Broker::new(ottla, folder, &[])?;
    broker.start()?;
    for (name, partitions) in TOPICS {
        broker.create_topic(name, partitions)?;
    }
    let mut load = programs.load(folder, &broker.address(), options.seed, FEATURES)?;
    let blows = Blows::deal(SUITE.name, &mut broker, &mut load, options)?;
    // The clients get a life without a blow, so that some of the last outcomes are known.
    pause(Duration::from_secs(2));
    let mut histories = load.end()?;
    histories.extend(programs.drain(folder, &broker.address(), FEATURES)?);
    broker.stop()?;
    broker.verify()?;
    let verdict = Verdict::of(judge, &["check"], &histories)?;
    verdict.clean(&["acknowledged", "seen"])?;
    let mut figures = blows.figures();
    figures.extend(table(&verdict));
    Ok(figures)
}

impl Work for Load {
    fn live(&mut self, _: &Broker, life: Duration) -> Outcome {
        pause(life);
        self.check()
    }

    fn sabotage(&mut self, broker: &Broker) -> Result<bool, String> {
        broker.cut_a_log("events-0")
    }
}

fn table(verdict: &Verdict) -> Figures {
    let transactions = ["committed", "aborted", "undecided"].map(|name| verdict.count(name));
    let mut figures = vec![
        ("records acknowledged", verdict.count("acknowledged").to_string()),
        ("records without an answer", verdict.count("unknown").to_string()),
        ("records checked", verdict.count("seen").to_string()),
        ("records given to readers", verdict.count("polled").to_string()),
    ];
    if transactions != [0; 3] {
        let [committed, aborted, unknown] = transactions;
        let text = format!("{committed}, {aborted}, {unknown}");
        figures.push(("transactions committed, aborted, without an answer", text));
    }
    figures.push(("group offsets committed", verdict.count("offsets").to_string()));
    figures.push(("violations", verdict.violations()));
    figures
}
