//! No file names the machine it was written on or a host that packages come from.
//!
//! A path of one machine breaks on every other, and packages are named by their names: which host serves
//! them is the reader's own setup. Lock files are excused from the second half: their tool writes them.

use super::Violation;
use crate::tree::Tree;

const ROOTS: &[&str] = &["work", "root", "farm", "tmp/ottla", "tmp/target"];
const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("npmjs", ".com"),
    concat!("npmjs", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("maven", ".org"),
    concat!("deb.debian", ".org"),
];

/// Finds absolute paths of a machine and host names of package registries in every file.
pub(super) fn no_machine_or_registry_is_named(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            if let Some(place) = machine_path(line) {
                let message = format!("`{place}` is a path of one machine: use a relative or temporary one");
                found.push(Violation::new(path, index + 1, message));
            }
            let hosts = HOSTS.iter().filter(|host| !path.ends_with("Cargo.lock") && line.contains(**host));
            for host in hosts {
                let message = format!("`{host}`: name the package, not the host it comes from");
                found.push(Violation::new(path, index + 1, message));
            }
        }
    }
    found
}

/// The start of an absolute path below one of [`ROOTS`] or below somebody's home.
fn machine_path(line: &str) -> Option<String> {
    line.match_indices('/').find_map(|(at, _)| {
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "_./*-}>".contains(c)) {
            return None;
        }
        let rest = &line[at + 1..];
        let root = ROOTS.iter().find(|root| rest.starts_with(*root) && is_folder(&rest[root.len()..]));
        let home =
            rest.strip_prefix("home/").filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        root.map(|root| format!("/{root}")).or(home.map(|_| "/home".to_owned()))
    })
}

fn is_folder(rest: &str) -> bool {
    rest.starts_with('/') || rest.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_found_and_relative_ones_are_not() {
        for bad in [concat!("cd /wo", "rk/main"), concat!("\"/ro", "ot/.cargo\""), concat!("/ho", "me/ann/x")]
        {
            assert_eq!(no_machine_or_registry_is_named(&Tree::of(&[("a.md", bad)])).len(), 1, "{bad}");
        }
        for good in ["docs/work/a", "./root/x", "/workers", "/var/lib/ottla", "https://a.b/root"] {
            assert_eq!(no_machine_or_registry_is_named(&Tree::of(&[("a.md", good)])), [], "{good}");
        }
    }

    #[test]
    fn registry_hosts_are_found_outside_the_lock_file() {
        for host in HOSTS {
            let tree = Tree::of(&[("a.toml", host), ("Cargo.lock", host)]);
            let found = no_machine_or_registry_is_named(&tree);
            assert_eq!(found.iter().map(|v| v.path.as_str()).collect::<Vec<_>>(), ["a.toml"]);
        }
    }
}
