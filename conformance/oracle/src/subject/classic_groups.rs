//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup: the classic protocol, all versions. Here is how a group lives, in
//! [`refused`] what it does not take.

mod refused;

use crate::asking::versions;
use crate::joining::{Group, Member, ONE};
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::{Side, until};
use ottla_wire::ErrorCode;
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "classic-groups",
    about: "JoinGroup, SyncGroup, Heartbeat and LeaveGroup: generations, ids of members, protocols, refusals.",
    scenarios: &[
        Scenario {
            name: "classic-alone",
            asks: "one member joins, syncs, lives, leaves",
            run: alone,
            differs: &[],
        },
        Scenario {
            name: "classic-two",
            asks: "a second member comes and goes, by each version",
            run: two,
            differs: &[],
        },
        Scenario {
            name: "classic-votes",
            asks: "protocols that members elect, or have not in common",
            run: votes,
            differs: &[],
        },
        Scenario {
            name: "classic-join-refused",
            asks: "joins that are not whole, or by strangers",
            run: refused::join,
            differs: refused::JOIN,
        },
        Scenario {
            name: "classic-sync-refused",
            asks: "syncs of strangers, of other generations and protocols",
            run: refused::sync,
            differs: &[],
        },
        Scenario {
            name: "classic-heartbeat-refused",
            asks: "heartbeats of strangers and of other generations",
            run: refused::heartbeat,
            differs: &[],
        },
        Scenario {
            name: "classic-leave-refused",
            asks: "strangers that leave, members that leave twice or are not joined yet",
            run: refused::leave,
            differs: &[],
        },
        Scenario {
            name: "classic-states",
            asks: "joins and syncs in each state of a group",
            run: states,
            differs: &[],
        },
        Scenario {
            name: "classic-late",
            asks: "members that do not come back in time, or are silent",
            run: late,
            differs: &[],
        },
    ],
};

/// SyncGroup has fewer versions than JoinGroup.
fn sync_version(version: i16) -> i16 {
    version.min(5)
}

/// So has Heartbeat.
fn beat_version(version: i16) -> i16 {
    version.min(4)
}

/// Joins as a member that has no id yet, in two steps where the version wants it.
fn enter(
    side: &mut Side,
    version: i16,
    group: &Group,
    protocols: &[(&str, &str)],
) -> Result<(Member, i32), String> {
    let mut member = Member::default();
    let first = side.ask("join", version, &group.join(&member, protocols)).ok_or("no answer")?;
    member.id = first.member_id.clone();
    if version < 4 {
        return Ok((member, first.generation_id));
    }
    let second = side.ask("join with the id", version, &group.join(&member, protocols)).ok_or("no answer")?;
    Ok((member, second.generation_id))
}

fn alone(side: &mut Side) -> Ran {
    for version in versions::<JoinGroupRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let (sync, beat) = (sync_version(version), beat_version(version));
        let (member, generation) = enter(side, version, &group, ONE)?;
        group.describe(side, "joined");
        side.ask("live before the sync", beat, &group.beat(&member, generation));
        side.ask("sync", sync, &group.sync(&member, generation, &[(&member, "all")]));
        side.ask("sync again", sync, &group.sync(&member, generation, &[(&member, "other")]));
        side.ask("live", beat, &group.beat(&member, generation));
        group.describe(side, "stable");
        let again = side.ask("join again", version, &group.join(&member, ONE)).ok_or("no answer")?;
        side.ask("live in the former generation", beat, &group.beat(&member, generation));
        side.ask("sync in the former generation", sync, &group.sync(&member, generation, &[]));
        side.ask("sync with nothing", sync, &group.sync(&member, again.generation_id, &[]));
        side.ask("leave", sync, &group.leave(sync, &[&member]));
        group.describe(side, "empty");
        side.ask("leave again", sync, &group.leave(sync, &[&member]));
        side.ask("live after", beat, &group.beat(&member, again.generation_id));
        side.ask("sync after", sync, &group.sync(&member, again.generation_id, &[]));
        side.ask("join after", version, &group.join(&member, ONE));
    }
    Ok(())
}

fn two(side: &mut Side) -> Ran {
    for version in versions::<JoinGroupRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let (sync, beat) = (sync_version(version), beat_version(version));
        let (a, first) = group.stable(side)?;
        let mut b = Member::default();
        if 4 <= version {
            let answer = side.ask("b asks for an id", version, &group.join(&b, ONE)).ok_or("no answer")?;
            b.id = answer.member_id;
            side.ask("a notices nothing", beat, &group.beat(&a, first));
        }
        let joining = side.begin("b joins", version, &group.join(&b, ONE))?;
        group.until_rebalancing(side, &a, first)?;
        side.ask("a hears of it", beat, &group.beat(&a, first));
        side.ask("a syncs meanwhile", sync, &group.sync(&a, first, &[]));
        let leading = side.ask("a joins again", version, &group.join(&a, ONE)).ok_or("no answer")?;
        let following = side.end(joining).ok_or("no answer")?;
        let second = leading.generation_id;
        b.id = following.member_id;
        group.describe(side, "not assigned");
        let waiting = side.begin("b syncs", sync, &group.sync(&b, second, &[]))?;
        side.ask("a syncs", sync, &group.sync(&a, second, &[(&a, "for a"), (&b, "for b")]));
        side.end(waiting);
        side.ask("b syncs again", sync, &group.sync(&b, second, &[]));
        side.ask("a lives", beat, &group.beat(&a, second));
        side.ask("b lives", beat, &group.beat(&b, second));
        side.ask("b joins again, unchanged", version, &group.join(&b, ONE));
        group.describe(side, "stable");
        side.ask("b leaves", sync, &group.leave(sync, &[&b]));
        side.ask("a hears that, too", beat, &group.beat(&a, second));
        let third = side.ask("a joins alone", version, &group.join(&a, ONE)).ok_or("no answer")?;
        // Who gets no part gets an empty one.
        side.ask("a syncs for others", sync, &group.sync(&a, third.generation_id, &[(&b, "for b")]));
        group.describe(side, "alone");
    }
    Ok(())
}

fn votes(side: &mut Side) -> Ran {
    let cases: &[(&str, &[(&str, &str)], &[(&str, &str)])] = &[
        ("one in common", &[("one", "1"), ("two", "2")], &[("three", "3"), ("two", "4")]),
        ("the same two", &[("one", "1"), ("two", "2")], &[("one", "3"), ("two", "4")]),
        ("the other way round", &[("one", "1"), ("two", "2")], &[("two", "4"), ("one", "3")]),
    ];
    for (step, of_a, of_b) in cases {
        let group = Group::make(side, &step.replace(' ', "-"))?;
        let (a, first) = group.joined(side, of_a)?;
        side.learn("member", &*a.id);
        let b = Member::dynamic(&side.setup(9, &group.join(&Member::default(), of_b))?.member_id);
        side.learn("member", &*b.id);
        let joining = side.begin(&format!("{step}: b"), 9, &group.join(&b, of_b))?;
        group.until_rebalancing(side, &a, first)?;
        let joined = side.ask(&format!("{step}: a"), 9, &group.join(&a, of_a)).ok_or("no answer")?;
        side.end(joining);
        let name = joined.protocol_name;
        let parts = [(&a, "a"), (&b, "b")];
        let mut sync = group.sync(&a, joined.generation_id, &parts);
        sync.protocol_name = name;
        side.ask(&format!("{step}: a syncs"), 5, &sync);
        group.describe(side, &format!("{step}: described"));
        side.ask(
            &format!("{step}: a stranger with another protocol"),
            9,
            &group.join(&Member::default(), &[("four", "5")]),
        );
        side.ask(&format!("{step}: a has another protocol"), 9, &group.join(&a, &[("four", "5")]));
    }
    Ok(())
}

fn states(side: &mut Side) -> Ran {
    let group = Group::make(side, "g")?;
    let (a, first) = group.stable(side)?;
    let join = side.begin("b joins", 3, &group.join(&Member::default(), ONE))?;
    group.until_rebalancing(side, &a, first)?;
    group.describe(side, "preparing");
    side.ask("preparing: a syncs", 5, &group.sync(&a, first, &[(&a, "x")]));
    side.ask("preparing: a lives", 4, &group.beat(&a, first));
    side.ask("preparing: a lives in another generation", 4, &group.beat(&a, first + 1));
    side.ask("preparing: a stranger joins", 9, &group.join(&Member::dynamic("x"), ONE));
    side.ask("preparing: somebody with another protocol", 9, &group.join(&Member::default(), &[("two", "")]));
    let second = side.ask("a joins", 9, &group.join(&a, ONE)).ok_or("no answer")?.generation_id;
    let b = Member::dynamic(&side.end(join).ok_or("no answer")?.member_id);
    group.describe(side, "completing");
    side.ask("completing: a lives", 4, &group.beat(&a, second));
    side.ask("completing: b lives", 4, &group.beat(&b, second));
    side.ask("completing: a joins again, the same", 9, &group.join(&a, ONE));
    side.ask("completing: b joins again, the same", 9, &group.join(&b, ONE));
    side.ask("completing: a stranger joins", 9, &group.join(&Member::dynamic("x"), ONE));
    side.ask("completing: a stranger syncs", 5, &group.sync(&Member::dynamic("x"), second, &[]));
    side.ask("completing: a syncs in the former generation", 5, &group.sync(&a, first, &[]));
    // Only the leader's assignments count.
    let waiting = side.begin("b syncs, as if it led", 5, &group.sync(&b, second, &[(&b, "mine")]))?;
    side.ask("a syncs", 5, &group.sync(&a, second, &[(&a, "for a"), (&b, "for b")]));
    side.end(waiting);
    let changed: &[(&str, &str)] = &[("one", "changed")];
    let join = side.begin("stable: b joins again, changed", 9, &group.join(&b, changed))?;
    group.until_rebalancing(side, &a, second)?;
    let third = side.ask("a joins for b", 9, &group.join(&a, ONE)).ok_or("no answer")?.generation_id;
    side.end(join);
    // A sync that waits when the group is prepared anew.
    let waiting = side.begin("b syncs and waits", 5, &group.sync(&b, third, &[]))?;
    group.describe(side, "b waits");
    let join = side.begin("completing: a joins again, changed", 9, &group.join(&a, changed))?;
    side.end(waiting);
    let last = side.ask("b joins for a", 9, &group.join(&b, changed)).ok_or("no answer")?.generation_id;
    side.end(join);
    side.ask("the leader leaves", 5, &group.leave(5, &[&a]));
    let alone = side.ask("b leads", 9, &group.join(&b, changed)).ok_or("no answer")?;
    let generations = format!("{}, {}", last - third, alone.generation_id - last);
    side.keep_as::<JoinGroupRequest>("steps", 9, vec![("generations".to_owned(), generations)]);
    side.ask("both leave", 5, &group.leave(5, &[&a, &b]));
    side.ask("empty: b joins", 9, &group.join(&b, ONE));
    side.ask(
        "empty: another type",
        3,
        &JoinGroupRequest { protocol_type: "other".into(), ..group.join(&Member::default(), ONE) },
    );
    group.describe(side, "of another type");
    Ok(())
}

fn late(side: &mut Side) -> Ran {
    // It does not come back: the others go on without it when its time is over.
    let group = Group::make(side, "rebalance")?;
    let request = JoinGroupRequest { rebalance_timeout_ms: 500, ..group.join(&Member::default(), ONE) };
    let answer = side.ask("a joins", 3, &request).ok_or("no answer")?;
    let (a, first) = (Member::dynamic(&answer.member_id), answer.generation_id);
    side.ask("a syncs", 3, &group.sync(&a, first, &[]));
    let request = JoinGroupRequest { rebalance_timeout_ms: 500, ..group.join(&Member::default(), ONE) };
    let answer = side.ask("b joins, a does not", 3, &request).ok_or("no answer")?;
    let (b, second) = (Member::dynamic(&answer.member_id), answer.generation_id);
    side.ask("a lives", 4, &group.beat(&a, first));
    group.describe(side, "without a");
    // Nor does it sync: then it is thrown out, too.
    until(|| {
        let code = side.setup(4, &group.beat(&b, second))?.error_code;
        Ok((code == ErrorCode::UNKNOWN_MEMBER_ID).then_some(()))
    })?;
    group.describe(side, "without b, which did not sync");
    // And one that is silent for longer than its session.
    let group = Group::make(side, "session")?;
    let request = JoinGroupRequest { session_timeout_ms: 6_000, ..group.join(&Member::default(), ONE) };
    let answer = side.ask("c joins", 3, &request).ok_or("no answer")?;
    let c = Member::dynamic(&answer.member_id);
    side.ask("c syncs", 3, &group.sync(&c, answer.generation_id, &[]));
    group.describe(side, "with c");
    std::thread::sleep(std::time::Duration::from_millis(6_500));
    side.ask("c lives too late", 4, &group.beat(&c, answer.generation_id));
    group.describe(side, "without c");
    Ok(())
}
