use super::*;
use crate::bench::sample::Sample;
use crate::bench::scenario::Rank;
use expect_test::expect;

const TIME: Metric = Metric {
    name: "time",
    title: "Time (s)",
    better: Better::Less,
    numerator: "t",
    denominator: None,
    factor: 1.0,
};
const RATE: Metric = Metric {
    name: "rate",
    title: "Rate",
    better: Better::More,
    numerator: "r",
    denominator: None,
    factor: 1.0,
};

fn found(compared: Vec<Compared>, samples: [&[f64]; 2]) -> Found {
    let sample = |value: &f64| Sample::of(serde_json::json!({ "t": value, "r": value }));
    Found {
        point: Point { name: "1 KiB".to_owned(), rank: Rank::Core, contenders: Vec::new(), compared },
        names: vec!["ottla", "floor"],
        runs: Runs {
            samples: samples.map(|values| values.iter().map(sample).collect()).to_vec(),
            disturbed: Disturbed { rejected: 1, kept: 0 },
        },
        profile: None,
    }
}

fn lines(compared: Vec<Compared>, samples: [&[f64]; 2]) -> Vec<String> {
    let found = [found(compared, samples)];
    tables(&found).unwrap().iter().flat_map(|(_, rows)| rows).map(Row::lines).collect()
}

#[test]
fn a_row_has_both_medians_their_ratio_and_what_became_of_the_target() {
    let rows = lines(
        vec![Compared::by(&TIME).aim("floor", 1.25), Compared::by(&RATE)],
        [&[1.2, 1.3, 1.2], &[1.0, 1.0, 1.0]],
    );
    assert_eq!(
        rows,
        [
            "| 1 KiB | 3 | 1.20 | floor | 1.00 | 1.20 (1.20 to 1.30) | ≤ 1.25: held |\n",
            "| 1 KiB | 3 | 1.20 | floor | 1.00 | 1.20 (1.20 to 1.30) |  |\n",
        ]
    );
}

#[test]
fn a_target_is_missed_on_the_side_that_is_worse() {
    let verdict = |metric, target, ours| {
        let row = lines(vec![Compared::by(metric).aim("floor", target)], [&[ours], &[1.0]]).concat();
        row.rsplit(" | ").next().unwrap().trim_end_matches(" |\n").to_owned()
    };
    assert_eq!(verdict(&TIME, 1.25, 1.26), "≤ 1.25: missed");
    assert_eq!(verdict(&TIME, 1.25, 1.25), "≤ 1.25: held");
    assert_eq!(verdict(&RATE, 0.8, 0.79), "≥ 0.8: missed");
    assert_eq!(verdict(&RATE, 0.8, 0.81), "≥ 0.8: held");
    let alone = |bound| lines(vec![Compared::by(&TIME).within(bound)], [&[3.0, 2.0, 1.0], &[1.0]]).concat();
    assert!(alone(2.0).starts_with("| 1 KiB | 3 | 2.00 | | | | ≤ 2: held |\n"), "{}", alone(2.0));
    assert!(alone(1.9).starts_with("| 1 KiB | 3 | 2.00 | | | | ≤ 1.9: missed |\n"), "{}", alone(1.9));
    let both = [
        found(vec![Compared::by(&TIME).aim("floor", 1.25)], [&[1.3], &[1.0]]),
        found(vec![Compared::by(&TIME).aim("floor", 1.25)], [&[1.0], &[1.0]]),
    ];
    assert_eq!(missed(&both).unwrap().len(), 1);
}

#[test]
fn a_section_says_how_it_was_run_before_what_was_found() {
    let circumstances = Circumstances {
        scenario: "produce",
        origin: "release build".to_owned(),
        congestion: "TCP congestion control cubic for all".to_owned(),
        calibration: "25 ms".to_owned(),
        missing: vec!["kafka: there is no Java".to_owned()],
        settings: vec![("ottla", "as installed".to_owned())],
    };
    let text = text(&circumstances, &[found(vec![Compared::by(&TIME)], [&[2.0], &[1.0]])]).unwrap();
    let text = text.replace(&section::commit(), "COMMIT").replace(&section::machine(), "MACHINE");
    expect![[r#"
        `cargo xtask bench produce`, release build, at COMMIT, on MACHINE; TCP congestion control cubic for all; servers on processor 0, generators on processor 1. 2 runs in turn, 1 disturbed and repeated, 0 disturbed and taken; the calibrating loop took 25 ms.

        - *ottla*: as installed.
        - Left out: kafka: there is no Java.

        **Time (s)**

        ![Time (s)](plots/produce-time.svg)

        | | runs | Ottla | beside | | ratio (95 %) | target |
        |---|---|---|---|---|---|---|
        | 1 KiB | 1 | 2.00 | floor | 1.00 | 2.00 (2.00 to 2.00) |  |
    "#]]
    .assert_eq(&text);
}

#[test]
fn latencies_become_a_plot_of_their_own() {
    let mut found = found(vec![Compared::by(&TIME)], [&[1.0], &[1.0]]);
    assert_eq!(plots("latency", std::slice::from_ref(&found)).unwrap().len(), 1);
    found.runs.samples[0][0].result = serde_json::json!({"histogram": [[20, 7], [30, 1]]});
    let plots: Vec<String> = plots("latency", &[found]).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(plots, ["latency-time.svg", "latency-1-kib.svg"]);
}

#[test]
fn a_profile_has_a_column_for_each_point_and_its_largest_part_first() {
    let sample = |owner: &str| format!("t\n\t1 {owner}::run (/ottla)\n\n");
    let profile = |counts: &[(&str, usize)]| {
        Profile::parse(&counts.iter().map(|(owner, count)| sample(owner).repeat(*count)).collect::<String>())
    };
    let found = |counts: &[(&str, usize)]| {
        let mut found = found(vec![Compared::by(&TIME)], [&[1.0], &[1.0]]);
        found.profile = (!counts.is_empty()).then(|| profile(counts));
        found
    };
    assert_eq!(profiles(&[found(&[])]), "");
    let text =
        profiles(&[found(&[("a", 30), ("b", 168), ("c", 2)]), found(&[]), found(&[("a", 4), ("d", 996)])]);
    expect![[r"
        | | 1 KiB | 1 KiB |
        |---|---|---|
        | `d` | 0 | 100 |
        | `b` | 84 | 0 |
        | `a` | 15 | 0 |
        | `c` | 1 | 0 |
    "]]
    .assert_eq(text.split_once("\n\n| |").map(|(_, table)| format!("| |{table}")).unwrap().as_str());
}
