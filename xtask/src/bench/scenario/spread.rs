//! The same records spread over more partitions, and coming from more connections.

use super::writing::{FURTHER, Writing};
use super::{Point, Scenario};
use crate::bench::load::Extent;

pub(super) const SCENARIO: Scenario = Scenario { name: "spread", points };

fn points() -> Vec<Point> {
    WRITINGS.iter().map(Writing::point).collect()
}

const PARTITIONS: Writing =
    Writing { arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4", ..FURTHER };
/// Small batches, so that what is under way at the beginning and at the end is little of the whole.
const CONNECTIONS: Writing = Writing { extent: Extent::Mebibytes { warm_up: 128, measured: 768 }, ..FURTHER };

const WRITINGS: &[Writing] = &[
    Writing { name: "64 a batch, 16 partitions", ..PARTITIONS },
    Writing { name: "64 a batch, 1 partition", partitions: 1, ..PARTITIONS },
    Writing { name: "64 a batch, 100 partitions", partitions: 100, ..PARTITIONS },
    Writing { name: "64 a batch, 1,000 partitions", partitions: 1_000, ..PARTITIONS },
    Writing { name: "64 a batch, 10,000 partitions", partitions: 10_000, ..PARTITIONS },
    Writing {
        name: "8 a batch, 1 connection",
        arguments: "--record-bytes 1024 --records-per-batch 8 --connections 1 --depth 16",
        ..CONNECTIONS
    },
    Writing {
        name: "8 a batch, 16 connections",
        arguments: "--record-bytes 1024 --records-per-batch 8 --connections 16",
        ..CONNECTIONS
    },
    Writing {
        name: "8 a batch, 256 connections",
        arguments: "--record-bytes 1024 --records-per-batch 8 --connections 256",
        ..CONNECTIONS
    },
    Writing {
        name: "8 a batch, 5,000 connections",
        arguments: "--record-bytes 1024 --records-per-batch 8 --connections 5000",
        ..CONNECTIONS
    },
];
