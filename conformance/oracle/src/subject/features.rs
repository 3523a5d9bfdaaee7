//! The features of the cluster: what ApiVersions lists, and what UpdateFeatures takes.

use crate::flat::Field;
use crate::scenario::{Difference, Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::message::update_features_request::FeatureUpdateKey;
use ottla_wire::message::{ApiVersionsRequest, UpdateFeaturesRequest};

pub const SUBJECT: Subject = Subject {
    name: "features",
    about: "Features of the cluster, listed by ApiVersions and set by UpdateFeatures. Nothing that would lower a level is \
            carried out, only checked.",
    scenarios: &[
        Scenario {
            name: "listed",
            asks: "levels that are supported and in force",
            run: listed,
            differs: LISTED,
        },
        Scenario {
            name: "set",
            asks: "levels as they are, others, and kinds of change",
            run: set,
            differs: SET,
        },
    ],
};

fn listed(side: &mut Side) -> Ran {
    for version in 0..=5 {
        let request = ApiVersionsRequest {
            client_software_name: "oracle".into(),
            client_software_version: "1".into(),
            ..Default::default()
        };
        let answer = side.setup(version, &request)?;
        let supported = answer.supported_features.iter().map(|feature| {
            (
                format!("supported[{}]", feature.name),
                format!("{}-{}", feature.min_version, feature.max_version),
            )
        });
        let finalized = answer.finalized_features.iter().map(|feature| {
            let levels = format!("{}-{}", feature.min_version_level, feature.max_version_level);
            (format!("finalized[{}]", feature.name), levels)
        });
        let epoch = if answer.finalized_features_epoch < 0 { "none" } else { "some" };
        let mut fields: Vec<Field> = supported.chain(finalized).collect();
        fields.push(("finalized_features_epoch".to_owned(), epoch.to_owned()));
        side.keep_as::<ApiVersionsRequest>("features", version, fields);
    }
    Ok(())
}

/// Feature, level, kind of change.
type Update<'a> = (&'a str, i16, i8);

fn update(updates: &[Update<'_>]) -> UpdateFeaturesRequest {
    let key = |(feature, max_version_level, upgrade_type): &Update<'_>| FeatureUpdateKey {
        feature: (*feature).into(),
        max_version_level: *max_version_level,
        upgrade_type: *upgrade_type,
        ..Default::default()
    };
    UpdateFeaturesRequest {
        timeout_ms: 10_000,
        feature_updates: updates.iter().map(key).collect(),
        ..Default::default()
    }
}

fn set(side: &mut Side) -> Ran {
    for version in 0..=2 {
        for (name, level) in IN_FORCE {
            side.ask(&format!("{name} as it is"), version, &update(&[(name, level, UPGRADE)]));
            side.ask(&format!("{name} above all"), version, &update(&[(name, level + 1, UPGRADE)]));
            side.ask(&format!("{name} lower"), version, &update(&[(name, level - 1, UPGRADE)]));
        }
        for (step, updates) in [
            ("all as they are", &IN_FORCE.map(|(name, level)| (name, level, UPGRADE))[..]),
            ("one as it is, one unknown", &[("share.version", 2, UPGRADE), ("no.such.feature", 1, UPGRADE)]),
            ("an unknown one", &[("no.such.feature", 1, UPGRADE)]),
            ("an unknown one at 0", &[("no.such.feature", 0, UPGRADE)]),
            ("below 0", &[("share.version", -1, UPGRADE)]),
            ("below the lowest", &[("metadata.version", 6, UPGRADE)]),
            ("no name", &[("", 1, UPGRADE)]),
            ("nothing", &[]),
        ] {
            side.ask(step, version, &update(updates));
        }
    }
    kinds(side);
    Ok(())
}

/// Kinds of change, which v0 does not know.
fn kinds(side: &mut Side) {
    for version in 1..=2 {
        for kind in [-1, 0, 2, 3, 4] {
            let as_it_is = update(&[("transaction.version", 2, kind)]);
            side.ask(&format!("type {kind}: as it is"), version, &as_it_is);
            for (name, level) in IN_FORCE {
                let mut request = update(&[(name, level - 1, kind)]);
                request.validate_only = true;
                side.ask(&format!("lower, type {kind}: {name}, only checked"), version, &request);
            }
        }
        let mut request = update(&[("transaction.version", 2, UPGRADE)]);
        request.validate_only = true;
        side.ask("as it is, only checked", version, &request);
    }
}

const UPGRADE: i8 = 1;

const IN_FORCE: [(&str, i16); 6] = [
    ("metadata.version", 33),
    ("group.version", 1),
    ("share.version", 2),
    ("streams.version", 1),
    ("transaction.version", 2),
    ("eligible.leader.replicas.version", 1),
];

const LISTED: &[Difference] = &[Difference {
    step: "features",
    field: "kraft.version",
    because: "It says whether controllers can join and leave the quorum while it works. Ottla's is one node and stays so.",
}];

const SET: &[Difference] = &[
    Difference { step: "lower, type 2", field: "", because: LOWER },
    Difference { step: "lower, type 3", field: "", because: LOWER },
];

const LOWER: &str = "Apache Kafka would begin to behave as its older version. Ottla behaves as at the highest level only, and does \
                     not say that it does otherwise.";
