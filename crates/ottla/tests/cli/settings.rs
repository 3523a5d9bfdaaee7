use crate::program::{Broker, program, run, serve_fails};
use serde_json::{Value, json};

fn explain(arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut command = program();
    command.args(["config", "explain", "--output", "json"]).args(arguments).envs(variables.iter().copied());
    let output = run(command, "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(output.stdout.split(|&byte| byte == b'\n').next().unwrap()).unwrap()
}

#[test]
fn a_setting_is_explained_without_a_broker() {
    let explained = explain(&["retention.ms"], &[]);
    assert_eq!((&explained["scope"], &explained["default"]), (&json!("topic"), &json!("604800000")));
    assert_eq!(explained["falls_back_to"][0], "log.retention.ms");
    let output = run(
        {
            let mut command = program();
            command.args(["config", "explain", "retention.m"]);
            command
        },
        "",
    );
    assert_eq!(output.status.code(), Some(9));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean 'retention.ms'?"));
}

#[test]
fn the_environment_beats_the_file_and_ottlas_name_beats_kafkas() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("server.properties");
    std::fs::write(&file, "# mine\nnum.partitions=2\n").unwrap();
    let arguments = ["num.partitions", "--config", file.to_str().unwrap()];
    let told = explain(&arguments, &[]);
    assert_eq!(told["set_to"], "2");
    assert_eq!(told["set_by"], format!("{}:2", file.display()));
    assert_eq!(explain(&arguments, &[("KAFKA_NUM_PARTITIONS", "3")])["set_to"], "3");
    let both = [("KAFKA_NUM_PARTITIONS", "3"), ("OTTLA_NUM_PARTITIONS", "4")];
    assert_eq!(explain(&arguments, &both)["set_to"], "4");
}

#[test]
fn a_broker_starts_with_what_each_layer_says() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("ottla.toml");
    std::fs::write(&file, "num.partitions = 2\n[log.retention]\nms = 5\nhours = 9\n").unwrap();
    let mut command = program();
    command.args([
        "serve",
        "--ephemeral",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "off",
        "--set",
        "log.retention.ms=7",
    ]);
    command.arg("--config").arg(&file).env("KAFKA_NUM_PARTITIONS", "4").env("KAFKA_HEAP_OPTS", "-Xmx1G");
    let broker = Broker::spawn(command);
    broker.ok(&["topic", "create", "t"]);
    assert_eq!(broker.json(&["topic", "list"])[0]["partitions"], 4);
    let described = broker.json(&["config", "describe", "topic:t"]);
    let retention = described.iter().find(|setting| setting["name"] == "retention.ms").unwrap();
    assert_eq!((&retention["value"], &retention["source"]), (&json!("7"), &json!("broker's start")));
}

#[test]
fn a_bad_value_stops_the_start_with_place_cause_and_cure() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("server.properties");
    std::fs::write(&file, "\nnum.partitions=none\n").unwrap();
    let file = file.to_str().unwrap();
    let data = place.path().join("data");
    let (status, said) = serve_fails(&["--config", file], &data);
    assert_eq!(status, 3);
    assert_eq!(
        said.trim_end(),
        format!("ottla: {file}:2: num.partitions cannot be 'none': expected a whole number, at least 1")
    );
    assert_eq!(serve_fails(&["--set", "log.durability=maybe"], &data).0, 3);
    assert_eq!(serve_fails(&["--config", "/nowhere"], &data).0, 3);
    assert_eq!(serve_fails(&["--set", "novalue"], &data).0, 2);
    assert!(!data.exists(), "a bad setting is found before anything is touched");
}

#[test]
fn settings_change_while_the_broker_runs_and_stay_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut broker = Broker::start_with(&arguments);
    broker.ok(&["topic", "create", "t"]);
    broker.ok(&["config", "alter", "broker", "--set", "log.retention.ms=5000"]);
    broker.ok(&["config", "alter", "topic:t", "--append", "cleanup.policy=compact"]);
    let settings = |broker: &Broker| -> Vec<String> {
        let described = broker.json(&["config", "describe", "topic:t"]);
        described.iter().map(|row| format!("{}={} {}", row["name"], row["value"], row["source"])).collect()
    };
    let expected = [
        "\"cleanup.policy\"=\"delete,compact\" \"topic\"",
        "\"retention.ms\"=\"5000\" \"all brokers, while running\"",
    ];
    assert_eq!(settings(&broker), expected);
    assert_eq!(broker.stop("TERM"), Some(0));
    std::mem::forget(broker);

    let broker = Broker::start_with(&arguments);
    assert_eq!(settings(&broker), expected);
    broker.ok(&["config", "alter", "broker", "--delete", "log.retention.ms"]);
    assert_eq!(settings(&broker), expected[..1]);
    assert_eq!(broker.fails(&["config", "alter", "broker:1", "--set", "node.id=2"]).0, 8);
    assert_eq!(broker.fails(&["config", "alter", "topic:t", "--set", "nonsense=2"]).0, 8);
    assert_eq!(broker.fails(&["config", "alter", "topic:t"]).0, 2);
}
