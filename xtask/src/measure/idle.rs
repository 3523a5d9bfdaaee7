//! What a connection that says nothing and a partition that nobody uses hold in memory.
//!
//! Both are differences of the broker's anonymous memory, divided by how many were added. The requests are put
//! together by hand, in versions that need no codec.

use super::process::Broker;
use super::report;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: u32 = 5_000;
/// Two topics, for it is more than one request may create.
const PARTITIONS: u32 = 10_000;
/// Brokers per measurement.
const RUNS: usize = 5;
/// How long the broker is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Measures, and gives the section of the document.
pub(super) fn measure(program: &Path) -> Result<String, String> {
    let connections = (0..RUNS).map(|_| connections(program)).collect::<Result<Vec<_>, _>>()?;
    let partitions = (0..RUNS).map(|_| partitions(program)).collect::<Result<Vec<_>, _>>()?;
    let rows = [
        report::row("idle connection (KiB)", connections.into_iter()),
        report::row("idle partition (KiB)", partitions.into_iter()),
    ];
    let what = format!(
        "{RUNS} brokers each, with {CONNECTIONS} connections that have asked once, and with two topics \
         of {} partitions",
        PARTITIONS / 2
    );
    Ok(report::table("cargo xtask measure idle", &what, &rows))
}

/// KiB for each connection that has asked for the versions once.
fn connections(program: &Path) -> Result<f64, String> {
    let broker = Broker::start(program)?;
    let open = || ask(&broker.address, 18, 0, &[]);
    let first = open()?;
    let before = settled(&broker)?;
    let streams = (0..CONNECTIONS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    let after = settled(&broker)?;
    drop((first, streams));
    Ok(each(before, after, CONNECTIONS))
}

/// KiB for each partition of new topics.
fn partitions(program: &Path) -> Result<f64, String> {
    let broker = Broker::start(program)?;
    create(&broker, "first", 1)?;
    let before = settled(&broker)?;
    create(&broker, "second", PARTITIONS / 2)?;
    create(&broker, "third", PARTITIONS / 2)?;
    let after = settled(&broker)?;
    Ok(each(before, after, PARTITIONS))
}

/// CreateTopics, version 2. The answer ends with the error code 0 and no message.
fn create(broker: &Broker, topic: &str, partitions: u32) -> Result<(), String> {
    let length = u16::try_from(topic.len()).expect("the names above are short");
    let body: &[&[u8]] = &[
        &1_u32.to_be_bytes(),
        &length.to_be_bytes(),
        topic.as_bytes(),
        &partitions.to_be_bytes(),
        &1_u16.to_be_bytes(),
        &[0; 8], // no assignments, no settings
        &60_000_u32.to_be_bytes(),
        &[0], // do it, not only check it
    ];
    let (_, answer) = ask(&broker.address, 19, 2, &body.concat())?;
    match answer.ends_with(&[0, 0, 0xff, 0xff]) {
        true => Ok(()),
        false => Err(format!("topic {topic} was not created: {}", String::from_utf8_lossy(&answer))),
    }
}

/// Sends one request on a connection of its own, and gives that with the answer.
fn ask(address: &str, key: u16, version: u16, body: &[u8]) -> Result<(TcpStream, Vec<u8>), String> {
    let header = [key.to_be_bytes(), version.to_be_bytes(), [0, 0], [0, 0], [0xff, 0xff]].concat();
    let request = [header.as_slice(), body].concat();
    let length = u32::try_from(request.len()).expect("the requests above are short");
    let exchange = || -> std::io::Result<(TcpStream, Vec<u8>)> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&[&length.to_be_bytes(), request.as_slice()].concat())?;
        let (mut length, mut answer) = ([0; 4], Vec::new());
        stream.read_exact(&mut length)?;
        (&stream).take(u64::from(u32::from_be_bytes(length))).read_to_end(&mut answer)?;
        Ok((stream, answer))
    };
    exchange().map_err(|error| format!("asking the broker (key {key}): {error}"))
}

/// Anonymous memory in KiB, after the broker was left alone for a while.
#[expect(clippy::disallowed_methods, reason = "memory is measured when nothing moves any more")]
fn settled(broker: &Broker) -> Result<u64, String> {
    std::thread::sleep(SETTLE);
    broker.memory().map(|memory| memory.anonymous_kib)
}

fn each(before_kib: u64, after_kib: u64, count: u32) -> f64 {
    report::kibibytes(after_kib.saturating_sub(before_kib)) / f64::from(count)
}
