//! What an operator can set about streams groups. The names of the config keys stand with each field.

use ottla_wire::Str;

/// What is in force for one streams group: its own configs over the broker's. The default is Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `group.streams.session.timeout.ms`: how long a member may be silent.
    pub session_timeout_ms: i32,
    /// `group.streams.heartbeat.interval.ms`: how often members are told to speak up.
    pub heartbeat_interval_ms: i32,
    /// `group.streams.max.size`: most members of one group.
    pub size_max: usize,
    /// What the assignment depends on.
    pub assignment: AssignmentConfig,
    /// `group.streams.initial.rebalance.delay.ms`: how long an empty group waits for more members before the
    /// first assignment.
    pub initial_rebalance_delay_ms: i32,
    /// `group.streams.assignment.interval.ms`: shortest time between two assignments.
    pub assignment_interval_ms: i32,
    /// `group.streams.task.offset.interval.ms`: how often members tell how much state they have.
    pub task_offset_interval_ms: i32,
    /// `group.streams.acceptable.recovery.lag`: how far behind a standby may be to count as caught up.
    pub acceptable_recovery_lag: i64,
}

/// Of a streams group's config, what a new assignment follows from when it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentConfig {
    /// `group.streams.num.standby.replicas`: copies of the state of each stateful task.
    pub standby_replicas: usize,
    /// `group.streams.rack.aware.assignment.tags`: client tags that members must have.
    pub rack_aware_tags: Vec<Str>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            size_max: i32::MAX as usize,
            assignment: AssignmentConfig::default(),
            initial_rebalance_delay_ms: 3_000,
            assignment_interval_ms: 1_000,
            task_offset_interval_ms: 60_000,
            acceptable_recovery_lag: 10_000,
        }
    }
}
