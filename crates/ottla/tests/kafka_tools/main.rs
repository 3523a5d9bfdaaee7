//! `ottla kafka-topics …` and its kin print what Apache Kafka's own tools print.
//!
//! `conformance/console/recorded` has sessions: command lines, and what the tools of Apache Kafka 4.4.0 answered when
//! they were run against Ottla. Here Ottla's tools run the same lines against a fresh broker, and every line of both
//! streams and every status must be the same, but for what is new in every run (see `session.rs`).
//!
//! With the class path of Kafka's tools in `KAFKA_TOOLS` the sessions are run with those, too, which
//! `cargo xtask conformance tools` does; with `KAFKA_TOOLS_RECORD` set besides, what they print becomes the recording.
#![expect(clippy::unwrap_used, reason = "what a test relies on either holds, or the test has failed")]
#![expect(clippy::panic, reason = "what a test relies on either holds, or the test has failed")]

mod machine;
mod ours;
mod session;

use session::{Run, Session};
use std::path::PathBuf;

/// Runs every line of a session with Ottla's tools, or with Kafka's.
fn check(name: &str) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance/console/recorded").join(name);
    let recorded = std::fs::read_to_string(&path).unwrap();
    let session = Session::read(&recorded);
    if let Some(mut machine) = machine::Machine::start() {
        let of_kafka = replay(&session, &mut |broker, step| machine.run(broker, step));
        if std::env::var_os("KAFKA_TOOLS_RECORD").is_some() {
            std::fs::write(&path, of_kafka.text()).unwrap();
            return;
        }
        same(name, "the recording", &recorded, "Kafka's tools", &of_kafka.text());
    }
    let ours = replay(&session, &mut ours::run);
    same(name, "Kafka's tools", &recorded, "Ottla's tools", &ours.text());
}

fn replay(session: &Session, run: &mut dyn FnMut(&ours::Broker, &session::Step) -> Run) -> Session {
    let broker = ours::Broker::start();
    session.replay(|step| match step {
        session::Step::Start { lines, words } => broker.start_member(*lines, words),
        session::Step::Stop => broker.stop_members(),
        session::Step::File { name, line } => broker.write(name, line),
        session::Step::Command { .. } => Some(run(&broker, step)),
        session::Step::Remark(_) => None,
    })
}

/// Fails with the first line that differs; all of what was found is left in a file, to be compared as a whole.
fn same(name: &str, left: &str, expected: &str, right: &str, found: &str) {
    let lines = expected.lines().zip(found.lines()).enumerate();
    let Some(at) = (expected != found).then(|| {
        let differs = lines.clone().find(|(_, (expected, found))| expected != found);
        differs.map_or_else(|| lines.count(), |(at, _)| at)
    }) else {
        return;
    };
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&kept, found).unwrap();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    panic!(
        "{name}:{}: {left}: {}\n{right}: {}\nAll of it: {}",
        at + 1,
        line(expected),
        line(found),
        kept.display()
    );
}

#[test]
fn kafka_topics() {
    check("topics.txt");
}

#[test]
fn kafka_consumer_groups() {
    check("consumer-groups.txt");
}

#[test]
fn kafka_console_tools() {
    check("console.txt");
}

#[test]
fn kafka_configs() {
    check("configs.txt");
}

#[test]
fn kafka_get_offsets() {
    check("get-offsets.txt");
}

#[test]
fn nobody_needs_to_read_what_a_tool_says_on_standard_error() {
    let (unread, errors) = std::io::pipe().unwrap();
    drop(unread);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ottla"));
    let status = command.env_clear().args(["kafka-topics", "--nonsense"]).stderr(errors).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
