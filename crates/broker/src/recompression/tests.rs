use super::*;
use crate::config::{Configs, Layers, Overrides};
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{BatchBuilder, BatchOptions, Header, records};

fn config(settings: &[(&str, &str)]) -> TopicConfig {
    let (layers, _) = Layers::start(vec![]).expect("no settings are legal");
    let overrides: Overrides =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Configs::new(layers).topic(&overrides)
}

fn batch(compression: Compression) -> Bytes {
    let options = BatchOptions {
        compression,
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(2),
        base_sequence: 9,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    for n in 0..50_u8 {
        let header = Header::new(vec![n], vec![n; 3]);
        let (at, value) = (Timestamp(1_700_000_000_000 + i64::from(n)), vec![b'v'; 100]);
        builder.append(at, Some(&[n]), Some(&value), &[header]).expect("a small record fits");
    }
    builder.build()
}

#[test]
fn a_batch_is_kept_as_it_came_unless_the_topic_wants_another() {
    for codec in Compression::ALL {
        let sent = batch(codec);
        assert_eq!(apply(sent.clone(), &config(&[])), Ok(sent.clone()));
        let name = if codec == Compression::None { "uncompressed" } else { codec.name() };
        assert_eq!(apply(sent.clone(), &config(&[("compression.type", name)])), Ok(sent));
    }
}

#[test]
fn only_the_packing_changes() {
    for from in Compression::ALL {
        for to in Compression::ALL {
            let name = if to == Compression::None { "uncompressed" } else { to.name() };
            let sent = batch(from);
            let packed = apply(sent.clone(), &config(&[("compression.type", name)])).expect("it can be read");
            let header = record::validate(&packed).expect("it is whole");
            assert_eq!(header.compression(), Ok(to));
            let before = BatchHeader::parse(&sent).expect("it is one");
            let same = BatchHeader {
                length: before.length,
                crc: before.crc,
                attributes: before.attributes,
                ..header
            };
            assert_eq!(same, before);
            let read =
                |header, batch: &Bytes| records(header, batch).expect("it unpacks").collect::<Vec<_>>();
            assert_eq!(read(header, &packed), read(before, &sent));
        }
    }
}

#[test]
fn levels_are_obeyed() {
    let size =
        |settings: &[(&str, &str)]| apply(batch(Compression::None), &config(settings)).expect("fine").len();
    let gzip = |level| size(&[("compression.type", "gzip"), ("compression.gzip.level", level)]);
    assert!(gzip("9") < gzip("1"), "{} {}", gzip("9"), gzip("1"));
    let zstd = |level| size(&[("compression.type", "zstd"), ("compression.zstd.level", level)]);
    assert!(zstd("19") < zstd("-100"), "{} {}", zstd("19"), zstd("-100"));
}

#[test]
fn the_limit_holds_for_what_is_stored() {
    let settings = [("compression.type", "uncompressed"), ("max.message.bytes", "2000")];
    let refusal = apply(batch(Compression::Zstd), &config(&settings)).expect_err("it grows");
    assert_eq!(refusal.code, ErrorCode::MESSAGE_TOO_LARGE);
}

#[test]
fn what_does_not_unpack_is_refused() {
    let mut damaged = batch(Compression::Gzip).to_vec();
    let last = damaged.len() - 20;
    damaged[last] ^= 1;
    let refusal = apply(damaged.into(), &config(&[("compression.type", "zstd")])).expect_err("it is damaged");
    assert_eq!(refusal.code, ErrorCode::CORRUPT_MESSAGE);
}
