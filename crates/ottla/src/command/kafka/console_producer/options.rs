//! Settings of the producer, from flags and properties.

use super::WARNING;
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::flags::Given;
use crate::command::kafka::settings::Settings;
use crate::command::kafka::{Ran, newer};
use crate::output;
use ottla_client::{Acks, Compression, Idempotence, ProducerOptions};
use std::time::Duration;

/// Settings of the producer from all the places where they can stand; a flag of its own is stronger than a property.
pub(super) fn settings(given: &Given<'_>) -> Ran<Settings> {
    let file = newer(given, &WARNING, ["producer.config", "command-config"])?;
    let property = newer(given, &WARNING, ["producer-property", "command-property"])?;
    if given.has("max-partition-memory-bytes") {
        output::line(
            "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use \
             --batch-size instead.",
        )?;
    }
    let mut settings = Settings::of_flags(given, file, property)?;
    let flags = [
        ("timeout", "linger.ms"),
        ("request-required-acks", "acks"),
        ("request-timeout-ms", "request.timeout.ms"),
        ("max-memory-bytes", "buffer.memory"),
        ("batch-size", "batch.size"),
        ("max-partition-memory-bytes", "batch.size"),
        ("max-block-ms", "default.api.timeout.ms"),
    ];
    for (flag, name) in flags {
        if let Some(value) = given.one(flag)? {
            settings.set(name, value);
        }
    }
    if given.has("compression-codec") {
        let codec = given.one("compression-codec")?;
        settings.set("compression.type", codec.filter(|codec| !codec.is_empty()).unwrap_or("gzip"));
    }
    if settings.text("transactional.id").is_some() {
        let reason =
            "transactional.id: this tool ends no transactions: see 'ottla produce --transactional-id'";
        return Err(Trouble::general(reason).into());
    }
    Ok(settings)
}

/// What the producer makes of them.
pub(super) fn options(settings: &Settings) -> Ran<ProducerOptions> {
    let unknown = |name: &str, value: &str, known: &str| {
        Trouble::new(
            "org.apache.kafka.common.config.ConfigException",
            format!("Invalid value {value} for configuration {name}: {known} is known"),
        )
    };
    let acks = match settings.text("acks").unwrap_or("-1") {
        "-1" | "all" => Acks::All,
        "1" => Acks::Leader,
        "0" => Acks::None,
        other => return Err(unknown("acks", other, "all, -1, 1 or 0").into()),
    };
    let compression = match settings.text("compression.type").unwrap_or("none") {
        "none" => Compression::None,
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        other => return Err(unknown("compression.type", other, "none, gzip, snappy, lz4 or zstd").into()),
    };
    let is_off = settings.text("enable.idempotence").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    let default = ProducerOptions::default();
    let ms = |name, default: Duration| {
        Ok::<_, Stop>(settings.number(name)?.map_or(default, Duration::from_millis))
    };
    Ok(ProducerOptions {
        acks,
        compression,
        idempotence: if acks == Acks::All && !is_off { Idempotence::On } else { Idempotence::Off },
        linger: ms("linger.ms", default.linger)?,
        delivery_timeout: ms("delivery.timeout.ms", default.delivery_timeout)?,
        batch_bytes: settings.number("batch.size")?.unwrap_or(default.batch_bytes),
        buffer_bytes: settings.number("buffer.memory")?.unwrap_or(default.buffer_bytes),
        record_bytes_max: settings.number("max.request.size")?.unwrap_or(default.record_bytes_max),
        ..default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_that_are_not_all_switch_idempotence_off() {
        let of = |pairs: &[&str]| {
            let mut settings = Settings::default();
            settings.add(pairs);
            options(&settings).map(|options| (options.acks, options.idempotence))
        };
        assert_eq!(of(&[]), Ok((Acks::All, Idempotence::On)));
        assert_eq!(of(&["acks=1"]), Ok((Acks::Leader, Idempotence::Off)));
        assert_eq!(of(&["enable.idempotence=false"]), Ok((Acks::All, Idempotence::Off)));
        assert!(of(&["acks=2"]).is_err() && of(&["compression.type=zip"]).is_err());
    }
}
