use super::*;
use crate::bench::sample::Better;

const TIME: Metric =
    Metric { name: "t", title: "Time", better: Better::Less, numerator: "t", denominator: None, factor: 1.0 };

fn sample(time: f64) -> Sample {
    Sample::of(serde_json::json!({ "t": time }))
}

#[test]
fn every_other_round_is_in_the_opposite_order() {
    assert_eq!([order(3, 0), order(3, 1), order(3, 2)], [vec![0, 1, 2], vec![2, 1, 0], vec![0, 1, 2]]);
}

#[test]
fn a_ratio_is_that_of_neighbours_and_not_of_averages() {
    // Twice the machine became slower, by ten and by a hundred; in every pair ours took twice as long.
    let ours = [2.0, 20.0, 200.0].map(sample).to_vec();
    let theirs = [1.0, 10.0, 100.0].map(sample).to_vec();
    let runs = Runs { samples: vec![ours, theirs], disturbed: Disturbed::default() };
    assert_eq!(runs.ratio(1, &TIME), Ok(Estimate { median: 2.0, low: 2.0, high: 2.0 }));
    assert_eq!(runs.values(1, &TIME), Ok(vec![1.0, 10.0, 100.0]));
}

#[test]
fn a_disturbed_run_is_thrown_away() {
    let mut disturbed = Disturbed::default();
    let mut attempts = [(9.0, false), (8.0, false), (1.0, true)].into_iter();
    let next = || attempts.next().map(|(time, is_calm)| (sample(time), is_calm)).ok_or_else(String::new);
    assert_eq!(calm(&mut disturbed, next, || {}), Ok(sample(1.0)));
    assert_eq!(disturbed, Disturbed { rejected: 2, kept: 0 });
}

#[test]
fn a_machine_that_is_never_calm_is_told_and_does_not_hold_up() {
    let mut disturbed = Disturbed::default();
    assert_eq!(calm(&mut disturbed, || Ok((sample(3.0), false)), || {}), Ok(sample(3.0)));
    assert_eq!(disturbed, Disturbed { rejected: REPEATS, kept: 1 });
}

#[test]
fn a_run_that_fails_ends_it() {
    let mut disturbed = Disturbed::default();
    assert_eq!(calm(&mut disturbed, || Err("refused".to_owned()), || {}), Err("refused".to_owned()));
}
