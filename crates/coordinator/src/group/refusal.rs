//! A refusal as the newer group APIs give it: a code for the program, and words for the person.

use ottla_base::limits::EXPLANATION_BYTES_MAX;
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
        Self { code, message: explanation(message) }
    }

    pub(super) fn invalid(message: &'static str) -> Self {
        Self { code: ErrorCode::INVALID_REQUEST, message: Str::from_static(message) }
    }
}

/// An explanation of any length, cut where it would be too long to be sent.
pub(super) fn explanation(text: impl Into<Str>) -> Str {
    let text: Str = text.into();
    if text.len() <= EXPLANATION_BYTES_MAX {
        return text;
    }
    let end = text.floor_char_boundary(EXPLANATION_BYTES_MAX - MORE.len());
    format!("{}{MORE}", &text[..end]).into()
}

const MORE: &str = "…";
