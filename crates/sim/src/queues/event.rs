//! The history of queues: what producers, members of share groups and the last readers did and saw, one JSON object a
//! line.
//!
//! Any number of files, each with the lines of some clients; the lines of one member stand in the order in which they
//! happened. What holds in every history:
//!
//! - A **value** is a number that is sent once in the whole run. 0, which nobody sends, is what a reader says of a record
//!   that is not as it was sent.
//! - A **partition** is its topic and number, `jobs-0`.
//! - **Times** `at` are nanoseconds of one monotonic clock that all clients share; `wall` and `due` are milliseconds since
//!   1970.
//! - A member tells that it exists before it connects, what it was given before it does anything with it, and what it says
//!   of a record before it says so: a member that is killed has told everything that the broker can know of it. A member
//!   that starts over takes a new name.
//! - At the end all queues were emptied, and somebody has read all topics.
//!
//! ```json
//! {"event":"group","group":"workers","topics":["jobs"],"isolation":"read_committed","deliveries_max":5,"rests_ms":[300,600],"has_delays":false,"order":"key"}
//! {"event":"sent","partition":"jobs-0","offset":4,"value":7}
//! {"event":"member","member":"m1","group":"workers","at":10}
//! {"event":"delivered","member":"m1","partition":"jobs-0","at":20,"wall":1764144000000,"records":[[4,1,7]]}
//! {"event":"said","member":"m1","partition":"jobs-0","at":30,"verdict":"accept","offsets":[4]}
//! {"event":"heard","member":"m1","partition":"jobs-0","at":40,"counts":true,"offsets":[4]}
//! {"event":"record","partition":"jobs-0","offset":4,"value":7,"key":"k","due":null,"requeued_for":null,"committed":true}
//! {"event":"letter","letter":"dlq.workers-0/0","group":"workers","partition":"jobs-0","offset":4,"value":7,"key":"k","deliveries":1,"reason":"rejected"}
//! {"event":"receipt","letter":"dlq.workers-0/0","outcome":"requeued"}
//! ```

use crate::history::Isolation;
use serde::{Deserialize, Serialize};

/// One line of a history of queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A share group and its settings, which hold for the whole run.
    Group(Group),
    /// A record was acknowledged to its producer.
    Sent {
        /// Where.
        partition: String,
        /// Where in it.
        offset: i64,
        /// What.
        value: u64,
    },
    /// A member is going to connect.
    Member {
        /// Its name in this history.
        member: String,
        /// Of which group.
        group: String,
        /// When.
        at: u64,
    },
    /// A member was given records.
    Delivered(Delivered),
    /// A member is going to say what became of records.
    Said(Said),
    /// It heard of that.
    Heard(Heard),
    /// A record as the topic has it in the end.
    Record(Record),
    /// A dead letter as its topic has it in the end.
    Letter(Letter),
    /// What became of a dead letter, as its topic has it in the end.
    Receipt {
        /// Which letter.
        letter: String,
        /// What became of it.
        outcome: Outcome,
    },
}

/// A share group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its id.
    pub group: String,
    /// What its members read, from the beginning.
    pub topics: Vec<String>,
    /// `share.isolation.level`.
    pub isolation: Isolation,
    /// `share.delivery.count.limit`.
    pub deliveries_max: u32,
    /// How long a record rests after its first delivery in vain, its second and so on; the last holds for all others.
    pub rests_ms: Vec<u64>,
    /// `queue.delay.enable`.
    pub has_delays: bool,
    /// `queue.order`.
    pub order: Order,
}

/// `queue.order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As share groups do.
    None,
    /// Records of one key one after the other.
    Key,
}

/// Records of one partition that a member was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Who.
    pub member: String,
    /// Of which partition.
    pub partition: String,
    /// When the client gave them to its caller.
    pub at: u64,
    /// The same by the wall clock.
    pub wall: i64,
    /// Offset, delivery count and value of each.
    pub records: Vec<(i64, u32, u64)>,
}

/// What a member is going to say of records of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who.
    pub member: String,
    /// Of which partition.
    pub partition: String,
    /// When, not later than it is sent.
    pub at: u64,
    /// What.
    pub verdict: Verdict,
    /// Of which records.
    pub offsets: Vec<i64>,
}

/// What a member has heard of what it said of records of one partition. Of each record it hears in the order in which it
/// spoke, and of everything but the last before it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Who.
    pub member: String,
    /// Of which partition.
    pub partition: String,
    /// When.
    pub at: u64,
    /// Whether it counts. If not, nobody knows.
    pub counts: bool,
    /// Of which records.
    pub offsets: Vec<i64>,
}

/// What a member says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is done.
    Accept,
    /// Somebody may have it once more.
    Release,
    /// Nobody may.
    Reject,
    /// The member wants more time.
    Renew,
}

/// A record as its topic has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Where.
    pub partition: String,
    /// Where in it.
    pub offset: i64,
    /// What.
    pub value: u64,
    /// Its key.
    pub key: Option<String>,
    /// Not to be delivered before, to groups with delays.
    pub due: Option<i64>,
    /// The group from whose dead letters it came back.
    pub requeued_for: Option<String>,
    /// Whether `read_committed` shows it.
    pub committed: bool,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Its place, a name for it.
    pub letter: String,
    /// Whose.
    pub group: String,
    /// Where its record is.
    pub partition: String,
    /// Where in it.
    pub offset: i64,
    /// The copy's value.
    pub value: u64,
    /// The copy's key.
    pub key: Option<String>,
    /// How often the record was delivered, says the letter.
    pub deliveries: u32,
    /// Why it was given up.
    pub reason: Reason,
}

/// Why a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A member rejected it.
    Rejected,
    /// It was delivered in vain too often.
    Exhausted,
    /// Its time was over.
    Expired,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its record went back to its topic.
    Requeued,
    /// Nobody wanted it.
    Discarded,
}
