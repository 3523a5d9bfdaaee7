//! How a run of the program ends: a status that scripts can tell apart, and one line for people.

use ottla_broker::StartError;
use ottla_broker::config::Refusal;
use ottla_broker::import::ImportError;
use ottla_client::{CallError, RequestError};
use ottla_storage::OpenError;
use ottla_wire::ErrorCode;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// The status of the process. 0 means that everything asked for was done, 2 that the arguments are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    /// Nothing failed: whoever read our output has closed it.
    Ended = 0,
    /// Anything that has no status of its own.
    Failed = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// A setting is wrong.
    Config = 3,
    /// Another process works on the data directory.
    DataInUse = 4,
    /// An address cannot be listened on, mostly because another process does.
    Address = 5,
    /// The data directory is full, damaged or cannot be written.
    Data = 6,
    /// No broker answers.
    Unreachable = 7,
    /// A broker answered, and said no.
    Refused = 8,
    /// There is no such topic, partition, group or transaction.
    NotFound = 9,
    /// `doctor` found something wrong.
    Unhealthy = 10,
}

/// What `--help` says of the statuses.
pub(crate) const HELP: &str = "Exit status:
  0  everything asked for was done
  1  failed for another reason      2  wrong arguments
  3  wrong setting                  4  data directory in use
  5  cannot listen on the address   6  data directory full, damaged or not writable
  7  no broker answers              8  the broker refused
  9  no such topic or group        10  doctor found something wrong";

/// Why a run failed: the status, and the line for people with cause and cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) message: String,
}

/// What every command gives.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Wrong arguments that the parser of arguments could not see.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Status::NotFound, message)
    }

    /// Whoever failed has said why in its own way; only the status is left to give.
    pub(crate) fn said() -> Self {
        Self::new(Status::Failed, "")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.status as u8)
    }
}

impl From<Vec<Refusal>> for Failure {
    fn from(refusals: Vec<Refusal>) -> Self {
        let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        Self::new(Status::Config, lines.join("\n       "))
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let status = match &error {
            StartError::Data(OpenError::InUse { .. }) => Status::DataInUse,
            StartError::Data(_) | StartError::Topics(_) => Status::Data,
            StartError::Address { .. } | StartError::AddressInUse { .. } => Status::Address,
            StartError::Worker(_) => Status::Failed,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let status = match error {
            ImportError::Data(error) => return error.into(),
            ImportError::NotKafka { .. } | ImportError::Target(_) => Status::Usage,
            ImportError::Unclean(_)
            | ImportError::Unreadable { .. }
            | ImportError::Missing { .. }
            | ImportError::HalfEnded(_)
            | ImportError::Store { .. } => Status::Data,
        };
        Self::new(status, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let status = match &error {
            OpenError::InUse { .. } => Status::DataInUse,
            OpenError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Status::NotFound,
            OpenError::NotWritable { .. }
            | OpenError::DiskFull { .. }
            | OpenError::Damaged { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::Io { .. } => Status::Data,
        };
        Self::new(status, error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let (status, cure) = match &error {
            CallError::Connect { .. } => (
                Status::Unreachable,
                ": is the broker running there? Start one with 'ottla', or name another with -b",
            ),
            CallError::Closed { .. } | CallError::TimedOut { .. } | CallError::UnknownBroker(_) => {
                (Status::Unreachable, ": try again, and see what 'ottla doctor' says")
            }
            CallError::Unsupported { .. } | CallError::Malformed { .. } | CallError::Inexpressible { .. } => {
                (Status::Failed, "")
            }
        };
        Self::new(status, format!("{error}{cure}"))
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Call(error) => error.into(),
            RequestError::Refused(refused) => Self::new(status_of(refused.code), refused.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let status = if error.kind() == io::ErrorKind::BrokenPipe { Status::Ended } else { Status::Failed };
        Self::new(status, error.to_string())
    }
}

fn status_of(code: ErrorCode) -> Status {
    match code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::GROUP_ID_NOT_FOUND
        | ErrorCode::TRANSACTIONAL_ID_NOT_FOUND => Status::NotFound,
        _ => Status::Refused,
    }
}
