//! Classic members with a group instance id: they come back as who they were.

use crate::joining::{Group, Member, ONE};
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;

pub const SUBJECT: Subject = Subject {
    name: "static-members",
    about: "Members of classic groups with a group instance id: coming back, being fenced, leaving.",
    scenarios: &[
        Scenario {
            name: "static-alone",
            asks: "one member that comes back, by each version",
            run: alone,
            differs: &[],
        },
        Scenario {
            name: "static-two",
            asks: "leader and follower that come back, changed and unchanged",
            run: two,
            differs: &[],
        },
        Scenario {
            name: "static-fenced",
            asks: "what its former self may still do",
            run: fenced,
            differs: &[],
        },
        Scenario {
            name: "static-leave",
            asks: "leaving by instance, by member, by both",
            run: leave,
            differs: &[],
        },
    ],
};

fn alone(side: &mut Side) -> Ran {
    for version in 5..=9 {
        let group = Group::make(side, &format!("v{version}"))?;
        let newcomer = Member::of("i", "");
        let answer = side.ask("joins", version, &group.join(&newcomer, ONE)).ok_or("no answer")?;
        let (first, generation) = (Member::of("i", &answer.member_id), answer.generation_id);
        side.ask("syncs", 5, &group.sync(&first, generation, &[(&first, "all")]));
        side.ask("joins with its id", version, &group.join(&first, ONE));
        let answer = side
            .ask("comes back while completing", version, &group.join(&newcomer, ONE))
            .ok_or("no answer")?;
        let (second, generation) = (Member::of("i", &answer.member_id), answer.generation_id);
        side.ask("syncs then", 5, &group.sync(&second, generation, &[(&second, "all")]));
        let answer = side.ask("comes back", version, &group.join(&newcomer, ONE)).ok_or("no answer")?;
        let third = Member::of("i", &answer.member_id);
        side.ask("its former self lives", 4, &group.beat(&second, generation));
        side.ask("it lives", 4, &group.beat(&third, generation));
        side.ask("syncs to hear what it has", 5, &group.sync(&third, generation, &[]));
        group.describe(side, "described");
        let changed = side.ask("comes back changed", version, &group.join(&newcomer, &[("one", "changed")]));
        let changed = changed.ok_or("no answer")?;
        let fourth = Member::of("i", &changed.member_id);
        side.ask("syncs changed", 5, &group.sync(&fourth, changed.generation_id, &[(&fourth, "new")]));
        group.describe(side, "described when changed");
    }
    Ok(())
}

/// Two static members that have their assignments.
fn pair(side: &mut Side, group: &Group) -> Result<(Member, Member, i32), String> {
    let answer = side.setup(9, &group.join(&Member::of("i", ""), ONE))?;
    let a = Member::of("i", &answer.member_id);
    side.setup(5, &group.sync(&a, answer.generation_id, &[]))?;
    let joining = side.begin("j joins", 9, &group.join(&Member::of("j", ""), ONE))?;
    group.until_rebalancing(side, &a, answer.generation_id)?;
    let generation = side.ask("i joins for j", 9, &group.join(&a, ONE)).ok_or("no answer")?.generation_id;
    let b = Member::of("j", &side.end(joining).ok_or("no answer")?.member_id);
    side.ask("i assigns", 5, &group.sync(&a, generation, &[(&a, "for i"), (&b, "for j")]));
    side.ask("j hears", 5, &group.sync(&b, generation, &[]));
    Ok((a, b, generation))
}

fn two(side: &mut Side) -> Ran {
    for version in 5..=9 {
        let group = Group::make(side, &format!("v{version}"))?;
        let (_, b, generation) = pair(side, &group)?;
        let answer =
            side.ask("i comes back", version, &group.join(&Member::of("i", ""), ONE)).ok_or("no answer")?;
        let a = Member::of("i", &answer.member_id);
        side.ask("i hears what it has", 5, &group.sync(&a, generation, &[(&a, "x"), (&b, "y")]));
        side.ask("j has not noticed", 4, &group.beat(&b, generation));
        let answer =
            side.ask("j comes back", version, &group.join(&Member::of("j", ""), ONE)).ok_or("no answer")?;
        let b = Member::of("j", &answer.member_id);
        side.ask("j hears what it has", 5, &group.sync(&b, generation, &[]));
        side.ask("i has not noticed", 4, &group.beat(&a, generation));
        group.describe(side, "described");
        let changed: &[(&str, &str)] = &[("one", "changed")];
        // What a static member says anew makes no new generation as long as the protocol stays.
        side.ask("j comes back changed", version, &group.join(&Member::of("j", ""), changed));
        side.ask("i has not noticed that, either", 4, &group.beat(&a, generation));
        group.describe(side, "described when changed");
    }
    Ok(())
}

fn fenced(side: &mut Side) -> Ran {
    let group = Group::make(side, "g")?;
    let (former, b, generation) = pair(side, &group)?;
    let answer = side.ask("i comes back", 9, &group.join(&Member::of("i", ""), ONE)).ok_or("no answer")?;
    let now = Member::of("i", &answer.member_id);
    for version in 5..=9 {
        side.ask("its former self joins", version, &group.join(&former, ONE));
        side.ask("without its instance", version, &group.join(&Member::dynamic(&former.id), ONE));
        side.ask("as the other instance", version, &group.join(&Member::of("j", &now.id), ONE));
        side.ask("as an unknown instance", version, &group.join(&Member::of("k", &now.id), ONE));
    }
    for version in 3..=5 {
        side.ask("its former self syncs", version, &group.sync(&former, generation, &[]));
        side.ask(
            "syncs as the other instance",
            version,
            &group.sync(&Member::of("j", &now.id), generation, &[]),
        );
        side.ask("syncs without a member", version, &group.sync(&Member::of("i", ""), generation, &[]));
        side.ask(
            "syncs without an instance",
            version,
            &group.sync(&Member::dynamic(&now.id), generation, &[]),
        );
    }
    for version in 3..=4 {
        side.ask("its former self lives", version, &group.beat(&former, generation));
        side.ask("lives as the other instance", version, &group.beat(&Member::of("j", &now.id), generation));
        side.ask("lives as an unknown instance", version, &group.beat(&Member::of("k", &now.id), generation));
        side.ask("lives without a member", version, &group.beat(&Member::of("i", ""), generation));
        side.ask("lives without an instance", version, &group.beat(&Member::dynamic(&now.id), generation));
        side.ask("in another generation", version, &group.beat(&former, generation + 1));
    }
    side.ask("j has not noticed", 4, &group.beat(&b, generation));
    Ok(())
}

fn leave(side: &mut Side) -> Ran {
    for version in 3..=5 {
        let group = Group::make(side, &format!("v{version}"))?;
        let (a, b, generation) = pair(side, &group)?;
        let leave = |members: &[&Member]| group.leave(version, members);
        side.ask("another's member", version, &leave(&[&Member::of("i", &b.id)]));
        side.ask("an unknown member", version, &leave(&[&Member::of("i", "x")]));
        side.ask("an unknown instance", version, &leave(&[&Member::of("k", "")]));
        side.ask("an unknown instance of a member", version, &leave(&[&Member::of("k", &a.id)]));
        side.ask("an empty instance", version, &leave(&[&Member::of("", "")]));
        side.ask("i has not noticed", 4, &group.beat(&a, generation));
        side.ask("j by instance", version, &leave(&[&Member::of("j", "")]));
        side.ask("j again", version, &leave(&[&Member::of("j", "")]));
        side.ask("i hears of it", 4, &group.beat(&a, generation));
        side.ask("i by member alone", version, &leave(&[&Member::dynamic(&a.id)]));
        group.describe(side, "empty");
    }
    Ok(())
}
