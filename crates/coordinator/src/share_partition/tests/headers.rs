use crate::share_partition::{Config, Facts, Order, facts, is_for_another};
use ottla_base::Timestamp;

/// A record of the year 2026 with these headers, for a group that looks at everything.
fn read(headers: &[(&str, &str)]) -> Facts {
    let config = Config { delay: true, ttl: true, priority: true, order: Order::Key, ..Config::default() };
    read_with(&config, headers)
}

const WRITTEN: i64 = 1_795_680_000_000;

fn read_with(config: &Config, headers: &[(&str, &str)]) -> Facts {
    let headers = headers.iter().map(|(name, value)| (*name, Some(value.as_bytes())));
    facts(config, Timestamp(WRITTEN), Some(b"key"), headers)
}

fn due(name: &str, value: &str) -> i64 {
    read(&[(name, value)]).due.0
}

#[test]
fn delays_have_units() {
    let cases = [
        ("1500", 1_500),
        ("1500ms", 1_500),
        ("30s", 30_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("7d", 604_800_000),
    ];
    for (text, ms) in cases {
        assert_eq!(due("ottla-delay", text), WRITTEN + ms, "{text}");
    }
    assert_eq!(due("ottla-delay", " 30s "), WRITTEN + 30_000);
    assert_eq!(due("ottla-delay", "0"), WRITTEN);
}

#[test]
fn what_is_no_delay_is_ignored() {
    for text in ["", "s", "-5s", "5 s", "5w", "1.5h", "soon", "99999999999999999999", "9223372036854775807d"]
    {
        assert_eq!(due("ottla-delay", text), -1, "{text:?}");
    }
}

#[test]
fn moments_are_milliseconds_or_rfc_3339() {
    let cases = [
        ("1795680000000", 1_795_680_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-26T08:30:15Z", 1_795_681_815_000),
        ("2026-11-26t08:30:15.25z", 1_795_681_815_250),
        ("2026-11-26 08:30:15.123456789Z", 1_795_681_815_123),
        ("2026-11-26T10:30:15+02:00", 1_795_681_815_000),
        ("2026-11-26T02:00:15-06:30", 1_795_681_815_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2000-02-29T23:59:59Z", 951_868_799_000),
    ];
    for (text, ms) in cases {
        assert_eq!(due("ottla-deliver-at", text), ms, "{text}");
    }
}

#[test]
fn what_is_no_moment_is_ignored() {
    let texts = [
        "",
        "-5",
        "tomorrow",
        "2026-11-26",
        "2026-11-26T08:30",
        "2026-11-26T08:30:15",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-26T24:00:00Z",
        "2026-11-26T08:60:00Z",
        "2026-11-26T08:30:15.Z",
        "2026-11-26T08:30:15Zulu",
        "2026-11-26T08:30:15+2:00",
        "26-11-26T08:30:15Z",
        "2026-11-26T08:30:15+02:00:00",
        "1969-12-31T23:59:59Z",
        "2026-11-26Tä:30:15Z",
    ];
    for text in texts {
        assert_eq!(due("ottla-deliver-at", text), -1, "{text:?}");
    }
}

#[test]
fn lifetimes_are_read_the_same_way_and_have_a_default() {
    assert_eq!(read(&[("ottla-ttl", "30s")]).expires.0, WRITTEN + 30_000);
    assert_eq!(read(&[("ottla-expires-at", "5")]).expires.0, 5);
    assert_eq!(read(&[]).expires, Timestamp::NONE);
    let config = Config { ttl_ms: 1_000, ..Config::default() };
    assert_eq!(
        read_with(&config, &[("ottla-ttl", "30s")]).expires.0,
        WRITTEN + 1_000,
        "headers are not enabled"
    );
    let config = Config { ttl: true, ttl_ms: 1_000, ..Config::default() };
    assert_eq!(read_with(&config, &[("ottla-ttl", "30s")]).expires.0, WRITTEN + 30_000);
    assert_eq!(read_with(&config, &[("ottla-ttl", "for ever")]).expires.0, WRITTEN + 1_000);
}

#[test]
fn a_moment_wins_over_a_duration_and_the_last_of_one_name_over_the_others() {
    let both = [("ottla-deliver-at", "7"), ("ottla-delay", "30s")];
    assert_eq!(read(&both).due.0, 7);
    assert_eq!(read(&[("ottla-delay", "1s"), ("ottla-delay", "2s")]).due.0, WRITTEN + 2_000);
}

#[test]
fn priorities_are_0_to_9_and_4_otherwise() {
    for (text, priority) in [("0", 0), ("9", 9), ("10", 4), ("-1", 4), ("high", 4), ("", 4)] {
        assert_eq!(read(&[("ottla-priority", text)]).priority, priority, "{text:?}");
    }
}

#[test]
fn a_group_that_does_not_ask_gets_no_facts() {
    let all = [("ottla-delay", "1s"), ("ottla-ttl", "1s"), ("ottla-priority", "9")];
    assert_eq!(read_with(&Config::default(), &all), Facts::default());
    assert!(!Config::default().needs_records());
}

#[test]
fn equal_keys_have_equal_hashes_and_no_key_has_none() {
    let config = Config { order: Order::Key, ..Config::default() };
    let of = |key: Option<&[u8]>| facts(&config, Timestamp(0), key, []).key;
    assert_eq!(of(Some(b"a")), of(Some(b"a")));
    assert_ne!(of(Some(b"a")), of(Some(b"b")));
    assert!(of(Some(b"")).is_some());
    assert_eq!(of(None), None);
}

#[test]
fn values_that_are_no_text_are_ignored() {
    let config = Config { delay: true, priority: true, ..Config::default() };
    let headers = [("ottla-delay", Some(&b"\xff"[..])), ("ottla-priority", None)];
    assert_eq!(facts(&config, Timestamp(0), None, headers), Facts::default());
}

#[test]
fn a_requeued_record_is_for_the_group_that_it_names_last() {
    let is_for_another = |values: &[Option<&[u8]>]| {
        let headers = values.iter().map(|value| ("ottla-requeued-for", *value));
        is_for_another("g", [("x", Some(&b"h"[..]))].into_iter().chain(headers))
    };
    assert!(!is_for_another(&[]));
    assert!(!is_for_another(&[Some(b"g")]));
    assert!(is_for_another(&[Some(b"h")]));
    assert!(is_for_another(&[Some(b"G ")]));
    assert!(is_for_another(&[Some(b"g"), Some(b"h")]));
    assert!(!is_for_another(&[Some(b"h"), Some(b"g")]));
    for nobody in [None, Some(&b""[..]), Some(b"\xff")] {
        assert!(!is_for_another(&[nobody]), "{nobody:?} names nobody");
    }
}
