//! A UUID as 22 characters of URL-safe base64, as Kafka writes ids in files and answers.

use uuid::Uuid;

/// Writes `uuid` as 22 characters of `[A-Za-z0-9_-]`.
#[must_use]
pub fn encode(uuid: Uuid) -> String {
    // 128 bits are 21 groups of six and one of two, which is padded with zeros on its right.
    let bits = uuid.as_u128();
    let shifts = (0..21).map(|group| bits >> (122 - 6 * group)).chain([bits << 4]);
    shifts.map(|shifted| char::from(ALPHABET[(shifted & 0x3f) as usize])).collect()
}

/// Reads what [`encode`] writes.
#[must_use]
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 22 {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, letter) in text.bytes().enumerate() {
        let six = ALPHABET.iter().position(|known| *known == letter)? as u128;
        bits = if place == 21 { (bits << 2) | (six >> 4) } else { (bits << 6) | six };
    }
    Some(Uuid::from_u128(bits))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_match_known_text() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210] {
            let uuid = Uuid::from_u128(bits);
            assert_eq!(decode(&encode(uuid)), Some(uuid));
        }
        assert_eq!(encode(Uuid::nil()), "A".repeat(22));
        assert_eq!(encode(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(decode("AAAAAAAAAAAAAAAAAAAAA!"), None);
        assert_eq!(decode("short"), None);
    }
}
