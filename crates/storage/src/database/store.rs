//! The open database, and what becomes of it after an error.
//!
//! After any failed write nothing that redb has in memory is trusted, and its file is touched no more through it. If
//! the disk was only full, what is on it is as good as after a crash: the database is opened anew from the file, which
//! goes back to the last commit that is whole, and work goes on. After a failed sync nobody knows what is on the disk,
//! and a second sync would only pretend: that, and every other error, is for good.

use super::Opening;
use super::backend::{Backend, Gate};
use super::writer::Epochs;
use crate::error::OpenError;
use crate::meta::Image;
use parking_lot::Mutex;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// The open database. Shared by the writer and by whoever reads.
#[derive(Debug)]
pub(crate) struct Store {
    opening: Opening,
    file: Arc<File>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    database: Arc<redb::Database>,
    /// Closes the file to this database.
    gate: Arc<Gate>,
    broken: Option<Broken>,
    /// How often it was opened anew.
    lives: u64,
}

#[derive(Clone, Debug)]
enum Broken {
    /// The disk was full.
    NoSpace,
    /// It takes a restart.
    ForGood(String),
}

impl Store {
    pub(super) fn new(opening: Opening, file: Arc<File>, database: redb::Database, gate: Arc<Gate>) -> Self {
        let state = State { database: Arc::new(database), gate, broken: None, lives: 0 };
        Self { opening, file, state: Mutex::new(state) }
    }

    /// The database, opened anew if the disk was full, and which life of it this is.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn database(&self) -> Result<(Arc<redb::Database>, u64), String> {
        let mut state = self.state.lock();
        match &state.broken {
            None => {}
            Some(Broken::ForGood(reason)) => return Err(reason.clone()),
            Some(Broken::NoSpace) => self.reopen(&mut state)?,
        }
        Ok((state.database.clone(), state.lives))
    }

    fn reopen(&self, state: &mut State) -> Result<(), String> {
        let backend = Backend::new(self.file.clone(), self.opening.disk.clone());
        let gate = backend.gate();
        match self.opening.open(backend) {
            Ok(database) => {
                tracing::info!("the metadata store goes on after the disk was full");
                *state = State { database: Arc::new(database), gate, broken: None, lives: state.lives + 1 };
                Ok(())
            }
            Err(OpenError::DiskFull { .. }) if !gate.has_sync_failed() => Err(NO_SPACE.to_owned()),
            Err(error) => {
                state.broken = Some(Broken::ForGood(error.to_string()));
                Err(error.to_string())
            }
        }
    }

    /// What the database of this life has in it.
    pub(super) fn load(&self, database: &redb::Database) -> Result<(Image, Epochs), OpenError> {
        self.opening.load(database)
    }

    /// A change of the database of that life has failed. Returns what to tell who asked for it.
    pub(crate) fn fail(&self, life: u64, error: &redb::Error) -> String {
        let mut state = self.state.lock();
        if state.lives != life || state.broken.is_some() {
            return error.to_string();
        }
        state.gate.close();
        let is_full = matches!(error, redb::Error::Io(error) if is_full(error));
        if is_full && !state.gate.has_sync_failed() {
            tracing::warn!("the disk is full: the metadata store takes no changes until there is room");
            state.broken = Some(Broken::NoSpace);
            return NO_SPACE.to_owned();
        }
        tracing::error!(%error, "the metadata store has failed; it takes no changes until a restart");
        state.broken = Some(Broken::ForGood(error.to_string()));
        error.to_string()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

const NO_SPACE: &str = "the disk is full: free some space, and changes go on";
