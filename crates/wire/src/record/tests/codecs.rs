use super::*;
use std::io::Write;

const LIMIT: usize = 1 << 20;

fn unpack(codec: Compression, block: &[u8]) -> Result<Vec<u8>, BatchError> {
    codec.decompress(block, LIMIT)
}

proptest! {
    #[test]
    fn every_codec_gives_back_what_it_took(codec in codec(), block in prop::collection::vec(any::<u8>(), 0..100_000)) {
        prop_assert_eq!(unpack(codec, &codec.compress(&block)).unwrap(), block);
    }

    #[test]
    fn every_codec_gives_back_repetitive_blocks(codec in codec(), byte: u8, length in 0usize..LIMIT) {
        let block = vec![byte; length];
        let packed = codec.compress(&block);
        prop_assert!(codec == Compression::None || packed.len() < 200 + length / 2);
        prop_assert_eq!(unpack(codec, &packed).unwrap(), block);
    }

    #[test]
    fn random_bytes_never_panic(codec in codec(), block in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = unpack(codec, &block);
    }

    #[test]
    fn a_cut_block_is_damaged(codec in codec(), cut in 1usize..100) {
        prop_assume!(codec != Compression::None);
        let packed = codec.compress(&(0..5000u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
        // A gzip or lz4 trailer of up to eight bytes may be cut without loss of data; it must be noticed all the same.
        let result = unpack(codec, &packed[..packed.len() - cut]);
        prop_assert!(matches!(result, Err(BatchError::Damaged { .. })), "{codec:?} {cut}: {:?}", result.map(|v| v.len()));
    }
}

#[test]
fn bombs_are_refused_at_the_limit() {
    for codec in Compression::ALL {
        let exact = codec.compress(&vec![7; LIMIT]);
        assert_eq!(unpack(codec, &exact).map(|block| block.len()), Ok(LIMIT), "{codec:?}");
        let bomb = codec.compress(&vec![7; LIMIT + 1]);
        assert_eq!(unpack(codec, &bomb), Err(BatchError::TooLarge { limit: LIMIT }), "{codec:?}");
    }
}

#[test]
fn snappy_without_framing_is_read() {
    let raw = snap::raw::Encoder::new().compress_vec(b"some words, some words, some words").unwrap();
    assert_eq!(unpack(Compression::Snappy, &raw).unwrap(), b"some words, some words, some words");
}

#[test]
fn snappy_framing_is_javas() {
    let packed = Compression::Snappy.compress(&[b'x'; 40_000]);
    assert_eq!(&packed[..16], b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    // The first chunk holds 32 KiB, as the varint in front of raw snappy says.
    let length = usize::try_from(u32::from_be_bytes(packed[16..20].try_into().unwrap())).unwrap();
    assert_eq!(snap::raw::decompress_len(&packed[20..20 + length]).unwrap(), 32 * 1024);
    assert_eq!(snap::raw::decompress_len(&packed[24 + length..]).unwrap(), 40_000 - 32 * 1024);
}

#[test]
fn streams_in_a_row_are_read_as_one() {
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Zstd] {
        let mut two = codec.compress(b"one ");
        two.extend(codec.compress(b"two"));
        assert_eq!(unpack(codec, &two).unwrap(), b"one two", "{codec:?}");
    }
}

#[test]
fn snappy_that_lies_about_its_size_takes_no_memory() {
    // Five bytes that claim to unpack to 4 GiB - 1.
    let lie = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let result = Compression::Snappy.decompress(&lie, usize::MAX);
    assert!(matches!(result, Err(BatchError::Damaged { .. })));
}

#[test]
fn lz4_frames_of_other_writers_are_read() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let block: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_be_bytes()).collect();
    for mode in [BlockMode::Independent, BlockMode::Linked] {
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            let info = FrameInfo::new()
                .block_mode(mode)
                .block_size(size)
                .block_checksums(true)
                .content_checksum(true)
                .content_size(Some(block.len() as u64));
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&block).unwrap();
            let packed = encoder.finish().unwrap();
            assert_eq!(unpack(Compression::Lz4, &packed).unwrap(), block, "{mode:?} {size:?}");
        }
    }
}

#[test]
fn our_lz4_frames_have_independent_blocks() {
    // Byte 4 of a frame: version 01 in the top bits, then the bit for independent blocks.
    let packed = Compression::Lz4.compress(b"anything");
    assert_eq!(&packed[..4], &[0x04, 0x22, 0x4d, 0x18]);
    assert_eq!(packed[4] & 0b1110_0000, 0b0110_0000);
}
