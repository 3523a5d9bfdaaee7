//! Work that would hold up a worker goes to another thread; in a simulation there is none, and it is done at once.

use ottla_base::Env;
use tokio::task::{JoinError, spawn_blocking};

/// Does `work` and gives its result.
///
/// # Errors
/// [`JoinError`] if it panicked, or if the runtime ended before it began.
pub(crate) async fn run<T: Send + 'static>(
    env: &dyn Env,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    if env.is_single_threaded() { Ok(work()) } else { spawn_blocking(work).await }
}
