//! Producers that send at fixed times, whatever the broker does, and count how long after the *intended* time an answer
//! came: one that is held up counts for all who had to wait behind it.

use crate::reliability::clock::{now, pause};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

/// How many, each with a connection and a partition of its own.
pub(super) const PRODUCERS: usize = 4;
/// Records a second of each.
pub(super) const RATE: u32 = 250;
/// An answer that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to send where.
pub(super) struct Load {
    pub(super) address: String,
    pub(super) topic: &'static str,
}

impl Load {
    /// Sends for so long, and gives the latency of every record, in microseconds and ascending.
    ///
    /// # Errors
    /// If one of them is not acknowledged.
    pub(super) fn run(&self, time: Duration) -> Result<Vec<u64>, String> {
        // A moment for the threads to start; the first record is sent in time, too.
        let begin = now() + Duration::from_millis(100);
        let count = usize::try_from(time.as_millis()).unwrap_or(0) * RATE as usize / 1000;
        let mut threads = Vec::new();
        for partition in 0..PRODUCERS {
            let request = request(self.topic, i32::try_from(partition).expect("few"), wall_ms());
            let stream = self.connect()?;
            // Not all at the same moment.
            let shift =
                Duration::from_micros(1_000_000 / u64::from(RATE) * partition as u64 / PRODUCERS as u64);
            let due = move |number: usize| {
                begin + shift + Duration::from_secs(1) * u32::try_from(number).expect("few") / RATE
            };
            let produce = move || produce(stream, request, count, &due);
            let thread = std::thread::Builder::new().name("producer".to_owned()).spawn(produce);
            threads.push(thread.map_err(|error| format!("a producer: {error}"))?);
        }
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a producer has panicked")??);
        }
        all.sort_unstable();
        Ok(all)
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let connected = TcpStream::connect(&self.address).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        connected.map_err(|error| format!("connecting to {}: {error}", self.address))
    }
}

/// One thread sends, the other takes the answers, which come in order.
fn produce(
    mut stream: TcpStream,
    request: Vec<u8>,
    count: usize,
    due: &(impl Fn(usize) -> Instant + Send + Sync),
) -> Result<Vec<u64>, String> {
    let mut answers = stream.try_clone().map_err(|error| error.to_string())?;
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || {
            for number in 0..count {
                pause(due(number).saturating_duration_since(now()));
                stream.write_all(&request)?;
            }
            Ok::<_, std::io::Error>(())
        });
        let mut latencies = Vec::with_capacity(count);
        for number in 0..count {
            let answer = frame(&mut answers).map_err(|error| format!("answer {number}: {error}"))?;
            let late = now().saturating_duration_since(due(number));
            latencies.push(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
            match code(&answer) {
                Some(0) => {}
                code => return Err(format!("record {number} was refused with code {code:?}")),
            }
        }
        let sent = sender.join().map_err(|_| "a sender has panicked")?;
        sent.map_err(|error| format!("sending: {error}"))?;
        Ok(latencies)
    })
}

fn frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap_or(0).min(1 << 20)];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The error code of the only partition: after the correlation id, one topic with its name, and one index.
fn code(answer: &[u8]) -> Option<i16> {
    let name = usize::from(u16::from_be_bytes(answer.get(8..10)?.try_into().ok()?));
    let at = 10 + name + 4 + 4;
    Some(i16::from_be_bytes(answer.get(at..at + 2)?.try_into().ok()?))
}

/// A Produce request, version 3 with acks=all, of one record of 1 KiB without a producer id; it may be sent again and again.
pub(super) fn request(topic: &str, partition: i32, timestamp_ms: i64) -> Vec<u8> {
    let batch = batch(timestamp_ms);
    let name = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend(i16::try_from(text.len()).expect("a short name").to_be_bytes());
        bytes.extend(text.as_bytes());
    };
    let mut bytes = vec![0; 4];
    bytes.extend([0, 0, 0, 3, 0, 0, 0, 0]);
    name(&mut bytes, "load");
    bytes.extend((-1_i16).to_be_bytes());
    bytes.extend((-1_i16).to_be_bytes());
    bytes.extend(30_000_i32.to_be_bytes());
    bytes.extend(1_i32.to_be_bytes());
    name(&mut bytes, topic);
    bytes.extend(1_i32.to_be_bytes());
    bytes.extend(partition.to_be_bytes());
    bytes.extend(i32::try_from(batch.len()).expect("small").to_be_bytes());
    bytes.extend(batch);
    let length = u32::try_from(bytes.len() - 4).expect("small");
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// A record batch of format 2.
fn batch(timestamp_ms: i64) -> Vec<u8> {
    const VALUE_BYTES: usize = 1024;
    let mut record = vec![0, 0, 0, 1];
    // The length of the value, zigzag: 2048 in two bytes.
    record.extend([0x80, 0x10]);
    record.extend(std::iter::repeat_n(b'v', VALUE_BYTES));
    record.push(0);
    let mut checked = Vec::new();
    checked.extend([0, 0, 0, 0, 0, 0]);
    checked.extend(timestamp_ms.to_be_bytes());
    checked.extend(timestamp_ms.to_be_bytes());
    checked.extend((-1_i64).to_be_bytes());
    checked.extend((-1_i16).to_be_bytes());
    checked.extend((-1_i32).to_be_bytes());
    checked.extend(1_i32.to_be_bytes());
    // 1031 bytes of record, zigzag: 2062 in two bytes.
    assert_eq!(record.len(), 1031, "the length below");
    checked.extend([0x8e, 0x10]);
    checked.extend(record);
    let mut batch = vec![0; 8];
    batch.extend(i32::try_from(checked.len() + 9).expect("small").to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[expect(clippy::disallowed_methods, reason = "records of a real broker have real times")]
fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}
