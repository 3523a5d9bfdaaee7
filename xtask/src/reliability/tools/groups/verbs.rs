//! `kafka-groups`, `kafka-consumer-groups` and `kafka-share-groups`: every verb, and what it must print. What
//! `kafka-streams-groups` prints is looked at together with applications of Kafka Streams.

use super::member::{Member, wait};
use super::{Run, shares};
use std::cell::Cell;

const CONSUMERS: &str = "consumer.group.ConsumerGroupCommand";
const SHARES: &str = "consumer.group.ShareGroupCommand";

/// What a row must begin with, word by word; `*` stands for any word.
type Row<'a> = &'a [&'a str];

/// Runs every verb on groups of every type, which the members before have left.
pub(super) fn all(run: &Run<'_>) -> Result<(&'static str, String), String> {
    let tools = Tools { run, asked: Cell::new(0) };
    tools.groups()?;
    for group in ["verifiable-classic", "verifiable-consumer"] {
        tools.consumers(group)?;
    }
    tools.members()?;
    tools.shares("share-sync")?;
    Ok(("calls of kafka-groups, kafka-consumer-groups and kafka-share-groups", tools.asked.get().to_string()))
}

struct Tools<'a> {
    run: &'a Run<'a>,
    asked: Cell<usize>,
}

impl Tools<'_> {
    /// Runs a tool and looks for rows in what it prints, and for rows that must not be there.
    fn expect(
        &self,
        tool: &str,
        arguments: &[&str],
        rows: &[Row<'_>],
        missing: &[Row<'_>],
    ) -> Result<(), String> {
        let printed = self.run.tool(tool, arguments)?;
        self.asked.set(self.asked.get() + 1);
        let has = |row: Row<'_>| printed.lines().any(|line| begins(line, row));
        let said = || format!("{tool} {}: {printed}", arguments.join(" "));
        if let Some(row) = rows.iter().find(|row| !has(row)) {
            return Err(format!("no row {row:?} in {}", said()));
        }
        match missing.iter().find(|row| has(row)) {
            None => Ok(()),
            Some(row) => Err(format!("a row {row:?} in {}", said())),
        }
    }

    fn groups(&self) -> Result<(), String> {
        let (classic, consumer, share) = (
            &["verifiable-classic", "Classic", "consumer"][..],
            &["verifiable-consumer", "Consumer", "consumer"][..],
            &["share-sync", "Share", "share"][..],
        );
        self.expect("GroupsCommand", &["--list"], &[classic, consumer, share], &[])?;
        self.expect("GroupsCommand", &["--list", "--share"], &[share], &[classic, consumer])?;
        self.expect("GroupsCommand", &["--list", "--consumer"], &[classic, consumer], &[share])?;
        let arguments = ["--list", "--group-type", "classic"];
        self.expect("GroupsCommand", &arguments, &[classic], &[consumer, share])
    }

    /// A group that has read everything from a topic of its own name, and has no members.
    fn consumers(&self, group: &str) -> Result<(), String> {
        let of = |verb: &[&'static str]| -> Vec<&str> { [verb, &["--group", group]].concat() };
        self.expect(CONSUMERS, &["--list"], &[&[group]], &[&["share-sync"]])?;
        self.expect(CONSUMERS, &["--list", "--state", "empty"], &[&[group, "Empty"]], &[])?;
        self.expect(CONSUMERS, &["--list", "--state", "stable"], &[], &[&[group]])?;
        let describe = of(&["--describe", "--state"]);
        self.expect(CONSUMERS, &describe, &[&[group, "*", "(1)"]], &[])?;
        let describe = of(&["--describe", "--offsets"]);
        let partitions = ["0", "1", "2", "3"];
        let done: Vec<[&str; 4]> = partitions.iter().map(|number| [group, group, number, "*"]).collect();
        self.expect(CONSUMERS, &describe, &rows(&done), &[])?;
        let reset = |how: &'static str| -> Vec<&str> {
            [&of(&["--reset-offsets", "--to-earliest", how])[..], &["--topic", group]].concat()
        };
        let begins: Vec<[&str; 4]> = partitions.iter().map(|number| [group, group, number, "0"]).collect();
        self.expect(CONSUMERS, &reset("--dry-run"), &rows(&begins), &[])?;
        self.expect(CONSUMERS, &describe, &[], &rows(&begins))?;
        self.expect(CONSUMERS, &reset("--execute"), &rows(&begins), &[])?;
        self.expect(CONSUMERS, &describe, &rows(&begins), &[])?;
        let delete = [&of(&["--delete-offsets"])[..], &["--topic", group]].concat();
        let deleted: Vec<[&str; 3]> = partitions.iter().map(|number| [group, number, "Successful"]).collect();
        let deleted: Vec<Row<'_>> = deleted.iter().map(|row| &row[..]).collect();
        self.expect(CONSUMERS, &delete, &deleted, &[])?;
        self.expect(CONSUMERS, &describe, &[], &rows(&done))?;
        self.expect(CONSUMERS, &of(&["--delete"]), &[&["Deletion", "of", "requested"]], &[])?;
        self.expect(CONSUMERS, &["--list"], &[], &[&[group]])
    }

    /// Groups that have a member: their state, and who owns what.
    fn members(&self) -> Result<(), String> {
        for (group, protocol) in [("busy-classic", "classic"), ("busy-consumer", "consumer")] {
            self.run.broker.create_topic(group, "2")?;
            let arguments = ["--topic", group, "--group-id", group, "--group-protocol", protocol];
            let member = Member::start(self.run, "VerifiableConsumer", &arguments, group)?;
            wait("a member with partitions", || Ok(!member.events("partitions_assigned").is_empty()))?;
            let of = |verb: &[&'static str]| -> Vec<&str> { [verb, &["--group", group]].concat() };
            let assignor = if protocol == "classic" { "range" } else { "uniform" };
            let state = [group, "*", "(1)", assignor, "Stable", "1"];
            self.expect(CONSUMERS, &of(&["--describe", "--state"]), &[&state], &[])?;
            let row = [group, "*", "/127.0.0.1", "*", "2"];
            self.expect(CONSUMERS, &of(&["--describe", "--members"]), &[&row], &[])?;
            self.expect(CONSUMERS, &of(&["--describe", "--members", "--verbose"]), &[&row], &[])?;
            member.stop()?;
        }
        Ok(())
    }

    /// A share group that is done with a topic of its own name, and has no members.
    fn shares(&self, group: &str) -> Result<(), String> {
        let of = |verb: &[&'static str]| -> Vec<&str> { [verb, &["--group", group]].concat() };
        self.expect(SHARES, &["--list"], &[&[group]], &[&["busy-consumer"]])?;
        self.expect(SHARES, &["--list", "--state"], &[&[group, "Empty"]], &[])?;
        self.expect(SHARES, &of(&["--describe", "--state"]), &[&[group, "*", "(1)", "Empty", "0"]], &[])?;
        let describe = of(&["--describe", "--offsets"]);
        let rows = |start| [[group, group, "0", start], [group, group, "1", start]];
        let (any, begin) = (rows("*"), rows("0"));
        let (any, begin) = ([&any[0][..], &any[1][..]], [&begin[0][..], &begin[1][..]]);
        self.expect(SHARES, &describe, &any, &begin)?;
        let reset = |how: &'static str| -> Vec<&str> {
            [&of(&["--reset-offsets", "--to-earliest", how])[..], &["--topic", group]].concat()
        };
        self.expect(SHARES, &reset("--dry-run"), &begin, &[])?;
        self.expect(SHARES, &describe, &any, &begin)?;
        self.expect(SHARES, &reset("--execute"), &begin, &[])?;
        self.expect(SHARES, &describe, &begin, &[])?;
        let lag = shares::lag(self.run, group)?;
        if lag != self.run.records as u64 {
            return Err(format!("{group} has a lag of {lag} after it was set to the beginning"));
        }
        let delete = [&of(&["--delete-offsets"])[..], &["--topic", group]].concat();
        self.expect(SHARES, &delete, &[&[group, "Successful"]], &[])?;
        self.expect(SHARES, &describe, &[], &any)?;
        self.expect(SHARES, &of(&["--delete"]), &[&["Deletion", "of", "requested"]], &[])?;
        self.expect(SHARES, &["--list"], &[], &[&[group]])
    }
}

fn rows<'a>(rows: &'a [[&'a str; 4]]) -> Vec<Row<'a>> {
    rows.iter().map(|row| &row[..]).collect()
}

fn begins(line: &str, row: Row<'_>) -> bool {
    let mut words = line.split_whitespace();
    row.iter().all(|wanted| words.next().is_some_and(|word| word == *wanted || *wanted == "*"))
}
