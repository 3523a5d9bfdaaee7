//! Reading and writing are each other's inverse.

use crate::corpus::{self, Strangers};
use crate::schema::Message;
use crate::{Codec, codecs};
use ottla_wire::codec::EncodeProblem;

/// Runs `check` with every message, version and a number of seeds.
fn for_all(seeds: u64, mut check: impl FnMut(&Codec, &Message, i16, u64)) {
    let codecs = codecs();
    let messages = corpus::messages();
    assert_eq!(codecs.len(), messages.len());
    for message in &messages {
        let codec =
            codecs.iter().find(|codec| codec.name == message.name).expect("every message is generated");
        assert_eq!(codec.versions, message.versions.first..=message.versions.last, "{}", codec.name);
        for version in codec.versions.clone() {
            for seed in 0..seeds {
                check(codec, message, version, seed);
            }
        }
    }
}

#[test]
fn every_message_in_every_version_is_written_as_it_was_read() {
    let mut count = 0;
    for_all(40, |codec, message, version, seed| {
        let bytes = corpus::bytes(message, version, seed, Strangers::Absent);
        let place = format!("{} version {version} seed {seed}", codec.name);
        assert_eq!((codec.decode)(bytes.clone(), version), Ok(0), "{place}");
        let written = (codec.convert)(bytes.clone(), version, version);
        assert_eq!(written, Ok(Ok(bytes)), "{place}");
        count += 1;
    });
    assert!(20_000 < count, "the corpus has shrunk to {count}");
}

#[test]
fn unknown_tagged_fields_change_nothing() {
    for_all(6, |codec, message, version, seed| {
        let plain = corpus::bytes(message, version, seed, Strangers::Absent);
        let strange = corpus::bytes(message, version, seed, Strangers::Tagged);
        let flexible = message.flexible.is_some_and(|first| first <= version);
        assert_eq!(plain != strange, flexible);
        assert_eq!((codec.same)(plain, strange, version), Ok(true), "{} version {version}", codec.name);
    });
}

#[test]
fn defaults_can_be_written_in_every_version() {
    for_all(1, |codec, _, version, _| {
        assert!((codec.default)(version).is_some(), "{} version {version}", codec.name);
    });
}

#[test]
fn a_value_in_another_version_is_written_or_refused_by_field() {
    let (mut written, mut refused) = (0, 0);
    for_all(4, |codec, message, version, seed| {
        let bytes = corpus::bytes(message, version, seed, Strangers::Absent);
        for other in codec.versions.clone() {
            match (codec.convert)(bytes.clone(), version, other).expect("it is canonical") {
                Ok(converted) => {
                    assert_eq!((codec.decode)(converted, other), Ok(0), "{} {version}→{other}", codec.name);
                    written += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(error.problem(), EncodeProblem::Absent | EncodeProblem::Null),
                        "{error}"
                    );
                    assert_ne!(error.field(), "", "{error}");
                    refused += 1;
                }
            }
        }
    });
    assert!(1_000 < written && 1_000 < refused, "{written} written, {refused} refused");
}

#[test]
fn versions_outside_of_the_range_are_refused() {
    for codec in codecs() {
        for version in [*codec.versions.start() - 1, *codec.versions.end() + 1, i16::MIN, i16::MAX] {
            let error = (codec.decode)(bytes::Bytes::from_static(&[0; 64]), version).unwrap_err();
            assert_eq!(error.problem(), ottla_wire::codec::DecodeProblem::Version, "{error}");
        }
    }
}
