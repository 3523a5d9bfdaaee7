use super::*;

fn counts(figures: &[(&str, u64)]) -> Counts {
    figures.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_page_is_read_as_it_was_written() {
    let counts = counts(&[("decode a request", 1_000), ("find an offset", 7)]);
    let page = page(&counts, "rustc 1.0.0");
    assert_eq!(Baseline::parse(&page), Ok(Baseline { compiler: "rustc 1.0.0".to_owned(), counts }));
}

#[test]
fn a_figure_may_grow_by_the_tolerance_and_no_further() {
    let before = counts(&[("a", 1_000)]);
    assert!(compare(&before, &counts(&[("a", 1_030)])).is_empty());
    assert_eq!(compare(&before, &counts(&[("a", 1_031)])).len(), 1);
    assert!(compare(&before, &counts(&[("a", 1)])).is_empty(), "less is no failure");
}

#[test]
fn what_is_on_one_side_only_is_a_finding() {
    let findings = compare(&counts(&[("old", 1)]), &counts(&[("new", 1)]));
    assert!(matches!(&findings[..], [new, old] if new.starts_with("new:") && old.starts_with("old:")));
}

#[test]
fn totals_are_found_in_what_callgrind_writes() {
    let dump = "version: 1\nevents: Ir\nsummary: 12\n\nfl=(1)\nfn=(1) f\n+3 12\n\ntotals: 123456\n";
    assert_eq!(total(dump), Some(123_456));
    assert_eq!(total("version: 1\n"), None);
}
