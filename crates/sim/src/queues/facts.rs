//! The history sorted by what was told about each record in each group.

use super::Kind;
use super::event::{Delivered, Event, Group, Heard, Letter, Outcome, Record, Said, Verdict};
use crate::checker::Anomalies;
use foldhash::HashMap;
use std::collections::BTreeMap;

/// Nobody keeps a record as long before it is handed out: the members of a history poll every few seconds at least, and
/// ask for no more than they take.
const KEPT_NS_MAX: u64 = 15_000_000_000;

/// A name's number.
pub(super) type Id = usize;

/// A record's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) partition: Id,
    pub(super) offset: i64,
}

/// Names and their numbers.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: HashMap<String, Id>,
    names: Vec<String>,
}

/// A member of a share group.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) group: Id,
    start: u64,
}

/// What happened to one record in one group, by time once it is sorted.
#[derive(Debug, Default)]
pub(super) struct Story(Vec<Step>);

#[derive(Debug)]
struct Step {
    at: u64,
    member: Id,
    what: What,
}

#[derive(Debug)]
enum What {
    Delivered {
        count: u32,
        value: u64,
        wall: i64,
    },
    /// What was heard of it, and whether it counts.
    Said {
        verdict: Verdict,
        heard: Option<(u64, bool)>,
    },
}

/// A record came to a member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) at: u64,
    pub(super) wall: i64,
    pub(super) count: u32,
    pub(super) value: u64,
    pub(super) member: Id,
    /// When the member began.
    start: u64,
    /// When the member said something of the record that was confirmed: it had the record then.
    proof: Option<u64>,
}

/// A member said what became of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saying {
    pub(super) at: u64,
    pub(super) member: Id,
    pub(super) verdict: Verdict,
    pub(super) confirmed: Option<u64>,
}

/// All that was told.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) partitions: Names,
    pub(super) group_names: Names,
    pub(super) groups: BTreeMap<Id, Group>,
    pub(super) member_names: Names,
    pub(super) members: HashMap<Id, Member>,
    pub(super) sent: Vec<(Place, u64)>,
    pub(super) records: BTreeMap<Place, Record>,
    /// By group.
    pub(super) stories: BTreeMap<(Id, Place), Story>,
    /// By group and record.
    pub(super) letters: BTreeMap<(Id, Place), Vec<Letter>>,
    pub(super) receipts: Vec<(String, Outcome)>,
}

impl Names {
    fn id(&mut self, name: &str) -> Id {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.names.len();
        self.ids.insert(name.to_owned(), id);
        self.names.push(name.to_owned());
        id
    }

    pub(super) fn name(&self, id: Id) -> &str {
        &self.names[id]
    }
}

impl Facts {
    pub(super) fn add(&mut self, event: Event, anomalies: &mut Anomalies<Kind>) {
        match event {
            Event::Group(group) => {
                let id = self.group_names.id(&group.group);
                self.groups.insert(id, group);
            }
            Event::Sent { partition, offset, value } => {
                let place = self.place(&partition, offset);
                self.sent.push((place, value));
            }
            Event::Member { member, group, at } => {
                let (id, group) = (self.member_names.id(&member), self.group_names.id(&group));
                if self.members.insert(id, Member { group, start: at }).is_some() {
                    anomalies.note(Kind::InvalidHistory, || format!("{member} begins twice"));
                }
            }
            Event::Delivered(delivered) => self.delivered(&delivered, anomalies),
            Event::Said(said) => self.said(&said, anomalies),
            Event::Heard(heard) => self.heard(&heard, anomalies),
            Event::Record(record) => {
                let place = self.place(&record.partition, record.offset);
                if self.records.insert(place, record).is_some() {
                    anomalies.note(Kind::InvalidHistory, || format!("{} is read twice", self.at(place)));
                }
            }
            Event::Letter(letter) => {
                let place = self.place(&letter.partition, letter.offset);
                let group = self.group_names.id(&letter.group);
                self.letters.entry((group, place)).or_default().push(letter);
            }
            Event::Receipt { letter, outcome } => self.receipts.push((letter, outcome)),
        }
    }

    fn delivered(&mut self, delivered: &Delivered, anomalies: &mut Anomalies<Kind>) {
        let Delivered { member, partition, at, wall, records } = delivered;
        let Some((member, group)) = self.member(member, anomalies) else { return };
        for (offset, count, value) in records {
            let place = self.place(partition, *offset);
            let what = What::Delivered { count: *count, value: *value, wall: *wall };
            self.stories.entry((group, place)).or_default().0.push(Step { at: *at, member, what });
        }
    }

    fn said(&mut self, said: &Said, anomalies: &mut Anomalies<Kind>) {
        let Said { member, partition, at, verdict, offsets } = said;
        let Some((member, group)) = self.member(member, anomalies) else { return };
        for offset in offsets {
            let place = self.place(partition, *offset);
            let what = What::Said { verdict: *verdict, heard: None };
            self.stories.entry((group, place)).or_default().0.push(Step { at: *at, member, what });
        }
    }

    fn heard(&mut self, heard: &Heard, anomalies: &mut Anomalies<Kind>) {
        let Heard { member, partition, at, counts, offsets } = heard;
        let Some((id, group)) = self.member(member, anomalies) else { return };
        for offset in offsets {
            let place = self.place(partition, *offset);
            // The lines of one member are in order, whatever others have said meanwhile.
            let steps = self.stories.entry((group, place)).or_default().0.iter_mut();
            let mut unheard =
                steps.filter(|step| step.member == id).filter_map(|step| match &mut step.what {
                    What::Said { heard: heard @ None, .. } => Some(heard),
                    What::Said { .. } | What::Delivered { .. } => None,
                });
            match unheard.next() {
                Some(heard) => *heard = Some((*at, *counts)),
                None => anomalies.note(Kind::InvalidHistory, || {
                    format!("{member} has heard of {partition}@{offset} what it has not said")
                }),
            }
        }
    }

    fn member(&mut self, name: &str, anomalies: &mut Anomalies<Kind>) -> Option<(Id, Id)> {
        let id = self.member_names.id(name);
        let group = self.members.get(&id).map(|member| member.group);
        if group.is_none() {
            anomalies.note(Kind::InvalidHistory, || format!("{name} does something and has not begun"));
        }
        Some((id, group?))
    }

    fn place(&mut self, partition: &str, offset: i64) -> Place {
        Place { partition: self.partitions.id(partition), offset }
    }

    /// Puts what different clients have told about a record in order.
    pub(super) fn sort(&mut self) {
        self.stories.values_mut().for_each(|story| story.0.sort_by_key(|step| step.at));
    }

    /// The record's name for people.
    pub(super) fn at(&self, place: Place) -> String {
        format!("{}@{}", self.partitions.name(place.partition), place.offset)
    }

    /// The records that a group has to be given, in order.
    pub(super) fn expected(&self, group: &Group) -> impl Iterator<Item = (Place, &Record)> {
        let hides = group.isolation == crate::history::Isolation::ReadCommitted;
        self.records.iter().filter_map(move |(place, record)| {
            let topic = record.partition.rsplit_once('-').map_or("", |(topic, _)| topic);
            let is_read = group.topics.iter().any(|name| name == topic);
            let is_foreign = record.requeued_for.as_ref().is_some_and(|name| *name != group.group);
            (is_read && !is_foreign && (record.committed || !hides)).then_some((*place, record))
        })
    }

    /// All that came to members, by time.
    pub(super) fn deliveries(&self, group: Id, place: Place) -> Vec<Delivery> {
        let Some(Story(steps)) = self.stories.get(&(group, place)) else { return Vec::new() };
        let mut deliveries: Vec<Delivery> = Vec::new();
        for Step { at, member, what } in steps {
            match what {
                What::Delivered { count, value, wall } => deliveries.push(Delivery {
                    at: *at,
                    wall: *wall,
                    count: *count,
                    value: *value,
                    member: *member,
                    start: self.members[member].start,
                    proof: None,
                }),
                What::Said { heard: Some((_, true)), .. } => {
                    let held = deliveries.iter_mut().rev().find(|delivery| delivery.member == *member);
                    if let Some(delivery) = held {
                        delivery.proof = Some(*at);
                    }
                }
                What::Said { heard: Some((_, false)) | None, .. } => {}
            }
        }
        deliveries
    }

    /// All that members said, by time.
    pub(super) fn sayings(&self, group: Id, place: Place) -> impl Iterator<Item = Saying> {
        let steps = self.stories.get(&(group, place)).into_iter().flat_map(|story| &story.0);
        steps.filter_map(|step| match step.what {
            What::Said { verdict, heard } => {
                let confirmed = heard.filter(|(_, counts)| *counts).map(|(at, _)| at);
                Some(Saying { at: step.at, member: step.member, verdict, confirmed })
            }
            What::Delivered { .. } => None,
        })
    }
}

impl Delivery {
    /// Whether the broker surely gave the record away after that time. A client may hand out late what it got before.
    pub(super) fn is_after(&self, time: u64) -> bool {
        time < self.start
            || time.saturating_add(KEPT_NS_MAX) < self.at
            || self.proof.is_some_and(|at| time < at)
    }
}

impl Saying {
    /// Whether nobody may be given the record after it.
    pub(super) fn is_end(&self) -> bool {
        matches!(self.verdict, Verdict::Accept | Verdict::Reject)
    }
}
