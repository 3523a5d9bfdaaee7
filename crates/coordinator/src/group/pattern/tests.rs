//! RE2's syntax, and what is remembered of patterns.

use super::*;
use crate::group::CatalogTopic;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use uuid::Uuid;

/// Names that patterns are tried on.
const NAMES: [&str; 12] = [
    "a",
    "b",
    "ab",
    "aab",
    "A",
    "a-b",
    "a.b",
    "a_b",
    "orders",
    "Orders",
    "orders-2024",
    "__consumer_offsets",
];

/// Says which of the names each pattern matches, or why it is none.
fn check(patterns: &str, expected: Expect) {
    let mut told = String::new();
    for text in patterns.split_whitespace() {
        let matched = match Pattern::parse(text) {
            Ok(pattern) => {
                let matched: Vec<_> = NAMES.into_iter().filter(|name| pattern.matches(name)).collect();
                if matched.len() == NAMES.len() { "everything".to_owned() } else { matched.join(" ") }
            }
            Err(invalid) => format!("! {invalid}"),
        };
        told.push_str(&format!("{text}: {matched}\n"));
    }
    expected.assert_eq(&told);
}

#[test]
fn the_whole_name_has_to_match() {
    check(
        r"a a*b a|ab orders.* ^orders$ (orders)(-\d+)? .* a.b a\.b (?:a|b)+",
        expect![[r#"
            a: a
            a*b: b ab aab
            a|ab: a ab
            orders.*: orders orders-2024
            ^orders$: orders
            (orders)(-\d+)?: orders orders-2024
            .*: everything
            a.b: aab a-b a.b a_b
            a\.b: a.b
            (?:a|b)+: a b ab aab
        "#]],
    );
}

#[test]
fn classes_are_those_of_re2() {
    check(
        r"[ab]+ [^a] []a] [a-b] [a-]+b [a[b]+ [a&&b]+ [[:alpha:]]+ [[:^alpha:]a]+b \pL+ \p{Lu} \PL
\p{^Lu} \p{Greek} \P{Greek} [\p{Greek}a] [^\P{Latin}] a\Wb a[\W_]b \w+ [\d\D] é|a [é-ü]",
        expect![[r#"
            [ab]+: a b ab aab
            [^a]: b A
            []a]: a
            [a-b]: a b
            [a-]+b: ab aab a-b
            [a[b]+: a b ab aab
            [a&&b]+: a b ab aab
            [[:alpha:]]+: a b ab aab A orders Orders
            [[:^alpha:]a]+b: ab aab a-b a.b a_b
            \pL+: a b ab aab A orders Orders
            \p{Lu}: A
            \PL: 
            \p{^Lu}: a b
            \p{Greek}: 
            \P{Greek}: a b A
            [\p{Greek}a]: a
            [^\P{Latin}]: a b A
            a\Wb: a-b a.b
            a[\W_]b: a-b a.b a_b
            \w+: a b ab aab A a_b orders Orders __consumer_offsets
            [\d\D]: a b A
            é|a: a
            [é-ü]: 
        "#]],
    );
}

#[test]
fn escapes_are_those_of_re2() {
    check(
        r"\x61 \x{0061} \141 \Qa.b\E \Qa a\Q*\E a\_b a\-b \<a \Aa\z \ba\b a\bb a\Bb a\b-\bb \n|a
[\x{d800}a] \x{10ffff}",
        expect![[r#"
            \x61: a
            \x{0061}: a
            \141: a
            \Qa.b\E: a.b
            \Qa: a
            a\Q*\E: 
            a\_b: a_b
            a\-b: a-b
            \<a: 
            \Aa\z: a
            \ba\b: a
            a\bb: 
            a\Bb: ab
            a\b-\bb: a-b
            \n|a: a
            [\x{d800}a]: a
            \x{10ffff}: 
        "#]],
    );
}

#[test]
fn flags_hold_to_the_end_of_their_group() {
    check(
        r"(?i)a (?i:a) (?i)ORDERS ((?i)a)b|A (?-i)a (?i)a(?-i)B|ab (?ims-U)a (?)a (?:a)
(?P<x>a)(?<y>b) (?i)[^a] (?i)[[:upper:]] (?i)\p{Lu} (?i)\P{Lu} (?i)orderſ
(?i)[\x{212a}a] a(?i)*",
        expect![[r#"
            (?i)a: a A
            (?i:a): a A
            (?i)ORDERS: orders Orders
            ((?i)a)b|A: ab A
            (?-i)a: a
            (?i)a(?-i)B|ab: ab
            (?ims-U)a: a A
            (?)a: a
            (?:a): a
            (?P<x>a)(?<y>b): ab
            (?i)[^a]: b
            (?i)[[:upper:]]: a b A
            (?i)\p{Lu}: a b A
            (?i)\P{Lu}: 
            (?i)orderſ: orders Orders
            (?i)[\x{212a}a]: a A
            a(?i)*: a
        "#]],
    );
}

#[test]
fn repetitions_are_those_of_re2() {
    check(
        r"a{1,2}b a{2}b a{2,}b a{0}b a*?b (a*)*b a{,2} a{x} a{01} ()*a ^*a (|a)b",
        expect![[r#"
            a{1,2}b: ab aab
            a{2}b: aab
            a{2,}b: aab
            a{0}b: b
            a*?b: b ab aab
            (a*)*b: b ab aab
            a{,2}: 
            a{x}: 
            a{01}: 
            ()*a: a
            ^*a: a
            (|a)b: b ab
        "#]],
    );
}

#[test]
fn what_is_no_pattern_is_refused_with_cause_and_place() {
    check(
        r"[a (a a) *a a|* (*) a** a{* a{2}{3} a{1001} a{3,2} \ \1 \8 \C \Z \h \xg1 \x{110000} \x{}
(?=a) (?!a) (?<=a) (?x)a (?-)a (?i (?P<>a) (?P<x>a)(?P<x>b) (?P=x) [b-a] [a-\d] [\b]
[[:word]:]] [[:klingon:]] \p{Klingon} \p \pX éé(",
        expect![[r#"
            [a: ! a closing ] is missing, at character 2
            (a: ! a closing ) is missing, at character 2
            a): ! this ) closes nothing; write \) for the character, at character 2
            *a: ! there is nothing to repeat; write a backslash before the character, at character 1
            a|*: ! there is nothing to repeat; write a backslash before the character, at character 3
            (*): ! there is nothing to repeat; write a backslash before the character, at character 2
            a**: ! a repetition is repeated; put it in ( ), at character 3
            a{*: ! a repetition is repeated; put it in ( ), at character 3
            a{2}{3}: ! a repetition is repeated; put it in ( ), at character 7
            a{1001}: ! a repetition goes from a smaller to a larger number, at most 1000, at character 7
            a{3,2}: ! a repetition goes from a smaller to a larger number, at most 1000, at character 6
            \: ! it ends in a backslash, at character 1
            \1: ! RE2 knows no such escape, and no references to groups, at character 2
            \8: ! RE2 knows no such escape, and no references to groups, at character 2
            \C: ! RE2 knows no such escape, and no references to groups, at character 2
            \Z: ! RE2 knows no such escape, and no references to groups, at character 2
            \h: ! RE2 knows no such escape, and no references to groups, at character 2
            \xg1: ! RE2 knows no such escape, and no references to groups, at character 4
            \x{110000}: ! RE2 knows no such escape, and no references to groups, at character 10
            \x{}: ! RE2 knows no such escape, and no references to groups, at character 4
            (?=a): ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 3
            (?!a): ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 3
            (?<=a): ! a group's name consists of letters, digits and _, and ends in >, at character 3
            (?x)a: ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 3
            (?-)a: ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 4
            (?i: ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 3
            (?P<>a): ! a group's name consists of letters, digits and _, and ends in >, at character 5
            (?P<x>a)(?P<x>b): ! two groups have this name, at character 14
            (?P=x): ! after (? come flags (i, m, s, U), a colon or a name; RE2 has no look-ahead and no look-behind, at character 3
            [b-a]: ! a range goes from a smaller to a larger character, at character 4
            [a-\d]: ! RE2 knows no such escape, and no references to groups, at character 5
            [\b]: ! RE2 knows no such escape, and no references to groups, at character 3
            [[:word]:]]: ! there is no class of characters of this name, at character 10
            [[:klingon:]]: ! there is no class of characters of this name, at character 12
            \p{Klingon}: ! there is no class of characters of this name, at character 11
            \p: ! there is no class of characters of this name, at character 2
            \pX: ! there is no class of characters of this name, at character 3
            éé(: ! a closing ) is missing, at character 3
        "#]],
    );
}

#[test]
fn a_pattern_has_limits() {
    let long = "a".repeat(TOPIC_PATTERN_TEXT_MAX + 1);
    assert_eq!(Pattern::parse(&long).err(), Some(Invalid::TooLong));
    for large in ["((a{1000}){1000}){1000}".to_owned(), "(".repeat(1_000) + &")".repeat(1_000)] {
        assert_eq!(Pattern::parse(&large).err(), Some(Invalid::TooLarge));
    }
    let names: Vec<_> = (0..500).map(|number| format!("department-{number}-incoming-orders")).collect();
    let pattern = Pattern::parse(&names[..50].join("|")).expect("a list of names is no trouble");
    assert!(pattern.matches("department-49-incoming-orders"));
    assert_eq!(Pattern::parse(&names.join("|")).err(), Some(Invalid::TooLarge));
    // A matcher that tries one way after the other would never come back.
    let pattern = Pattern::parse("(a?){200}a{200}").expect("200 is not much");
    assert!(pattern.matches(&"a".repeat(200)));
    assert!(!pattern.matches(&"a".repeat(199)));
}

fn catalog(epoch: u64, topics: &[(&str, u128)]) -> Arc<Catalog> {
    let topic = |(name, id): &(&str, u128)| {
        (Str::from(*name), CatalogTopic { id: TopicId(Uuid::from_u128(*id)), partitions: 1 })
    };
    Arc::new(Catalog::new(epoch, topics.iter().map(topic)))
}

#[test]
fn what_a_pattern_matches_is_found_anew_when_topics_change() {
    let mut patterns = Patterns::default();
    let text = Str::from("o.*");
    let mut resolve = |catalog: &Arc<Catalog>| patterns.resolve(&text, catalog).expect("it is a pattern");
    let ids = |set: &BTreeSet<TopicId>| set.iter().map(|id| id.0.as_u128()).collect::<Vec<_>>();
    let first = resolve(&catalog(1, &[("one", 1), ("two", 2)]));
    assert_eq!(ids(&first), [1]);
    // The same epoch is not looked at again, and the same result is the same set.
    assert!(Arc::ptr_eq(&first, &resolve(&catalog(1, &[]))));
    assert!(Arc::ptr_eq(&first, &resolve(&catalog(2, &[("one", 1), ("three", 3)]))));
    // Another topic of the same name has another id; new ones are matched, deleted ones go.
    assert_eq!(ids(&resolve(&catalog(3, &[("one", 4), ("only", 5), ("three", 3)]))), [4, 5]);
    assert_eq!(ids(&resolve(&catalog(4, &[("three", 3)]))), []);
}

#[test]
fn patterns_that_nobody_needs_are_forgotten() {
    let mut patterns = Patterns::default();
    let catalog = catalog(1, &[("a", 1)]);
    for text in ["a", "b"] {
        patterns.resolve(&Str::from(text), &catalog).expect("it is a pattern");
    }
    assert!(patterns.resolve(&Str::from("["), &catalog).is_err());
    patterns.retain(|text| text == "b");
    assert_eq!(patterns.0.keys().map(|text| &**text).collect::<Vec<_>>(), ["b"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever is accepted here is accepted by the library, too, unless it is too large, and these are not.
    #[test]
    fn any_text_is_a_pattern_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "a", "B", "-", ".", "_", "*", "+", "?", "{2}", "{,3}", "{1,}", "{", "}", "(", ")", "(?i)", "(?:", "(?P<n>", "|",
            "[", "]", "^", "$", "[^", "[:alpha:]", "\\d", "\\W", "\\pL", "\\P{Greek}", "\\Q", "\\E", "\\x41", "\\b", "\\",
            "é", "&&", "--", "~~", ",", "1",
        ]), 0..12),
        name in "[a-zA-Z0-9._-]{0,6}",
    ) {
        match Pattern::parse(&pieces.concat()) {
            Ok(pattern) => {
                let _ = pattern.matches(&name);
            }
            Err(invalid) => prop_assert!(matches!(invalid, Invalid::Syntax { .. }), "{:?}: {invalid}", pieces.concat()),
        }
    }

    #[test]
    fn any_characters_are_a_pattern_or_refused(text in "\\PC{0,30}") {
        let _ = Pattern::parse(&text);
    }
}
