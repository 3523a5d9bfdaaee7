//! Memory that frames are read into, used again and again.
//!
//! A worker has one pool for all its connections. A connection has a buffer only while bytes of a frame are on their
//! way; from then on the requests that were in it hold slices of it, and the last one that goes gives it back, from
//! whatever thread. So a worker that answers at once works with one buffer, which its caches know: pages that the
//! kernel has to make anew cost more than reading and checking what comes into them.
//!
//! Bound: at most [`IDLE_BYTES_MAX`] wait for use, the newest on top. What is in use is bounded elsewhere, by the
//! [`Budget`](crate::budget::Budget).

use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;

/// Buffers that nobody uses.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    /// By size: those of class `n` have room for [`SMALLEST`] << `n` bytes at least.
    classes: [Vec<Vec<u8>>; CLASSES],
    bytes: usize,
}

/// What the smallest buffer has room for.
pub(crate) const SMALLEST: usize = 32 * 1024;
/// The largest that is kept: 4 MiB.
const CLASSES: usize = 8;
/// Most that a pool keeps for later.
const IDLE_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Pool {
    /// An empty buffer with room for `bytes` at least.
    pub(crate) fn take(&self, bytes: usize) -> Vec<u8> {
        let class = class_for(bytes);
        if CLASSES <= class {
            return Vec::with_capacity(bytes);
        }
        let mut idle = self.0.lock();
        match idle.classes[class].pop() {
            Some(buffer) => {
                idle.bytes -= buffer.capacity();
                buffer
            }
            None => Vec::with_capacity(SMALLEST << class),
        }
    }

    /// Gives a buffer back. One that the pool has no use or no room for is freed.
    pub(crate) fn put(&self, mut buffer: Vec<u8>) {
        let bytes = buffer.capacity();
        // Rounded down: whoever takes it must find what its class promises.
        let Some(class) = (bytes / SMALLEST).checked_ilog2().map(|class| class as usize) else { return };
        if CLASSES <= class {
            return;
        }
        buffer.clear();
        let mut idle = self.0.lock();
        if idle.bytes + bytes <= IDLE_BYTES_MAX {
            idle.bytes += bytes;
            idle.classes[class].push(buffer);
        }
    }

    /// The bytes of `buffer`, which comes back when all slices of them are gone.
    pub(crate) fn share(self: &Arc<Self>, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Shared { buffer, pool: Arc::clone(self) })
    }
}

/// The smallest class that has room for `bytes`.
fn class_for(bytes: usize) -> usize {
    bytes.div_ceil(SMALLEST).next_power_of_two().ilog2() as usize
}

struct Shared {
    buffer: Vec<u8>,
    pool: Arc<Pool>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests;
