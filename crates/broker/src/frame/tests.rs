use super::*;

fn buffer(bytes: &[u8]) -> FrameBuffer {
    let mut buffer = FrameBuffer::new(100, Arc::default(), Vec::new());
    buffer.room(None).put_slice(bytes);
    buffer
}

#[test]
fn a_frame_is_cut_when_its_last_byte_is_there() {
    let mut half = buffer(&[0, 0, 0, 3, 1, 2]);
    assert_eq!(half.claimed(), Ok(Some(3)));
    assert_eq!(half.cut(3), None);
    half.room(Some(3)).put_slice(&[3, 9]);
    assert_eq!(half.cut(3).as_deref(), Some(&[1, 2, 3][..]));
    assert_eq!(half.claimed(), Ok(None), "the next frame has only begun");
}

#[test]
fn lengths_out_of_range_are_refused() {
    assert_eq!(buffer(&[0, 0, 0, 101]).claimed(), Err(FrameError::TooLarge { length: 101, limit: 100 }));
    assert_eq!(buffer(&[255; 4]).claimed(), Err(FrameError::Negative { length: -1 }));
    let error = buffer(&0x7fff_ffffi32.to_be_bytes()).claimed();
    assert_eq!(error, Err(FrameError::TooLarge { length: i32::MAX, limit: 100 }));
}

#[test]
fn other_protocols_are_called_by_name() {
    assert_eq!(buffer(b"GET / HTTP/1.1").claimed(), Err(FrameError::Foreign { protocol: "HTTP" }));
    assert_eq!(buffer(&[0x16, 0x03, 0x01, 0x02]).claimed(), Err(FrameError::Foreign { protocol: "TLS" }));
}

/// As long frames of one size follow each other, none is moved.
#[test]
fn buffers_end_with_a_long_frame() {
    let mut buffer = FrameBuffer::new(usize::MAX, Arc::default(), Vec::new());
    let frame = [&40_000u32.to_be_bytes()[..], &[7; 40_000]].concat();
    buffer.room(None).put_slice(&frame[..READ_BYTES]);
    assert_eq!(buffer.room(Some(40_000)).remaining_mut(), frame.len() - READ_BYTES, "no more than it misses");
    buffer.room(Some(40_000)).put_slice(&frame[READ_BYTES..]);
    assert_eq!(buffer.cut(40_000).as_deref(), Some(&frame[4..]));
    for likely in [2, 3, 3] {
        let mut room = buffer.room(None);
        assert_eq!(room.remaining_mut(), likely * frame.len(), "it was filled, and more may come");
        room.put_slice(&frame.repeat(likely));
        (0..likely).for_each(|_| assert_eq!(buffer.cut(40_000).as_deref(), Some(&frame[4..])));
    }
    buffer.room(None).put_slice(&frame);
    assert_eq!(buffer.cut(40_000).as_deref(), Some(&frame[4..]));
    assert_eq!(buffer.room(None).remaining_mut(), frame.len(), "no more than one came");
}

/// Whether the pool has this buffer. The decoy would get the place of one that had been freed.
fn is_back(pool: &Pool, place: *const u8) -> bool {
    let _decoy = Vec::<u8>::with_capacity(READ_BYTES);
    let taken = pool.take(READ_BYTES);
    taken.as_ptr() == place
}

#[test]
fn frames_that_came_together_share_their_memory_until_the_last_one_goes() {
    let pool = Arc::new(Pool::default());
    let mut buffer = FrameBuffer::new(usize::MAX, Arc::clone(&pool), Vec::new());
    let length = SHARED_BYTES_MIN;
    let frame = |byte: u8| [&u32::try_from(length).unwrap().to_be_bytes()[..], &vec![byte; length]].concat();
    buffer.room(None).put_slice(&[&frame(8)[..], &frame(9), &[0, 0, 0, 5, 3]].concat());
    let place = buffer.bytes().as_ptr();
    let (one, two) = (buffer.cut(length).expect("it is whole"), buffer.cut(length).expect("it is whole"));
    assert_eq!((&one[..], &two[..]), (&vec![8; length][..], &vec![9; length][..]));
    assert_eq!(buffer.cut(5), None);
    buffer.room(Some(5)).put_slice(&[3, 3, 3, 3]);
    assert_eq!(buffer.cut(5).as_deref(), Some(&[3; 5][..]), "what had begun is still there");
    drop(one);
    assert!(!is_back(&pool, place), "it is in use");
    drop(two);
    assert!(is_back(&pool, place));
}

#[test]
fn a_small_frame_that_waits_keeps_no_buffer() {
    let pool = Arc::new(Pool::default());
    let mut buffer = FrameBuffer::new(100, Arc::clone(&pool), Vec::new());
    buffer.room(None).put_slice(&[0, 0, 0, 1, 8]);
    let place = buffer.bytes().as_ptr();
    let waits = buffer.cut(1).expect("it is whole");
    buffer.settle();
    assert!(is_back(&pool, place));
    assert_eq!(&waits[..], &[8]);
}

#[test]
fn memory_follows_what_arrived() {
    let mut claims_much = FrameBuffer::new(usize::MAX, Arc::default(), Vec::new());
    claims_much.room(None).put_slice(&i32::MAX.to_be_bytes());
    assert!(claims_much.room(None).get_ref().capacity() < 64 * 1024);
    claims_much.settle();
    assert!(claims_much.filling.capacity() <= WAITING_BYTES);
    assert_eq!(claims_much.claimed(), Ok(Some(i32::MAX as usize)), "what has come is still there");
    let mut idle = buffer(&[]);
    idle.settle();
    assert_eq!(idle.filling.capacity(), 0);
}
