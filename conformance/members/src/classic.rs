//! A member of a classic group. The leader deals partitions out in turn.

use super::{Failure, GROUP, LIMIT, Member, News, PARTITIONS, SESSION_MS, check};
use bytes::Bytes;
use ottla_wire::ErrorCode;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
};

/// Version 0, no topics, no data: the leader here needs none.
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\0\xff\xff\xff\xff";
const PROTOCOL_TYPE: &str = "consumer";

/// Lives until it has to leave.
pub(super) async fn live(mut member: Member) -> Result<(), Failure> {
    let mut id = String::new();
    loop {
        let joined = join(&member, &mut id).await?;
        let round = joined.generation_id;
        let Some(partitions) = sync(&member, &id, &joined).await? else { continue };
        member.tell(News::Holds { round, partitions })?;
        loop {
            if member.rest().await {
                leave(&member, &id).await?;
                return member.tell(News::Left);
            }
            let request = HeartbeatRequest {
                group_id: GROUP.into(),
                generation_id: round,
                member_id: id.as_str().into(),
                ..HeartbeatRequest::default()
            };
            let response = member.connection.call(&request).await?;
            if response.error_code == ErrorCode::REBALANCE_IN_PROGRESS {
                break;
            }
            check("Heartbeat", response.error_code)?;
        }
    }
}

/// Joins; the first time the broker only tells the member its id.
async fn join(member: &Member, id: &mut String) -> Result<JoinGroupResponse, Failure> {
    loop {
        let protocol =
            JoinGroupRequestProtocol { name: "turns".into(), metadata: Bytes::from_static(SUBSCRIPTION) };
        let request = JoinGroupRequest {
            group_id: GROUP.into(),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: SESSION_MS,
            member_id: id.as_str().into(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        };
        let response = member.connection.call_within(&request, LIMIT).await?;
        *id = response.member_id.to_string();
        if response.error_code != ErrorCode::MEMBER_ID_REQUIRED {
            check("JoinGroup", response.error_code)?;
            return Ok(response);
        }
    }
}

/// Its partitions; none if the next rebalance has begun already.
async fn sync(member: &Member, id: &str, joined: &JoinGroupResponse) -> Result<Option<Vec<i32>>, Failure> {
    let request = SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id: joined.generation_id,
        member_id: id.into(),
        protocol_type: Some(PROTOCOL_TYPE.into()),
        protocol_name: joined.protocol_name.clone(),
        assignments: deal(joined),
        ..SyncGroupRequest::default()
    };
    let response = member.connection.call_within(&request, LIMIT).await?;
    if response.error_code == ErrorCode::REBALANCE_IN_PROGRESS {
        return Ok(None);
    }
    check("SyncGroup", response.error_code)?;
    let numbers = response.assignment.chunks_exact(4);
    Ok(Some(numbers.map(|bytes| i32::from_be_bytes(bytes.try_into().expect("chunks of four"))).collect()))
}

/// What the leader gives to each member; only the leader is told who the members are.
fn deal(joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
    let count = joined.members.len();
    let share = |nth: usize| -> Vec<u8> {
        (0..PARTITIONS).skip(nth).step_by(count).flat_map(i32::to_be_bytes).collect()
    };
    let members = joined.members.iter().enumerate();
    members
        .map(|(nth, member)| SyncGroupRequestAssignment {
            member_id: member.member_id.clone(),
            assignment: share(nth).into(),
        })
        .collect()
}

async fn leave(member: &Member, id: &str) -> Result<(), Failure> {
    let identity = MemberIdentity { member_id: id.into(), ..MemberIdentity::default() };
    let request =
        LeaveGroupRequest { group_id: GROUP.into(), members: vec![identity], ..LeaveGroupRequest::default() };
    let response = member.connection.call(&request).await?;
    check("LeaveGroup", response.error_code)
}
