//! ApiVersions: which APIs are offered in which versions.

use crate::scenario::{Ran, Scenario, Subject};
use crate::side::Side;
use ottla_wire::ApiKey;
use ottla_wire::message::ApiVersionsRequest;

pub const SUBJECT: Subject = Subject {
    name: "offered",
    about: "Version ranges of the APIs that both offer.",
    scenarios: &[Scenario { name: "ranges", asks: "the versions of each API", run: ranges, differs: &[] }],
};

/// Only what concerns the log and transactions; what Ottla does not offer yet is another matter.
fn ranges(side: &mut Side) -> Ran {
    let request = ApiVersionsRequest {
        client_software_name: "oracle".into(),
        client_software_version: "1".into(),
        ..Default::default()
    };
    let answer = side.setup(4, &request)?;
    let fields = COMPARED
        .iter()
        .map(|key| {
            let range = answer.api_keys.iter().find(|api| api.api_key == *key as i16);
            let range = range
                .map_or("not offered".to_owned(), |api| format!("{}-{}", api.min_version, api.max_version));
            (key.name().to_owned(), range)
        })
        .collect();
    side.keep_as::<ApiVersionsRequest>("ranges", 4, fields);
    Ok(())
}

const COMPARED: [ApiKey; 18] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::CreateTopics,
    ApiKey::DeleteRecords,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::EndTxn,
    ApiKey::WriteTxnMarkers,
    ApiKey::TxnOffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::DescribeConfigs,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::DescribeProducers,
    ApiKey::DescribeTransactions,
    ApiKey::ListTransactions,
];
