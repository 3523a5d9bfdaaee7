//! The only door to real time and real chance.

use crate::Now;
use uuid::Uuid;

/// What the outside world gives to code that must stay deterministic.
///
/// There are two implementations: the running process and the simulator.
pub trait Env: Send + Sync + 'static {
    /// The wall clock and the monotonic clock, read together.
    fn now(&self) -> Now;

    /// 64 uniformly distributed bits. Not for secrets.
    fn random(&self) -> u64;

    /// Whether everything runs on one thread. Then work that would block another is done where it is asked for,
    /// so that one seed of a simulation is always the same run.
    fn is_single_threaded(&self) -> bool {
        false
    }

    /// A fresh version 4 UUID that is not one of Kafka's reserved ids (zero, one) and whose base64 form
    /// does not start with a dash (Kafka avoids those because command lines would read them as flags).
    fn random_uuid(&self) -> Uuid {
        loop {
            let bits = (u128::from(self.random()) << 64) | u128::from(self.random());
            let uuid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
            // A base64 dash stands for the six bits 111110.
            if uuid.as_bytes()[0] >> 2 != 0b11_1110 {
                return uuid;
            }
        }
    }
}
