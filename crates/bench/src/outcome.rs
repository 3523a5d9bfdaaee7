//! What a generator says: a line when the measured part begins, and one with its result.

use crate::command::{Outcome, While};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Duration;

/// What was done between the end of the warm-up and the last answer.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(crate) struct Measured {
    /// From the end of the warm-up to the last answer.
    pub(crate) seconds: f64,
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Records in them, or in their answers.
    pub(crate) records: u64,
    /// Bytes of payload: the values of produced records, or the batches that were fetched.
    pub(crate) bytes: u64,
    /// Bytes that went over the connections in the direction of the payload, frames included.
    pub(crate) wire_bytes: u64,
}

impl Measured {
    /// With the time that it took.
    pub(crate) fn lasting(self, time: Duration) -> Self {
        Self { seconds: time.as_secs_f64(), ..self }
    }
}

/// Says that the warm-up is over: whoever records the server's use of the machine begins now.
pub(crate) fn begin() -> Outcome {
    print(&serde_json::json!({ "measuring": true }))
}

/// Prints the result: a [`Measured`], or a structure that flattens one beside its own fields.
pub(crate) fn end(result: &impl Serialize) -> Outcome {
    print(result)
}

fn print(line: &impl Serialize) -> Outcome {
    let text = serde_json::to_string(line).while_doing("writing the result")?;
    let mut output = io::stdout().lock();
    writeln!(output, "{text}").and_then(|()| output.flush()).while_doing("printing the result")
}
