//! JoinGroup of a classic member of a consumer group: it says what it wants and still has, and is answered at once.

use super::super::Group;
use super::super::member::Member;
use super::super::reconcile::Said;
use super::Classic;
use crate::group::embedded::{self, Subscription};
use crate::group::turn::Turn;
use crate::group::{FirstJoin, Join};
use bytes::Bytes;
use ottla_wire::message::{JoinGroupRequest, JoinGroupResponse};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

impl Group {
    pub(in crate::group) fn join_classic(&mut self, turn: &mut Turn<'_>, join: Join) {
        let ticket = join.ticket;
        let member_id = join.request.member_id.detached();
        let response = self.try_join(turn, join).unwrap_or_else(|(error_code, id)| JoinGroupResponse {
            error_code,
            member_id: id.unwrap_or(member_id),
            protocol_name: None,
            ..Default::default()
        });
        turn.reply(ticket, response);
    }

    /// The response, or an error with the member id that goes with it if it is not the one that came.
    fn try_join(
        &mut self,
        turn: &mut Turn<'_>,
        join: Join,
    ) -> Result<JoinGroupResponse, (ErrorCode, Option<Str>)> {
        let Join { request, client, topics, consumers: config, .. } = join;
        let plain = |error| (error, None);
        self.check_classic_join(&request, turn, config.migration.is_possible()).map_err(plain)?;
        let is_new = request.member_id.is_empty();
        let id = if is_new { Str::from(join.fresh.to_string()) } else { request.member_id.detached() };
        if self.is_full(&request, config.size_max) {
            return Err((ErrorCode::GROUP_MAX_SIZE_REACHED, Some(Str::default())));
        }
        if is_new && request.group_instance_id.is_none() && join.first_join == FirstJoin::RequireId {
            return Err((ErrorCode::MEMBER_ID_REQUIRED, Some(id)));
        }
        let protocols: Vec<(Str, Bytes)> = own(&request);
        let told = protocols.first().and_then(|(_, metadata)| embedded::subscription(metadata, &topics));
        let told = told.ok_or(plain(ErrorCode::INCONSISTENT_GROUP_PROTOCOL))?;
        let (before, replaces) = self.who_joins(&id, &request).map_err(plain)?;
        // Nothing is refused from here on, and nothing has changed before.
        if let Some(former) = replaces {
            self.take(&former, turn);
        }
        let Subscription { topics: names, owned, rack } = told;
        let is_resubscribed = *before.topics != names || !before.pattern.is_empty();
        let rebalance_timeout_ms = match request.rebalance_timeout_ms {
            ..0 => request.session_timeout_ms,
            ms => ms,
        };
        let topics_before = Arc::clone(&before.topics);
        self.put(
            &id,
            Arc::new(Member {
                instance: request
                    .group_instance_id
                    .as_ref()
                    .map(Str::detached)
                    .or_else(|| before.instance.clone()),
                rack: rack.or_else(|| before.rack.clone()),
                client,
                rebalance_timeout_ms,
                topics: if is_resubscribed { Arc::new(names) } else { topics_before },
                pattern: Str::default(),
                classic: Some(Classic { session_timeout_ms: request.session_timeout_ms, protocols }),
                ..(*before).clone()
            }),
        );
        self.note(&topics, &config);
        self.refresh(&topics, is_resubscribed);
        self.assign_when_due(&topics, &config, turn);
        self.reconcile(&id, &Said { owned: Some(owned), is_resubscribed }, &topics, turn);
        turn.schedule(self.session_timer(&id), request.session_timeout_ms.into());
        turn.schedule(self.rebalance_timer(&id), rebalance_timeout_ms.into());
        self.record(turn);
        let member = &self.members[&id];
        Ok(JoinGroupResponse {
            generation_id: member.epoch,
            protocol_type: Some(Str::from_static("consumer")),
            protocol_name: member.classic.as_ref().map(|classic| classic.protocol().0),
            member_id: id,
            ..Default::default()
        })
    }

    fn check_classic_join(
        &self,
        request: &JoinGroupRequest,
        turn: &Turn<'_>,
        is_possible: bool,
    ) -> Result<(), ErrorCode> {
        let session_timeouts = turn.settings.session_timeout_ms_min..=turn.settings.session_timeout_ms_max;
        if !session_timeouts.contains(&request.session_timeout_ms) {
            return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
        }
        let mut classics = self.members.values().filter_map(|member| member.classic.as_ref()).peekable();
        let is_known = |name: &Str| {
            let mut classics = self.members.values().filter_map(|member| member.classic.as_ref());
            classics.all(|classic| classic.protocols.iter().any(|(known, _)| known == name))
        };
        let has_common =
            classics.peek().is_none() || request.protocols.iter().any(|asked| is_known(&asked.name));
        if is_possible && &*request.protocol_type == "consumer" && !request.protocols.is_empty() && has_common
        {
            Ok(())
        } else {
            Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
        }
    }

    fn is_full(&self, request: &JoinGroupRequest, size_max: usize) -> bool {
        let is_here = self.members.contains_key(&request.member_id)
            || request.group_instance_id.as_ref().is_some_and(|instance| self.statics.contains_key(instance));
        !is_here && size_max <= self.members.len()
    }

    /// The member as it was, and the static one whose place it takes.
    fn who_joins(
        &self,
        id: &Str,
        request: &JoinGroupRequest,
    ) -> Result<(Arc<Member>, Option<Str>), ErrorCode> {
        let is_new = request.member_id.is_empty();
        let former = request.group_instance_id.as_ref().map(|instance| self.statics.get(instance));
        match former {
            Some(Some(former)) if is_new => {
                let member = self.members.get(former).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
                let assigned = member.assigned.keys().map(|partition| (*partition, 0)).collect();
                let before = Member { epoch: 0, previous_epoch: 0, assigned, ..(**member).clone() };
                Ok((Arc::new(before), Some(former.clone())))
            }
            Some(Some(former)) if former != id => Err(ErrorCode::FENCED_INSTANCE_ID),
            Some(None) if !is_new => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(_) | None => Ok((self.members.get(id).map(Arc::clone).unwrap_or_default(), None)),
        }
    }
}

/// The protocols of a request, in memory of their own.
fn own(request: &JoinGroupRequest) -> Vec<(Str, Bytes)> {
    request
        .protocols
        .iter()
        .map(|known| (known.name.detached(), Bytes::copy_from_slice(&known.metadata)))
        .collect()
}
