use super::*;

fn check(rule: fn(&Tree) -> Vec<Violation>, path: &str, line: &str) -> bool {
    let text = format!("//! Head.\n{line}\n");
    !rule(&Tree::of(&[(path, &text)])).is_empty()
}

#[test]
fn a_pure_crate_that_opens_a_file_is_found() {
    for effect in EFFECTS {
        assert!(check(
            pure_crates_touch_nothing,
            "crates/coordinator/src/a.rs",
            &format!("use {effect}::x;")
        ));
        assert!(!check(
            pure_crates_touch_nothing,
            "crates/coordinator/src/a.rs",
            &format!("// not {effect}")
        ));
        assert!(!check(pure_crates_touch_nothing, "crates/broker/src/a.rs", &format!("use {effect}::x;")));
    }
}

#[test]
fn a_request_in_storage_is_found() {
    assert!(check(storage_sees_no_request, "crates/storage/src/a.rs", "use ottla_wire::message::X;"));
    assert!(check(storage_sees_no_request, "crates/storage/src/a.rs", "fn a() -> ErrorCode {}"));
    assert!(!check(storage_sees_no_request, "crates/storage/src/a.rs", "use ottla_wire::record::X;"));
}

#[test]
fn a_second_file_with_unsafe_code_is_found() {
    let text = "//! Head.\n#![expect(unsafe_code, reason = \"a system call\")]\n";
    let tree = Tree::of(&[
        ("crates/a/src/one.rs", text),
        ("crates/a/src/two.rs", text),
        ("crates/b/src/system.rs", text),
    ]);
    let found: Vec<_> = unsafe_stays_in_one_file(&tree).into_iter().map(|violation| violation.path).collect();
    assert_eq!(found, ["crates/a/src/two.rs"]);
}

#[test]
fn surroundings_and_clocks_are_found_outside_their_room() {
    let (arguments, clock) = ("std::env::args();", "#[expect(clippy::disallowed_methods)]");
    assert!(check(only_the_program_reads_its_surroundings, "crates/broker/src/a.rs", arguments));
    assert!(!check(only_the_program_reads_its_surroundings, "crates/ottla/src/a.rs", arguments));
    assert!(!check(only_the_program_reads_its_surroundings, "crates/broker/tests/a.rs", arguments));
    assert!(check(clocks_are_real_in_one_place, "crates/broker/src/a.rs", clock));
    for path in ENVIRONMENTS {
        assert!(!check(clocks_are_real_in_one_place, path, clock), "{path}");
    }
}

#[test]
fn a_file_opened_past_the_disk_is_found() {
    for way in FILES {
        let line = format!("let x = std::{way}(path);");
        assert!(check(storage_has_one_door_to_files, "crates/storage/src/local/a.rs", &line), "{way}");
        assert!(!check(storage_has_one_door_to_files, SYSTEM_DISK, &line));
        assert!(!check(storage_has_one_door_to_files, "crates/storage/src/local/a/tests.rs", &line));
    }
    assert!(!check(storage_has_one_door_to_files, "crates/storage/src/local/a.rs", "use std::fs::File;"));
}
