//! DescribeLogDirs and AlterReplicaLogDirs, with one directory on both sides.

use crate::asking::{Topic, produce_to, versions};
use crate::batch::Batch;
use crate::flat;
use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::Str;
use ottla_wire::message::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use ottla_wire::message::describe_log_dirs_request::DescribableLogDirTopic;
use ottla_wire::message::{AlterReplicaLogDirsRequest, DescribeLogDirsRequest};

pub const SUBJECT: Subject = Subject {
    name: "log-dirs",
    about: "DescribeLogDirs and AlterReplicaLogDirs where there is one directory. Its path and the size of its volume are \
            each broker's own; whether the size is told is compared.",
    scenarios: &[
        Scenario {
            name: "described",
            asks: "sizes of partitions, some and all",
            run: described,
            differs: &[],
        },
        Scenario {
            name: "moved",
            asks: "partitions to this directory and to others",
            run: moved,
            differs: &[],
        },
    ],
};

type Asked<'a> = &'a [(&'a Str, &'a [i32])];

fn describe(topics: Option<Asked<'_>>) -> DescribeLogDirsRequest {
    let topic = |(topic, partitions): &(&Str, &[i32])| DescribableLogDirTopic {
        topic: (*topic).clone(),
        partitions: partitions.to_vec(),
    };
    DescribeLogDirsRequest { topics: topics.map(|topics| topics.iter().map(topic).collect()) }
}

/// The directory without what is the broker's own; of the topics, only the scenario's.
fn ask(side: &mut Side, step: &str, version: i16, request: &DescribeLogDirsRequest) -> Ran {
    let ours = side.name("");
    let (prefix, suffix) = ours.split_once("-.").map_or((ours.as_str(), ""), |(prefix, run)| (prefix, run));
    let mut answer = side.setup(version, request)?;
    for directory in &mut answer.results {
        directory.log_dir = "the directory".into();
        directory.total_bytes = directory.total_bytes.min(1);
        directory.usable_bytes = directory.usable_bytes.min(1);
        directory.topics.retain(|topic| topic.name.starts_with(prefix) && topic.name.ends_with(suffix));
    }
    side.keep_as::<DescribeLogDirsRequest>(step, version, flat::fields(&answer));
    Ok(())
}

fn described(side: &mut Side) -> Ran {
    let one = Topic::make(side, "one", &[])?;
    let two = Topic::make_wide(side, "two", 3, &[])?;
    let unknown = Topic::unknown(side).name;
    for (index, records) in [(0, 1), (2, 7), (2, 1)] {
        side.setup(9, &produce_to(&two, index, -1, Batch::plain(records).wire()))?;
    }
    for version in versions::<DescribeLogDirsRequest>() {
        ask(side, "all", version, &describe(None))?;
        ask(side, "one topic", version, &describe(Some(&[(&one.name, &[0])])))?;
        ask(side, "some partitions", version, &describe(Some(&[(&two.name, &[0, 2])])))?;
        ask(side, "partitions that are not there", version, &describe(Some(&[(&two.name, &[1, 3, -1])])))?;
        ask(side, "no partitions", version, &describe(Some(&[(&two.name, &[])])))?;
        ask(side, "unknown topic", version, &describe(Some(&[(&unknown, &[0]), (&one.name, &[0])])))?;
        ask(side, "one twice", version, &describe(Some(&[(&two.name, &[2, 2]), (&two.name, &[0])])))?;
        ask(side, "illegal name", version, &describe(Some(&[(&"a b!".into(), &[0])])))?;
        ask(side, "nothing", version, &describe(Some(&[])))?;
    }
    Ok(())
}

fn alter(dirs: &[(&str, Asked<'_>)]) -> AlterReplicaLogDirsRequest {
    let topic = |(name, partitions): &(&Str, &[i32])| AlterReplicaLogDirTopic {
        name: (*name).clone(),
        partitions: partitions.to_vec(),
    };
    let dirs = dirs.iter().map(|(path, topics)| AlterReplicaLogDir {
        path: (*path).into(),
        topics: topics.iter().map(topic).collect(),
    });
    AlterReplicaLogDirsRequest { dirs: dirs.collect() }
}

fn moved(side: &mut Side) -> Ran {
    let topic = Topic::make_wide(side, "t", 2, &[])?;
    let unknown = Topic::unknown(side).name;
    let answer = side.setup(4, &describe(None))?;
    let ours = answer.results.first().ok_or("there is no directory")?.log_dir.to_string();
    let slash = format!("{ours}/");
    let name = &topic.name;
    for version in versions::<AlterReplicaLogDirsRequest>() {
        for (step, dirs) in [
            ("where it is", &[(ours.as_str(), &[(name, &[0, 1][..])][..])][..]),
            ("partitions that are not there", &[(&ours, &[(name, &[2, -1])])]),
            ("unknown topic", &[(&ours, &[(&unknown, &[0])])]),
            ("elsewhere", &[("/no/such/directory", &[(name, &[0, 5])])]),
            ("an unknown topic elsewhere", &[("/no/such/directory", &[(&unknown, &[0])])]),
            ("a relative path", &[("data", &[(name, &[0])])]),
            ("a slash at the end", &[(&slash, &[(name, &[0])])]),
            ("no path", &[("", &[(name, &[0])])]),
            ("first here, then there", &[(&ours, &[(name, &[0])]), ("/there", &[(name, &[0])])]),
            ("first there, then here", &[("/there", &[(name, &[0])]), (&ours, &[(name, &[0])])]),
            ("some here, some there", &[(&ours, &[(name, &[0])]), ("/there", &[(name, &[1])])]),
            ("no topics", &[(&ours, &[])]),
            ("nothing", &[]),
        ] {
            side.ask(step, version, &alter(dirs));
        }
    }
    Ok(())
}
