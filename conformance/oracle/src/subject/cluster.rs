//! FindCoordinator, DescribeCluster and ApiVersions: who is there, and who looks after what.

use crate::asking::versions;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use crate::transacting::{GROUP, TRANSACTION, coordinator};
use ottla_wire::Str;
use ottla_wire::message::*;

pub const SUBJECT: Subject = Subject {
    name: "cluster",
    about: "FindCoordinator, DescribeCluster and ApiVersions: keys, types of endpoints, names of software, whom a client means.",
    scenarios: &[
        Scenario {
            name: "coordinators",
            asks: "coordinators of groups and transactions",
            run: coordinators,
            differs: WORDS,
        },
        Scenario {
            name: "share-coordinators",
            asks: "coordinators of share-partitions",
            run: share_coordinators,
            differs: WORDS,
        },
        Scenario {
            name: "brokers",
            asks: "DescribeCluster of brokers, controllers, others",
            run: brokers,
            differs: &[],
        },
        Scenario { name: "software", asks: "ApiVersions by names of software", run: software, differs: &[] },
        Scenario {
            name: "versions",
            asks: "versions and keys that are not served",
            run: unserved,
            differs: &[],
        },
        Scenario {
            name: "meant",
            asks: "ApiVersions by a client that means another broker",
            run: meant,
            differs: &[],
        },
    ],
};

const WORDS: &[Difference] = &[Difference {
    step: "",
    field: "].error_message",
    because: "Every refusal of Ottla says its cause; Apache Kafka sends the code with an empty text.",
}];

/// Asks for keys of a type, as the version says it.
fn find(version: i16, key_type: i8, keys: &[&str]) -> FindCoordinatorRequest {
    match version {
        ..4 => FindCoordinatorRequest {
            key: keys.first().copied().unwrap_or_default().into(),
            key_type,
            ..Default::default()
        },
        _ => FindCoordinatorRequest {
            key_type,
            coordinator_keys: keys.iter().map(|key| (*key).into()).collect(),
            ..Default::default()
        },
    }
}

fn coordinators(side: &mut Side) -> Ran {
    let (one, two) = (side.name("one"), side.name("two"));
    coordinator(side, &one, GROUP)?;
    coordinator(side, &one, TRANSACTION)?;
    for version in versions::<FindCoordinatorRequest>() {
        let types: &[i8] = if version == 0 { &[GROUP] } else { &[GROUP, TRANSACTION, 2, 3, -1, 127] };
        for key_type in types {
            side.ask(&format!("type {key_type}"), version, &find(version, *key_type, &[&one]));
            side.ask(&format!("type {key_type}, no key"), version, &find(version, *key_type, &[""]));
            if 4 <= version {
                side.ask(&format!("type {key_type}, nothing"), version, &find(version, *key_type, &[]));
                side.ask(&format!("type {key_type}, two"), version, &find(version, *key_type, &[&one, &two]));
                side.ask(
                    &format!("type {key_type}, twice"),
                    version,
                    &find(version, *key_type, &[&one, &one]),
                );
                let bad = find(version, *key_type, &[&one, ""]);
                side.ask(&format!("type {key_type}, one and no key"), version, &bad);
            }
        }
    }
    Ok(())
}

fn share_coordinators(side: &mut Side) -> Ran {
    coordinator(side, &side.name("g"), GROUP)?;
    let id = "AAAAAAAAAAAAAAAAAAAAAQ";
    for version in 4..=6 {
        for key in [
            format!("g:{id}:0"),
            format!("g:{id}:7"),
            format!("g:{id}:-1"),
            format!("g:{id}:x"),
            format!("g:{id}:"),
            format!("g:{id}"),
            format!(":{id}:0"),
            format!(" :{id}:0"),
            format!("a:b:{id}:0"),
            format!("g:{id}=:0"),
            "g:short:0".to_owned(),
            "g::0".to_owned(),
            "::".to_owned(),
            "".to_owned(),
            format!("g:{id}:99999999999"),
        ] {
            side.ask(&format!("'{key}'"), version, &find(version, SHARE, &[&key]));
        }
        let (good, bad) = (format!("g:{id}:0"), "g".to_owned());
        side.ask("a good one and a bad one", version, &find(version, SHARE, &[&good, &bad]));
    }
    Ok(())
}

fn brokers(side: &mut Side) -> Ran {
    for version in versions::<DescribeClusterRequest>() {
        for include_cluster_authorized_operations in [false, true] {
            let asked =
                DescribeClusterRequest { include_cluster_authorized_operations, ..Default::default() };
            let step = format!("rights {include_cluster_authorized_operations}");
            side.ask(&step, version, &asked);
            if 1 <= version {
                for endpoint_type in [1, 2, 0, 3, -1] {
                    let asked = DescribeClusterRequest { endpoint_type, ..asked.clone() };
                    side.ask(&format!("{step}, endpoints {endpoint_type}"), version, &asked);
                }
            }
            if 2 <= version {
                let asked = DescribeClusterRequest { include_fenced_brokers: true, ..asked };
                side.ask(&format!("{step}, fenced, too"), version, &asked);
                let asked = DescribeClusterRequest { endpoint_type: 2, ..asked };
                side.ask(&format!("{step}, fenced controllers"), version, &asked);
            }
        }
    }
    Ok(())
}

/// What is offered is a matter of `offered`.
fn ask(side: &mut Side, step: &str, version: i16, request: &ApiVersionsRequest) {
    side.ask_for(step, version, request, |_, response| {
        response.api_keys.clear();
        response.supported_features.clear();
        response.finalized_features.clear();
        response.finalized_features_epoch = response.finalized_features_epoch.min(0);
    });
}

fn called(name: &str, software_version: &str) -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: name.into(),
        client_software_version: software_version.into(),
        ..Default::default()
    }
}

fn software(side: &mut Side) -> Ran {
    for version in versions::<ApiVersionsRequest>() {
        ask(side, "well", version, &called("oracle", "1"));
        if version < 3 {
            continue;
        }
        for name in ["", "-a", "a-", ".a", "a.", "a b", "a_b", "a.b-c", "\u{e9}", "7", "a\n", "a--b"] {
            ask(side, &format!("name '{}'", name.escape_debug()), version, &called(name, "1"));
            ask(side, &format!("version '{}'", name.escape_debug()), version, &called("oracle", name));
        }
        ask(side, "a long name", version, &called(&"a".repeat(5_000), "1"));
        ask(side, "neither", version, &called("", ""));
    }
    Ok(())
}

fn unserved(side: &mut Side) -> Ran {
    for version in [6, 7, 99, i16::MAX, -1] {
        let step = format!("ApiVersions {version}");
        side.ask_nothing::<ApiVersionsRequest>(&step, (VERSIONS, version), Some(0))?;
    }
    for (step, key, version) in [
        ("a Metadata to come", 3, 14),
        ("a Metadata below", 3, -1),
        ("a Produce of the past", 0, 2),
        ("a Fetch of the past", 1, 3),
        ("a JoinGroup to come", 11, 10),
        ("a key that is no more", 4, 1),
        ("a key that is to come", 1_000, 0),
        ("a key below", -1, 0),
    ] {
        side.ask_nothing::<ApiVersionsRequest>(step, (key, version), None)?;
    }
    Ok(())
}

fn meant(side: &mut Side) -> Ran {
    let cluster = side.setup(0, &DescribeClusterRequest::default())?.cluster_id;
    let other: Str = "AAAAAAAAAAAAAAAAAAAAAQ".into();
    for (step, cluster_id, node_id) in [
        ("nobody", None, -1),
        ("it", Some(&cluster), 1),
        ("another node", Some(&cluster), 2),
        ("no node", Some(&cluster), -1),
        ("a node below", Some(&cluster), -2),
        ("another cluster", Some(&other), 1),
        ("another cluster and node", Some(&other), 2),
        ("a node alone", None, 1),
        ("a node below alone", None, -2),
        ("no cluster", Some(&Str::default()), 1),
    ] {
        let request =
            ApiVersionsRequest { cluster_id: cluster_id.cloned(), node_id, ..called("oracle", "1") };
        ask(side, step, 5, &request);
    }
    let request = ApiVersionsRequest { node_id: 1, ..called("", "1") };
    ask(side, "a node alone, and no name", 5, &request);
    Ok(())
}

const SHARE: i8 = 2;
const VERSIONS: i16 = 18;
