//! Requests as frames, and their answers: what generators share that write each request anew.

use crate::command::{Failure, Outcome, While};
use crate::open_loop::{Connection, wait};
use bytes::Bytes;
use ottla_wire::codec::{Request, Response, decode_response_header, encode_request};
use ottla_wire::message::FindCoordinatorRequest;
use ottla_wire::{ErrorCode, Reader};
use std::time::Duration;

/// A request's frame, its length included.
pub(crate) fn frame<R: Request>(correlation: i32, request: &R, version: i16) -> Result<Bytes, Failure> {
    let encoded =
        encode_request(Some(CLIENT), correlation, request, version).while_doing("writing a request")?;
    encoded.into_bytes().while_doing("writing a request")
}

/// The answer to the request with that number, from a frame without its length.
pub(crate) fn decode<R: Response>(body: Bytes, correlation: i32, version: i16) -> Result<R, Failure> {
    let mut reader = Reader::new(body);
    let header = decode_response_header(&mut reader, R::KEY, version).while_doing("reading an answer")?;
    if header.correlation_id != correlation {
        let found = header.correlation_id;
        return Err(Failure::new(format!("the answer to request {found} came when {correlation} was next")));
    }
    R::decode(&mut reader, version).while_doing("reading an answer")
}

/// Fails unless all is well.
pub(crate) fn accept(what: &str, code: ErrorCode) -> Outcome {
    match code {
        ErrorCode::NONE => Ok(()),
        code => Err(Failure::new(format!("{what} is refused: {code:?}"))),
    }
}

/// Asks, and waits for the answer. Nothing else may be under way on the connection.
pub(crate) fn ask<R: Request>(
    connection: &mut Connection,
    request: &R,
    version: i16,
) -> Result<R::Response, Failure> {
    connection.send(&frame(0, request, version)?)?;
    loop {
        if let Some(frame) = connection.frame()? {
            return decode(Bytes::copy_from_slice(frame), 0, version);
        }
        if wait(std::slice::from_ref(connection), ANSWER_TIME)?.is_empty() {
            return Err(Failure::new(format!("no answer within {} s", ANSWER_TIME.as_secs())));
        }
        connection.turn()?;
    }
}

/// Waits until there is a coordinator for `key`. Some brokers make what coordinators keep when they are first asked for one.
pub(crate) fn await_coordinator(connection: &mut Connection, of: Coordinator, key: &str) -> Outcome {
    let request = FindCoordinatorRequest {
        key_type: of as i8,
        coordinator_keys: vec![key.into()],
        ..FindCoordinatorRequest::default()
    };
    for _ in 0..ATTEMPTS {
        let found = ask(connection, &request, FIND_COORDINATOR_VERSION)?;
        match found.coordinators.first().map(|coordinator| coordinator.error_code) {
            Some(ErrorCode::NONE) => return Ok(()),
            Some(code) if is_not_ready(code) => pause()?,
            Some(code) => accept("FindCoordinator", code)?,
            None => return Err(Failure::new("an answer to FindCoordinator is empty")),
        }
    }
    Err(Failure::new(format!("{key} has no coordinator: is the broker still starting?")))
}

/// What is coordinated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coordinator {
    Group = 0,
    Transaction = 1,
}

/// Whether a coordinator says so that is still being made.
pub(crate) fn is_not_ready(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::NOT_COORDINATOR
    )
}

/// Waits before something is asked again that was not ready.
pub(crate) fn pause() -> Outcome {
    wait(&[], PAUSE).map(drop)
}

/// How often something is asked again that was not ready.
pub(crate) const ATTEMPTS: u32 = 100;
const FIND_COORDINATOR_VERSION: i16 = 4;
const CLIENT: &str = "ottla-bench";
const ANSWER_TIME: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::codec::encode_response;
    use ottla_wire::message::ProduceResponse;

    #[test]
    fn an_answer_to_another_request_is_an_error() {
        let frame = encode_response(7, &ProduceResponse::default(), 11).unwrap();
        let body = frame.into_bytes().unwrap().slice(4..);
        assert!(decode::<ProduceResponse>(body.clone(), 7, 11).is_ok());
        assert!(decode::<ProduceResponse>(body, 8, 11).is_err());
    }
}
