//! Batches from one record up. Many producers with keys make small ones, whatever their settings say.

use super::writing::{FURTHER, Writing};
use super::{Point, Scenario};
use crate::bench::load::Extent;

pub(super) const SCENARIO: Scenario = Scenario { name: "batches", points };

fn points() -> Vec<Point> {
    WRITINGS.iter().map(Writing::point).collect()
}

const WRITINGS: &[Writing] = &[
    Writing {
        name: "100 B, 1 a batch",
        arguments: "--record-bytes 100 --records-per-batch 1 --connections 16 --depth 4",
        extent: Extent::Mebibytes { warm_up: 2, measured: 12 },
        ..FURTHER
    },
    Writing {
        name: "100 B, 10 a batch",
        arguments: "--record-bytes 100 --records-per-batch 10 --connections 16 --depth 4",
        extent: Extent::Mebibytes { warm_up: 16, measured: 96 },
        ..FURTHER
    },
    Writing {
        name: "100 B, 100 a batch",
        arguments: "--record-bytes 100 --records-per-batch 100 --connections 16 --depth 4",
        ..FURTHER
    },
    Writing {
        name: "100 B, 1,000 a batch",
        arguments: "--record-bytes 100 --records-per-batch 1000 --connections 16 --depth 1",
        ..FURTHER
    },
    Writing {
        name: "100 B, 9,000 a batch",
        arguments: "--record-bytes 100 --records-per-batch 9000 --connections 4 --depth 1",
        ..FURTHER
    },
];
