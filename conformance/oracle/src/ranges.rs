//! Which versions of each API the two brokers offer: for the table of what was compared of what is served.

use crate::connection::Connection;
use ottla_wire::ApiKey;
use ottla_wire::message::ApiVersionsRequest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// One JSON line for each API that at least one of them offers.
pub fn lines(kafka: &str, ottla: &str) -> Result<Vec<Value>, String> {
    let (kafka, ottla) = (offered(kafka)?, offered(ottla)?);
    let line = |key: &ApiKey| {
        let number = *key as i16;
        let range = |of: &BTreeMap<i16, RangeInclusive<i16>>| of.get(&number).map(|range| real(*key, range));
        let (kafka, ottla) = (range(&kafka), range(&ottla));
        (kafka.is_some() || ottla.is_some())
            .then(|| json!({ "offered": key.name(), "key": number, "kafka": kafka, "ottla": ottla }))
    };
    Ok(ApiKey::ALL.iter().filter_map(line).collect())
}

/// Produce is listed from version 0, which both refuse: what counts begins where there is a message.
fn real(key: ApiKey, offered: &RangeInclusive<i16>) -> [i16; 2] {
    let known = key.versions();
    [*offered.start().max(known.start()), *offered.end().min(known.end())]
}

fn offered(address: &str) -> Result<BTreeMap<i16, RangeInclusive<i16>>, String> {
    let request = ApiVersionsRequest {
        client_software_name: "oracle".into(),
        client_software_version: "1".into(),
        ..Default::default()
    };
    let answer = Connection::open(address, "oracle")?.ask(&request, 4);
    let answer = answer.map_err(|no_answer| format!("{address}: ApiVersions: {no_answer}"))?;
    Ok(answer.api_keys.iter().map(|api| (api.api_key, api.min_version..=api.max_version)).collect())
}
