use super::*;

fn idle_bytes(pool: &Pool) -> usize {
    let idle = pool.0.lock();
    let kept: usize = idle.classes.iter().flatten().map(Vec::capacity).sum();
    assert_eq!(kept, idle.bytes);
    kept
}

#[test]
fn a_buffer_comes_back_when_its_last_slice_is_gone() {
    let pool = Arc::new(Pool::default());
    let mut buffer = pool.take(SMALLEST + 1);
    let place = buffer.as_ptr();
    assert!(SMALLEST < buffer.capacity());
    buffer.extend_from_slice(b"frames");
    let bytes = pool.share(buffer);
    let slice = bytes.slice(2..4);
    drop(bytes);
    assert_eq!(idle_bytes(&pool), 0, "a request still has a part of it");
    assert_eq!(&slice[..], b"am");
    drop(slice);
    assert!(SMALLEST < idle_bytes(&pool), "freed memory might come from the allocator to the same place");
    let again = pool.take(SMALLEST + 1);
    assert!(again.is_empty() && again.as_ptr() == place);
    assert_eq!(idle_bytes(&pool), 0);
}

#[test]
fn whoever_takes_a_buffer_has_the_room_that_was_asked_for() {
    let pool = Pool::default();
    // Whatever comes back: also what was never taken from here.
    for bytes in [0, 1, SMALLEST - 1, SMALLEST, 3 * SMALLEST, 5 * SMALLEST + 1] {
        pool.put(Vec::with_capacity(bytes));
    }
    for bytes in (0..20).map(|half| half * SMALLEST / 2 + 1) {
        assert!(bytes <= pool.take(bytes).capacity());
    }
}

#[test]
fn a_pool_keeps_no_more_than_its_bound() {
    let pool = Pool::default();
    let largest = SMALLEST << (CLASSES - 1);
    let taken: Vec<_> = (0..2 + IDLE_BYTES_MAX / largest).map(|_| pool.take(largest)).collect();
    taken.into_iter().for_each(|buffer| pool.put(buffer));
    assert_eq!(idle_bytes(&pool), IDLE_BYTES_MAX);
    pool.put(pool.take(2 * largest));
    assert_eq!(idle_bytes(&pool), IDLE_BYTES_MAX, "that large ones are freed");
}
