//! SipHash-2-4 with 128 bits of result: the fingerprint of a key during compaction.
//!
//! Two keys with one fingerprint would make compaction lose the older one's record. With 128 bits that does not happen
//! by accident: with a billion keys the odds are 1 to 10²⁰. And the hash is keyed, anew for each pass, so that nobody
//! can prepare such a pair. (MD5, which Kafka takes, has no key, and pairs of colliding keys are made at the desk.)
//! Comparing the keys themselves would need a look into the log for each.

/// The secret half of a fingerprint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secret(pub(crate) u64, pub(crate) u64);

/// 128 bits that stand for a key.
pub(crate) fn fingerprint(secret: Secret, key: &[u8]) -> [u64; 2] {
    let mut sip = Sip([
        secret.0 ^ 0x736f_6d65_7073_6575,
        secret.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        secret.0 ^ 0x6c79_6765_6e65_7261,
        secret.1 ^ 0x7465_6462_7974_6573,
    ]);
    let words = key.chunks_exact(8);
    // The last word: what is left over, and the length's low byte on top.
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    last[7] = key.len().to_le_bytes()[0];
    for word in words {
        sip.absorb(u64::from_le_bytes(word.try_into().expect("chunks of eight")));
    }
    sip.absorb(u64::from_le_bytes(last));
    sip.0[2] ^= 0xee;
    let first = sip.squeeze();
    sip.0[1] ^= 0xdd;
    [first, sip.squeeze()]
}

struct Sip([u64; 4]);

impl Sip {
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn squeeze(&mut self) -> u64 {
        for _ in 0..4 {
            self.round();
        }
        self.0.iter().fold(0, |all, part| all ^ part)
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first published vectors: the key is 00 01 … 0f, the input the first n bytes of 00 01 02 ….
    #[test]
    fn the_published_vectors_come_out() {
        let secret = Secret(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let of = |length: u8| {
            let input: Vec<u8> = (0..length).collect();
            let [first, second] = fingerprint(secret, &input);
            format!("{:016x}{:016x}", first.swap_bytes(), second.swap_bytes())
        };
        assert_eq!(of(0), "a3817f04ba25a8e66df67214c7550293");
        assert_eq!(of(1), "da87c1d86b99af44347659119b22fc45");
        assert_eq!(of(2), "8177228da4a45dc7fca38bdef60affe4");
    }
}
