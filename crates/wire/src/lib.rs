//! Bytes to Kafka messages and back (generated, one file per message), and record batches v2.

pub mod record;
