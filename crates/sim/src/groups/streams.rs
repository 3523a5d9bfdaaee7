//! A member of a streams group (KIP-1071) as a thread of Kafka Streams is one: it joins with epoch 0, says what it has,
//! closes tasks that it shall not have before it says so, and drops everything when it is fenced. Threads of one process
//! share its disk.

use super::member::{
    Answer, HEARTBEAT_INTERVAL_MS, Member, Name, PATIENCE_MS, Parting, Place, REQUEST_TIMEOUT_MS, RETRY_MS,
    Request, Serial, Turn,
};
use ottla_wire::message::streams_group_heartbeat_request::{
    Subtopology, TaskIds, TaskOffset, TopicInfo, Topology,
};
use ottla_wire::message::{
    StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, streams_group_heartbeat_response,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) struct Streamer {
    name: Name,
    process: usize,
    topology: Topology,
    epoch: i32,
    has: Tasks,
    target: Tasks,
    /// When it will have closed what it has beyond its target.
    closed_at: Option<u64>,
    asked: Option<(Serial, u64)>,
    /// What it has told last of what it has.
    told: Option<Tasks>,
    beat_at: u64,
    /// Since when its instance id is with somebody else.
    refused_since: Option<u64>,
    has_given_up: bool,
}

/// Tasks, as places: the id of a subtopology stands for that of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tasks {
    /// Those that process.
    pub(super) active: BTreeSet<Place>,
    /// Copies that are kept warm.
    pub(super) standby: BTreeSet<Place>,
    /// Copies that become warm. The coordinator gives none, as in Kafka 4.4.
    warmup: BTreeSet<Place>,
}

impl Tasks {
    fn is_within(&self, other: &Self) -> bool {
        let Self { active, standby, warmup } = self;
        active.is_subset(&other.active)
            && standby.is_subset(&other.standby)
            && warmup.is_subset(&other.warmup)
    }

    fn all(&self) -> BTreeSet<Place> {
        self.active.iter().chain(&self.standby).chain(&self.warmup).copied().collect()
    }

    /// What an answer says, if it says something.
    pub(super) fn of(response: &StreamsGroupHeartbeatResponse) -> Option<Self> {
        let StreamsGroupHeartbeatResponse { active_tasks, standby_tasks, warmup_tasks, .. } = response;
        Some(Self {
            active: places(active_tasks.as_ref()?),
            standby: places(standby_tasks.as_ref()?),
            warmup: places(warmup_tasks.as_ref()?),
        })
    }

    /// Says in a request that these are what the member has.
    pub(super) fn tell(&self, request: &mut StreamsGroupHeartbeatRequest) {
        request.active_tasks = Some(listed(&self.active));
        request.standby_tasks = Some(listed(&self.standby));
        request.warmup_tasks = Some(listed(&self.warmup));
    }
}

impl Streamer {
    /// A thread of a process, which runs the topology of an epoch over topics that change.
    pub(super) fn new(name: Name, process: usize, topics: Vec<Str>, topology_epoch: i32) -> Self {
        Self {
            name,
            process,
            topology: topology(topics, topology_epoch),
            epoch: 0,
            has: Tasks::default(),
            target: Tasks::default(),
            closed_at: None,
            asked: None,
            told: None,
            beat_at: 0,
            refused_since: None,
            has_given_up: false,
        }
    }

    fn request(&self, epoch: i32) -> StreamsGroupHeartbeatRequest {
        StreamsGroupHeartbeatRequest {
            group_id: Str::from(GROUP),
            member_id: Str::from(self.name.id.as_str()),
            instance_id: self.name.instance.clone(),
            member_epoch: epoch,
            rebalance_timeout_ms: -1,
            ..Default::default()
        }
    }

    fn beat(&mut self, turn: &mut Turn<'_>) {
        let mut request = self.request(self.epoch);
        if self.epoch == 0 {
            request.rebalance_timeout_ms = 300_000;
            request.topology = Some(Box::new(self.topology.clone()));
            request.process_id = Some(Str::from(format!("process-{}", self.process)));
        } else if turn.chance.percent(10) {
            request.task_offsets = Some(self.offsets(turn));
        }
        if self.epoch == 0 || self.told.as_ref() != Some(&self.has) {
            self.has.tell(&mut request);
            self.told = Some(self.has.clone());
        }
        self.asked = Some((turn.ask(Request::Streams(Box::new(request))), turn.now_ms));
        self.beat_at = turn.now_ms + HEARTBEAT_INTERVAL_MS;
    }

    /// How much state it has of the tasks that have some.
    fn offsets(&self, turn: &mut Turn<'_>) -> Vec<TaskOffset> {
        let stateful = self.has.all().into_iter().filter(|(part, _)| *part == STATEFUL);
        let offset = |(part, partition): Place| TaskOffset {
            subtopology_id: Str::from(part.to_string()),
            partition,
            offset: i64::try_from(turn.chance.below(20_000)).expect("small"),
        };
        stateful.map(offset).collect()
    }

    /// Comes nearer to its target. What is new it takes when what must go is closed.
    fn reconcile(&mut self, turn: &mut Turn<'_>) {
        match self.closed_at {
            Some(at) if turn.now_ms < at => {}
            None if !self.has.is_within(&self.target) => {
                self.closed_at = Some(turn.now_ms + turn.chance.within(0..800));
            }
            Some(_) | None => {
                self.closed_at = None;
                self.has = self.target.clone();
            }
        }
    }

    fn hears(&mut self, response: &StreamsGroupHeartbeatResponse, turn: &Turn<'_>) {
        match response.error_code {
            ErrorCode::NONE => {
                (self.epoch, self.refused_since) = (response.member_epoch, None);
                self.target = Tasks::of(response).unwrap_or_else(|| std::mem::take(&mut self.target));
            }
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::GROUP_ID_NOT_FOUND => {
                (self.epoch, self.closed_at, self.told) = (0, None, None);
                (self.has, self.target) = (Tasks::default(), Tasks::default());
                self.beat_at = turn.now_ms;
            }
            ErrorCode::UNRELEASED_INSTANCE_ID => {
                let since = *self.refused_since.get_or_insert(turn.now_ms);
                (self.told, self.beat_at) = (Some(Tasks::default()), turn.now_ms + RETRY_MS);
                self.has_given_up = since + PATIENCE_MS <= turn.now_ms;
            }
            // The group runs an older topology, the tasks that it has are none any more, or another has its instance id:
            // there is no cure here.
            ErrorCode::INVALID_REQUEST | ErrorCode::FENCED_INSTANCE_ID => self.has_given_up = true,
            _ => self.told = None,
        }
    }
}

impl Member for Streamer {
    fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.asked.is_some_and(|(_, at)| at + REQUEST_TIMEOUT_MS <= turn.now_ms) {
            (self.asked, self.told, self.beat_at) = (None, None, turn.now_ms);
        }
        self.reconcile(turn);
        let has_news = self.told.as_ref() != Some(&self.has);
        if self.asked.is_none() && (self.beat_at <= turn.now_ms || has_news) {
            self.beat(turn);
        }
    }

    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>) {
        let Answer::Streams(response) = answer else { return };
        if self.asked.take_if(|(asked, _)| *asked == serial).is_some() {
            self.hears(&response, turn);
        }
    }

    fn reconnect(&mut self) {
        (self.asked, self.told) = (None, None);
    }

    fn close(&mut self, parting: Parting, turn: &mut Turn<'_>) {
        self.has = Tasks::default();
        turn.ask(Request::Streams(Box::new(self.request(parting.epoch()))));
    }

    fn owned(&self) -> (i32, &BTreeSet<Place>) {
        (0, &self.has.active)
    }

    fn on_disk(&self) -> Option<BTreeSet<Place>> {
        Some(self.has.all())
    }

    fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    fn is_settled(&self) -> bool {
        let is_through = self.closed_at.is_none() && self.refused_since.is_none();
        is_through && self.has == self.target && self.told.as_ref() == Some(&self.has)
    }
}

/// One subtopology reads all topics that change, and one, with state, a topic that stays.
fn topology(topics: Vec<Str>, epoch: i32) -> Topology {
    let plain = Subtopology {
        subtopology_id: Str::from(Uuid::nil().to_string()),
        source_topics: topics,
        ..Default::default()
    };
    let [source, changelog] = STEADY.map(Str::from);
    let stateful = Subtopology {
        subtopology_id: Str::from(STATEFUL.to_string()),
        source_topics: vec![source],
        state_changelog_topics: vec![TopicInfo { name: changelog, ..Default::default() }],
        ..Default::default()
    };
    Topology { epoch, subtopologies: vec![plain, stateful] }
}

fn listed(tasks: &BTreeSet<Place>) -> Vec<TaskIds> {
    let mut lists = BTreeMap::<Uuid, Vec<i32>>::new();
    tasks.iter().for_each(|(part, number)| lists.entry(*part).or_default().push(*number));
    let list =
        |(part, partitions): (Uuid, _)| TaskIds { subtopology_id: part.to_string().into(), partitions };
    lists.into_iter().map(list).collect()
}

fn places(lists: &[streams_group_heartbeat_response::TaskIds]) -> BTreeSet<Place> {
    let of = |list: &streams_group_heartbeat_response::TaskIds| {
        let part = Uuid::parse_str(&list.subtopology_id).expect("its name is a number");
        list.partitions.clone().into_iter().map(move |number| (part, number))
    };
    lists.iter().flat_map(of).collect()
}

const GROUP: &str = "streamers";
/// The topics of the subtopology with state.
pub(super) const STEADY: [&str; 2] = ["steady", "steady-changelog"];
/// The subtopology with state; the other one is nil.
pub(super) const STATEFUL: Uuid = Uuid::from_u128(1);
