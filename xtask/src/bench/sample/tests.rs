use super::*;

const METRIC: Metric = Metric {
    name: "m",
    title: "Something",
    better: Better::Less,
    numerator: "cost",
    denominator: Some("bytes"),
    factor: 10.0,
};

#[test]
fn a_metric_is_a_quotient_of_two_numbers() {
    let mut sample = Sample::of(serde_json::json!({"bytes": 4, "name": "x"}));
    assert!(METRIC.of(&sample).unwrap_err().contains("no cost, only bytes"));
    sample.set("cost", 2.0);
    assert_eq!(METRIC.of(&sample), Ok(5.0));
    assert_eq!(Metric { denominator: None, ..METRIC }.of(&sample), Ok(20.0));
    sample.set("bytes", 0.0);
    assert!(METRIC.of(&sample).is_err());
    assert_eq!(METRIC.rough(&sample), Ok(f64::INFINITY));
}

#[test]
fn what_the_machine_did_besides_is_told_of_one_processor() {
    let mut sample = Sample::default();
    assert_eq!(sample.others_percent(), None);
    for (name, seconds) in [
        ("cpu_seconds", 1.0),
        ("generator_cpu_seconds", 0.5),
        ("machine_cpu_seconds", 2.0),
        ("wall_seconds", 2.0),
    ] {
        sample.set(name, seconds);
    }
    assert_eq!(sample.others_percent(), Some(25.0));
}

#[test]
fn parts_of_a_run_keep_their_numbers_apart() {
    let mut whole = Sample::default();
    whole.add("write", Sample::of(serde_json::json!({"seconds": 1})));
    whole.add("read", Sample::of(serde_json::json!({"seconds": 2})));
    assert_eq!((whole.number("write.seconds"), whole.number("read.seconds")), (Ok(1.0), Ok(2.0)));
    assert_eq!(whole.result["seconds"], 2);
}

#[test]
fn histograms_of_all_runs_are_one() {
    let run = |histogram| Sample::of(serde_json::json!({ "histogram": histogram }));
    let runs = [run([[5, 1], [7, 2]]), run([[3, 1], [7, 1]]), Sample::default()];
    assert_eq!(merged_histogram(&runs), [(3, 1), (5, 1), (7, 3)]);
}
