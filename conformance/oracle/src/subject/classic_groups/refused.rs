//! Requests that a classic group refuses: of nobody, of strangers, of other generations, types and protocols.

use super::beat_version;
use crate::asking::versions;
use crate::joining::{Group, Member, ONE};
use crate::scenario::{Difference, Ran};
use crate::side::Side;
use ottla_wire::message::*;

pub(super) const JOIN: &[Difference] = &[Difference {
    step: "nothing came of it",
    field: "group_state",
    because: "A join that is refused leaves no group behind; in Apache Kafka it leaves an empty one.",
}];

pub(super) fn join(side: &mut Side) -> Ran {
    let busy = Group::make(side, "busy")?;
    let (a, generation) = busy.stable(side)?;
    for version in versions::<JoinGroupRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let good = || group.join(&Member::default(), ONE);
        let nameless = Group { id: "".into() };
        side.ask("no group id", version, &nameless.join(&Member::default(), ONE));
        side.ask("no group id, with a member", version, &nameless.join(&Member::dynamic("x"), ONE));
        for timeout in [0, -1, 5_999, 1_800_001, i32::MAX, i32::MIN] {
            let request = JoinGroupRequest { session_timeout_ms: timeout, ..good() };
            side.ask(&format!("session timeout {timeout}"), version, &request);
        }
        side.ask("an unknown member", version, &group.join(&Member::dynamic("x"), ONE));
        side.ask("no protocols", version, &group.join(&Member::default(), &[]));
        side.ask("no protocol type", version, &JoinGroupRequest { protocol_type: "".into(), ..good() });
        side.ask("an unknown member without protocols", version, &group.join(&Member::dynamic("x"), &[]));
        if 5 <= version {
            side.ask("an unknown member with an instance", version, &group.join(&Member::of("i", "x"), ONE));
        }
        group.describe(side, "nothing came of it");
        let known = || busy.join(&Member::default(), ONE);
        side.ask("an unknown member of a known group", version, &busy.join(&Member::dynamic("x"), ONE));
        side.ask("another type", version, &JoinGroupRequest { protocol_type: "other".into(), ..known() });
        side.ask("no type", version, &JoinGroupRequest { protocol_type: "".into(), ..known() });
        side.ask("no protocol in common", version, &busy.join(&Member::default(), &[("two", "")]));
        side.ask("no protocols in a known group", version, &busy.join(&Member::default(), &[]));
        side.ask("a member without protocols", version, &busy.join(&a, &[]));
        let request = JoinGroupRequest { protocol_type: "other".into(), ..busy.join(&a, ONE) };
        side.ask("a member of another type", version, &request);
        if 5 <= version {
            side.ask("a member with an instance", version, &busy.join(&Member::of("i", &a.id), ONE));
        }
        side.ask("nobody noticed", beat_version(version), &busy.beat(&a, generation));
    }
    // The edges that are allowed.
    for timeout in [6_000, 1_800_000] {
        let group = Group::make(side, &format!("edge-{timeout}"))?;
        let request = JoinGroupRequest { session_timeout_ms: timeout, ..group.join(&Member::default(), ONE) };
        side.ask(&format!("session timeout {timeout}"), 3, &request);
    }
    for timeout in [0, -1] {
        let group = Group::make(side, &format!("rebalance{timeout}"))?;
        let request =
            JoinGroupRequest { rebalance_timeout_ms: timeout, ..group.join(&Member::default(), ONE) };
        side.ask(&format!("rebalance timeout {timeout}"), 3, &request);
    }
    let group = Group::make(side, "nameless-protocol")?;
    side.ask("a protocol without a name", 3, &group.join(&Member::default(), &[("", "x")]));
    Ok(())
}

pub(super) fn sync(side: &mut Side) -> Ran {
    let group = Group::make(side, "g")?;
    let (a, generation) = group.stable(side)?;
    let unknown = Group { id: side.name("unknown") };
    let nameless = Group { id: "".into() };
    let stranger = Member::dynamic("x");
    for version in versions::<SyncGroupRequest>() {
        side.ask("no group id", version, &nameless.sync(&a, generation, &[]));
        side.ask("an unknown group", version, &unknown.sync(&a, generation, &[]));
        side.ask("an unknown member", version, &group.sync(&stranger, generation, &[]));
        side.ask("no member", version, &group.sync(&Member::default(), generation, &[]));
        for other in [generation - 1, generation + 1, -1, i32::MAX] {
            side.ask(&format!("generation {other}"), version, &group.sync(&a, other, &[]));
        }
        if 3 <= version {
            side.ask("an unknown instance", version, &group.sync(&Member::of("i", &a.id), generation, &[]));
            side.ask(
                "an unknown instance alone",
                version,
                &group.sync(&Member::of("i", ""), generation, &[]),
            );
        }
        let with = |protocol_type: Option<&str>, protocol_name: Option<&str>| SyncGroupRequest {
            protocol_type: protocol_type.map(Into::into),
            protocol_name: protocol_name.map(Into::into),
            ..group.sync(&a, generation, &[])
        };
        for (step, request) in [
            ("no type", with(None, Some("one"))),
            ("no protocol", with(Some("oracle"), None)),
            ("neither", with(None, None)),
            ("another type", with(Some("other"), Some("one"))),
            ("another protocol", with(Some("oracle"), Some("two"))),
            ("an empty type", with(Some(""), Some("one"))),
            ("an empty protocol", with(Some("oracle"), Some(""))),
        ] {
            side.ask(step, version, &request);
        }
        let mut request = group.sync(&stranger, generation, &[]);
        request.protocol_name = Some("two".into());
        side.ask("an unknown member with another protocol", version, &request);
        let mut request = group.sync(&a, generation + 1, &[]);
        request.protocol_name = Some("two".into());
        side.ask("another generation with another protocol", version, &request);
        side.ask("all is well", version, &group.sync(&a, generation, &[]));
    }
    Ok(())
}

pub(super) fn heartbeat(side: &mut Side) -> Ran {
    let group = Group::make(side, "g")?;
    let (a, generation) = group.stable(side)?;
    let unknown = Group { id: side.name("unknown") };
    let nameless = Group { id: "".into() };
    let pending = Member::dynamic(&side.setup(9, &group.join(&Member::default(), ONE))?.member_id);
    for version in versions::<HeartbeatRequest>() {
        side.ask("no group id", version, &nameless.beat(&a, generation));
        side.ask("an unknown group", version, &unknown.beat(&a, generation));
        side.ask("an unknown group, no member", version, &unknown.beat(&Member::default(), -1));
        side.ask("an unknown member", version, &group.beat(&Member::dynamic("x"), generation));
        side.ask("an unknown member of another generation", version, &group.beat(&Member::dynamic("x"), 9));
        side.ask("no member", version, &group.beat(&Member::default(), generation));
        side.ask("a member that has only asked for an id", version, &group.beat(&pending, generation));
        for other in [generation - 1, generation + 1, -1, i32::MAX, i32::MIN] {
            side.ask(&format!("generation {other}"), version, &group.beat(&a, other));
        }
        if 3 <= version {
            side.ask("an unknown instance", version, &group.beat(&Member::of("i", &a.id), generation));
            side.ask("an unknown instance alone", version, &group.beat(&Member::of("i", ""), generation));
            side.ask("an empty instance", version, &group.beat(&Member::of("", &a.id), generation));
        }
        side.ask("all is well", version, &group.beat(&a, generation));
    }
    Ok(())
}

pub(super) fn leave(side: &mut Side) -> Ran {
    let unknown = Group { id: side.name("unknown") };
    let nameless = Group { id: "".into() };
    for version in versions::<LeaveGroupRequest>() {
        let group = Group::make(side, &format!("v{version}"))?;
        let (a, generation) = group.stable(side)?;
        let (x, y) = (Member::dynamic("x"), Member::dynamic("y"));
        side.ask("no group id", version, &nameless.leave(version, &[&a]));
        side.ask("an unknown group", version, &unknown.leave(version, &[&a]));
        side.ask("an unknown member", version, &group.leave(version, &[&x]));
        side.ask("no member", version, &group.leave(version, &[&Member::default()]));
        let pending = Member::dynamic(&side.setup(9, &group.join(&Member::default(), ONE))?.member_id);
        if 3 <= version {
            side.learn("member", &*pending.id);
            side.ask("nobody", version, &group.leave(version, &[]));
            side.ask("nobody of an unknown group", version, &unknown.leave(version, &[]));
            side.ask("two of an unknown group", version, &unknown.leave(version, &[&x, &y]));
            side.ask("two unknown members", version, &group.leave(version, &[&x, &y]));
            side.ask("an unknown instance", version, &group.leave(version, &[&Member::of("i", "")]));
            side.ask(
                "an unknown instance with a member",
                version,
                &group.leave(version, &[&Member::of("i", &a.id)]),
            );
            side.ask(
                "a pending one with an instance",
                version,
                &group.leave(version, &[&Member::of("i", &pending.id)]),
            );
        }
        side.ask("a member that has only asked for an id", version, &group.leave(version, &[&pending]));
        side.ask("again", version, &group.leave(version, &[&pending]));
        side.ask("a has not noticed", 4, &group.beat(&a, generation));
        match version {
            ..3 => side.ask("a", version, &group.leave(version, &[&a])),
            3 => side.ask("a and a stranger", version, &group.leave(version, &[&a, &x])),
            _ => side.ask("a twice", version, &group.leave(version, &[&a, &a])),
        };
        group.describe(side, "after");
    }
    Ok(())
}
