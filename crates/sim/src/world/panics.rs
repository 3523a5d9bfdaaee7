//! Panics of a world, also those that a runtime has caught: a task of the broker that panics only ends, and the broker
//! may begin another in its place.
//!
//! A world has one thread, so that what panics there is the world's.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Forgets what was seen on this thread, and notes from now on what panics there.
pub(super) fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            SEEN.with_borrow_mut(|seen| seen.push(info.to_string()));
            before(info);
        }));
    });
    take();
}

/// What has panicked on this thread since it was asked last.
pub(super) fn take() -> Vec<String> {
    SEEN.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;
    use tokio::task::JoinSet;

    #[test]
    fn a_panic_that_a_runtime_has_caught_is_seen() {
        watch();
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            tasks.spawn(async { panic!("nobody asks") });
            while tasks.join_next().await.is_some() {}
        });
        let seen = take();
        assert!(matches!(&seen[..], [one] if one.contains("nobody asks")), "{seen:?}");
        assert_eq!(take(), [""; 0]);
    }
}
