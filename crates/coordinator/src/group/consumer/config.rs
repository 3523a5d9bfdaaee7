//! What an operator can set about consumer groups, for all or for one. A request brings what is in force, so that a
//! change holds from the next request on.

/// The settings of one consumer group. The default is Kafka's. The names of the config keys stand with each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `group.consumer.session.timeout.ms`, `consumer.session.timeout.ms`: how long a member may be silent, in
    /// milliseconds.
    pub session_timeout_ms: i32,
    /// `group.consumer.heartbeat.interval.ms`, `consumer.heartbeat.interval.ms`: how often members are told to ask,
    /// in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// `group.consumer.assignment.interval.ms`, `consumer.assignment.interval.ms`: the shortest time between two
    /// target assignments, in milliseconds, so that members who come and go together cost one (KIP-1263).
    pub assignment_interval_ms: i32,
    /// `group.consumer.max.size`: most members of one group.
    pub size_max: usize,
    /// `group.consumer.assignors`: the assignors that members may ask for; the first one serves where nobody asks.
    pub assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`: which way groups with members may move.
    pub migration: Migration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            size_max: i32::MAX as usize,
            assignors: vec![Assignor::Uniform, Assignor::Range],
            migration: Migration { upgrade: true, downgrade: true },
        }
    }
}

impl Config {
    /// The assignor of a group whose members do not ask for one.
    pub(super) fn default_assignor(&self) -> Assignor {
        self.assignors.first().copied().unwrap_or(Assignor::Uniform)
    }
}

/// Which way groups with members may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// From classic to consumer.
    pub upgrade: bool,
    /// From consumer to classic.
    pub downgrade: bool,
}

impl Migration {
    /// Whether members of both protocols may be in one group.
    pub(super) fn is_possible(self) -> bool {
        self.upgrade || self.downgrade
    }
}

/// How a target assignment is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Evenly, and with as few moves as possible.
    Uniform,
    /// Of each topic a range.
    Range,
}

impl Assignor {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Uniform, Self::Range];

    /// The name that clients and operators use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// The assignor of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }
}
