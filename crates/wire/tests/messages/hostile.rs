//! Bytes from an enemy: no panic, an error where one is due, and no more memory than the input justifies.

use crate::allocation::peak;
use crate::codecs;
use crate::corpus::{self, Strangers, varint};
use bytes::Bytes;

/// Memory may exceed the input this many times: an empty text takes one byte and, in memory, four words.
const MEMORY_PER_BYTE: usize = 48;

/// What small messages may take beside that.
const MEMORY_BASE: usize = 4096;

/// Decodes and checks the memory; returns whether it was a message.
fn decode(codec: &crate::Codec, bytes: Bytes, version: i16) -> bool {
    let length = bytes.len();
    let (result, memory) = peak(|| (codec.decode)(bytes, version));
    let limit = MEMORY_BASE + MEMORY_PER_BYTE * length;
    assert!(memory <= limit, "{} version {version}: {memory} bytes of memory for {length}", codec.name);
    result.is_ok()
}

/// What was read from bytes that are not canonical can be written; then the bytes are canonical.
fn check_stable(codec: &crate::Codec, bytes: Bytes, version: i16) {
    let written = (codec.convert)(bytes, version, version).expect("it was read before").expect(codec.name);
    assert_eq!((codec.convert)(written.clone(), version, version), Ok(Ok(written)), "{}", codec.name);
}

fn for_all(mut check: impl FnMut(&crate::Codec, Bytes, i16)) {
    let messages = corpus::messages();
    for codec in codecs() {
        let message = messages.iter().find(|message| message.name == codec.name).unwrap();
        for version in codec.versions.clone() {
            // The first sample that is neither tiny nor huge.
            let sample = (0..)
                .map(|seed| corpus::bytes(message, version, seed, Strangers::Absent))
                .zip(0..)
                .find(|(bytes, attempt)| (20..600).contains(&bytes.len()) || 50 < *attempt);
            check(&codec, sample.expect("the attempts are bounded").0, version);
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    for_all(|codec, bytes, version| {
        for length in 0..bytes.len() {
            let whole = decode(codec, bytes.slice(..length), version);
            assert!(!whole, "{} version {version} cut to {length} of {}", codec.name, bytes.len());
        }
    });
}

#[test]
fn huge_counts_take_no_memory() {
    let mut compact = Vec::new();
    varint(&mut compact, i32::MAX as u32);
    let mut beyond = Vec::new();
    varint(&mut beyond, u32::MAX);
    let claims: [&[u8]; 5] =
        [&i32::MAX.to_be_bytes(), &compact, &beyond, &[0xff; 5], &i16::MAX.to_be_bytes()];
    for_all(|codec, bytes, version| {
        for position in 0..bytes.len() {
            for claim in claims {
                let hostile = [&bytes[..position], claim, &bytes[position..]].concat();
                decode(codec, Bytes::from(hostile), version);
            }
        }
    });
}

#[test]
fn counts_that_the_rest_could_hold_take_memory_in_proportion() {
    // The worst that passes the checks: as many elements as there are bytes left, at every place for a count.
    const FILLER: usize = 2_000;
    for_all(|codec, bytes, version| {
        for position in (0..bytes.len()).step_by(3) {
            for filler in [0, 1] {
                for divisor in [1, 8] {
                    let mut hostile = bytes[..position].to_vec();
                    if version % 2 == 0 {
                        varint(&mut hostile, (FILLER / divisor) as u32);
                    } else {
                        hostile.extend(((FILLER / divisor) as i32).to_be_bytes());
                    }
                    hostile.resize(hostile.len() + FILLER, filler);
                    decode(codec, Bytes::from(hostile), version);
                }
            }
        }
    });
}

#[test]
fn random_bytes_are_survived() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut accepted = 0;
    for _ in 0..8 {
        for_all(|codec, bytes, version| {
            let noise: Vec<u8> = (0..random.usize(0..300)).map(|_| random.u8(..)).collect();
            decode(codec, Bytes::from(noise), version);
            // A message with a few bytes changed gets further than noise.
            let mut changed = bytes.to_vec();
            for _ in 0..random.usize(1..4) {
                if let Some(byte) = random.choice(&mut changed) {
                    *byte = *random.choice(&[0, 1, 0x7f, 0x80, 0xff]).unwrap();
                }
            }
            let changed = Bytes::from(changed);
            if decode(codec, changed.clone(), version) {
                accepted += 1;
                check_stable(codec, changed, version);
            }
        });
    }
    assert!(100 < accepted, "changes must be small enough to reach deep places");
}
