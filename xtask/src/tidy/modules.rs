//! Every file below `src` is declared by its parent module: the compiler says nothing about a file that
//! nobody declares, and such a file looks alive while it rots.

use super::Violation;
use crate::tree::Tree;

/// Finds undeclared files and modules named `mod.rs`.
pub(super) fn every_file_is_somebodys_module(tree: &Tree) -> Vec<Violation> {
    tree.under("", ".rs")
        .filter_map(|(path, _)| {
            let (before, inside) = path.split_once("/src/")?;
            let src = format!("{before}/src");
            let message = match inside.trim_end_matches(".rs").rsplit_once('/') {
                None if ["lib.rs", "main.rs"].contains(&inside) => return None,
                Some(("bin", _)) => return None,
                Some((folder, "mod")) => format!("name it {folder}.rs and keep the folder for its parts"),
                Some((folder, name)) => undeclared(tree, &[format!("{src}/{folder}.rs")], name)?,
                None => {
                    let parents = [format!("{src}/lib.rs"), format!("{src}/main.rs")];
                    undeclared(tree, &parents, inside.trim_end_matches(".rs"))?
                }
            };
            Some(Violation::new(path, 0, message))
        })
        .collect()
}

/// A message unless one of `parents` declares the module `name`.
fn undeclared(tree: &Tree, parents: &[String], name: &str) -> Option<String> {
    let declares = |text: &str| {
        text.lines().any(|line| {
            let line = line.trim().trim_end_matches([';', '{', ' ']);
            line.strip_suffix(name)
                .is_some_and(|rest| rest.trim_end().ends_with("mod") && rest.ends_with(' '))
        }) || text.contains(&format!("{name}.rs\""))
    };
    let declared = parents.iter().filter_map(|parent| tree.text(parent)).any(declares);
    (!declared).then(|| format!("no `mod {name};` in {}: declare it or delete it", parents.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_declares_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! A.\npub mod kept;\nmod inline {}\n"),
            ("crates/a/src/kept.rs", "pub(crate) mod part;\n"),
            ("crates/a/src/kept/part.rs", ""),
            ("crates/a/src/kept/lost.rs", ""),
            ("crates/a/src/ept.rs", ""),
            ("crates/a/src/old/mod.rs", ""),
            ("crates/a/tests/free.rs", ""),
        ]);
        let found: Vec<_> = every_file_is_somebodys_module(&tree).into_iter().map(|v| v.path).collect();
        assert_eq!(found, ["crates/a/src/ept.rs", "crates/a/src/kept/lost.rs", "crates/a/src/old/mod.rs"]);
    }
}
