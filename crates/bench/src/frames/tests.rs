use super::*;
use std::net::TcpListener;

/// An input that has received `parts`, and the frames that each completed.
fn receiving(parts: &[&[u8]]) -> (Input, Vec<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut input = Input::default();
    let mut found = Vec::new();
    for part in parts {
        let mut frames = Vec::new();
        // As much as any system's buffers hold, or the write would wait for the reads.
        for piece in part.chunks(32 * 1024) {
            std::io::Write::write_all(&mut client, piece).unwrap();
            let mut left = piece.len();
            while 0 < left {
                left -= input.receive(&stream).unwrap();
                while let Some(frame) = input.next().unwrap() {
                    frames.push(input.bytes()[frame].to_vec());
                }
            }
        }
        found.push(frames);
    }
    (input, found)
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(bytes);
    frame
}

#[test]
fn frames_are_cut_wherever_the_reads_fall() {
    let all = [frame(b"one"), frame(b""), frame(b"three")].concat();
    for cut in 0..=all.len() {
        let (_, found) = receiving(&[&all[..cut], &all[cut..]]);
        assert_eq!(found.concat(), [b"one".to_vec(), b"".to_vec(), b"three".to_vec()], "{cut}");
    }
}

#[test]
fn a_frame_larger_than_the_room_gets_its_own_size() {
    let large = vec![7; 2 * ROOM_MAX];
    let (input, found) = receiving(&[&frame(&large), &frame(&large)]);
    assert_eq!(found, [vec![large.clone()], vec![large.clone()]]);
    assert_eq!(input.buffer.len(), large.len() + 4);
}

#[test]
fn an_impossible_length_is_refused_before_there_is_room_for_it() {
    let length = u32::try_from(FRAME_BYTES_MAX).unwrap();
    for bytes in [length + 1, u32::MAX] {
        let mut input = Input { buffer: bytes.to_be_bytes().to_vec(), filled: 4, ..Input::default() };
        assert!(input.next().is_err(), "{bytes}");
        input.make_room();
        assert!(input.buffer.len() <= ROOM_MIN);
    }
    let mut input = Input { buffer: length.to_be_bytes().to_vec(), filled: 4, ..Input::default() };
    assert_eq!(input.next().unwrap(), None);
}

#[test]
fn a_busy_connection_gets_more_room_and_a_quiet_one_does_not() {
    let quiet = receiving(&[&frame(b"one"), &frame(b"two")]).0;
    assert_eq!(quiet.buffer.len(), ROOM_MIN);
    let busy = receiving(&[&frame(&[0; 100]).repeat(10_000)]).0;
    assert!(ROOM_MIN < busy.buffer.len() && busy.buffer.len() <= ROOM_MAX, "{}", busy.buffer.len());
}
