//! Settings of a topic that change while it is written to.

use crate::asking::{Reading, Topic, fetch, produce};
use crate::batch::{Batch, Signed};
use crate::scenario::{Ran, Scenario, Subject};
use crate::settings::alter;
use crate::side::{Side, now_ms};
use ottla_wire::record::Compression;

pub const SUBJECT: Subject = Subject {
    name: "live-settings",
    about: "Settings of a topic that change while it is written to.",
    scenarios: &[
        Scenario { name: "limits", asks: "max.message.bytes and segment.bytes", run: limits, differs: &[] },
        Scenario { name: "clock", asks: "message.timestamp.type and its limits", run: clock, differs: &[] },
        Scenario { name: "packing", asks: "compression.type", run: packing, differs: &[] },
        Scenario {
            name: "in-sync",
            asks: "min.insync.replicas above the number of replicas",
            run: in_sync,
            differs: &[],
        },
    ],
};

fn limits(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let send = |side: &mut Side, step: &str, bytes: usize| {
        side.ask(step, 12, &produce(&topic, -1, Batch::sized(bytes).wire()));
    };
    send(side, "as it was", 5_000);
    alter(side, &topic, "max.message.bytes", "2000")?;
    send(side, "lower: too large", 5_000);
    send(side, "lower: fits", 1_000);
    alter(side, &topic, "max.message.bytes", "8000000")?;
    send(side, "higher", 3_000_000);
    alter(side, &topic, "segment.bytes", "1048576")?;
    send(side, "larger than a segment", 1_500_000);
    send(side, "as large as one", 1_000_000);
    Ok(())
}

fn clock(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let signed = |sequence| Signed { id: 860_001, epoch: 0, sequence };
    let send = |side: &mut Side, step: &str, batch: Batch| {
        side.ask(step, 12, &produce(&topic, -1, batch.wire()));
    };
    send(side, "their time", Batch::signed(2, signed(0)));
    alter(side, &topic, "message.timestamp.type", "LogAppendTime")?;
    send(side, "repeated under our time", Batch::signed(2, signed(0)));
    send(side, "our time", Batch::signed(2, signed(2)));
    send(side, "our time, compressed", Batch::compressed(3, Compression::Zstd));
    alter(side, &topic, "message.timestamp.type", "CreateTime")?;
    send(side, "repeated under their time", Batch::signed(2, signed(2)));
    alter(side, &topic, "message.timestamp.before.max.ms", "60000")?;
    send(side, "too old", Batch::timed(2, now_ms() - 120_000));
    send(side, "not too old", Batch::timed(2, now_ms() - 20_000));
    alter(side, &topic, "message.timestamp.after.max.ms", "7200000")?;
    send(side, "not too far ahead", Batch::timed(1, now_ms() + 4_000_000));
    fetch(side, "all", 12, &topic, Reading::from(0));
    Ok(())
}

fn packing(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[])?;
    let sent =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    let signed = |sequence| Signed { id: 860_002, epoch: 0, sequence };
    for (round, wanted) in (0..).zip(["gzip", "snappy", "lz4", "zstd", "uncompressed", "producer"]) {
        alter(side, &topic, "compression.type", wanted)?;
        for codec in sent {
            let batch = Batch::compressed(2, codec);
            side.ask(&format!("{wanted} for {codec:?}"), 12, &produce(&topic, -1, batch.wire()));
        }
        side.ask(
            &format!("{wanted}, signed"),
            12,
            &produce(&topic, -1, Batch::signed(1, signed(round)).wire()),
        );
        side.ask(
            &format!("{wanted}, again"),
            12,
            &produce(&topic, -1, Batch::signed(1, signed(round)).wire()),
        );
    }
    fetch(side, "all", 12, &topic, Reading::from(0));
    Ok(())
}

fn in_sync(side: &mut Side) -> Ran {
    let topic = Topic::make(side, "t", &[("min.insync.replicas", "2")])?;
    for version in [3, 7, 8, 9, 12, 13] {
        for acks in [-1, 1] {
            side.ask(&format!("acks {acks}"), version, &produce(&topic, acks, Batch::plain(1).wire()));
        }
    }
    Ok(())
}
