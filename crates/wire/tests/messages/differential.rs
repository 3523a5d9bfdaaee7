//! Another implementation reads what we would write, and writes it as we would.

use crate::corpus::{self, Strangers};
use crate::schema::{Kind, Message};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};

/// Versions that the other implementation lists and does not read: they were unstable in the Kafka it follows.
const UNREAD: [(&str, i16); 3] =
    [("InitProducerIdRequest", 6), ("OffsetCommitRequest", 10), ("OffsetFetchRequest", 10)];

/// Passes a message through the other implementation.
fn recode(message: &Message, bytes: Bytes, version: i16) -> Result<Bytes, String> {
    let key = ApiKey::try_from(message.key.expect("only keyed messages come here")).expect("it is known");
    let mut rest = bytes;
    let mut written = BytesMut::new();
    let result = match message.kind {
        Kind::Request => RequestKind::decode(key, &mut rest, version)
            .and_then(|request| request.encode(&mut written, version)),
        _ => ResponseKind::decode(key, &mut rest, version)
            .and_then(|response| response.encode(&mut written, version)),
    };
    result.map_err(|error| format!("{error:#}"))?;
    if rest.is_empty() { Ok(written.freeze()) } else { Err(format!("{} bytes are left", rest.len())) }
}

#[test]
fn another_implementation_reads_and_writes_the_same_bytes() {
    let (mut compared, mut failures) = (0, Vec::new());
    for message in corpus::messages() {
        let Some(Ok(key)) = message.key.map(ApiKey::try_from) else { continue };
        let known = key.valid_versions();
        for version in message.versions.first.max(known.min)..=message.versions.last.min(known.max) {
            if UNREAD.contains(&(message.name.as_str(), version)) {
                continue;
            }
            for seed in 0..15 {
                let bytes = corpus::bytes(&message, version, seed, Strangers::Absent);
                let other = recode(&message, bytes.clone(), version);
                if other.as_ref() != Ok(&bytes) {
                    let problem = other.err().unwrap_or_else(|| "written differently".to_owned());
                    failures.push(format!("{} version {version} seed {seed}: {problem}", message.name));
                    break;
                }
                compared += 1;
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(5_000 < compared, "only {compared} messages were compared");
}

#[test]
fn both_agree_about_names_and_headers() {
    let mut compared = 0;
    for ours in ottla_wire::ApiKey::ALL {
        let Ok(other) = ApiKey::try_from(i16::from(ours)) else { continue };
        assert_eq!(format!("{other:?}"), ours.name());
        for version in ours.versions() {
            if version < other.valid_versions().min || other.valid_versions().max < version {
                continue;
            }
            assert_eq!(ours.request_header_version(version), other.request_header_version(version), "{ours}");
            assert_eq!(
                ours.response_header_version(version),
                other.response_header_version(version),
                "{ours}"
            );
            compared += 1;
        }
    }
    assert!(250 < compared, "only {compared} versions were compared");
}
