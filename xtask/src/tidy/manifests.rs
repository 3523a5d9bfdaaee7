//! The arrows between crates, and where versions stand, read from the manifests.
//!
//! A crate is a crate because it must be unable to reach something. The table below is that sentence in a
//! form that can fail. A new arrow is a decision: it changes the table, in a commit that says so.

use super::Violation;
use crate::tree::Tree;
use toml::{Table, Value};

/// What one crate may use.
struct Room {
    /// The folder below `crates`, or `xtask`.
    name: &'static str,
    /// Which of Ottla's crates it may depend on.
    may_use: &'static [&'static str],
    /// Which foreign crates it must be unable to reach.
    may_not_use: &'static [&'static str],
}

/// Runtimes, sockets, files and databases.
const EFFECTS: &[&str] =
    &["tokio", "rustix", "socket2", "redb", "parking_lot", "tempfile", "clap", "tracing"];
/// What only the program itself needs.
const PROGRAM: &[&str] = &["clap", "comfy-table", "indicatif", "tracing-subscriber", "jiff"];

const ROOMS: &[Room] = &[
    Room { name: "base", may_use: &[], may_not_use: EFFECTS },
    Room { name: "wire", may_use: &["base"], may_not_use: EFFECTS },
    Room { name: "coordinator", may_use: &["base", "wire"], may_not_use: EFFECTS },
    Room { name: "storage", may_use: &["base", "wire"], may_not_use: PROGRAM },
    Room { name: "client", may_use: &["base", "wire"], may_not_use: PROGRAM },
    Room { name: "broker", may_use: &["base", "wire", "coordinator", "storage"], may_not_use: PROGRAM },
    Room {
        name: "sim",
        may_use: &["base", "wire", "storage", "coordinator", "broker", "client"],
        may_not_use: PROGRAM,
    },
    Room { name: "bench", may_use: &["base", "wire", "client"], may_not_use: &["redb"] },
    Room { name: "ottla", may_use: &["base", "wire", "storage", "broker", "client"], may_not_use: &["redb"] },
    Room { name: "xtask", may_use: &[], may_not_use: &["tokio"] },
];

/// Most packages in the lock file. Every one of them is built, read and trusted by somebody.
const LOCKED_PACKAGES_MAX: usize = 300;

/// Ottla's crates depend on each other only as [`ROOMS`] says.
pub(super) fn arrows_point_one_way(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, manifest) in manifests(tree) {
        let Some(room) = room(path) else {
            found.push(Violation::new(path, 0, "a new crate: give it a line in xtask/src/tidy/manifests.rs"));
            continue;
        };
        for name in production_dependencies(&manifest) {
            let ours = name.strip_prefix("ottla-");
            if let Some(other) = ours.filter(|other| !room.may_use.contains(other)) {
                let message =
                    format!("`{}` may not use `{other}`: the arrow points the other way", room.name);
                found.push(Violation::new(path, 0, message));
            }
        }
    }
    found
}

/// A crate that must be unable to do something does not list the crate that could.
pub(super) fn foreign_crates_stay_in_their_room(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, manifest) in manifests(tree) {
        let forbidden = room(path).map_or(&[][..], |room| room.may_not_use);
        for name in production_dependencies(&manifest).filter(|name| forbidden.contains(name)) {
            found.push(Violation::new(path, 0, format!("`{name}` does not belong in this crate")));
        }
    }
    found
}

/// Versions stand in the workspace's table, with default features off; crates say `NAME.workspace = true`.
pub(super) fn versions_stand_in_one_table(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, manifest) in manifests(tree) {
        for (name, value) in all_dependencies(&manifest) {
            if value.get("workspace") != Some(&Value::Boolean(true)) {
                let message =
                    format!("`{name}`: write `{name}.workspace = true`, the version stands in the root");
                found.push(Violation::new(path, 0, message));
            }
        }
    }
    let root = parse(tree, "Cargo.toml");
    let table =
        root.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    for (name, value) in table.into_iter().flatten() {
        let is_ours = value.get("path").is_some();
        if !is_ours && value.get("default-features") != Some(&Value::Boolean(false)) {
            let message = format!("`{name}`: turn default features off and name the ones that are used");
            found.push(Violation::new("Cargo.toml", 0, message));
        }
    }
    found
}

/// The lock file holds fewer than [`LOCKED_PACKAGES_MAX`] packages.
pub(super) fn few_packages_are_locked(tree: &Tree) -> Vec<Violation> {
    let lock = tree.text("Cargo.lock").unwrap_or_default();
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    if packages < LOCKED_PACKAGES_MAX {
        return Vec::new();
    }
    let message =
        format!("{packages} packages, fewer than {LOCKED_PACKAGES_MAX} allowed: what dragged them in?");
    vec![Violation::new("Cargo.lock", 0, message)]
}

fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, Table)> {
    let is_member = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        matches!(parts.as_slice(), ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"])
    };
    tree.under("", "Cargo.toml")
        .filter(move |(path, _)| is_member(path))
        .map(|(path, _)| (path, parse(tree, path)))
}

/// Cargo has read every manifest before this program could be built, so one that cannot be parsed can only
/// be a missing one.
fn parse(tree: &Tree, path: &str) -> Table {
    tree.text(path).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn room(path: &str) -> Option<&'static Room> {
    let folder = path.trim_end_matches("/Cargo.toml").trim_start_matches("crates/");
    ROOMS.iter().find(|room| room.name == folder)
}

/// Dependencies of the crate itself; its tests may use more.
fn production_dependencies(manifest: &Table) -> impl Iterator<Item = &str> {
    dependencies(manifest, &["dependencies", "build-dependencies"]).map(|(name, _)| name)
}

fn all_dependencies(manifest: &Table) -> impl Iterator<Item = (&str, &Value)> {
    dependencies(manifest, &["dependencies", "dev-dependencies", "build-dependencies"])
}

fn dependencies<'a>(manifest: &'a Table, sections: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let tables = sections.iter().filter_map(|section| manifest.get(*section)).filter_map(Value::as_table);
    tables.flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests;
