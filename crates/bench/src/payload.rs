//! What records carry: bytes of which half are random, so that they pack about as well as real ones.

use fastrand::Rng;

/// Fills `bytes`: the first half with chance from a seed, so that two runs send the same, the rest with one letter.
pub(crate) fn fill(bytes: &mut [u8], seed: u64) {
    let (random, plain) = bytes.split_at_mut(bytes.len().div_ceil(2));
    Rng::with_seed(seed).fill(random);
    plain.fill(b'o');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_chance_and_the_same_for_the_same_seed() {
        let make = |seed| {
            let mut bytes = [0; 101];
            fill(&mut bytes, seed);
            bytes
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1)[..51], make(2)[..51]);
        assert_eq!(make(1)[51..], [b'o'; 50]);
    }
}
