use super::*;
use std::net::TcpListener;

/// An input that has received `parts`, one read each.
fn receiving(parts: &[&[u8]]) -> (Input, Vec<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut input = Input::default();
    let mut found = Vec::new();
    for part in parts {
        std::io::Write::write_all(&mut client, part).unwrap();
        let mut left = part.len();
        let mut frames = Vec::new();
        while 0 < left {
            left -= input.receive(&stream).unwrap();
            while let Some(frame) = input.next().unwrap() {
                frames.push(input.bytes()[frame].to_vec());
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
fn a_frame_larger_than_the_room_grows_it_once() {
    let large = vec![7; 5 * BYTES_MIN];
    let (input, found) = receiving(&[&frame(&large), &frame(&large)]);
    assert_eq!(found, [vec![large.clone()], vec![large.clone()]]);
    assert_eq!(input.buffer.len(), (large.len() + 4).next_power_of_two());
}

#[test]
fn an_impossible_length_is_refused_before_there_is_room_for_it() {
    let length = u32::try_from(FRAME_BYTES_MAX).unwrap();
    for bytes in [length + 1, u32::MAX] {
        let mut input = Input { buffer: bytes.to_be_bytes().to_vec(), taken: 0, filled: 4 };
        assert!(input.next().is_err(), "{bytes}");
        input.make_room();
        assert!(input.buffer.len() <= 2 * BYTES_MIN);
    }
    let mut input = Input { buffer: length.to_be_bytes().to_vec(), taken: 0, filled: 4 };
    assert_eq!(input.next().unwrap(), None);
}
