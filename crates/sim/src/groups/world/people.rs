//! Who comes in: members of all kinds, and static ones under the instance id of somebody who left or still lives.

use super::super::Planted;
use super::super::classic::Classic;
use super::super::consumer::Consumer;
use super::super::judge::{Kind, Known};
use super::super::member::{Member, Name, Request};
use super::super::share::Sharer;
use super::super::streams::Streamer;
use super::super::worker::Worker;
use super::{Event, KINDS, Slot, TOPICS, World};
use ottla_wire::Str;
use uuid::Uuid;

/// What a member is like, and a successor of it: who comes back has another member id and is the same otherwise.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) kind: Kind,
    /// Its group instance id, if it is static.
    pub(super) instance: Option<Str>,
    /// Of a member of a streams group: the process that it is a thread of.
    process: usize,
    topology_epoch: i32,
}

/// How much there is for members to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// A topic has at most so many partitions when it is made.
    pub(super) partitions: usize,
    pub(super) classic_partitions: u8,
    /// Of each topic that stays as it is.
    pub(super) steady_partitions: i32,
}

pub(super) const SMALL: Size = Size { partitions: 12, classic_partitions: 24, steady_partitions: 6 };
/// Something for each of hundreds.
const LARGE: Size = Size { partitions: 150, classic_partitions: 240, steady_partitions: 60 };

impl World {
    /// Some of each kind, in some worlds hundreds of one, and in a few hundreds of each.
    pub(super) fn populate(&mut self) {
        let (is_large, is_crowded) = (self.chance.percent(2), self.chance.percent(8));
        let crowd = is_crowded.then(|| *self.chance.pick(&KINDS));
        if is_large {
            self.size = LARGE;
        }
        for name in TOPICS {
            self.make_topic(name);
        }
        self.publish();
        for kind in KINDS {
            let count = match crowd {
                _ if is_large => self.chance.within(100..200),
                Some(crowded) if crowded == kind => self.chance.within(100..300),
                Some(_) => self.chance.within(0..3),
                None => self.chance.within(0..12),
            };
            (0..count).for_each(|_| self.enter(kind));
        }
        self.tally.large += u64::from(KINDS.iter().all(|kind| 100 <= self.judge.alive(*kind)));
        self.schedule(0, Event::Trouble);
    }

    /// Somebody new comes in, of the groups that know static members now and then as one.
    pub(super) fn enter(&mut self, kind: Kind) {
        let knows_statics = matches!(kind, Kind::Classic | Kind::Consumer | Kind::Streams);
        let is_static = knows_statics && self.chance.percent(40);
        let entrance = Entrance {
            kind,
            instance: is_static.then(|| Str::from(format!("instance-{}", self.slots.len()))),
            process: self.process(),
            topology_epoch: if self.is_mixed { *self.chance.pick(&TOPOLOGY_EPOCHS) } else { 0 },
        };
        self.seat(entrance);
    }

    /// A member comes in. It makes a member id of its own, whoever was there before under its instance id.
    pub(super) fn seat(&mut self, entrance: Entrance) {
        let number = self.slots.len();
        let Entrance { kind, instance, process, topology_epoch } = entrance.clone();
        let name = Name { id: id_of(number), instance };
        let topics = TOPICS.map(Str::from).to_vec();
        let member: Box<dyn Member> = match kind {
            Kind::Classic => Box::new(Classic::new(name.instance, self.size.classic_partitions)),
            Kind::Consumer => Box::new(Consumer::new(name, topics)),
            Kind::Share => Box::new(Sharer::new(name.id, topics)),
            Kind::Streams => Box::new(Streamer::new(name, process, topics, topology_epoch)),
            Kind::Worker => Box::new(Worker::new(name.id)),
        };
        self.note(|| format!("{number} enters: {entrance:?}"));
        let instance = entrance.instance.clone();
        self.slots.push(Slot { member, entrance, serials: 0, decided: 0, heard: 0, paused_until: 0 });
        self.judge.members.push(Known::new(kind, instance, process, self.now_ms));
        self.tally.members.0[kind as usize] += 1;
        let most = &mut self.tally.most.0[kind as usize];
        *most = self.judge.alive(kind).max(*most);
        let after_ms = self.chance.within(0..500);
        self.schedule(after_ms, Event::Wake(number));
    }

    /// A member asks to come in under its instance id. In a classic group it takes the place of who had that at once; the
    /// others keep it from who does not leave.
    pub(super) fn succeed(&mut self, member: usize, request: &Request) {
        let Some(instance) = request.joins_as() else { return };
        let kind = self.judge.members[member].kind;
        self.judge.members[member].is_replaced = false;
        for other in (0..self.slots.len()).filter(|other| *other != member) {
            let known = &mut self.judge.members[other];
            if !known.is_alive || known.kind != kind || known.instance.as_ref() != Some(instance) {
                continue;
            }
            known.is_replaced = true;
            if self.planted == Planted::InstanceShared {
                self.send_off(other, request.clone());
            }
        }
    }

    /// A process for a member of a streams group: one that has members already, or a new one.
    fn process(&mut self) -> usize {
        let known: Vec<usize> = self.judge.processes().into_iter().collect();
        match known.is_empty() || self.chance.percent(50) {
            true => self.slots.len(),
            false => *self.chance.pick(&known),
        }
    }
}

/// The member id that the client with this number makes.
pub(super) fn id_of(number: usize) -> String {
    Uuid::from_u128(0x5eed << 64 | number as u128).to_string()
}

/// Most have the same; who has a newer one than the group is not let in.
const TOPOLOGY_EPOCHS: [i32; 8] = [0, 1, 1, 1, 1, 1, 1, 2];
