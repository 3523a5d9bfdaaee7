use crate::program::{Broker, failed, program, run, serve_fails};
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

#[test]
fn the_ready_line_says_where_and_who() {
    let broker = Broker::start();
    assert_eq!(broker.ready["ready"], true);
    assert!(broker.address().starts_with("127.0.0.1:"));
    TcpStream::connect(broker.address()).unwrap();
    assert_eq!(broker.ready["ephemeral"], true);
    assert_eq!(broker.ready["cluster_id"].as_str().unwrap().len(), 22);
}

#[test]
fn either_signal_stops_in_order_and_temporary_data_are_removed() {
    for signal in ["TERM", "INT"] {
        let mut broker = Broker::start();
        let data = broker.ready["data"].as_str().unwrap().to_owned();
        assert!(std::path::Path::new(&data).exists());
        assert_eq!(broker.stop(signal), Some(0), "{signal}");
        assert!(!std::path::Path::new(&data).exists());
        std::mem::forget(broker);
    }
}

#[test]
fn records_are_there_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("some/where");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut broker = Broker::start_with(&arguments);
    broker.ok_with(&["produce", "t"], "kept\n");
    broker.stop("TERM");
    std::mem::forget(broker);
    assert_eq!(Broker::start_with(&arguments).ok(&["consume", "t", "-o", "beginning", "-e"]), "kept\n");
}

#[test]
fn an_ephemeral_broker_ends_with_the_process_that_started_it() {
    let serve =
        format!("{} serve --ephemeral --listen 127.0.0.1:0 --log off & wait", env!("CARGO_BIN_EXE_ottla"));
    let mut shell = Command::new("sh").args(["-c", &serve]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["kafka"].as_str().unwrap().to_owned();
    TcpStream::connect(&address).unwrap();
    shell.kill().unwrap();
    shell.wait().unwrap();
    // The broker holds the other end of the pipe: it closes when the broker ends.
    said.read_to_string(&mut line).unwrap();
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn each_reason_not_to_start_has_its_status_and_one_line() {
    let place = tempfile::tempdir().unwrap();
    let free = place.path().join("free");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let in_use = place.path().join("in-use");
    let _broker = Broker::start_with(&["--data", in_use.to_str().unwrap()]);
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cases = [
        (serve_fails(&["--listen", &address], &free), 5, "--listen"),
        (serve_fails(&["--listen", "203.0.113.1:1"], &free), 5, "203.0.113.1"),
        (serve_fails(&["--listen", "127.0.0.1:0"], &in_use), 4, "in use by process"),
        (serve_fails(&["--listen", "127.0.0.1:0"], &file), 6, "file"),
        (serve_fails(&["--listen", "nonsense"], &free), 3, "HOST:PORT"),
        (serve_fails(&["--listen", "SSL://127.0.0.1:0"], &free), 3, "PLAINTEXT"),
    ];
    for ((status, said), expected, words) in cases {
        assert_eq!(status, expected, "{said}");
        assert!(said.contains(words), "{words}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

#[test]
fn a_verb_without_broker_says_what_to_do() {
    let mut command = program();
    command.args(["topic", "list", "-b", "127.0.0.1:1"]);
    let (status, said) = failed(&run(command, ""));
    assert_eq!(status, 7);
    assert!(said.contains("Start one with 'ottla'"), "{said}");
}

#[test]
fn a_doctor_finds_a_broker_healthy_and_a_wrong_advertised_address_not() {
    let broker = Broker::start();
    assert!(broker.json(&["doctor"]).iter().all(|finding| finding["grade"] == "ok"));
    let broker =
        Broker::start_with(&["--ephemeral", "--set", "advertised.listeners=PLAINTEXT://127.0.0.1:1"]);
    let (status, said) = broker.fails(&["doctor"]);
    assert_eq!(status, 10, "{said}");
}

#[test]
fn every_verb_helps_with_examples() {
    let verbs: &[&[&str]] = &[
        &[],
        &["serve"],
        &["topic", "create"],
        &["topic", "list"],
        &["topic", "describe"],
        &["topic", "alter"],
        &["topic", "delete"],
        &["produce"],
        &["consume"],
        &["group", "list"],
        &["group", "describe"],
        &["group", "reset-offsets"],
        &["group", "delete"],
        &["config", "explain"],
        &["config", "list"],
        &["config", "describe"],
        &["config", "alter"],
        &["doctor"],
        &["completions"],
        &["kafka-topics"],
        &["kafka-consumer-groups"],
        &["kafka-console-consumer"],
        &["kafka-console-producer"],
        &["kafka-configs"],
        &["kafka-get-offsets"],
    ];
    for verb in verbs {
        let mut command = program();
        command.args(*verb).arg("--help");
        let output = run(command, "");
        assert!(output.status.success());
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Examples:"), "{verb:?}");
    }
    let mut command = program();
    command.args(["completions", "bash"]);
    assert!(String::from_utf8(run(command, "").stdout).unwrap().contains("reset-offsets"));
}
