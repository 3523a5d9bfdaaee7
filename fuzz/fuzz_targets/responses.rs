//! Responses, headers and stored structures. Two bytes choose which and in which version; the rest is its body.
#![no_main]

mod stable;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_wire::Reader;

type Check = fn(&mut Reader, i16);

macro_rules! checks {
    (requests: [$($request:ident)*], others: [$($other:ident)*]) => {
        const CHECKS: &[Check] = &[$(stable::check::<ottla_wire::message::$other>),*];
    };
}
ottla_wire::for_every_message!(checks);

fuzz_target!(|data: &[u8]| {
    let [which, version, body @ ..] = data else { return };
    let check = CHECKS[usize::from(*which) % CHECKS.len()];
    check(&mut Reader::new(Bytes::copy_from_slice(body)), i16::from(*version % 32));
});
