use super::*;

crate::config_choice! {
    /// A way to keep.
    enum Way {
        /// One.
        One = "one",
        /// Two.
        Two = "two",
    }
}

crate::config! {
    /// For tests.
    struct Sample, keys SAMPLE;

    /// A length of time.
    span_ms: i64 {
        name: "span.ms", default: Some("5"), unit: Unit::Milliseconds, valid: Valid::AtLeast(-1),
        low: "l", high: "h",
    }

    /// Ways.
    ways: Vec<String> { name: "ways", default: Some("one"), valid: Valid::OneOf(&["one", "two"]) }

    /// A way.
    way: Way { name: "way", default: Some("two") }

    /// A share.
    share: f64 { name: "share", default: Some("0.5"), valid: Valid::Share }

    /// A number that may be missing.
    port: Option<i32> { name: "port", valid: Valid::Within { min: 0, max: 65_535 } }

    /// A secret.
    secret: Option<Password> { name: "secret" }
}

fn parse(name: &str, text: &str) -> Result<String, String> {
    let table = Table::new(&[SAMPLE]);
    let key = table.get(name).expect("a declared key");
    key.parse(text).map(|value| value.to_string()).map_err(|invalid| invalid.to_string())
}

fn ok(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn refused(text: &str) -> Result<String, String> {
    Err(text.to_owned())
}

#[test]
fn an_entry_gives_field_key_and_rule() {
    let sample = Sample::read(Key::parse_default);
    assert_eq!(sample.span_ms, 5);
    assert_eq!(sample.way.name(), "two");
    assert_eq!(sample.port, None);
    assert_eq!(SAMPLE[0].doc, " A length of time.");
    assert_eq!(SAMPLE[4].kind, Kind::Int);
    assert_eq!(Table::new(&[SAMPLE]).flaws(), Vec::<String>::new());
}

#[test]
fn numbers_are_read_in_their_range() {
    assert_eq!(parse("span.ms", " -1 "), ok("-1"));
    assert_eq!(
        parse("span.ms", "-2"),
        refused("span.ms cannot be '-2': expected a whole number of milliseconds, at least -1")
    );
    assert_eq!(
        parse("span.ms", "1h"),
        refused("span.ms cannot be '1h': expected a whole number of milliseconds, at least -1")
    );
    assert_eq!(parse("port", "65535"), ok("65535"));
    assert!(parse("port", "65536").is_err());
    assert!(parse("port", "2147483648").is_err());
    assert_eq!(parse("share", "1"), ok("1.0"));
    assert!(parse("share", "1.1").is_err());
    assert!(parse("share", "NaN").is_err());
}

#[test]
fn choices_and_lists_are_read_exactly() {
    assert_eq!(parse("way", "one"), ok("one"));
    assert!(parse("way", "One").is_err());
    assert_eq!(parse("ways", " one , two"), ok("one,two"));
    assert_eq!(parse("ways", ""), ok(""));
    assert!(parse("ways", "one,three").is_err());
    assert!(parse("ways", "one,,two").is_err());
    assert_eq!(parse("ways", "one,one"), ok("one,one"));
}

#[test]
fn secrets_never_appear_in_errors() {
    let invalid = SAMPLE[5].invalid("hunter2", String::new()).to_string();
    assert!(!invalid.contains("hunter2"), "{invalid}");
    assert!(!format!("{:?}", Password("hunter2".into())).contains("hunter2"));
}

#[test]
fn larger_units_scale_but_no_limit_stays_no_limit() {
    assert_eq!(Parsed::Integer(2).scaled(60_000), Parsed::Integer(120_000));
    assert_eq!(Parsed::Integer(-1).scaled(60_000), Parsed::Integer(-1));
    assert_eq!(Parsed::Integer(i64::MAX).scaled(60_000), Parsed::Integer(i64::MAX));
}

#[test]
fn a_slip_of_the_finger_finds_the_name_that_was_meant() {
    let names = || ["log.retention.ms", "log.retention.minutes", "num.partitions"].into_iter();
    assert_eq!(nearest("log.retension.ms", names()), Some("log.retention.ms"));
    assert_eq!(nearest("num.partition", names()), Some("num.partitions"));
    assert_eq!(nearest("zookeeper.connect", names()), None);
}

#[test]
fn flaws_of_a_table_are_found() {
    static BAD: &[Key] = &[
        Key { name: "no.doc", ..Key::of::<Option<i32>>() },
        Key { name: "bad.default", doc: "d", default: Some("x"), ..Key::of::<i32>() },
        Key { name: "no.default", doc: "d", ..Key::of::<i32>() },
        Key { name: "no.cost", doc: "d", unit: Unit::Bytes, default: Some("1"), ..Key::of::<i32>() },
    ];
    assert_eq!(Table::new(&[BAD]).flaws().len(), 4);
}
