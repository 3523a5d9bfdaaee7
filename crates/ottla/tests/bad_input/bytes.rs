//! Requests as bytes, and the odds and ends that a test needs to write and read them.

/// Big-endian bytes, written field by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// A request header of version 1 (`flexible` false) or 2.
    pub(crate) fn request(key: i16, version: i16, flexible: bool) -> Self {
        let header = Self::default().i16(key).i16(version).i32(CORRELATION).text("bad-input");
        if flexible { header.raw(&[0]) } else { header }
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn i8(self, value: i8) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn i16(self, value: i16) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn i32(self, value: i32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    pub(crate) fn i64(self, value: i64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// A length of two bytes and the text.
    pub(crate) fn text(self, value: &str) -> Self {
        let length = i16::try_from(value.len()).unwrap();
        self.i16(length).raw(value.as_bytes())
    }

    /// A length of four bytes and the bytes.
    pub(crate) fn sized(self, value: &[u8]) -> Self {
        self.i32(i32::try_from(value.len()).unwrap()).raw(value)
    }

    /// With the length that makes it a frame.
    pub(crate) fn framed(&self) -> Vec<u8> {
        Self::default().sized(&self.0).0
    }
}

/// The correlation id of every request in these tests: answers must repeat it.
pub(crate) const CORRELATION: i32 = 0x0071_1a00;

/// Reads what [`Bytes`] writes. Panics where the answer is too short: that is a failed test.
pub(crate) struct Answer(Vec<u8>);

impl Answer {
    /// An answer without its correlation id.
    pub(crate) fn new(body: Vec<u8>) -> Self {
        Self(body)
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let rest = self.0.split_off(N);
        std::mem::replace(&mut self.0, rest).try_into().unwrap()
    }

    pub(crate) fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take())
    }

    pub(crate) fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    pub(crate) fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }

    pub(crate) fn text(&mut self) -> String {
        let length = usize::try_from(self.i16()).unwrap();
        let rest = self.0.split_off(length);
        String::from_utf8(std::mem::replace(&mut self.0, rest)).unwrap()
    }

    pub(crate) fn sized(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.i32()).unwrap();
        let rest = self.0.split_off(length);
        std::mem::replace(&mut self.0, rest)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A record batch with one record `value`, version 2, uncompressed.
pub(crate) fn batch(value: &[u8]) -> Vec<u8> {
    let size = i8::try_from(value.len()).unwrap();
    // Lengths inside a record are zigzag: twice the number where it is positive; 1 stands for -1, no key.
    let record = Bytes::default().i8(0).i8(0).i8(0).i8(1).i8(size * 2).raw(value).i8(0);
    let record = Bytes::default().i8(i8::try_from(record.0.len()).unwrap() * 2).raw(&record.0);
    let checked = Bytes::default()
        .i16(0) // attributes
        .i32(0) // last offset delta
        .i64(1_700_000_000_000)
        .i64(1_700_000_000_000)
        .i64(-1)
        .i16(-1)
        .i32(-1) // no producer id, epoch or sequence
        .i32(1)
        .raw(&record.0);
    let head = Bytes::default().i32(-1).i8(2).raw(&crc32c(&checked.0).to_be_bytes());
    let after_length = head.raw(&checked.0);
    Bytes::default().i64(0).sized(&after_length.0).0
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Numbers that look random and are the same in every run (xorshift).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[3]).collect()
    }
}

#[test]
fn the_checksum_is_the_published_one() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}
