//! What the source of a crate may reach in the standard library and in other crates.
//!
//! Manifests keep crates apart (see [`manifests`](super::manifests)); this keeps apart what manifests
//! cannot: the standard library's files, sockets and clocks, and modules inside a crate. Tests are free.

use super::Violation;
use super::source::{code, has_word, is_test};
use crate::tree::Tree;
use std::collections::BTreeMap;

/// Crates that decide: they get their input as arguments and give their output back.
const PURE: &[&str] = &["base", "coordinator"];
const EFFECTS: &[&str] = &["std::fs", "std::net", "std::thread", "std::process", "std::os", "tokio"];
/// The files that read real clocks and real chance: the broker's environment, and the clock of what measures it.
const ENVIRONMENTS: &[&str] = &["crates/broker/src/environment.rs", "crates/bench/src/clock.rs"];
/// The lint that bans clocks, chance and sleeping by name (`clippy.toml`). It knows types and finds every
/// call; what is left to check here is that nobody silences it.
const SILENCED: &[&str] = &["clippy::disallowed_methods"];
const SURROUNDINGS: &[&str] =
    &["std::env", "env::args", "env::var", "env::vars", "env::var_os", "process::exit"];
/// What only requests and responses are made of.
const PROTOCOL: &[&str] = &["message::", "ErrorCode", "ApiKey"];

/// What changes or reads files; an open file alone may be passed around.
const FILES: &[&str] = &[
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "FileExt",
    "fs::create_dir",
    "fs::exists",
    "fs::metadata",
    "fs::read",
    "fs::read_dir",
    "fs::read_to_string",
    "fs::remove_dir_all",
    "fs::remove_file",
    "fs::rename",
    "fs::write",
    "rustix",
];
/// The system's implementation of the door.
const SYSTEM_DISK: &str = "crates/storage/src/disk/system.rs";

/// `base` and `coordinator` do no I/O, start no thread and know no runtime.
pub(super) fn pure_crates_touch_nothing(tree: &Tree) -> Vec<Violation> {
    PURE.iter()
        .flat_map(|name| {
            let reason =
                format!("`{name}` is pure: take the value as an argument, give the effect back as data");
            find(tree, &format!("crates/{name}/src/"), EFFECTS, &reason)
        })
        .collect()
}

/// `storage` knows record batches, and neither requests nor the codes that answer them.
pub(super) fn storage_sees_no_request(tree: &Tree) -> Vec<Violation> {
    find(tree, "crates/storage/src/", PROTOCOL, "storage never sees a request: translate it in the broker")
}

/// A file operation that goes past the door is one that the simulator neither sees nor lets fail.
pub(super) fn storage_has_one_door_to_files(tree: &Tree) -> Vec<Violation> {
    find(tree, "crates/storage/src/", FILES, "storage reads and changes files through `Disk` alone")
        .into_iter()
        .filter(|violation| violation.path != SYSTEM_DISK)
        .collect()
}

/// The programs: they read arguments and end with a status.
const PROGRAMS: &[&str] = &["crates/ottla/", "crates/sim/src/main.rs"];

/// Arguments, environment variables and exit codes belong to the programs; `xtask` is a developer's.
pub(super) fn only_the_program_reads_its_surroundings(tree: &Tree) -> Vec<Violation> {
    find(tree, "crates/", SURROUNDINGS, "only a program reads arguments and environment: pass the value in")
        .into_iter()
        .filter(|violation| !PROGRAMS.iter().any(|program| violation.path.starts_with(program)))
        .collect()
}

/// Real clocks are read by the environments alone; everyone else is told what time it is.
pub(super) fn clocks_are_real_in_one_place(tree: &Tree) -> Vec<Violation> {
    find(tree, "crates/", SILENCED, "only the environment may: take `Now` as an argument, or ask `Env`")
        .into_iter()
        .filter(|violation| !ENVIRONMENTS.contains(&violation.path.as_str()))
        .collect()
}

/// A crate that cannot do without `unsafe` has one file for it, so that a reader knows where to look.
pub(super) fn unsafe_stays_in_one_file(tree: &Tree) -> Vec<Violation> {
    let mut found =
        find(tree, "crates/", &["unsafe_code"], "the crate has another file for unsafe code already");
    let mut homes: BTreeMap<String, String> = BTreeMap::new();
    found.retain(|violation| {
        let name = violation.path.split('/').nth(1).unwrap_or_default().to_owned();
        *homes.entry(name).or_insert_with(|| violation.path.clone()) != violation.path
    });
    found
}

/// Every line of production code below `prefix` that holds one of `words`.
fn find(tree: &Tree, prefix: &str, words: &[&str], reason: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.under(prefix, ".rs").filter(|(path, _)| !is_test(path)) {
        for (number, line) in code(text) {
            for word in words.iter().filter(|word| has_word(line, word)) {
                found.push(Violation::new(path, number, format!("`{word}`: {reason}")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
