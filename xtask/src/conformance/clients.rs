//! The clients and what each needs before its script can run. A new client is one entry and one script.

use super::packages::{Setback, Shelf, compile, fetch, need};
use crate::step::cargo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A client that we did not write.
pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) language: &'static str,
    /// Makes everything ready and gives the command that runs the script.
    pub(super) prepare: fn(&Shelf) -> Result<Command, Setback>,
}

/// Every client, in the order of the matrix.
pub(super) const CLIENTS: &[Client] = &[
    Client { name: "kafka-clients-4.4", language: "Java", prepare: |shelf| java(shelf, JAVA_NEW) },
    Client { name: "kafka-clients-3.9", language: "Java", prepare: |shelf| java(shelf, JAVA_OLD) },
    Client { name: "kafka-tools", language: "command line", prepare: console },
    Client { name: "confluent-kafka", language: "Python, C", prepare: |shelf| python(shelf, "confluent") },
    Client { name: "kcat", language: "command line, C", prepare: kcat },
    Client { name: "kafka-python", language: "Python", prepare: |shelf| python(shelf, "kafka_python") },
    Client { name: "aiokafka", language: "Python", prepare: |shelf| python(shelf, "aio") },
    Client { name: "kafkajs", language: "JavaScript", prepare: |shelf| node(shelf, "kafkajs") },
    Client {
        name: "platformatic-kafka",
        language: "JavaScript",
        prepare: |shelf| node(shelf, "platformatic"),
    },
    Client { name: "franz-go", language: "Go", prepare: |shelf| go(shelf, "franz") },
    Client { name: "sarama", language: "Go", prepare: |shelf| go(shelf, "sarama") },
    Client { name: "rdkafka", language: "Rust, C", prepare: rdkafka },
];

/// The newest version of the Java client, and the last before 4.0.
pub(crate) const JAVA_NEW: &str = "4.4.0";
const JAVA_OLD: &str = "3.9.2";

/// Options that make short runs of the Java machine quick and small.
pub(crate) const JVM: [&str; 4] = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xmx256m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

fn java(shelf: &Shelf, version: &str) -> Result<Command, Setback> {
    let (jars, classes) = java_program(shelf, "java", version)?;
    let mut command = Command::new("java");
    command.args(JVM).arg("-cp").arg(class_path(&classes, &jars)).arg("Scenarios");
    Ok(command)
}

/// The jars that the folder's `pom.xml` names, and the classes of the folder's own sources; with those of `loop` that
/// they use.
pub(crate) fn java_program(
    shelf: &Shelf,
    folder: &str,
    version: &str,
) -> Result<(PathBuf, PathBuf), Setback> {
    need("javac", &["-version"])?;
    let jars = java_jars(shelf, folder, version)?;
    let classes = shelf.folder(&format!("{folder}-{version}-classes"));
    let mut compiler = Command::new("javac");
    compiler.arg("-nowarn").arg("-d").arg(&classes).arg("-cp").arg(jars.join("*"));
    compiler.arg("-sourcepath").arg(shelf.script("loop"));
    compile(compiler.args(sources(&shelf.script(folder), "java")?))?;
    Ok((jars, classes))
}

/// The folder of the jars that `pom.xml` of the folder names.
pub(crate) fn java_jars(shelf: &Shelf, folder: &str, version: &str) -> Result<PathBuf, Setback> {
    need("java", &["-version"])?;
    need("mvn", &["--version"])?;
    let pom = shelf.script(folder).join("pom.xml");
    let name = format!("{folder}-{version}");
    shelf.made(&name, std::slice::from_ref(&pom), |made| {
        let mut maven = Command::new("mvn");
        maven.args(["--quiet", "--batch-mode", "--file"]).arg(&pom);
        maven.arg(format!("-Dclient.version={version}"));
        maven.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies");
        fetch(maven.arg(format!("-DoutputDirectory={}", made.display())))
    })
}

pub(crate) fn class_path(classes: &Path, jars: &Path) -> String {
    format!("{}:{}/*", classes.display(), jars.display())
}

fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Setback> {
    let unreadable = |error| Setback::Failed(format!("{}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect())
}

/// Kafka's own tools: a script in Python hands command lines to them.
fn console(shelf: &Shelf) -> Result<Command, Setback> {
    need("python3", &["--version"])?;
    let (jars, classes) = java_program(shelf, "console", "4.3.1")?;
    let mut command = Command::new("python3");
    command.arg(shelf.script("python/console.py")).env("CLASS_PATH", class_path(&classes, &jars));
    Ok(command)
}

/// Debian's kcat is linked with a librdkafka of 2023, which is why it is asked.
fn kcat(shelf: &Shelf) -> Result<Command, Setback> {
    need("python3", &["--version"])?;
    need("kcat", &["-V"])?;
    let mut command = Command::new("python3");
    command.arg(shelf.script("python/kcat.py"));
    Ok(command)
}

fn python(shelf: &Shelf, script: &str) -> Result<Command, Setback> {
    let environment = python_environment(shelf)?;
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(shelf.script("python").join(format!("{script}.py")));
    Ok(command)
}

/// The virtual environment that all Python scripts share.
pub(crate) fn python_environment(shelf: &Shelf) -> Result<PathBuf, Setback> {
    need("python3", &["--version"])?;
    let pins = shelf.script("python/requirements.txt");
    shelf.made("python", std::slice::from_ref(&pins), |made| {
        fetch(Command::new("python3").args(["-m", "venv"]).arg(made))?;
        let mut pip = Command::new(made.join("bin/pip"));
        fetch(pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&pins))
    })
}

fn node(shelf: &Shelf, script: &str) -> Result<Command, Setback> {
    need("node", &["--version"])?;
    need("npm", &["--version"])?;
    let pins = ["package.json", "package-lock.json"].map(|name| shelf.script("node").join(name));
    let folder = shelf.made("node", &pins, |made| {
        copy(&pins, made)?;
        let mut npm = Command::new("npm");
        fetch(npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).current_dir(made))
    })?;
    // Node looks for packages beside the script, so the script goes where the packages are.
    copy(&sources(&shelf.script("node"), "js")?, &folder)?;
    let mut command = Command::new("node");
    command.arg(format!("{script}.js")).current_dir(folder);
    Ok(command)
}

fn copy(files: &[PathBuf], to: &Path) -> Result<(), Setback> {
    for file in files {
        let copied = fs::copy(file, to.join(file.file_name().unwrap_or_default()));
        copied.map_err(|error| Setback::Failed(format!("cannot copy {}: {error}", file.display())))?;
    }
    Ok(())
}

fn go(shelf: &Shelf, program: &str) -> Result<Command, Setback> {
    need("go", &["version"])?;
    let folder = shelf.script("go");
    let built = shelf.folder("go").join(program);
    fetch(Command::new("go").args(["mod", "download"]).current_dir(&folder))?;
    let mut build = Command::new("go");
    build.args(["build", "-mod=readonly", "-o"]).arg(&built).arg(format!("./{program}"));
    compile(build.current_dir(&folder))?;
    Ok(Command::new(built))
}

fn rdkafka(shelf: &Shelf) -> Result<Command, Setback> {
    rust_program(shelf, "rdkafka", "conformance-rdkafka")
}

/// The program of a folder that is a workspace of its own. All share one target folder, and so one librdkafka.
pub(crate) fn rust_program(shelf: &Shelf, folder: &str, name: &str) -> Result<Command, Setback> {
    need("cc", &["--version"])?;
    need("make", &["--version"])?;
    let manifest = shelf.script(folder).join("Cargo.toml");
    let target = shelf.folder("rdkafka");
    let with = |verb: &str, flags: &[&str]| {
        let mut command = cargo(&[verb, "--quiet", "--locked", "--manifest-path"]);
        command.arg(&manifest).args(flags);
        command
    };
    fetch(&mut with("fetch", &[]))?;
    compile(with("build", &["--offline", "--target-dir"]).arg(&target))?;
    Ok(Command::new(target.join("debug").join(name)))
}
