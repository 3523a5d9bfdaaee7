//! What can go wrong with a request: it got no usable answer, or the broker refused.

use ottla_wire::{ApiKey, DecodeError, EncodeError, ErrorCode};
use std::fmt;
use std::io;
use std::sync::Arc;

/// A request got no usable answer. Cheap to clone, because one lost connection fails many requests.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// No connection came about. Check the address and that the broker runs.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Host and port.
        address: Arc<str>,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The connection was lost; whether the broker has acted on the request is unknown.
    #[error("the connection to {address} was lost: {reason}")]
    Closed {
        /// Host and port.
        address: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// No answer in time; whether the broker has acted on the request is unknown.
    #[error("{address} did not answer {} within {after_ms} ms", api.name())]
    TimedOut {
        /// Host and port.
        address: Arc<str>,
        /// What was asked.
        api: ApiKey,
        /// How long was waited.
        after_ms: u64,
    },
    /// The broker does not have this API, or only in versions that this client does not know.
    #[error("{address} does not offer {} in a version that this client knows", api.name())]
    Unsupported {
        /// Host and port.
        address: Arc<str>,
        /// What was to be asked.
        api: ApiKey,
    },
    /// The answer is not what the protocol says; the connection is closed.
    #[error("{address} sent a malformed answer to {}: {source}", api.name())]
    Malformed {
        /// Host and port.
        address: Arc<str>,
        /// What was asked.
        api: ApiKey,
        /// What is wrong.
        source: DecodeError,
    },
    /// The broker's version of the API cannot express what was to be asked.
    #[error("{address} is too old for this request: {source}")]
    Inexpressible {
        /// Host and port.
        address: Arc<str>,
        /// What is missing.
        source: EncodeError,
    },
    /// The cluster has no such broker now; its metadata may be out of date.
    #[error("broker {0} is not known")]
    UnknownBroker(i32),
}

impl CallError {
    /// Whether the same request may succeed later or elsewhere.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Closed { .. } | Self::TimedOut { .. } | Self::UnknownBroker(_) => {
                true
            }
            Self::Unsupported { .. } | Self::Malformed { .. } | Self::Inexpressible { .. } => false,
        }
    }
}

/// A broker's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The subject, as `topic flights` or `group billing`.
    pub what: Arc<str>,
    /// The broker's code.
    pub code: ErrorCode,
    /// The broker's own words, if it sent any.
    pub message: Option<Arc<str>>,
}

impl Refused {
    /// `Err` unless `code` says success.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(what: impl fmt::Display, code: ErrorCode, message: Option<&str>) -> Result<(), Self> {
        if code.is_none() {
            return Ok(());
        }
        let message = message.filter(|message| !message.is_empty()).map(Arc::from);
        Err(Self { what: what.to_string().into(), code, message })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.message.as_deref().unwrap_or(self.code.message());
        write!(f, "{}: {words} ({})", self.what, self.code.name())
    }
}

impl std::error::Error for Refused {}

/// A request failed, or its answer refuses all that was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RequestError {
    /// There was no usable answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer is no.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl RequestError {
    /// Whether the same request may succeed later or elsewhere.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retriable(),
            Self::Refused(refused) => refused.code.is_retriable(),
        }
    }

    /// The broker's code, if it was the broker who refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Call(_) => None,
            Self::Refused(refused) => Some(refused.code),
        }
    }
}
