//! Apache Kafka's own tools, in the Java machine of `conformance/console/Tools.java`.

use super::ours::Broker;
use super::session::{Run, Step};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The machine.
pub(crate) struct Machine {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Machine {
    /// Starts one, if there is a class path of Kafka's tools.
    pub(crate) fn start() -> Option<Self> {
        let class_path = std::env::var("KAFKA_TOOLS").ok()?;
        let mut command = Command::new("java");
        command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-Duser.timezone=UTC"]);
        command.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", &class_path, "Tools"]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Some(Self { process, requests, answers })
    }

    /// Runs a command with Kafka's tool of that name.
    pub(crate) fn run(&mut self, broker: &Broker, step: &Step) -> Run {
        let (tool, words) = step.words(broker.address(), broker.files());
        let class = match tool.as_str() {
            "kafka-topics" => "TopicCommand",
            "kafka-consumer-groups" => "consumer.group.ConsumerGroupCommand",
            "kafka-console-consumer" => "consumer.ConsoleConsumer",
            "kafka-console-producer" => "ConsoleProducer",
            "kafka-configs" => "ConfigCommand",
            "kafka-get-offsets" => "GetOffsetShell",
            _ => panic!("there is no tool {tool}"),
        };
        let class = format!("org.apache.kafka.tools.{class}");
        let asked: Vec<String> = [class.as_str(), step.input()]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .map(|word| encode(word.as_bytes()))
            .collect();
        writeln!(self.requests, "{}", asked.join(" ")).unwrap();
        self.requests.flush().unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let fields: Vec<&str> = answer.trim_end_matches('\n').split(' ').collect();
        let [status, output, errors] = fields[..] else { panic!("{answer:?} is no answer") };
        // The tool takes the machine's way to make it leave for a failure of its own.
        let output =
            decode(output).replace("\nError: Executing consumer group command failed due to null\n", "");
        Run { output, errors: decode(errors), status: status.parse().unwrap() }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            match place <= chunk.len() {
                true => text.push(LETTERS[(bits >> (18 - 6 * place) & 63) as usize].into()),
                false => text.push('='),
            }
        }
    }
    text
}

fn decode(text: &str) -> String {
    let value = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    let mut bytes = Vec::new();
    for chunk in letters.chunks(4) {
        let bits = (0..4).fold(0u32, |bits, at| bits << 6 | chunk.get(at).map_or(0, |letter| value(*letter)));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    String::from_utf8(bytes).unwrap()
}
