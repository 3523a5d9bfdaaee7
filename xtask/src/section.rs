//! Generated sections of documents: what a run found stands between two comment lines, and is replaced as a whole
//! by the next run of the same command. Nothing between them is written by hand.

use crate::{Outcome, tree};
use std::process::Command;

/// Replaces the section `name` of a document below the root by `text`, and prints it.
///
/// The section stands between the lines `<!-- measured: NAME -->` and `<!-- end -->`.
///
/// # Errors
/// If the document has no such section or cannot be written.
pub(crate) fn write(document: &str, name: &str, text: &str) -> Outcome {
    let path = tree::root().join(document);
    let old = std::fs::read_to_string(&path).map_err(|error| format!("{document}: {error}"))?;
    let replaced = replace(&old, name, text).map_err(|error| format!("{document}: {error}"))?;
    std::fs::write(&path, replaced).map_err(|error| format!("{document}: {error}"))?;
    println!("{text}\nwritten to {document}");
    Ok(())
}

/// The commit that was run, short, with a mark if the tree had changes.
pub(crate) fn commit() -> String {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(tree::root()).output();
    let name =
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "an unknown commit".to_owned() } else { format!("commit {name}") }
}

/// Processor, cores and kernel.
pub(crate) fn machine() -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("an unnamed processor", |(_, name)| name.trim());
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

fn replace(document: &str, name: &str, text: &str) -> Result<String, String> {
    let (open, close) = (format!("<!-- measured: {name} -->\n"), "<!-- end -->");
    let (before, rest) = document.split_once(&open).ok_or(format!("no line {open:?}"))?;
    let (_, after) = rest.split_once(close).ok_or(format!("section {name} has no end"))?;
    Ok(format!("{before}{open}{text}{close}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_section_is_replaced() {
        let document =
            "a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n";
        let expected =
            "a\n<!-- measured: x -->\nnew\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n";
        assert_eq!(replace(document, "x", "new\n").as_deref(), Ok(expected));
        assert!(replace(document, "z", "new\n").is_err());
    }
}
