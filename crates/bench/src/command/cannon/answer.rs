//! Whether an answer says that the request was done. Read where it lies: most answers are four bytes of news in eighty
//! bytes of form.

use super::request::VERSION;
use crate::cursor::{Cursor, Form, Malformed};
use bytes::Bytes;
use ottla_wire::codec::Message;
use ottla_wire::message::ProduceResponse;
use ottla_wire::{ErrorCode, Reader};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// A broker.
    Kafka,
    /// The echo server: with the request.
    Echo,
}

/// Why an answer ends the measurement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is no answer to a produce request.
    Malformed,
    /// It is the answer to another request than the one whose turn it is.
    Order { expected: i32, found: i32 },
    /// A partition's error.
    Code { partition: i32, code: ErrorCode },
}

impl Answers {
    /// Checks the answer to the request of this correlation id.
    pub(super) fn check(self, frame: &[u8], correlation_id: i32) -> Result<(), Refusal> {
        let mut cursor = Cursor::new(frame);
        let malformed = |_: Malformed| Refusal::Malformed;
        if self == Self::Echo {
            cursor.take(4).map_err(malformed)?;
        }
        let found = cursor.i32().map_err(malformed)?;
        if found != correlation_id {
            return Err(Refusal::Order { expected: correlation_id, found });
        }
        match self {
            Self::Echo => Ok(()),
            Self::Kafka => match is_success(&mut cursor) {
                Ok(true) => Ok(()),
                Ok(false) | Err(Malformed) => Err(refusal(frame)),
            },
        }
    }
}

/// Whether every partition has error code 0. The cursor stands behind the correlation id.
fn is_success(cursor: &mut Cursor) -> Result<bool, Malformed> {
    const FORM: Form = Form::Flexible;
    cursor.tags(FORM)?;
    for _ in 0..cursor.length(FORM)?.unwrap_or(0) {
        cursor.text(FORM)?;
        for _ in 0..cursor.length(FORM)?.unwrap_or(0) {
            let _partition = cursor.i32()?;
            if cursor.i16()? != 0 {
                return Ok(false);
            }
            // Offset, time and start of the log; then the errors of records and a message, of which there is none.
            cursor.take(24)?;
            if cursor.length(FORM)?.unwrap_or(0) != 0 || cursor.length(FORM)?.unwrap_or(0) != 0 {
                return Ok(false);
            }
            cursor.tags(FORM)?;
        }
        cursor.tags(FORM)?;
    }
    Ok(true)
}

/// What an answer that is no success says.
fn refusal(frame: &[u8]) -> Refusal {
    // The correlation id and the header's tags, of which there are none.
    let mut reader = Reader::new(Bytes::copy_from_slice(frame.get(5..).unwrap_or_default()));
    let Ok(response) = ProduceResponse::decode(&mut reader, VERSION) else { return Refusal::Malformed };
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let refused = partitions.into_iter().find(|partition| !partition.error_code.is_none());
    refused.map_or(Refusal::Malformed, |partition| Refusal::Code {
        partition: partition.index,
        code: partition.error_code,
    })
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => f.write_str("an answer is none to a produce request: is the peer a broker?"),
            Self::Order { expected, found } => {
                write!(f, "an answer to request {found} came where one to request {expected} was due")
            }
            Self::Code { partition, code } => {
                write!(f, "partition {partition} refused a batch: {code}. {}", code.message())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::codec::encode_response;
    use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};

    fn answer(codes: &[i16]) -> Vec<u8> {
        let part = |(index, code)| PartitionProduceResponse {
            index,
            error_code: ErrorCode(code),
            ..Default::default()
        };
        let partition_responses = (3..).zip(codes.iter().copied()).map(part).collect();
        let topic = TopicProduceResponse { name: "t".into(), partition_responses, ..Default::default() };
        let response = ProduceResponse { responses: vec![topic], ..Default::default() };
        encode_response(9, &response, VERSION).unwrap().into_bytes().unwrap()[4..].to_vec()
    }

    #[test]
    fn success_is_every_partitions_success_in_the_order_of_the_requests() {
        let check = |codes: &[i16], id| Answers::Kafka.check(&answer(codes), id);
        assert_eq!(check(&[0, 0], 9), Ok(()));
        assert_eq!(check(&[0], 8), Err(Refusal::Order { expected: 8, found: 9 }));
        let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        assert_eq!(check(&[0, code.0], 9), Err(Refusal::Code { partition: 4, code }));
    }

    #[test]
    fn a_frame_cut_short_is_no_answer() {
        let whole = answer(&[0, 0]);
        // The last bytes, a throttle time and tags, are of no interest.
        for length in 0..whole.len() - 6 {
            assert_eq!(Answers::Kafka.check(&whole[..length], 9), Err(Refusal::Malformed), "{length}");
        }
        assert_eq!(Answers::Echo.check(&[0; 7], 0), Err(Refusal::Malformed));
        assert_eq!(Answers::Echo.check(&[0, 0, 0, 11, 0, 0, 0, 9], 9), Ok(()));
    }
}
