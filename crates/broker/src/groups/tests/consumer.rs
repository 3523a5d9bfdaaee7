//! Consumer groups from request frame to response frame.

use super::*;
use ottla_wire::message::offset_fetch_request::OffsetFetchRequestGroup;

fn beat(group: &str, member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    let is_joining = epoch == 0;
    ConsumerGroupHeartbeatRequest {
        group_id: group.into(),
        member_id: member.into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if is_joining { 60_000 } else { -1 },
        subscribed_topic_names: is_joining.then(|| vec!["t".into()]),
        topic_partitions: is_joining.then(Vec::new),
        ..Default::default()
    }
}

#[test]
fn a_consumer_joins_is_described_and_leaves_in_every_version() {
    bench(async |bench| {
        let topic = bench.create_topic("t", 2).await;
        for version in 0..=1 {
            let group = format!("group-{version}");
            let asked = if version == 0 { "" } else { "a" };
            let joined = bench.call(&beat(&group, asked, 0), version).await;
            assert_eq!((joined.error_code, joined.member_epoch), (ErrorCode::NONE, 2), "v{version}");
            let assigned = joined.assignment.expect("who joins is told").topic_partitions;
            assert_eq!((assigned[0].topic_id, &*assigned[0].partitions), (topic.0, [0, 1].as_slice()));
            let member = joined.member_id.expect("a member has an id");
            let request = ConsumerGroupDescribeRequest {
                group_ids: vec![group.as_str().into(), "nobody".into(), "".into()],
                include_authorized_operations: true,
            };
            let described = bench.call(&request, version).await.groups;
            assert_eq!((&*described[0].group_state, described[0].members.len()), ("Stable", 1));
            assert_eq!(&*described[0].members[0].assignment.topic_partitions[0].topic_name, "t");
            assert_eq!(described[1].error_code, ErrorCode::GROUP_ID_NOT_FOUND);
            assert_eq!(described[2].error_code, ErrorCode::INVALID_GROUP_ID);
            let left = bench.call(&beat(&group, &member, -1), version).await;
            assert_eq!((left.error_code, left.member_epoch), (ErrorCode::NONE, -1));
            let gone = bench.call(&beat(&group, &member, 2), version).await;
            assert_eq!(gone.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
            assert!(gone.error_message.is_some(), "a refusal says why");
        }
    });
}

#[test]
fn a_name_of_nothing_but_blanks_is_none() {
    bench(async |bench| {
        let whole = beat("g", "a", 0);
        let blank = || Some(" ".into());
        let requests = [
            ConsumerGroupHeartbeatRequest { group_id: " ".into(), ..whole.clone() },
            ConsumerGroupHeartbeatRequest { member_id: " ".into(), ..whole.clone() },
            ConsumerGroupHeartbeatRequest { instance_id: blank(), ..whole.clone() },
            ConsumerGroupHeartbeatRequest { rack_id: blank(), ..whole },
        ];
        for request in requests {
            let refused = bench.call(&request, 1).await;
            assert_eq!(refused.error_code, ErrorCode::INVALID_REQUEST, "{request:?}");
            assert!(refused.error_message.is_some(), "a refusal says why");
        }
    });
}

#[test]
fn the_apis_of_classic_groups_do_not_describe_a_consumer_group() {
    bench(async |bench| {
        bench.create_topic("t", 1).await;
        bench.call(&beat("g", "a", 0), 1).await;
        let request = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
        let old = bench.call(&request, 5).await.groups;
        assert_eq!((&*old[0].group_state, old[0].error_code), ("Dead", ErrorCode::NONE));
        assert_eq!(bench.call(&request, 6).await.groups[0].error_code, ErrorCode::GROUP_ID_NOT_FOUND);
        let listed = bench.call(&ListGroupsRequest::default(), 5).await.groups;
        assert_eq!((&*listed[0].group_type, &*listed[0].group_state), ("consumer", "Stable"));
    });
}

#[test]
fn a_member_fetches_offsets_in_its_epoch_only() {
    bench(async |bench| {
        bench.create_topic("t", 1).await;
        bench.call(&beat("g", "a", 0), 1).await;
        for (member_epoch, code) in [(2, ErrorCode::NONE), (1, ErrorCode::STALE_MEMBER_EPOCH)] {
            let group = OffsetFetchRequestGroup {
                group_id: "g".into(),
                member_id: Some("a".into()),
                member_epoch,
                topics: None,
            };
            let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
            assert_eq!(bench.call(&request, 9).await.groups[0].error_code, code);
        }
    });
}
