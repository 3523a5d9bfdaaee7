//! The features of the cluster as ApiVersions lists them and UpdateFeatures is asked to change them: what Apache Kafka 4.4
//! has on a new cluster, each at its highest level. No level below is served here.

use ottla_wire::message::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};

/// What may be at one of several levels.
pub(super) struct Feature {
    pub(super) name: &'static str,
    /// The lowest level that Apache Kafka 4.4 knows; 0 is off.
    pub(super) min: i16,
    /// The highest, which is in force.
    pub(super) max: i16,
}

impl Feature {
    pub(super) fn supported(&self) -> SupportedFeatureKey {
        SupportedFeatureKey { name: self.name.into(), min_version: self.min, max_version: self.max }
    }

    pub(super) fn finalized(&self) -> FinalizedFeatureKey {
        FinalizedFeatureKey {
            name: self.name.into(),
            min_version_level: self.max,
            max_version_level: self.max,
        }
    }
}

pub(super) const FEATURES: [Feature; 6] = [
    // The record formats of Kafka 3.3 (7) to 4.4 (33), which tools read as the cluster's version.
    Feature { name: "metadata.version", min: 7, max: 33 },
    // Consumers look here whether there are groups of the newer protocol (KIP-848).
    Feature { name: "group.version", min: 0, max: 1 },
    // Tools look here whether there are share groups (KIP-932), and from 2 on their dead letters (KIP-1191).
    Feature { name: "share.version", min: 0, max: 2 },
    // Tools look here whether there are groups of streams applications (KIP-1071).
    Feature { name: "streams.version", min: 0, max: 1 },
    // Producers take the version of their transactions from here: 2 gives them a new epoch with every end (KIP-890).
    Feature { name: "transaction.version", min: 0, max: 2 },
    // Replicas that may lead although they are not in sync (KIP-966). A single replica has no such others.
    Feature { name: "eligible.leader.replicas.version", min: 0, max: 1 },
];

/// Java keeps the feature map only if its epoch is greater than -1.
pub(super) const FEATURES_EPOCH: i64 = 1;
