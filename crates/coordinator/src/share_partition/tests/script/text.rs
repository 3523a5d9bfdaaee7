//! Answers as text.

use crate::share_partition::run::Run;
use crate::share_partition::*;
use ottla_base::Offset;
use std::fmt::Write;

pub(super) fn of(reply: &Reply) -> String {
    match reply {
        Reply::Opened { start } => format!("opened at {start}"),
        Reply::Acquired(Acquired { ranges, .. }) if ranges.is_empty() => "nothing".into(),
        Reply::Acquired(Acquired { ranges, .. }) => {
            let range = |range: &Range| format!("{}-{}/{}", range.first, range.last, range.delivery_count);
            ranges.iter().map(range).collect::<Vec<_>>().join(" ")
        }
        Reply::Absent => "absent".into(),
        Reply::Acknowledged(Ok(())) => "ok".into(),
        Reply::Acknowledged(Err(refusal)) => format!("{}: {}", refusal.code.name(), refusal.message),
        Reply::Awake => "awake".into(),
        Reply::Described(described) => described.iter().map(described_text).collect::<Vec<_>>().join("\n"),
        Reply::DeadLetters(letters) => letters.iter().map(letters_text).collect::<Vec<_>>().join("\n"),
        Reply::Awaited(ranges) if ranges.is_empty() => "nothing awaited".into(),
        Reply::Awaited(ranges) => {
            let range = |(first, last): &(Offset, Offset)| format!("{first}-{last}");
            format!("awaited {}", ranges.iter().map(range).collect::<Vec<_>>().join(" "))
        }
        Reply::Done => "done".into(),
    }
}

fn described_text(it: &Described) -> String {
    let mut text = format!("start {} next {} complete {}", it.start, it.next, it.delivery_complete);
    for (name, count) in [
        ("ready", it.ready),
        ("blocked", it.blocked),
        ("scheduled", it.scheduled),
        ("retrying", it.retrying),
        ("acquired", it.acquired),
        ("archiving", it.archiving),
    ] {
        if count != 0 {
            let _ = write!(text, " {name} {count}");
        }
    }
    for range in &it.ranges {
        let _ = write!(text, "\n  {}-{}/{} {:?}", range.first, range.last, range.delivery_count, range.state);
    }
    text
}

fn letters_text(letters: &Letters) -> String {
    let mut text = format!("letters behind {:?}", letters.position.map(|position| position.offset.0));
    for (first, last, letter) in &letters.ranges {
        let _ =
            write!(text, " {first}-{last}/{} {:?} {}", letter.delivery_count, letter.reason, letter.member);
    }
    text
}

pub(super) fn history(first: Offset, run: &Run) -> String {
    let mut text = format!("{first}-{}", run.last);
    for Delivery { member, at, until, renewals, ending } in run.history.deliveries() {
        let _ = write!(text, ", {member} {at} to {until} {ending:?}");
        if 0 < *renewals {
            let _ = write!(text, " after {renewals} renewals");
        }
    }
    text + "\n"
}
