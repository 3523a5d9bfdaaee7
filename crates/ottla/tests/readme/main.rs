//! The commands of README.md, run as written: a stranger types them, so they must work, and print what README shows.
//!
//! All blocks that follow one of these lines run in order, in one folder, against one fresh broker:
//!
//! ```text
//! <!-- run -->              the commands end, and end well
//! <!-- keeps running -->    the command goes on until the end of README; the next block waits for its first line
//! <!-- prints -->           not commands: what the block before printed on standard output
//! ```
#![expect(clippy::unwrap_used, reason = "what a test relies on either holds, or the test has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// One block of README that is run.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// Where its commands begin, counted from 1.
    line: usize,
    commands: String,
    ends: Ends,
    /// What it must print, if README says so.
    prints: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    ByItself,
    WhenKilled,
}

/// A program that is killed when the test ends, however it ends, and what it prints.
struct Running(Child, BufReader<ChildStdout>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_of_readme_do_what_it_says() {
    let steps = steps(include_str!("../../../../README.md"));
    assert!(2 < steps.len(), "README has lost its commands: {steps:?}");
    let folder = tempfile::tempdir().unwrap();
    let (_broker, address) = start_broker();
    let mut running = Vec::new();
    for Step { line, commands, ends, prints } in steps {
        let printed = match ends {
            Ends::ByItself => run(&commands, folder.path(), &address),
            Ends::WhenKilled => first_line(shell(&format!("exec {commands}"), folder.path(), &address)).map(
                |(program, first)| {
                    running.push(program);
                    first
                },
            ),
        };
        let printed = printed.unwrap_or_else(|failure| panic!("README.md:{line}: {failure}\n{commands}"));
        if let Some(expected) = prints {
            assert_eq!(printed, expected, "README.md:{line} prints something else");
        }
    }
    for Running(program, _) in &mut running {
        assert_eq!(program.try_wait().unwrap(), None, "a program has ended that should go on");
    }
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = readme.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let ends = match line {
            "<!-- run -->" => Some(Ends::ByItself),
            "<!-- keeps running -->" => Some(Ends::WhenKilled),
            "<!-- prints -->" => None,
            _ => continue,
        };
        let (number, fence) = lines.next().unwrap_or_default();
        assert!(fence.starts_with("```"), "README.md:{}: a block must follow the mark", number + 1);
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let text = format!("{}\n", block.join("\n"));
        match ends {
            Some(ends) => steps.push(Step { line: number + 2, commands: text, ends, prints: None }),
            None => steps.last_mut().expect("what is printed stands behind what is run").prints = Some(text),
        }
    }
    steps
}

fn start_broker() -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
    let (broker, line) = first_line(command).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    (broker, ready["kafka"].as_str().unwrap().to_owned())
}

/// Runs commands as a person's shell would, but stops at the first that fails. Returns what they print.
fn run(commands: &str, folder: &Path, broker: &str) -> Result<String, String> {
    let output = shell(commands, folder, broker).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Starts a program that goes on. Returns it with its first line, which what comes next may rely on.
fn first_line(mut command: Command) -> Result<(Running, String), String> {
    let mut program = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let output = BufReader::new(program.stdout.take().expect("it was asked for just above"));
    let mut running = Running(program, output);
    let mut line = String::new();
    running.1.read_line(&mut line).map_err(|error| error.to_string())?;
    if line.is_empty() { Err("it ended without a word".to_owned()) } else { Ok((running, line)) }
}

fn shell(commands: &str, folder: &Path, broker: &str) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", commands]).current_dir(folder).stdin(Stdio::null());
    shell.env("PATH", path()).env("OTTLA_BOOTSTRAP", broker);
    shell
}

/// The search path with the built program in front.
fn path() -> std::ffi::OsString {
    let built = Path::new(env!("CARGO_BIN_EXE_ottla")).parent().unwrap().to_path_buf();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::iter::once(built).chain(std::env::split_paths(&rest)).collect();
    std::env::join_paths(all).unwrap()
}

#[test]
fn marked_blocks_are_found_and_others_are_not() {
    let readme =
        "a\n```sh\nnot me\n```\n<!-- run -->\n```sh\none\ntwo\n```\n<!-- prints -->\n```text\n2\n```\n";
    let expected = Step {
        line: 7,
        commands: "one\ntwo\n".to_owned(),
        ends: Ends::ByItself,
        prints: Some("2\n".to_owned()),
    };
    assert_eq!(steps(readme), [expected]);
}

#[test]
fn a_command_that_fails_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run("echo a; echo b", folder.path(), ""), Ok("a\nb\n".to_owned()));
    assert!(run("false; echo late", folder.path(), "").is_err());
    assert!(run("false | cat", folder.path(), "").is_err());
}
