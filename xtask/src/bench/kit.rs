//! Programs of other people that take part in the bench: each is made once, by its own package client, and kept in the
//! cache. Nothing of them is in this repository but the versions.
//!
//! Making all of them takes an hour of a processor, so it is asked for (`cargo xtask bench --prepare`) and never done in
//! passing; what was not made is left out of a run, which then says so.

use crate::conformance::clients::java_jars;
use crate::conformance::packages::{Setback, Shelf, compile, fetch, need};
use crate::kafka::VERSION;
use crate::step::cargo;
use crate::{Outcome, tree};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One of the programs, or several that are made together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kit {
    /// Apache Kafka's server and its perf tools, from Maven Central.
    Kafka,
    /// The NATS server and the `nats` program, from Go's module proxy.
    Nats,
    /// Tansu, which is called Nisshi since version 0.7, from the registry of Rust.
    Tansu,
    /// librdkafka as the crate `rdkafka-sys` carries it, and its program `rdkafka_performance`, which only Debian's package has.
    Rdkafka,
}

/// The newest. A part of it asks for Rust 1.96 and was seen to compile with 1.95, so the asking is not heeded.
pub(super) const TANSU_VERSION: &str = "0.8.1";

const ALL: [Kit; 4] = [Kit::Kafka, Kit::Nats, Kit::Rdkafka, Kit::Tansu];

/// Makes all of them that can be made here, and says of the others why not.
///
/// # Errors
/// If one cannot be made though all it needs is here.
pub(super) fn prepare() -> Outcome {
    let shelf = Shelf::new(tree::root())?;
    for kit in ALL {
        match kit.make(&shelf) {
            Ok(folder) => println!("{}: {}", kit.name(), folder.display()),
            Err(Setback::Skipped(why)) => println!("{}: left out: {why}", kit.name()),
            Err(Setback::Failed(why)) => return Err(format!("{}: {why}", kit.name())),
        }
    }
    Ok(())
}

impl Kit {
    /// The folder with what was made.
    ///
    /// # Errors
    /// If it was not made on this machine, or from other versions: how to have it.
    pub(super) fn found(self) -> Result<PathBuf, String> {
        let shelf = Shelf::new(tree::root())?;
        let absent = || "it is not prepared on this machine (`cargo xtask bench --prepare`)".to_owned();
        shelf.found(&self.name(), &self.pins(&shelf)).ok_or_else(absent)
    }

    /// The folder's name.
    fn name(self) -> String {
        match self {
            Self::Kafka => format!("{KAFKA}-{VERSION}"),
            Self::Nats => "peer-nats".to_owned(),
            Self::Tansu => format!("peer-tansu-{TANSU_VERSION}"),
            Self::Rdkafka => "peer-rdkafka".to_owned(),
        }
    }

    /// The files that name the versions.
    fn pins(self, shelf: &Shelf) -> Vec<PathBuf> {
        match self {
            Self::Kafka => vec![shelf.script(KAFKA).join("pom.xml")],
            Self::Nats => ["go.mod", "go.sum"].map(|name| shelf.script("peers").join(name)).to_vec(),
            // The version is in the folder's name.
            Self::Tansu => Vec::new(),
            Self::Rdkafka => vec![shelf.script("rdkafka/Cargo.lock")],
        }
    }

    fn make(self, shelf: &Shelf) -> Result<PathBuf, Setback> {
        let make = match self {
            Self::Kafka => return java_jars(shelf, KAFKA, VERSION),
            Self::Nats => nats,
            Self::Tansu => tansu,
            Self::Rdkafka => rdkafka,
        };
        shelf.made(&self.name(), &self.pins(shelf), |folder| make(shelf, folder))
    }
}

/// The folder whose `pom.xml` has both the server and the tools.
const KAFKA: &str = "console";

fn nats(shelf: &Shelf, folder: &Path) -> Result<(), Setback> {
    need("go", &["version"])?;
    let module = shelf.script("peers");
    fetch(Command::new("go").args(["mod", "download"]).current_dir(&module))?;
    let mut build = Command::new("go");
    compile(build.args(["build", "-mod=readonly", "-o"]).arg(folder).arg("tool").current_dir(&module))
}

/// With the engines that need no other server: SQLite's, and memory. The compiler's cache is removed afterwards; it is
/// larger than everything else that is kept.
fn tansu(_: &Shelf, folder: &Path) -> Result<(), Setback> {
    need("cc", &["--version"])?;
    let target = folder.join("target");
    let mut install = cargo(&["install", "nisshi", "--locked", "--no-default-features", "--version"]);
    install.args([TANSU_VERSION, "--features", "dynostore,libsql", "--ignore-rust-version", "--root"]);
    fetch(install.arg(folder).arg("--target-dir").arg(&target))?;
    std::fs::remove_dir_all(&target)
        .map_err(|error| Setback::Failed(format!("{}: {error}", target.display())))
}

/// The program's source lies in the package of Debian's header files; it is compiled against the newer library, whose
/// internal headers it wants.
fn rdkafka(shelf: &Shelf, folder: &Path) -> Result<(), Setback> {
    need("cc", &["--version"])?;
    need("make", &["--version"])?;
    need("dpkg-deb", &["--version"])?;
    let sources = librdkafka(&shelf.script("rdkafka/Cargo.toml"))?;
    let library = folder.join("librdkafka");
    fetch(Command::new("cp").arg("-r").arg(sources).arg(&library))?;
    fetch(Command::new("apt-get").args(["download", "librdkafka-dev"]).current_dir(folder))?;
    let unpack = "dpkg-deb --extract librdkafka-dev_*.deb debian";
    fetch(Command::new("sh").args(["-c", unpack]).current_dir(folder))?;
    let without =
        ["--disable-ssl", "--disable-gssapi", "--disable-curl", "--disable-zstd", "--disable-lz4-ext"];
    fetch(Command::new("./configure").args(without).current_dir(&library))?;
    fetch(Command::new("make").args(["-C", "src", "librdkafka.a"]).current_dir(&library))?;
    let source = folder.join("debian/usr/share/doc/librdkafka-dev/examples/rdkafka_performance.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-Isrc", "-o"]).arg(folder.join("rdkafka_performance")).arg(source);
    compiler.args(["src/librdkafka.a", "-lm", "-lpthread", "-ldl", "-lrt", "-lz"]);
    fetch(compiler.current_dir(&library))
}

/// Where cargo keeps the library's sources, of the version that `manifest` has locked.
fn librdkafka(manifest: &Path) -> Result<PathBuf, Setback> {
    fetch(cargo(&["fetch", "--quiet", "--locked", "--manifest-path"]).arg(manifest))?;
    let mut metadata = cargo(&["metadata", "--locked", "--offline", "--format-version=1", "--manifest-path"]);
    let output =
        metadata.arg(manifest).output().map_err(|error| Setback::Failed(format!("cargo: {error}")))?;
    found_in(&output.stdout)
        .ok_or_else(|| Setback::Failed(format!("{} has no rdkafka-sys", manifest.display())))
}

fn found_in(metadata: &[u8]) -> Option<PathBuf> {
    let metadata: Value = serde_json::from_slice(metadata).ok()?;
    let package = metadata["packages"].as_array()?.iter().find(|package| package["name"] == "rdkafka-sys")?;
    Some(Path::new(package["manifest_path"].as_str()?).parent()?.join("librdkafka"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_sources_lie_beside_its_manifest() {
        let metadata =
            br#"{"packages": [{"name": "a"}, {"name": "rdkafka-sys", "manifest_path": "/r/s/Cargo.toml"}]}"#;
        assert_eq!(found_in(metadata), Some("/r/s/librdkafka".into()));
        assert_eq!(found_in(b"{}"), None);
    }

    #[test]
    fn each_kit_has_a_folder_of_its_own() {
        let names: std::collections::BTreeSet<String> = ALL.iter().map(|kit| kit.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
