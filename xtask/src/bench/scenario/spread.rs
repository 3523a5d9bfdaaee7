//! The same records spread over more partitions, and coming from more connections.

use super::writing::{FURTHER, Writing};
use super::{Point, Scenario};

pub(super) const SCENARIO: Scenario = Scenario { name: "spread", points };

fn points() -> Vec<Point> {
    WRITINGS.iter().map(Writing::point).collect()
}

const PARTITIONS: Writing =
    Writing { arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4", ..FURTHER };

const WRITINGS: &[Writing] = &[
    Writing { name: "16 partitions, 4 connections", ..PARTITIONS },
    Writing { name: "1 partition, 4 connections", partitions: 1, ..PARTITIONS },
    Writing { name: "100 partitions, 4 connections", partitions: 100, ..PARTITIONS },
    Writing { name: "1,000 partitions, 4 connections", partitions: 1_000, ..PARTITIONS },
    Writing { name: "10,000 partitions, 4 connections", partitions: 10_000, ..PARTITIONS },
    Writing {
        name: "16 partitions, 1 connection",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 1 --depth 4",
        ..FURTHER
    },
    Writing {
        name: "16 partitions, 16 connections",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 16 --depth 1",
        ..FURTHER
    },
    Writing {
        name: "16 partitions, 256 connections",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 256 --depth 1",
        ..FURTHER
    },
    Writing {
        name: "16 partitions, 5,000 connections",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 5000 --depth 1",
        ..FURTHER
    },
];
