//! Levels that can be set: the ones that are.

use super::*;
use crate::testing::{Bench, bench};

fn update(feature: &'static str, max_version_level: i16, upgrade_type: i8) -> FeatureUpdateKey {
    FeatureUpdateKey { feature: feature.into(), max_version_level, upgrade_type, ..Default::default() }
}

async fn updated(
    bench: &Bench,
    feature_updates: Vec<FeatureUpdateKey>,
    version: i16,
) -> UpdateFeaturesResponse {
    bench.call(&UpdateFeaturesRequest { feature_updates, ..Default::default() }, version).await
}

#[test]
fn a_level_that_is_in_force_can_be_set_in_every_version() {
    bench(|bench| async move {
        for version in VERSIONS {
            let all = FEATURES.iter().map(|feature| update(feature.name, feature.max, UPGRADE));
            let answer = updated(&bench, all.collect(), version).await;
            assert_eq!((answer.error_code, answer.error_message), (ErrorCode::NONE, None), "v{version}");
            let expected = if version < 2 { FEATURES.len() } else { 0 };
            assert_eq!(answer.results.len(), expected, "v{version}");
            for result in answer.results {
                let told = (result.error_code, result.error_message.as_deref());
                assert_eq!(told, (ErrorCode::NONE, Some("NONE")), "v{version}");
            }
        }
    });
}

#[test]
fn every_other_level_is_refused_for_the_whole_request() {
    bench(|bench| async move {
        for (name, level, upgrade_type) in [
            ("no.such.feature", 1, UPGRADE),
            ("no.such.feature", 0, SAFE_DOWNGRADE),
            ("transaction.version", 3, UPGRADE),
            ("transaction.version", -1, UPGRADE),
            ("transaction.version", 1, UPGRADE),
            ("transaction.version", 1, SAFE_DOWNGRADE),
            ("metadata.version", 6, UNSAFE_DOWNGRADE),
            ("group.version", 1, 0),
            ("group.version", 1, 4),
        ] {
            for version in 1..=2 {
                let good = update("share.version", 2, UPGRADE);
                let answer = updated(&bench, vec![good, update(name, level, upgrade_type)], version).await;
                let is_told = answer.error_message.is_some_and(|message| message.contains(name));
                let found = (answer.error_code, answer.results.len(), is_told);
                assert_eq!(found, (ErrorCode::INVALID_UPDATE_VERSION, 0, true), "{name} {level}");
            }
        }
    });
}
