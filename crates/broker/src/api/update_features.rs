//! UpdateFeatures, key 57, versions 0–2: sets the levels of features.
//!
//! Every feature is at its highest level, so that setting it to that succeeds and changes nothing. Everything else is
//! INVALID_UPDATE_VERSION for the whole request, of which nothing is done then: an unknown feature, a level that does not
//! exist, a kind of change that does not exist, and also a lower level. There Apache Kafka would begin to behave as an
//! older version; Ottla does not, and does not say that it did.
//!
//! v0 says whether a level may fall, v1+ which kind of change it is, and whether it is only to be checked. v0–1: an answer
//! for each feature, if all went well.

use super::features::{FEATURES, Feature};
use super::refused::Refused;
use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::update_features_request::FeatureUpdateKey;
use ottla_wire::message::update_features_response::UpdatableFeatureResult;
use ottla_wire::message::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: UpdateFeaturesRequest) -> UpdateFeaturesResponse {
    let outcome = request.feature_updates.iter().try_for_each(check);
    let is_done = outcome.is_ok();
    let (error_code, error_message) = Refused::fields(outcome);
    let results = match context.version {
        ..=LAST_VERSION_WITH_RESULTS if is_done => request.feature_updates.into_iter().map(done).collect(),
        _ => Vec::new(),
    };
    UpdateFeaturesResponse { error_code, error_message, results, ..Default::default() }
}

fn check(update: &FeatureUpdateKey) -> Result<(), Refused> {
    let (name, level) = (&update.feature, update.max_version_level);
    let refused = |why: String| {
        Err(Refused::new(
            ErrorCode::INVALID_UPDATE_VERSION,
            format!("{name} cannot be set to {level}: {why}"),
        ))
    };
    if !matches!(update.upgrade_type, UPGRADE | SAFE_DOWNGRADE | UNSAFE_DOWNGRADE) {
        let found = update.upgrade_type;
        return refused(format!(
            "there is no change of type {found}: 1 is an upgrade, 2 a safe and 3 an unsafe downgrade"
        ));
    }
    let Some(Feature { min, max, .. }) = FEATURES.iter().find(|feature| *name == feature.name) else {
        let names: Vec<_> = FEATURES.iter().map(|feature| feature.name).collect();
        return refused(format!("there is no such feature; there are {}", names.join(", ")));
    };
    match level {
        _ if level == *max => Ok(()),
        _ if level < *min || *max < level => refused(format!("its levels are {min} to {max}")),
        _ if update.upgrade_type == UPGRADE => {
            refused(format!("it is at level {max}, and an upgrade does not lower it"))
        }
        _ => refused(format!("Ottla serves it at level {max} only")),
    }
}

fn done(update: FeatureUpdateKey) -> UpdatableFeatureResult {
    // Apache Kafka names the code where it has nothing to say.
    let error_message = Some(ErrorCode::NONE.name().into());
    UpdatableFeatureResult { feature: update.feature, error_message, ..Default::default() }
}

const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;
const LAST_VERSION_WITH_RESULTS: i16 = 1;

#[cfg(test)]
mod tests;
