use super::*;
use crate::testing::{Fake, Reply, offer, reply};
use bytes::BytesMut;
use ottla_wire::ErrorCode;
use ottla_wire::message::api_versions_response::ApiVersion;
use ottla_wire::message::{
    ApiVersionsRequest, ApiVersionsResponse, HeartbeatRequest, HeartbeatResponse, ListGroupsRequest,
    RequestHeader,
};
use std::sync::Mutex;

async fn open(fake: Fake) -> Result<Connection, CallError> {
    let options = ConnectionOptions {
        client_id: "test".to_owned(),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(2),
    };
    Connection::open(&fake, &Address { host: "fake".to_owned(), port: 1 }, options).await
}

/// Answers ApiVersions, and everything else with `handler`.
fn offering(handler: impl Fn(&RequestHeader) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::new(move |header, _| match header.request_api_key {
        18 => reply(header, &offer(&[ApiKey::Heartbeat])),
        _ => handler(header),
    })
}

fn answer(header: &RequestHeader, throttle_time_ms: i32) -> Bytes {
    match reply(header, &HeartbeatResponse { throttle_time_ms, error_code: ErrorCode::NONE }) {
        Reply::Send(bytes) => bytes,
        Reply::Silence | Reply::Close => Bytes::new(),
    }
}

fn beat(generation_id: i32) -> HeartbeatRequest {
    HeartbeatRequest { generation_id, ..HeartbeatRequest::default() }
}

#[tokio::test(start_paused = true)]
async fn answers_find_their_requests_in_any_order() {
    // The first request is answered only after the second, and behind it.
    let held = Mutex::new(None);
    let fake = offering(move |header| {
        let mut held = held.lock().unwrap();
        match held.take() {
            None => {
                *held = Some(answer(header, 1));
                Reply::Silence
            }
            Some(first) => Reply::Send([answer(header, 2), first].concat().into()),
        }
    });
    let connection = open(fake).await.unwrap();
    let (request, other) = (beat(1), beat(2));
    let (first, second) = tokio::join!(connection.call(&request), connection.call(&other));
    assert_eq!((first.unwrap().throttle_time_ms, second.unwrap().throttle_time_ms), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_waits_for_closes_the_connection() {
    let fake = offering(|header| {
        let other = RequestHeader { correlation_id: header.correlation_id + 1, ..header.clone() };
        Reply::Send(answer(&other, 0))
    });
    let connection = open(fake).await.unwrap();
    let error = connection.call(&beat(1)).await.unwrap_err();
    assert!(error.to_string().contains("which nobody made"), "{error}");
    assert!(connection.is_closed() && error.is_retriable());
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time_closes_the_connection() {
    let connection = open(offering(|_| Reply::Silence)).await.unwrap();
    let (request, other) = (beat(1), beat(2));
    let (first, second) =
        tokio::join!(connection.call(&request), connection.call_within(&other, Duration::from_secs(9)));
    assert!(matches!(first, Err(CallError::TimedOut { after_ms: 2000, .. })), "{first:?}");
    assert!(matches!(second, Err(CallError::Closed { .. })), "{second:?}");
    assert!(matches!(connection.call(&beat(3)).await, Err(CallError::Closed { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_fails_what_waits() {
    let connection = open(offering(|_| Reply::Close)).await.unwrap();
    let error = connection.call(&beat(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection to fake:1 was lost: the broker closed it");
}

#[tokio::test(start_paused = true)]
async fn malformed_answers_close_the_connection() {
    for (bytes, words) in [
        (vec![0, 0, 0, 4, 0, 0, 0, 1], "malformed"),
        (vec![0, 0, 0, 3, 0, 0, 0], "impossible length"),
        (vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1], "impossible length"),
        (vec![0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1], "impossible length"),
    ] {
        let connection = open(offering(move |_| Reply::Send(bytes.clone().into()))).await.unwrap();
        let error = connection.call(&beat(1)).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(connection.is_closed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_not_offered_is_not_asked_for() {
    let connection = open(offering(|_| Reply::Close)).await.unwrap();
    let error = connection.call(&ListGroupsRequest::default()).await.unwrap_err();
    assert!(matches!(error, CallError::Unsupported { api: ApiKey::ListGroups, .. }), "{error}");
    assert!(!connection.is_closed());
}

/// A broker that does not know our version of ApiVersions answers in version 0, with or without its own versions.
#[tokio::test(start_paused = true)]
async fn older_brokers_are_asked_again_in_their_version() {
    for theirs in [vec![ApiVersion { api_key: 18, min_version: 0, max_version: 2 }], vec![]] {
        let expected = i16::from(!theirs.is_empty()) * 2;
        let fake = Fake::new(move |header, reader| {
            let version = header.request_api_version;
            if 2 < version {
                let error_code = ErrorCode::UNSUPPORTED_VERSION;
                let refusal =
                    ApiVersionsResponse { error_code, api_keys: theirs.clone(), ..Default::default() };
                return reply(&RequestHeader { request_api_version: 0, ..header.clone() }, &refusal);
            }
            ApiVersionsRequest::decode(reader, version).unwrap();
            let heartbeat = ApiVersion { api_key: 12, min_version: version, max_version: version };
            reply(header, &ApiVersionsResponse { api_keys: vec![heartbeat], ..Default::default() })
        });
        let connection = open(fake).await.unwrap();
        assert_eq!(connection.version_of::<HeartbeatRequest>().unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_broker_is_given_up_in_the_handshake() {
    let error = open(Fake::new(|_, _| Reply::Silence)).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut { api: ApiKey::ApiVersions, after_ms: 1000, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn large_answers_arrive_whole() {
    let padding = 3 << 20;
    let fake = offering(move |header| {
        let answer = answer(header, 5);
        let mut frame = BytesMut::from(&answer[..]);
        let length = u32::try_from(answer.len() - 4 + padding).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
        frame.resize(answer.len() + padding, 0);
        Reply::Send(frame.freeze())
    });
    let connection = open(fake).await.unwrap();
    assert_eq!(connection.call(&beat(1)).await.unwrap().throttle_time_ms, 5);
    assert_eq!(connection.call(&beat(2)).await.unwrap().throttle_time_ms, 5);
}
