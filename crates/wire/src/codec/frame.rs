//! Whole frames: length, header of the right version, body.

use super::{DecodeError, EncodeError, Encoded, Message, Reader, Request, Response, Writer};
use crate::message::{RequestHeader, ResponseHeader};
use crate::{ApiKey, Str};

/// Reads the header of a request, from the first byte after the frame's length.
///
/// The header's version depends on the key and version inside of it, which stand at its start. A key that nobody
/// knows is read as version 1: the fields are then right, and what follows is not to be read anyway. The body comes
/// next in the reader.
///
/// # Errors
/// If the bytes are no header.
pub fn decode_request_header(r: &mut Reader) -> Result<RequestHeader, DecodeError> {
    let version = match r.first_chunk() {
        Some([k0, k1, v0, v1]) => ApiKey::try_from(i16::from_be_bytes([k0, k1]))
            .map_or(1, |key| key.request_header_version(i16::from_be_bytes([v0, v1]))),
        None => 1,
    };
    RequestHeader::decode(r, version)
}

/// Reads the header of the response to a request of this key and version.
///
/// # Errors
/// If the bytes are no header.
pub fn decode_response_header(
    r: &mut Reader,
    key: ApiKey,
    version: i16,
) -> Result<ResponseHeader, DecodeError> {
    ResponseHeader::decode(r, key.response_header_version(version))
}

/// Writes the frame of a response.
///
/// # Errors
/// If the response cannot be written in this version.
pub fn encode_response<R: Response>(
    correlation_id: i32,
    response: &R,
    version: i16,
) -> Result<Encoded, EncodeError> {
    let mut w = Writer::with_buffer(Vec::with_capacity(RESPONSE_BYTES));
    w.begin_frame();
    ResponseHeader { correlation_id }.encode(&mut w, R::KEY.response_header_version(version))?;
    response.encode(&mut w, version)?;
    w.end_frame()
}

/// Writes the frame of a request.
///
/// # Errors
/// If the request cannot be written in this version, or the client's id is too long.
pub fn encode_request<R: Request>(
    client_id: Option<&str>,
    correlation_id: i32,
    request: &R,
    version: i16,
) -> Result<Encoded, EncodeError> {
    let header = RequestHeader {
        request_api_key: R::KEY as i16,
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(Str::from),
    };
    let mut w = Writer::with_buffer(Vec::with_capacity(RESPONSE_BYTES));
    w.begin_frame();
    header.encode(&mut w, R::KEY.request_header_version(version))?;
    request.encode(&mut w, version)?;
    w.end_frame()
}

/// Room for a small frame, so that most need one allocation.
const RESPONSE_BYTES: usize = 256;
