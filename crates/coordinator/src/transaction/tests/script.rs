//! A world of one shard and a small language to drive it.
//!
//! ```text
//! init a timeout=60000        a client named a takes the id over; it remembers the producer id and epoch it is given
//! init a self                 the same, saying who it was; as=7/3 says something else
//! add a t0 t1 o3              partitions 0 and 1 of a topic, and partition 3 of the offsets, join the transaction
//! verify a t0 | end a commit | end a abort
//! work | complete             the finisher asks what to do | has done all that it was told
//! reconcile t0=7/3            a transaction is open in a log
//! describe | list state=Empty pid=7 longer=1000
//! +3000 (milliseconds pass) | restart
//! ```
//! `id=`, `as=` and `v=` (the transaction version, 2 if not said) change one field of a request. Producer ids that
//! are drawn are 1, 2, 3, …

use crate::machine::{Machine, Ticket};
use crate::transaction::turn::Timer;
use crate::transaction::*;
use ottla_base::{Now, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Tick, Timestamp, TopicId};
use ottla_wire::message::{EndTxnRequest, InitProducerIdRequest};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// Runs the script in a new world and compares what it prints.
pub(super) fn check(script: &str, expected: &expect_test::Expect) {
    let mut world = World::new(Settings::default());
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let _ = writeln!(world.out, "> {line}");
        world.run(line);
    }
    expected.assert_eq(&world.out);
}

pub(super) struct World {
    pub(super) hard: Hard,
    pub(super) soft: Soft,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    now: u64,
    settings: Settings,
    out: String,
    claims: HashMap<String, Claim>,
    last_claims: HashMap<Str, Claim>,
    /// Who waits under which ticket.
    pub(super) waiting: BTreeMap<Ticket, String>,
    /// What the finisher was told to do and has not done.
    pub(super) taken: Vec<Ending>,
    tickets: u64,
    drawn: i64,
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let mut world = Self {
            hard: Hard::default(),
            soft: Soft::default(),
            rows: BTreeMap::new(),
            now: 0,
            settings,
            out: String::new(),
            claims: HashMap::new(),
            last_claims: HashMap::new(),
            waiting: BTreeMap::new(),
            taken: Vec::new(),
            tickets: 0,
            drawn: 0,
        };
        world.apply(Command::Start(world.settings.clone()));
        world
    }

    /// Decides and applies, as a shard does, and prints the answers.
    fn apply(&mut self, command: Command) {
        let now = Now { wall: Timestamp(i64::try_from(self.now).expect("small")), tick: Tick(self.now) };
        let decision = Transactions::decide(&self.hard, &mut self.soft, now, command);
        for record in &decision.records {
            Transactions::apply(&mut self.hard, record);
            let entry = Transactions::encode(record);
            match entry.value {
                Some(value) => self.rows.insert(entry.key, value),
                None => self.rows.remove(&entry.key),
            };
        }
        for (ticket, reply) in decision.replies {
            let client = self.waiting.remove(&ticket).expect("a ticket is answered once");
            self.heard(&client, reply);
        }
        self.check();
    }

    fn heard(&mut self, client: &str, reply: Reply) {
        let _ = writeln!(self.out, "{client}: {}", text(&reply));
        let told = match &reply {
            Reply::Init(init) if init.error_code == ErrorCode::NONE => {
                Some((init.producer_id, init.producer_epoch))
            }
            Reply::End(end) if end.error_code == ErrorCode::NONE && end.producer_id != -1 => {
                Some((end.producer_id, end.producer_epoch))
            }
            _ => None,
        };
        if let Some((producer, epoch)) = told {
            let claim = Claim { producer: ProducerId(producer), epoch: ProducerEpoch(epoch) };
            self.claims.insert(client.to_owned(), claim);
        }
        if let Reply::Endings(endings) = reply {
            self.taken.extend(endings);
        }
    }

    /// The standing properties: replay gives the live state, and nothing contradicts itself.
    fn check(&mut self) {
        assert!(self.load() == self.hard, "replaying the rows gives the live state");
        for (id, entry) in &self.hard.ids {
            let (is_ongoing, is_prepared) = match entry.stored.state {
                State::Empty | State::Complete(_) => (false, false),
                State::Ongoing => (true, false),
                State::Prepare(_) => (false, true),
            };
            let has_timer = self.soft.timers.deadline(&Timer::Timeout(id.clone())).is_some();
            assert_eq!(is_ongoing, has_timer, "what is open has a deadline, and nothing else");
            assert_eq!(is_ongoing || is_prepared, !entry.participants.is_empty(), "{id}");
            let mut work = self.taken.iter().chain(&self.soft.work.endings);
            let has_work = work.any(|ending| ending.id == *id && ending.claim == entry.stored.claim());
            assert!(!is_prepared || has_work, "what is prepared is somebody's work");
            assert!(is_prepared || !self.soft.ending.contains_key(id), "nobody waits for what is not ending");
            if let Some(last) = self.last_claims.insert(id.clone(), entry.stored.claim()) {
                let is_same = last.producer == entry.stored.producer;
                assert!(!is_same || last.epoch <= entry.stored.epoch, "an epoch only grows");
                assert!(last.producer <= entry.stored.producer, "a producer id does not come back");
            }
        }
    }

    fn load(&self) -> Hard {
        let mut hard = Hard::default();
        for (key, value) in &self.rows {
            let record = Transactions::decode(key, value).expect("what was encoded can be decoded");
            Transactions::apply(&mut hard, &record);
        }
        hard
    }

    /// A crash: what is soft is gone, and who waited hears nothing.
    fn restart(&mut self) {
        self.hard = self.load();
        self.soft = Soft::default();
        self.waiting.clear();
        self.taken.clear();
        self.apply(Command::Start(self.settings.clone()));
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = Transactions::next_deadline(&self.soft).filter(|at| at.0 <= end) {
            assert!(self.now <= at.0, "no deadline is left behind");
            self.now = at.0;
            self.apply(Command::Tick);
        }
        self.now = end;
    }

    fn ticket(&mut self, client: &str) -> Ticket {
        self.tickets += 1;
        self.waiting.insert(Ticket(self.tickets), client.to_owned());
        Ticket(self.tickets)
    }

    pub(super) fn run(&mut self, line: &str) {
        if let Some(ms) = line.strip_prefix('+') {
            return self.pass(ms.parse().expect("milliseconds"));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.first().expect("a verb") {
            "restart" => self.restart(),
            "complete" => {
                while let Some(Ending { id, claim, .. }) = self.taken.first().cloned() {
                    self.complete(id, claim);
                    self.taken.remove(0);
                }
            }
            // Late news: whatever is completed now was not asked for.
            "complete-as" => {
                let claim = parse_claim(words[1]);
                self.complete("x".into(), claim);
            }
            verb => {
                let spare = self.drawn + 1;
                if let Some(again) = self.command(verb, &words[1..], None) {
                    self.apply(again);
                }
                if self.out.ends_with("SPARE NEEDED\n") {
                    self.drawn = spare;
                    let again = self.command(verb, &words[1..], Some(ProducerId(spare)));
                    self.apply(again.expect("the same command"));
                }
            }
        }
    }

    fn complete(&mut self, id: Str, claim: Claim) {
        let ticket = self.ticket("finisher");
        self.apply(Command::Complete(Complete { ticket, id, claim }));
    }

    fn command(&mut self, verb: &str, words: &[&str], spare: Option<ProducerId>) -> Option<Command> {
        let client = words.first().copied().unwrap_or("-");
        let fields: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
        let ticket = self.ticket(if verb == "work" { "finisher" } else { client });
        let id: Str = match fields.get("id") {
            Some(&"none") => Str::default(),
            Some(id) => (*id).into(),
            None => "x".into(),
        };
        let none = Claim { producer: ProducerId::NONE, epoch: ProducerEpoch::NONE };
        let mine = self.claims.get(client).copied().unwrap_or(none);
        let claim = fields.get("as").map_or(mine, |claim| parse_claim(claim));
        let version = if fields.get("v") == Some(&"1") { Version::One } else { Version::Two };
        let participants = words.iter().skip(1).filter_map(|word| participant(word)).collect();
        Some(match verb {
            "init" => {
                let says = words.contains(&"self") || fields.contains_key("as");
                let says = if says { claim } else { none };
                Command::Init(Init {
                    ticket,
                    request: InitProducerIdRequest {
                        transactional_id: Some(id),
                        transaction_timeout_ms: fields
                            .get("timeout")
                            .map_or(60_000, |ms| ms.parse().expect("ms")),
                        producer_id: says.producer.0,
                        producer_epoch: says.epoch.0,
                        ..Default::default()
                    },
                    spare,
                })
            }
            "add" => Command::Add(Add { ticket, id, claim, version, participants }),
            "verify" => Command::Verify(Verify { ticket, id, claim, participants }),
            "end" => {
                let request = EndTxnRequest {
                    transactional_id: id,
                    producer_id: claim.producer.0,
                    producer_epoch: claim.epoch.0,
                    committed: words.contains(&"commit"),
                };
                Command::End(End { ticket, request, version, spare })
            }
            "work" => Command::Endings(ticket),
            "reconcile" => {
                let open = fields.iter().filter_map(|(place, claim)| {
                    Some(Open { participant: participant(place)?, claim: parse_claim(claim) })
                });
                Command::Reconcile(Reconcile { ticket, open: Arc::new(open.collect()) })
            }
            "describe" => Command::Describe(Describe { ticket, id }),
            "list" => Command::List(List {
                ticket,
                states: Arc::new(fields.get("state").map(|state| Str::from(*state)).into_iter().collect()),
                producers: Arc::new(
                    fields.get("pid").map(|id| ProducerId(id.parse().expect("an id"))).into_iter().collect(),
                ),
                duration_ms: fields.get("longer").map_or(-1, |ms| ms.parse().expect("ms")),
            }),
            other => panic!("no verb {other}"),
        })
    }

    /// Gives the producer of `x` this epoch, as if it had ended so many transactions.
    pub(super) fn age(&mut self, epoch: i16) {
        let id: Str = "x".into();
        let stored = Stored { epoch: ProducerEpoch(epoch), ..self.hard.ids[&id].stored };
        let record = Record::Id { id, stored: Some(stored) };
        Transactions::apply(&mut self.hard, &record);
        let entry = Transactions::encode(&record);
        self.rows.insert(entry.key, entry.value.expect("not gone"));
        self.claims.values_mut().for_each(|claim| claim.epoch = ProducerEpoch(epoch));
    }

    pub(super) fn output(&self) -> &str {
        &self.out
    }
}

fn parse_claim(text: &str) -> Claim {
    let (producer, epoch) = text.split_once('/').expect("producer/epoch");
    Claim {
        producer: ProducerId(producer.parse().expect("a number")),
        epoch: ProducerEpoch(epoch.parse().expect("a number")),
    }
}

fn participant(word: &str) -> Option<Participant> {
    let number = |digits: &str| digits.parse().ok().map(PartitionIndex);
    match word.split_at_checked(1)? {
        ("t", digits) => {
            let index = number(digits)?;
            Some(Participant::Partition(PartitionId { topic: TopicId(Uuid::from_u128(1)), index }))
        }
        ("o", digits) => number(digits).map(Participant::Offsets),
        _ => None,
    }
}

fn place(participant: &Participant) -> String {
    match participant {
        Participant::Partition(id) => format!(" t{}", id.index),
        Participant::Offsets(index) => format!(" o{index}"),
    }
}

fn text(reply: &Reply) -> String {
    let result = |result: &Result<(), ErrorCode>| result.err().unwrap_or(ErrorCode::NONE).name();
    match reply {
        Reply::Init(init) if init.error_code == ErrorCode::NONE => {
            format!("is {}/{}", init.producer_id, init.producer_epoch)
        }
        Reply::Init(init) => init.error_code.name().into(),
        Reply::SpareNeeded => "SPARE NEEDED".into(),
        Reply::Add(added) => result(added).into(),
        Reply::Verify(verified) => verified.iter().map(result).collect::<Vec<_>>().join(" "),
        Reply::End(end) if end.error_code == ErrorCode::NONE && end.producer_id != -1 => {
            format!("ended, is {}/{}", end.producer_id, end.producer_epoch)
        }
        Reply::End(end) if end.error_code == ErrorCode::NONE => "ended".into(),
        Reply::End(end) => end.error_code.name().into(),
        Reply::Endings(endings) => {
            let ending = |ending: &Ending| {
                let Claim { producer, epoch } = ending.claim;
                let places = ending.participants.iter().map(place).collect::<String>();
                let (id, outcome, version) = (&ending.id, ending.outcome, ending.version);
                format!("{outcome:?} {id} {producer}/{} v{version:?}:{places}", epoch.0)
            };
            format!("is to {}", endings.iter().map(ending).collect::<Vec<_>>().join(" and to "))
        }
        Reply::Reconcile { known, orphans, prepared } => {
            format!("knows {known:?}, orphans {orphans:?}, {prepared} prepared")
        }
        Reply::Describe(None) => "no such id".into(),
        Reply::Describe(Some(Described { state, participants })) => format!(
            "{} {}/{} timeout {} since {}:{}",
            state.transaction_state,
            state.producer_id,
            state.producer_epoch,
            state.transaction_timeout_ms,
            state.transaction_start_time_ms,
            participants.iter().map(place).collect::<String>()
        ),
        Reply::List(listed) => {
            let line = listed.iter().map(|listed| {
                format!(" {}={}/{}", listed.transactional_id, listed.producer_id, listed.transaction_state)
            });
            format!("listed{}", line.collect::<String>())
        }
        Reply::Done => "done".into(),
    }
}
