//! The newest offset of each key in the part of a log that is to be compacted, in bounded memory.
//!
//! An open-addressed table of 24 bytes a slot: 128 bits that stand for the key ([`hash`](super::hash)), and the
//! offset. When it is full, the caller compacts up to where it got and takes the rest in another pass.

use super::hash::{self, Secret};
use ottla_base::Offset;

/// Keys and their newest offsets.
pub(crate) struct OffsetMap {
    secret: Secret,
    /// Two words of fingerprint, then the offset plus one; 0 there means an empty slot.
    slots: Vec<[u64; 3]>,
    keys: usize,
    keys_max: usize,
}

/// A new key found no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl OffsetMap {
    /// A map for `keys` keys, or for as many as fit `bytes` if those are fewer. At most the share `load` of
    /// the slots is used: fuller tables are slow.
    pub(crate) fn new(secret: Secret, keys: u64, bytes: u64, load: f64) -> Self {
        let load = load.clamp(LOAD_MIN, LOAD_MAX);
        let wanted = scaled(keys, 1.0 / load).saturating_add(1);
        let slots = wanted.min(bytes / SLOT_BYTES).max(SLOTS_MIN);
        let slots = usize::try_from(slots).unwrap_or(usize::MAX / 64);
        let keys_max = usize::try_from(scaled(slots as u64, load)).unwrap_or(usize::MAX);
        Self { secret, slots: vec![[0; 3]; slots], keys: 0, keys_max: keys_max.clamp(1, slots - 1) }
    }

    /// Notes that the record at `offset` has this key; offsets come in ascending order.
    ///
    /// # Errors
    /// [`Full`] if the key is a new one and there is no room; nothing is noted then.
    pub(crate) fn put(&mut self, key: &[u8], offset: Offset) -> Result<(), Full> {
        let print = hash::fingerprint(self.secret, key);
        let at = self.slot(print);
        if self.slots[at][2] == 0 {
            if self.keys_max <= self.keys {
                return Err(Full);
            }
            self.keys += 1;
        }
        let stored = u64::try_from(offset.0).expect("records have offsets from 0 on") + 1;
        self.slots[at] = [print[0], print[1], stored];
        Ok(())
    }

    /// The newest offset noted for the key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Offset> {
        let at = self.slot(hash::fingerprint(self.secret, key));
        let stored = i64::try_from(self.slots[at][2]).expect("it came from an i64");
        (0 < stored).then(|| Offset(stored - 1))
    }

    /// Where the key with this fingerprint is, or the empty slot where it would be.
    fn slot(&self, print: [u64; 2]) -> usize {
        let slots = self.slots.len();
        let start = (u128::from(print[0]) * slots as u128) >> 64;
        let mut at = usize::try_from(start).expect("it is less than the number of slots");
        // There is always an empty slot: `keys_max` is less than the number of slots.
        while self.slots[at][2] != 0 && self.slots[at][..2] != print {
            at = if at + 1 == slots { 0 } else { at + 1 };
        }
        at
    }
}

/// `count` times `factor`, for sizes that need not be exact.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size that need not be exact; both factors are positive, and the cast saturates"
)]
fn scaled(count: u64, factor: f64) -> u64 {
    (count as f64 * factor) as u64
}

const SLOT_BYTES: u64 = 24;
/// 24 KiB: with less, every pass would reread the log for next to nothing.
const SLOTS_MIN: u64 = 1024;
const LOAD_MIN: f64 = 0.1;
const LOAD_MAX: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn map(keys: u64, bytes: u64) -> OffsetMap {
        OffsetMap::new(Secret(1, 2), keys, bytes, 0.9)
    }

    #[test]
    fn memory_stays_within_its_bound_and_a_full_map_says_so() {
        let mut map = map(u64::MAX, 4096 * SLOT_BYTES);
        assert_eq!(map.slots.len(), 4096);
        let noted = (0..).take_while(|n: &i64| map.put(&n.to_be_bytes(), Offset(*n)).is_ok()).count();
        assert_eq!((noted, map.keys), (3686, 3686));
        // Keys that are there already still go in, and nothing that was noted is lost.
        assert_eq!(map.put(&7_i64.to_be_bytes(), Offset(9999)), Ok(()));
        assert_eq!(map.get(&7_i64.to_be_bytes()), Some(Offset(9999)));
        assert!((8..3686_i64).all(|n| map.get(&n.to_be_bytes()) == Some(Offset(n))));
        assert_eq!(map.get(&5000_i64.to_be_bytes()), None);
    }

    #[test]
    fn a_small_log_takes_little_memory() {
        assert_eq!(map(10, 1 << 30).slots.len(), 1024);
        assert_eq!(map(9_000, 1 << 30).slots.len(), 10_001);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map_of_whole_keys(keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..300)) {
            let (mut ours, mut whole) = (map(300, 1 << 20), HashMap::new());
            for (offset, key) in (0..).map(Offset).zip(&keys) {
                ours.put(key, offset).unwrap();
                whole.insert(key.clone(), offset);
            }
            prop_assert_eq!(ours.keys, whole.len());
            for key in &keys {
                prop_assert_eq!(ours.get(key), whole.get(key).copied());
            }
        }
    }
}
