//! Ottla's own Kafka client, for the command line, tests and benches.
