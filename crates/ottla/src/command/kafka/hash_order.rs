//! The order in which a Java `HashMap` gives its entries.
//!
//! Kafka's tools print some rows in it. Sorted rows would be nicer, but whoever compares the output of two tools, or
//! takes the third line of it, gets what Kafka prints.

/// The hash of a string: 31 times the hash so far plus the next UTF-16 unit.
pub(super) fn of_text(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// The hash of a topic and the number of a partition.
pub(super) fn of_partition(topic: &str, partition: i32) -> i32 {
    31i32.wrapping_mul(31i32.wrapping_add(partition)).wrapping_add(of_text(topic))
}

/// Sorts entries that were put in, in this order, into a map made for `expected` of them.
pub(super) fn sort<T>(entries: &mut [T], expected: usize, hash: impl Fn(&T) -> i32) {
    let mut buckets = expected.max(1).next_power_of_two();
    while buckets * 3 / 4 < entries.len() {
        buckets *= 2;
    }
    let mask = u32::try_from(buckets - 1).expect("a map of that size was never made");
    entries.sort_by_key(|entry| {
        let hash = hash(entry).cast_unsigned();
        (hash ^ (hash >> 16)) & mask
    });
}

/// How many entries a map is made for if nobody says.
pub(super) const UNSAID: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(of_text(""), 0);
        assert_eq!(of_text("abc"), 96_354);
        assert_eq!(of_text("retention.ms"), -1_339_220_362);
        assert_eq!(of_partition("t", 0), 31 * 31 + 116);
    }

    #[test]
    fn entries_come_by_bucket_and_in_a_bucket_as_they_were_put_in() {
        let mut entries = ["q", "b", "a", "r"];
        // 113, 98, 97, 114: of 16 buckets 1, 2, 1, 2.
        sort(&mut entries, UNSAID, |text| of_text(text));
        assert_eq!(entries, ["q", "a", "b", "r"]);
        let mut many: Vec<i32> = (0..13).rev().chain([16]).collect();
        // The thirteenth makes it grow to 32 buckets, where 16 is no longer beside 0.
        sort(&mut many, UNSAID, |number| *number);
        assert_eq!(many, (0..13).chain([16]).collect::<Vec<_>>());
    }
}
