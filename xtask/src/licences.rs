//! Every package that is linked or built carries a licence that `deny.toml` allows, and none that it bans.
//!
//! `cargo deny` checks more, and reads the same file; this half needs nothing but cargo itself.

use crate::Outcome;
use crate::step::cargo;
use crate::tree::Tree;
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// The part of `deny.toml` that this check reads.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

/// Checks the packages of `Cargo.lock` for this platform against `deny.toml`.
pub(crate) fn check() -> Outcome {
    let tree = Tree::read()?;
    let policy = tree.text("deny.toml").ok_or("deny.toml is missing")?;
    let policy: Policy = toml::from_str(policy).map_err(|error| format!("deny.toml: {error}"))?;
    let packages = locked_packages()?;
    let refused: Vec<String> = packages.iter().filter_map(|package| refusal(package, &policy)).collect();
    if refused.is_empty() {
        println!("{} packages, all under allowed licences", packages.len());
        return Ok(());
    }
    Err(refused.join("\n"))
}

fn locked_packages() -> Result<Vec<Package>, String> {
    let arguments =
        ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let output = cargo(&arguments).output().map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    Ok(metadata.packages)
}

fn refusal(package: &Package, policy: &Policy) -> Option<String> {
    let Package { name, version, license } = package;
    if policy.bans.deny.iter().any(|banned| banned.name == *name) {
        return Some(format!("{name} {version}: deny.toml bans this crate"));
    }
    match license {
        None => Some(format!("{name} {version}: names no licence")),
        Some(expression) if !is_allowed(expression, &policy.licenses.allow) => {
            Some(format!("{name} {version}: {expression} is not allowed by deny.toml"))
        }
        Some(_) => None,
    }
}

/// Whether a licence expression leaves a choice within `allowed`: one of the `OR` parts must have all its
/// `AND` parts allowed. Parentheses bind an `OR` into an `AND` and are resolved innermost first.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    const YES: &str = "yes";
    const NO: &str = "no";
    let mut rest = expression.replace('/', " OR ");
    while let Some(close) = rest.find(')') {
        let Some(open) = rest[..close].rfind('(') else { return false };
        let inner = if choice(&rest[open + 1..close], allowed) { YES } else { NO };
        rest.replace_range(open..=close, inner);
    }
    return choice(&rest, allowed);

    fn choice(flat: &str, allowed: &[String]) -> bool {
        let known = |name: &str| name == YES || allowed.iter().any(|one| one == name);
        flat.split(" OR ").any(|all| all.split(" AND ").all(|name| known(name.trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        toml::from_str(
            "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n[bans]\ndeny = [{ crate = \"bad\" }]\n",
        )
        .unwrap()
    }

    fn refused(name: &str, license: Option<&str>) -> bool {
        let license = license.map(str::to_owned);
        let package = Package { name: name.to_owned(), version: "1.0.0".to_owned(), license };
        refusal(&package, &policy()).is_some()
    }

    #[test]
    fn a_choice_needs_one_allowed_part_and_a_sum_needs_all() {
        for good in ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Apache-2.0"] {
            assert!(!refused("a", Some(good)), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "MIT)"] {
            assert!(refused("a", Some(bad)), "{bad}");
        }
    }

    #[test]
    fn a_banned_crate_and_a_silent_one_are_refused() {
        assert!(refused("bad", Some("MIT")));
        assert!(refused("a", None));
    }
}
