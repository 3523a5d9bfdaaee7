//! Apache Kafka, one process that is broker and controller.

use super::{Durability, Server, Subject, Topic, create_topic};
use crate::Outcome;
use crate::bench::arena::{Arena, Size};
use crate::bench::kit::Kit;
use crate::bench::load::{Extent, Load};
use crate::clock::pause;
use crate::kafka::{Node, VERSION};
use std::fs::File;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Kafka {
    pub(in crate::bench) durability: Durability,
}

/// What `bin/kafka-server-start.sh` gives the Java machine, and that its own threads stay, so that their time is not lost
/// to who adds it up.
const JVM: [&str; 10] = [
    "-server",
    "-Xms1g",
    "-Xmx1g",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:-UseDynamicNumberOfCompilerThreads",
    "-XX:-UseDynamicNumberOfGCThreads",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

/// Two threads of each kind are what two processors can use; groups do not wait for members that do not come.
const SETTINGS: [&str; 4] =
    ["node.id=1", "num.network.threads=2", "num.io.threads=2", "group.initial.rebalance.delay.ms=0"];

/// What makes it sync each batch before it acknowledges.
const EACH: &str = "log.flush.interval.messages=1";

/// A record for each partition.
const FIRST: &str = "cannon --address {address} --topic {topic} --partitions {partitions} --record-bytes 100 \
                     --records-per-batch 1";
const FIRST_BYTES: u32 = 100;
/// How often a record is tried, for half a minute in all.
const PAUSE: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 300;

/// Single records from many connections: what they need compiled is all that any load needs, each time anew.
const WARM_UP: &str = "cannon --address {address} --topic {topic} --partitions {partitions} --connections 16 --depth 4 \
                       --record-bytes 100 --records-per-batch 1 --warm-up-bytes {warm_up} --total-bytes {measured}";
/// 200,000 requests.
const WARM_UP_MEBIBYTES: u64 = 20;

impl Subject for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn settings(&self) -> String {
        let each = match self.durability {
            Durability::Os => "",
            Durability::Sync => ", `log.flush.interval.messages=1`",
        };
        format!(
            "Apache Kafka {VERSION} with the Java options of its own start script (G1, a heap of 1 GiB), \
             `num.network.threads=2`, `num.io.threads=2`{each}, warmed up by 200,000 requests: it {}",
            self.durability.meaning()
        )
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        Kit::Kafka.found().err()
    }

    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String> {
        let each = match self.durability {
            Durability::Os => None,
            Durability::Sync => Some(EACH),
        };
        let settings: Vec<&str> = SETTINGS.into_iter().chain(each).collect();
        let log = arena.log("kafka-format");
        let format = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let node = Node::new(&Kit::Kafka.found()?, &arena.data(), &settings, &JVM, format)
            .map_err(|why| format!("{why}; see {}", log.display()))?;
        let server = Server::spawn(arena, self.name(), &mut node.command())?.listening(&node.address)?;
        let ottla = &arena.programs.ottla;
        create_topic(ottla, &server.address, topic).map_err(|why| server.blame(&why))?;
        await_topic(arena, &server, topic)?;
        if arena.size == Size::Full {
            let warm = Topic { name: "warm-up", ..*topic };
            create_topic(ottla, &server.address, &warm).map_err(|why| server.blame(&why))?;
            await_topic(arena, &server, &warm)?;
            let extent = Extent::Mebibytes { warm_up: 0, measured: WARM_UP_MEBIBYTES };
            Load::new(WARM_UP, extent).run(arena, Some(&server), &warm)?;
        }
        Ok(server)
    }
}

/// Waits until every partition takes a record: a topic is said to be created before it can be written to.
fn await_topic(arena: &Arena, server: &Server, topic: &Topic) -> Outcome {
    let once = format!("{FIRST} --total-bytes {}", topic.partitions * FIRST_BYTES);
    let load = Load::new(once, Extent::Seconds { warm_up: 0, measured: 0 });
    let mut outcome = Ok(());
    for _ in 0..ATTEMPTS {
        outcome = load.run(arena, Some(server), topic).map(drop);
        if outcome.is_ok() {
            break;
        }
        pause(PAUSE);
    }
    outcome
}
