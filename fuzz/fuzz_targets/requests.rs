//! A frame from a client, without its length: header, then the body that the header names.
#![no_main]

mod stable;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_wire::codec::decode_request_header;
use ottla_wire::message::Request;
use ottla_wire::{ApiKey, Reader};

macro_rules! check_body {
    (requests: [$($request:ident)*], others: [$($other:ident)*]) => {
        fn check_body(key: ApiKey, r: &mut Reader, version: i16) {
            $(
                if key == <ottla_wire::message::$request as Request>::KEY {
                    return stable::check::<ottla_wire::message::$request>(r, version);
                }
            )*
        }
    };
}
ottla_wire::for_every_message!(check_body);

fuzz_target!(|data: &[u8]| {
    let mut r = Reader::new(Bytes::copy_from_slice(data));
    let Ok(header) = decode_request_header(&mut r) else { return };
    let Ok(key) = ApiKey::try_from(header.request_api_key) else { return };
    check_body(key, &mut r, header.request_api_version);
});
