//! Writing: what the broker's processor does for a GiB of records, beside a floor that does the least.

use super::writing::{CORE, FURTHER, Writing};
use super::{Point, Scenario};

pub(super) const SCENARIO: Scenario = Scenario { name: "produce", points };

fn points() -> Vec<Point> {
    WRITINGS.iter().map(Writing::point).collect()
}

const WRITINGS: &[Writing] = &[
    Writing {
        name: "1 KiB, 64 a batch",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4",
        ..CORE
    },
    Writing {
        name: "1 KiB, 900 a batch",
        arguments: "--record-bytes 1024 --records-per-batch 900 --connections 4 --depth 2",
        ..CORE
    },
    Writing {
        name: "100 B, 160 a batch",
        arguments: "--record-bytes 100 --records-per-batch 160 --connections 4 --depth 8",
        ..CORE
    },
    Writing {
        name: "10 KiB, 10 a batch",
        arguments: "--record-bytes 10240 --records-per-batch 10 --connections 4 --depth 4",
        ..FURTHER
    },
    Writing {
        name: "1 KiB, 64 a batch, lz4",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4 --codec lz4",
        ..FURTHER
    },
    Writing {
        name: "1 KiB, 64 a batch, zstd",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4 --codec zstd",
        ..FURTHER
    },
    Writing {
        name: "1 KiB, 64 a batch, snappy",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4 --codec snappy",
        ..FURTHER
    },
    Writing {
        name: "1 KiB, 64 a batch, gzip",
        arguments: "--record-bytes 1024 --records-per-batch 64 --connections 4 --depth 4 --codec gzip",
        ..FURTHER
    },
];
