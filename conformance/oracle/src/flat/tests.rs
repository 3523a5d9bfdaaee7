//! The pretty form, read back.

use super::*;

#[derive(Debug)]
#[allow(dead_code)]
struct Inner(i64);

#[derive(Debug)]
#[allow(dead_code)]
struct Named {
    of: Vec<Named>,
    name: &'static str,
}

#[test]
fn elements_with_a_name_are_told_apart_by_it() {
    let value = Named { name: "a", of: vec![Named { name: "b", of: vec![Named { name: "c", of: vec![] }] }] };
    let paths: Vec<String> = fields(&value).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["of[b].of[c].of", "of[b].of[c].name", "of[b].name", "name"]);
}

#[derive(Debug)]
#[allow(dead_code)]
struct Outer {
    text: Option<&'static str>,
    list: Vec<Outer>,
    inner: Inner,
}

#[test]
fn every_leaf_has_a_path() {
    let leaf = || Outer { text: Some("a: {"), list: Vec::new(), inner: Inner(7) };
    let value = Outer { text: None, list: vec![leaf(), leaf()], inner: Inner(-1) };
    let found = fields(&value);
    let text: Vec<String> = found.iter().map(|(path, value)| format!("{path}={value}")).collect();
    assert_eq!(
        text,
        [
            "text=None",
            "list[0].text=\"a: {\"",
            "list[0].list=[]",
            "list[0].inner=7",
            "list[1].text=\"a: {\"",
            "list[1].list=[]",
            "list[1].inner=7",
            "inner=-1",
        ]
    );
}

#[derive(Debug)]
#[allow(dead_code)]
struct Numbers {
    partitions: Vec<i32>,
}

#[test]
fn a_list_of_numbers_is_a_set() {
    assert_eq!(
        fields(&Numbers { partitions: vec![2, 0, 1] }),
        fields(&Numbers { partitions: vec![0, 1, 2] })
    );
}
