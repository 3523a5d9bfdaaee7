//! What an operator can set about the members of share groups, for all or for one. A request brings what is in force, so
//! that a change holds from the next request on.

/// The settings of one share group. The default is Kafka's. The names of the config keys stand with each field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `group.share.session.timeout.ms`, `share.session.timeout.ms`: how long a member may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// `group.share.heartbeat.interval.ms`, `share.heartbeat.interval.ms`: how often members are told to ask, in
    /// milliseconds.
    pub heartbeat_interval_ms: i32,
    /// `group.share.assignment.interval.ms`, `share.assignment.interval.ms`: the shortest time between two target
    /// assignments, in milliseconds, so that members who come and go together cost one (KIP-1263).
    pub assignment_interval_ms: i32,
    /// `group.share.max.size`: most members of one group.
    pub size_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            size_max: 200,
        }
    }
}
