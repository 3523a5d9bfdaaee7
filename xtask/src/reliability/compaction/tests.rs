use super::figures::{Pair, Round, judge, table};
use super::{Built, LONG, QUICK, cleaner, load, parse};

fn round(latencies: std::ops::RangeInclusive<u64>) -> Round {
    Round { latencies: latencies.collect(), seconds: 2.0, cleaned: 4 << 20 }
}

#[test]
fn a_percentile_is_the_least_that_so_many_do_not_pass() {
    let round = round(1..=200);
    assert_eq!([50, 99, 100].map(|percent| round.percentile(percent)), [0.1, 0.198, 0.2]);
}

#[test]
fn pairs_become_rows_and_a_judgement() {
    let pair =
        |times: u64| Pair { quiet: round(1000..=1999), busy: round(1000 * times..=1000 * times + 999) };
    let pairs = [pair(1), pair(2), pair(4)];
    let rows = table(&pairs, 64);
    assert_eq!(rows[1].1, "1.50, 2.50, 1.67 (1.00–3.00)");
    assert_eq!(rows[4].1, "500, 500, 1.00 (1.00–1.00)");
    assert_eq!(rows[6].1, "2, 2");
    assert_eq!(judge(&pairs), Ok(()));
    assert!(judge(&[pair(2), pair(4), pair(5)]).is_err());
}

#[test]
fn arguments_are_read() {
    let parse = |text: &str| parse(&text.split_terminator(' ').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(parse(""), Ok((LONG, Built::default())));
    assert_eq!(parse("--quick --built x"), Ok((QUICK, Built(Some("x".into())))));
    assert!(parse("--built").is_err());
}

#[test]
fn checksums_are_those_of_record_batches() {
    assert_eq!(load::crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(load::request("t", 0, 0).len(), 45 + 61 + 2 + 1031);
}

#[test]
fn what_a_thread_reads_and_writes_is_counted() {
    assert_eq!(cleaner::sum("rchar: 5\nwchar: 7\nsyscr: 1\n"), Some(12));
    assert_eq!(cleaner::sum(""), None);
}
