use super::*;
use ottla_wire::codec::encode_response;
use ottla_wire::message::ProduceResponse;
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

fn answer(partitions: i32) -> Encoded {
    let part = |index| PartitionProduceResponse { index, ..Default::default() };
    let partition_responses = (0..partitions).map(part).collect();
    let topic = TopicProduceResponse { name: "t".into(), partition_responses, ..Default::default() };
    encode_response(1, &ProduceResponse { responses: vec![topic], ..Default::default() }, 11)
        .expect("it fits")
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.expect("it connects"), server.expect("it accepts").0)
}

/// What of `answers` was sent at once, after all of them have arrived as they should.
async fn send(answers: &[Encoded]) -> usize {
    let (mut client, server) = pair().await;
    let all = answers.iter().map(|answer| answer.as_slice().expect("one piece")).collect::<Vec<_>>().concat();
    server.writable().await.expect("it is new");
    let written = write_at_once(&server, answers).expect("the client is there");
    let mut arrived = vec![0; all.len()];
    let (sent, read) = tokio::join!(write(&server, answers, written), client.read_exact(&mut arrived));
    sent.expect("the client is there");
    read.expect("all comes");
    assert!(arrived == all, "in order, and each byte once");
    written
}

#[tokio::test]
async fn a_small_answer_is_sent_at_once_and_of_a_large_one_what_there_is_room_for() {
    let small = answer(1);
    assert_eq!(send(std::slice::from_ref(&small)).await, small.len());
    let large = answer(2_000_000);
    let written = send(std::slice::from_ref(&large)).await;
    assert!(0 < written && written < large.len(), "{written} of {}", large.len());
}

#[tokio::test]
async fn several_answers_are_gathered() {
    assert_eq!(send(&[answer(1), answer(2), answer(3)]).await, 0);
}
