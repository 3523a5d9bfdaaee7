//! Keys of Apache Kafka that Ottla knows and has no use for, so that a Kafka `server.properties` starts without
//! being called full of mistakes.

/// Why Ottla has no use for Kafka's key `name`; `None` if Kafka has no such key either, as far as we know.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    FAMILIES
        .iter()
        .find(|(prefixes, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .map(|(_, reason)| *reason)
}

const FAMILIES: &[(&[&str], &str)] = &[
    (
        &[
            "ssl.",
            "sasl.",
            "security.",
            "connection.failed.authentication.",
            "connections.max.reauth.ms",
            "delegation.token.",
            "principal.builder.class",
            "authorizer.class.name",
            "super.users",
            "allow.everyone.if.no.acl.found",
        ],
        "Ottla does not encrypt, authenticate or authorise yet: whoever reaches a listener may do everything",
    ),
    (
        &[
            "controller.",
            "process.roles",
            "metadata.log.",
            "metadata.max.",
            "initial.broker.registration.",
            "broker.heartbeat.",
            "broker.session.",
            "inter.broker.",
            "early.start.listeners",
            "zookeeper.",
            "unstable.",
            "request.timeout.ms",
            "socket.connection.setup.",
        ],
        "one broker alone needs no controllers",
    ),
    (
        &[
            "replica.",
            "replication.quota.",
            "num.replica.",
            "leader.",
            "follower.",
            "auto.leader.rebalance.enable",
            "controlled.shutdown.",
            "alter.log.dirs.",
            "cordoned.log.dirs",
            "log.dir.failure.",
        ],
        "one broker alone has no other replicas",
    ),
    (&["remote."], "Ottla has no tiered storage yet"),
    (&["share.coordinator."], "Ottla keeps the state of share groups in its own journal, not in a topic"),
    (&["transaction.state.log."], "Ottla keeps transactions in its own journal, not in a topic"),
    (&["add.partitions.to.txn."], "a transaction and its partitions are in one process"),
    (
        &["metric.", "metrics.", "kafka.metrics.", "telemetry.", "auto.include.jmx.reporter"],
        "it is about Java metrics",
    ),
    (
        &["quota.", "client.quota.", "max.connection.creation.rate", "max.connections.per.ip.overrides"],
        "Ottla has no quotas yet",
    ),
    (
        &["alter.config.policy.", "create.topic.policy.", "config.providers", "group.streams.topology."],
        "Ottla cannot load Java classes",
    ),
    (
        &[
            "background.threads",
            "num.recovery.threads.per.data.dir",
            "fetch.purgatory.",
            "producer.purgatory.",
            "delete.records.purgatory.",
            "group.coordinator.",
            "group.consumer.assignor.offload.enable",
            "group.share.assignor.offload.enable",
            "group.share.dlq.manager.class.name",
            "group.share.initialize.retry.interval.ms",
            "group.share.persister.class.name",
            "group.streams.assignor.offload.enable",
            "share.fetch.purgatory.",
            "offsets.load.buffer.size",
            "offsets.topic.compression.codec",
            "log.flush.start.offset.checkpoint.",
            "log.message.format.version",
            "log.message.downconversion.enable",
        ],
        "Ottla works differently inside",
    ),
    (&["listener.name."], "Ottla has no settings per listener yet"),
];
