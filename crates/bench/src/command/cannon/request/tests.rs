use super::*;
use ottla_wire::codec::{Message, decode_request_header};
use ottla_wire::{Reader, record};

/// What is sent when the frame goes in pieces of `step` bytes, through two slices at a time.
fn sent(request: &Request, correlation_id: i32, step: usize) -> Vec<u8> {
    let head = request.head(correlation_id);
    let mut bytes = Vec::new();
    while bytes.len() < request.len() {
        let mut slices = [IoSlice::new(&[]); 2];
        let number = request.gather(&head, bytes.len(), &mut slices);
        let gathered: Vec<u8> = slices[..number].iter().flat_map(|slice| slice.to_vec()).collect();
        bytes.extend_from_slice(&gathered[..gathered.len().min(step)]);
    }
    bytes
}

fn batch(record_bytes: usize) -> Bytes {
    let mut builder = record::BatchBuilder::new(record::BatchOptions::default());
    builder.append(ottla_base::Timestamp(1), None, Some(&vec![1; record_bytes]), &[]).unwrap();
    builder.build()
}

#[test]
fn a_frame_is_the_same_however_it_is_cut() {
    for record_bytes in [10, 5000] {
        let request = Request::produce("topic", 3..6, -1, &batch(record_bytes)).unwrap();
        let whole = sent(&request, 77, usize::MAX);
        for step in [1, 7, 12, 13, 1000] {
            assert_eq!(sent(&request, 77, step), whole, "{record_bytes} {step}");
        }
    }
}

#[test]
fn a_broker_reads_what_was_meant() {
    for record_bytes in [10, 5000] {
        let batch = batch(record_bytes);
        let bytes = sent(&Request::produce("topic", 3..6, 1, &batch).unwrap(), 77, usize::MAX);
        assert_eq!(bytes[..4], u32::try_from(bytes.len() - 4).unwrap().to_be_bytes());
        let mut reader = Reader::new(Bytes::from(bytes).slice(4..));
        let header = decode_request_header(&mut reader).unwrap();
        assert_eq!((header.request_api_version, header.correlation_id), (VERSION, 77));
        let request = ProduceRequest::decode(&mut reader, VERSION).unwrap();
        assert_eq!((request.acks, &*request.topic_data[0].name), (1, "topic"));
        let parts = &request.topic_data[0].partition_data;
        assert_eq!(parts.iter().map(|part| part.index).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(parts.iter().all(|part| part.records.as_ref().unwrap().as_bytes() == Some(&batch)));
    }
}
