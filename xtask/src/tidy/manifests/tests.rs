use super::*;

fn check(rule: fn(&Tree) -> Vec<Violation>, path: &str, text: &str) -> Vec<String> {
    rule(&Tree::of(&[(path, text)])).iter().map(Violation::to_string).collect()
}

#[test]
fn an_arrow_against_the_table_is_found() {
    let text = "[dependencies]\nottla-broker.workspace = true\n";
    assert_eq!(
        check(arrows_point_one_way, "crates/storage/Cargo.toml", text),
        ["crates/storage/Cargo.toml: `storage` may not use `broker`: the arrow points the other way"]
    );
    assert!(check(arrows_point_one_way, "crates/ottla/Cargo.toml", text).is_empty());
}

#[test]
fn a_build_script_counts_and_a_test_does_not() {
    let build = "[build-dependencies]\nottla-client.workspace = true\n";
    let test = "[dev-dependencies]\nottla-client.workspace = true\n";
    assert_eq!(check(arrows_point_one_way, "crates/broker/Cargo.toml", build).len(), 1);
    assert!(check(arrows_point_one_way, "crates/broker/Cargo.toml", test).is_empty());
}

#[test]
fn a_crate_without_a_line_in_the_table_is_found() {
    assert_eq!(check(arrows_point_one_way, "crates/cellar/Cargo.toml", "[package]\n").len(), 1);
}

#[test]
fn a_runtime_in_a_pure_crate_is_found() {
    let text = "[dependencies]\ntokio.workspace = true\n";
    for name in ["base", "wire", "coordinator"] {
        let path = format!("crates/{name}/Cargo.toml");
        assert_eq!(check(foreign_crates_stay_in_their_room, &path, text).len(), 1, "{name}");
    }
    assert!(check(foreign_crates_stay_in_their_room, "crates/broker/Cargo.toml", text).is_empty());
}

#[test]
fn a_version_outside_the_workspace_table_is_found() {
    let text =
        "[dependencies]\nbytes = \"1\"\nuuid.workspace = true\n[dev-dependencies]\nx = { path = \"y\" }\n";
    assert_eq!(check(versions_stand_in_one_table, "crates/base/Cargo.toml", text).len(), 2);
}

#[test]
fn default_features_are_off_for_foreign_crates() {
    let text = "[workspace.dependencies]\n\
        ours = { path = \"crates/ours\" }\n\
        good = { version = \"1\", default-features = false }\n\
        bare = \"1\"\n\
        loud = { version = \"1\" }\n";
    let found = check(versions_stand_in_one_table, "Cargo.toml", text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("bare") && found[1].contains("loud"), "{found:?}");
}

#[test]
fn a_heavy_lock_file_is_found() {
    let lock = |packages: usize| "[[package]]\nname = \"a\"\n\n".repeat(packages);
    assert_eq!(check(few_packages_are_locked, "Cargo.lock", &lock(LOCKED_PACKAGES_MAX)).len(), 1);
    assert!(check(few_packages_are_locked, "Cargo.lock", &lock(LOCKED_PACKAGES_MAX - 1)).is_empty());
}
