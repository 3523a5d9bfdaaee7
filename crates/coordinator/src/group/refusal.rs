//! A refusal as the newer group APIs give it: a code for the program, and words for the person.

use ottla_wire::{ErrorCode, Str};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the program.
    pub code: ErrorCode,
    /// The cause, and what to do about it.
    pub message: Str,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<Str>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn invalid(message: &'static str) -> Self {
        Self { code: ErrorCode::INVALID_REQUEST, message: Str::from_static(message) }
    }
}
