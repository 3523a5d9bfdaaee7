//! An API's file opens with the API's name, its key and its versions, so that a reader who arrives from the
//! protocol knows at once where they are.

use super::Violation;
use crate::tree::Tree;

const FOLDER: &str = "crates/broker/src/api/";

/// Checks each file directly below `api/` that serves a key (it has a function `api`).
pub(super) fn say_name_key_and_versions(tree: &Tree) -> Vec<Violation> {
    tree.under(FOLDER, ".rs")
        .filter(|(path, text)| !path[FOLDER.len()..].contains('/') && text.contains("fn api() -> Api"))
        .flat_map(|(path, text)| {
            let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
            let name = camel_case(path[FOLDER.len()..].trim_end_matches(".rs"));
            let has_key = head.match_indices("key ").any(|(at, _)| head[at + 4..].starts_with(is_digit));
            let missing = [
                (!head.contains(&name)).then(|| format!("its name, {name}")),
                (!has_key).then(|| "its key, as `key 3`".to_owned()),
                (!head.contains("version")).then(|| "its versions".to_owned()),
            ];
            missing
                .into_iter()
                .flatten()
                .map(move |what| Violation::new(path, 1, format!("the head lacks {what}")))
        })
        .collect()
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// `create_topics` → `CreateTopics`, as the protocol writes it.
fn camel_case(name: &str) -> String {
    name.split('_')
        .flat_map(|part| {
            part.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_does_not_introduce_itself_is_found() {
        let serve = "pub(super) fn api() -> Api {}\n";
        let good = format!("//! ListOffsets (key 2, versions 1 to 11): where in time.\n{serve}");
        let poor = format!("//! Lists offsets.\n{serve}");
        let tree = Tree::of(&[
            ("crates/broker/src/api/list_offsets.rs", &good),
            ("crates/broker/src/api/delete_records.rs", &poor),
            ("crates/broker/src/api/shared.rs", "//! Not an API.\n"),
            ("crates/broker/src/api/fetch/session.rs", &poor),
        ]);
        let found = say_name_key_and_versions(&tree);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|violation| violation.path.ends_with("delete_records.rs")));
        assert!(found[0].message.contains("DeleteRecords"));
    }
}
