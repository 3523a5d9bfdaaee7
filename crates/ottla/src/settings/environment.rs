//! Settings in the environment: `KAFKA_LOG_RETENTION_MS` or `OTTLA_LOG_RETENTION_MS` is `log.retention.ms`.
//!
//! As in Kafka's container image `_` stands for a dot, `__` for an underscore and `___` for a dash. Variables that
//! are known to mean something else are left alone; the rest is reported by whoever knows the names.

use ottla_broker::config::{Assignment, Origin};
use std::ffi::OsString;

/// Variables with our prefixes that are no settings of the broker: the program's own, and those of Kafka's
/// scripts and images.
const NOT_SETTINGS: &[&str] = &[
    "OTTLA_BOOTSTRAP",
    "OTTLA_CONFIG",
    "OTTLA_LOG",
    "KAFKA_HEAP_OPTS",
    "KAFKA_OPTS",
    "KAFKA_JMX_OPTS",
    "KAFKA_JMX_PORT",
    "KAFKA_JMX_HOSTNAME",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_LOG4J_LOGGERS",
    "KAFKA_LOG4J_ROOT_LOGLEVEL",
    "KAFKA_HOME",
    "KAFKA_VERSION",
    "KAFKA_DEBUG",
    "KAFKA_CLUSTER_ID",
];

/// The settings in these variables, in the order of their names; Ottla's prefix beats Kafka's.
pub(super) fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<Assignment> {
    let mut found: Vec<(bool, Assignment)> = variables
        .filter_map(|(variable, value)| Some((variable.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(variable, _)| !NOT_SETTINGS.contains(&variable.as_str()))
        .filter_map(|(variable, value)| {
            let (is_ours, name) = match variable.strip_prefix("KAFKA_") {
                Some(rest) => (false, name(rest)),
                None => (true, name(variable.strip_prefix("OTTLA_")?)),
            };
            Some((is_ours, Assignment { name, value, origin: Origin::Environment(variable) }))
        })
        .collect();
    found.sort_by(|(ours_a, a), (ours_b, b)| (ours_a, &a.name).cmp(&(ours_b, &b.name)));
    found.into_iter().map(|(_, assignment)| assignment).collect()
}

fn name(rest: &str) -> String {
    let rest = rest.to_ascii_lowercase().replace("___", "-").replace("__", "\0");
    rest.replace('_', ".").replace('\0', "_")
}
