//! One connection per address, opened when it is needed and by one caller at a time.

use crate::connection::{Connection, ConnectionOptions};
use crate::error::CallError;
use crate::options::{Address, ClientOptions};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

type Slot = Arc<OnceCell<Connection>>;

#[derive(Default)]
pub(super) struct Pool {
    slots: Mutex<HashMap<Address, Slot>>,
}

impl Pool {
    /// The open connection to `address`, or a new one; callers that come while it opens wait for the same one.
    pub(super) async fn connection(
        &self,
        options: &ClientOptions,
        address: &Address,
    ) -> Result<Connection, CallError> {
        let slot = self.slot(address);
        let connection_options = ConnectionOptions {
            client_id: options.client_id.clone(),
            connect_timeout: options.connect_timeout,
            request_timeout: options.request_timeout,
        };
        let open = || Connection::open(&*options.connector, address, connection_options);
        slot.get_or_try_init(open).await.cloned()
    }

    /// The slot of `address`; one whose connection has closed is replaced.
    fn slot(&self, address: &Address) -> Slot {
        let mut slots = self.slots();
        let slot = slots.entry(address.clone()).or_default();
        if slot.get().is_some_and(Connection::is_closed) {
            *slot = Slot::default();
        }
        Arc::clone(slot)
    }

    pub(super) fn any_open(&self) -> Option<Connection> {
        let slots = self.slots();
        slots.values().filter_map(|slot| slot.get()).find(|connection| !connection.is_closed()).cloned()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Address, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
