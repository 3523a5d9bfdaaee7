//! Transactions that have ended, but whose markers no reader may rely on yet because they are not durable.
//!
//! ```text
//!    first record        high watermark    marker
//!  -----[=====================|~~~~~~~~~~~~~~|~~
//!       ^ the last stable offset stays here until the high watermark has passed the marker
//! ```
//! Otherwise a reader of committed records would see a transaction committed, or dropped as aborted, whose
//! marker a power cut takes back.

use ottla_base::Offset;
use std::collections::BTreeMap;

/// By first offset, the offset of the marker.
#[derive(Debug, Default)]
pub(crate) struct Unstable(BTreeMap<Offset, Offset>);

impl Unstable {
    /// The transaction that began at `first` has its marker at `marker`, at or above the high watermark.
    pub(crate) fn ended(&mut self, first: Offset, marker: Offset) {
        self.0.insert(first, marker);
    }

    /// Where the oldest of them begins.
    pub(crate) fn first(&self) -> Option<Offset> {
        self.0.keys().next().copied()
    }

    /// The high watermark has moved: what has its marker below it is settled.
    pub(crate) fn settle(&mut self, high_watermark: Offset) {
        if !self.0.is_empty() {
            self.0.retain(|_, marker| high_watermark <= *marker);
        }
    }
}
