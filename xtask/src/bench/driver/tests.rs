use super::rdkafka::RDKAFKA;
use super::*;

const PRODUCED: &str = "\
% Sending 100000 messages of size 1024 bytes
% 100000 messages produced (102400000 bytes), 99601 delivered (offset 99600, 0 failed) in 1011ms: 98516 msgs/s and 100.88 MB/s, 0 produce failures, 399 in queue, no compression
% 100000 messages produced (102400000 bytes), 100000 delivered (offset 99999, 0 failed) in 1250ms: 80000 msgs/s and 81.82 MB/s, 0 produce failures, 0 in queue, no compression
";

const CONSUMED: &str = "\
% 0 messages (0 bytes) consumed in 0ms: 0 msgs/s (0.00 MB/s)
% 120307 messages (123194368 bytes) consumed in 160ms: 745193 msgs/s (763.08 MB/s)
% Average application fetch latency: 5us
";

fn tool() -> Tool {
    Tool::new(RDKAFKA, 100_000, 1024, "-b {address} -t {topic} -c {records}")
}

#[test]
fn what_a_program_wrote_and_read_becomes_numbers() {
    let written = tool().sample(PRODUCED, 100_000).unwrap();
    assert_eq!(written.number("seconds"), Ok(1.25));
    assert_eq!(written.number("bytes"), Ok(102_400_000.0));
    let read = tool().sample(CONSUMED, 100_000).unwrap();
    assert_eq!(read.number("records"), Ok(120_307.0));
    assert_eq!(read.number("seconds"), Ok(0.16));
}

#[test]
fn a_program_that_moved_too_little_has_no_figure() {
    let why = tool().sample(PRODUCED, 100_001).unwrap_err();
    assert_eq!(why, "it moved 100000 of 100001 records");
    let why = tool().sample("% ERROR: all brokers down\n\n", 1).unwrap_err();
    assert!(why.contains("all brokers down"), "{why}");
}

#[test]
fn numbers_are_read_with_their_thousands() {
    assert_eq!(number_before("stats: 8,564 msgs/sec", " msgs/sec"), Some(8564.0));
    assert_eq!(number_before("8.5 ms", " ms"), Some(8.5));
    assert_eq!(number_before("none", " ms"), None);
}

#[test]
fn a_program_is_run_to_its_end_and_its_words_are_kept() {
    let log = std::env::temp_dir().join(format!("ottla-tool-{}", std::process::id()));
    let status = end(Command::new("sh").args(["-c", "echo well; echo oh >&2; exit 3"]), &log).unwrap();
    assert_eq!((status.code(), std::fs::read_to_string(&log).unwrap().as_str()), (Some(3), "well\noh\n"));
    assert!(end(&mut Command::new("no-such-program-anywhere"), &log).is_err());
    std::fs::remove_file(&log).unwrap();
}
