//! One broker while a scenario talks to it: connections, names of this run, and what was answered.

use crate::connection::{Connection, NoAnswer};
use crate::flat::{self, Field};
use crate::normal::Normal;
use crate::scenario::Ran;
use ottla_wire::Str;
use ottla_wire::codec::Request;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One answer, its fields made comparable.
pub struct Answer {
    pub step: String,
    pub api: &'static str,
    pub version: i16,
    pub fields: Vec<Field>,
}

/// All answers of one broker in one scenario.
pub struct Transcript {
    pub answers: Vec<Answer>,
    /// Why the scenario could not go on.
    pub broke: Option<String>,
}

impl Transcript {
    pub fn broken(why: String) -> Self {
        Self { answers: Vec::new(), broke: Some(why) }
    }
}

/// A request that has been sent, and whose answer has not been looked at.
pub struct Waiting<R> {
    connection: Connection,
    correlation: i32,
    step: String,
    version: i16,
    request: PhantomData<R>,
}

/// One broker, as a scenario sees it.
pub struct Side {
    address: String,
    /// Different for every run against a broker that stays; the same on both sides would be no harm.
    run: String,
    scenario: &'static str,
    connection: Option<Connection>,
    normal: Normal,
    answers: Vec<Answer>,
    number: u32,
    /// A request that never was sent is a fault of the scenario: both sides would be silent alike.
    unwritable: Option<String>,
}

impl Side {
    pub fn new(address: &str, scenario: &'static str) -> Self {
        let now = now_ms();
        let run = format!(".r{:x}", now & 0xff_ffff);
        Self {
            address: address.to_owned(),
            normal: Normal::new(&run, now),
            run,
            scenario,
            connection: None,
            answers: Vec::new(),
            number: 0,
            unwritable: None,
        }
    }

    /// Counts up, for names.
    pub fn next_number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    /// Makes an id of this broker known by its kind and order, as in `topic-1`.
    pub fn learn(&mut self, kind: &'static str, id: impl ToString) {
        self.normal.learn(kind, &id.to_string());
    }

    pub fn close(self, outcome: Ran) -> Transcript {
        Transcript { answers: self.answers, broke: outcome.err().or(self.unwritable) }
    }

    /// A name that no other scenario and no other run has, for a topic, a group or a transactional id.
    pub fn name(&self, suffix: &str) -> Str {
        format!("{}-{suffix}{}", self.scenario, self.run).into()
    }

    /// Whether a topic or group is one of this run's: in lists of all there are those of others, too.
    pub fn is_own(&self, name: &str) -> bool {
        name.starts_with(&format!("{}-", self.scenario)) && name.ends_with(&self.run)
    }

    /// Asks and keeps the answer for the comparison, under the step's name.
    ///
    /// A broker that has just begun may need to be asked again. An answer that does not come is compared, too; then
    /// there is nothing to return, and the scenario goes on with a new connection.
    pub fn ask<R>(&mut self, step: &str, version: i16, request: &R) -> Option<R::Response>
    where
        R: Request,
        R::Response: Debug,
    {
        self.ask_for(step, version, request, |_, _| {})
    }

    /// Asks, and keeps of the answer what is left of it when it is trimmed: what all scenarios share is no matter of one.
    pub fn ask_for<R>(
        &mut self,
        step: &str,
        version: i16,
        request: &R,
        trim: impl Fn(&Self, &mut R::Response),
    ) -> Option<R::Response>
    where
        R: Request,
        R::Response: Debug,
    {
        for _ in 0..ATTEMPTS {
            let mut response = match self.call(version, request) {
                Ok(response) => response,
                Err(no_answer) => {
                    self.keep::<R>(step, version, vec![("the answer".to_owned(), no_answer.to_string())]);
                    return None;
                }
            };
            trim(self, &mut response);
            let fields = flat::fields(&response);
            if fields.iter().any(is_loading) {
                std::thread::sleep(PAUSE);
                continue;
            }
            self.keep::<R>(step, version, fields);
            return Some(response);
        }
        self.keep::<R>(step, version, vec![("the answer".to_owned(), "loads for ever".to_owned())]);
        None
    }

    /// Asks and keeps nothing: for what a scenario needs before it begins.
    pub fn setup<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, String> {
        self.call(version, request).map_err(|no_answer| format!("{}: {no_answer}", R::NAME))
    }

    /// Sends a request that may have no answer, and keeps what comes back: nothing, or the end of the connection.
    pub fn tell<R: Request>(&mut self, step: &str, version: i16, request: &R) -> Ran {
        let mut connection = Connection::open(&self.address, CLIENT_ID)?;
        let told = connection.tell(request, version);
        let what = told.map_or_else(|no_answer| no_answer, |_| connection.listen());
        self.keep::<R>(step, version, vec![("the answer".to_owned(), what.to_string())]);
        Ok(())
    }

    /// Sends a request that may wait, and keeps whether its answer comes.
    pub fn wait<R: Request>(&mut self, step: &str, version: i16, request: &R) -> Ran {
        let mut connection = Connection::open(&self.address, CLIENT_ID)?;
        let told = connection.tell(request, version);
        let what = told.map_or_else(|no_answer| no_answer, |_| connection.listen());
        let what = match what {
            NoAnswer::Malformed(_) => "it does not wait".to_owned(),
            NoAnswer::Silence => "it waits".to_owned(),
            NoAnswer::Closed | NoAnswer::Unwritten(_) => what.to_string(),
        };
        self.keep::<R>(step, version, vec![("the answer".to_owned(), what)]);
        Ok(())
    }

    /// Sends a request whose answer has to wait for others, on a connection of its own.
    pub fn begin<R: Request>(&mut self, step: &str, version: i16, request: &R) -> Result<Waiting<R>, String> {
        let mut connection = Connection::open(&self.address, CLIENT_ID)?;
        let correlation = connection.tell(request, version).map_err(|no_answer| no_answer.to_string())?;
        Ok(Waiting { connection, correlation, step: step.to_owned(), version, request: PhantomData })
    }

    /// Takes the answer to what began before, and keeps it.
    pub fn end<R>(&mut self, waiting: Waiting<R>) -> Option<R::Response>
    where
        R: Request,
        R::Response: Debug,
    {
        let Waiting { mut connection, correlation, step, version, request: _ } = waiting;
        match connection.answer::<R>(correlation, version) {
            Ok(response) => {
                self.keep::<R>(&step, version, flat::fields(&response));
                Some(response)
            }
            Err(no_answer) => {
                self.keep::<R>(&step, version, vec![("the answer".to_owned(), no_answer.to_string())]);
                None
            }
        }
    }

    /// Asks for a version that there is not, with a body of nothing, and takes the answer as one of another version; if
    /// `answered` is none, keeps only what becomes of the connection.
    pub fn ask_nothing<R>(&mut self, step: &str, (key, version): (i16, i16), answered: Option<i16>) -> Ran
    where
        R: Request,
        R::Response: Debug,
    {
        let mut connection = Connection::open(&self.address, CLIENT_ID)?;
        let correlation = connection.tell_nothing(key, version);
        let fields = match answered {
            None => vec![("the answer".to_owned(), connection.listen().to_string())],
            Some(answered) => match connection.answer::<R>(correlation, answered) {
                Ok(response) => flat::fields(&response),
                Err(no_answer) => vec![("the answer".to_owned(), no_answer.to_string())],
            },
        };
        self.keep::<R>(step, answered.unwrap_or(-1), fields);
        Ok(())
    }

    /// Asks under another client id, on a connection of its own.
    pub fn ask_as<R>(&mut self, client_id: &str, step: &str, version: i16, request: &R) -> Ran
    where
        R: Request,
        R::Response: Debug,
    {
        let before = self.connection.replace(Connection::open(&self.address, client_id)?);
        self.ask(step, version, request);
        self.connection = before;
        Ok(())
    }

    /// Keeps an answer that was changed for the comparison, as one with records that were unpacked.
    pub fn keep_as<R: Request>(&mut self, step: &str, version: i16, fields: Vec<Field>) {
        self.keep::<R>(step, version, fields);
    }

    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, NoAnswer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.address, CLIENT_ID).map_err(NoAnswer::Malformed)?,
        };
        let answer = connection.ask(request, version);
        if answer.is_ok() {
            self.connection = Some(connection);
        }
        answer
    }

    fn keep<R: Request>(&mut self, step: &str, version: i16, fields: Vec<Field>) {
        let is_unwritable = |(path, value): &&Field| path == "the answer" && value.starts_with("not written");
        if let Some((_, why)) = fields.iter().find(is_unwritable) {
            self.unwritable = Some(format!("{step}, {} v{version}: {why}", R::NAME));
        }
        let values: Vec<String> = fields.iter().map(|field| self.normal.value(field)).collect();
        let paths = fields.iter().map(|(path, _)| self.normal.path(path));
        let fields = distinct(paths.zip(values));
        self.answers.push(Answer { step: step.to_owned(), api: R::KEY.name(), version, fields });
    }
}

/// What comes a second time under the same name is a field of its own.
fn distinct(fields: impl Iterator<Item = Field>) -> Vec<Field> {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    let name = |(path, value): Field| {
        let seen = times.entry(path.clone()).or_default();
        *seen += 1;
        let path = if *seen == 1 { path } else { format!("{path} (time {seen})") };
        (path, value)
    };
    fields.map(name).collect()
}

/// A coordinator that has just begun asks every client to come again.
fn is_loading((field, value): &Field) -> bool {
    let codes = ["COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR"];
    field.ends_with("error_code") && codes.iter().any(|code| value.starts_with(code))
}

pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Asks again and again until the answer is final: for what a broker does in its own time.
pub fn until<T>(mut ask: impl FnMut() -> Result<Option<T>, String>) -> Result<T, String> {
    for _ in 0..ATTEMPTS {
        if let Some(done) = ask()? {
            return Ok(done);
        }
        std::thread::sleep(PAUSE);
    }
    Err("it did not come to pass in time".to_owned())
}

const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(50);
const CLIENT_ID: &str = "oracle";
