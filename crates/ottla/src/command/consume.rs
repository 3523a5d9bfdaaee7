//! `ottla consume`: records of topics, alone or as a member of a group or a share group.

mod alone;
mod goal;
mod member;
pub(crate) mod print;
mod share;
mod start;

use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::offsets::Found;
use crate::output;
use crate::template::Template;
use clap::ValueEnum;
use goal::Goal;
use ottla_client::{ConsumedRecord, FetchError, GroupError, Isolation, TopicPartition};
use print::Style;
use start::Start;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::time::Duration;

/// Read records.
///
/// Without -g it reads all partitions by itself, from -o on, and commits nothing. With -g it is a member of that
/// group: it gets a share of the partitions, goes on where the group has committed, and commits what it has printed.
/// With --share it is a member of that share group, a queue: it takes records that no other member has, and accepts each
/// when it is printed. A new share group begins at the end of the topics, unless its setting share.auto.offset.reset says
/// otherwise. It follows what comes until Ctrl-C; -e stops at the end as of the start, or when the share group has nothing
/// to give for now; -n after so many records.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla consume flights                       what comes from now on
  ottla consume flights -o beginning -e       all there is
  ottla consume flights -o -10 -e             the last ten of each partition
  ottla consume flights -g billing            as a member of a group
  ottla consume flights --share loaders       as a member of a share group: each record goes to one member
  ottla consume flights --share loaders -n 1  takes one record off the queue
  ottla consume flights -o beginning --isolation read_uncommitted
  ottla consume flights -o @2026-11-23T06:00:00Z -p 0,1
  ottla consume flights -o beginning -e -f '%p/%o %k %v\\n'
  ottla consume flights -o beginning -e --output json | jq .value")]
pub(crate) struct Arguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,

    /// Read as a member of this group.
    #[arg(short, long, value_name = "GROUP", conflicts_with = "partition")]
    group: Option<String>,

    /// Take records as a member of this share group, and accept what is printed.
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["group", "partition", "offset", "isolation", "no_commit"])]
    share: Option<String>,

    /// Where to begin: beginning, end, an offset, -N for the last N of each partition, or @TIME with TIME in
    /// milliseconds or as 2026-11-23T21:14:00Z. With -g: beginning or end, where the group has committed nothing.
    #[arg(short, long, value_name = "WHERE", default_value = "end", allow_hyphen_values = true)]
    offset: Start,

    /// Only these partitions.
    #[arg(short, long, value_name = "NUMBERS", value_delimiter = ',')]
    partition: Vec<i32>,

    /// Stop after so many records.
    #[arg(short = 'n', long, value_name = "NUMBER")]
    count: Option<u64>,

    /// Stop at the end as of the start; with --share, when there is nothing for now.
    #[arg(short, long)]
    exit_at_end: bool,

    /// Which records of transactions are read: only committed ones, or all, also those that may be taken back.
    #[arg(short, long, value_enum, value_name = "LEVEL", default_value = "read_committed")]
    isolation: Level,

    /// With -g: commit nothing.
    #[arg(long, requires = "group")]
    no_commit: bool,

    /// How a record is printed: %v value, %k key, %h headers, %t topic, %p partition, %o offset, %T timestamp, %d date,
    /// %K and %S sizes, and \n, \t, \xHH.
    #[arg(short, long, value_name = "FORMAT", default_value = "%v\\n")]
    format: Template,
}

/// Which records of transactions are read, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Only those of committed transactions.
    #[value(name = "read_committed", alias = "committed")]
    Committed,
    /// All, as they come.
    #[value(name = "read_uncommitted", alias = "uncommitted")]
    Uncommitted,
}

impl From<Level> for Isolation {
    fn from(level: Level) -> Self {
        match level {
            Level::Committed => Self::ReadCommitted,
            Level::Uncommitted => Self::ReadUncommitted,
        }
    }
}

/// How long one look for records lasts.
const WAIT: Duration = Duration::from_millis(500);

/// Reads and prints.
pub(crate) async fn run(session: &Session<'_>, arguments: Arguments) -> Outcome {
    let client = session.connect().await?;
    let mut printer = Printer {
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        style: match session.common.output {
            Form::Json => Style::Json,
            Form::Human => Style::Text(arguments.format.clone()),
        },
        goal: Goal::new(arguments.count),
        bar: output::progress(session.common, None),
    };
    let outcome = match (&arguments.share, arguments.group.clone()) {
        (Some(group), _) => share::read(&client, group, &arguments, &mut printer).await,
        (None, Some(group)) => member::read(&client, group, &arguments, &mut printer).await,
        (None, None) => alone::read(&client, &arguments, &mut printer).await,
    };
    printer.bar.finish_and_clear();
    printer.out.flush()?;
    outcome
}

/// Resolves when the user wants to stop.
pub(crate) async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Where records go, and when there are enough.
struct Printer<'o> {
    out: BufWriter<StdoutLock<'o>>,
    style: Style,
    goal: Goal,
    bar: indicatif::ProgressBar,
}

impl Printer<'_> {
    /// Prints what is wanted of these records, all of it before it returns. Gives the offsets behind what was
    /// printed.
    fn print(&mut self, records: &[ConsumedRecord]) -> Outcome<Found> {
        let mut printed = Found::new();
        for record in records {
            let partition = TopicPartition { topic: record.topic.clone(), partition: record.partition };
            if self.goal.take(&partition, record.offset) {
                self.style.write(&mut self.out, record)?;
                self.bar.inc(1);
                printed.insert(partition, record.offset.plus(1));
            }
        }
        self.out.flush()?;
        Ok(printed)
    }

    /// The progress line shows how much there is in all.
    fn expect(&self, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Request(error) => error.into(),
            FetchError::OutOfRange { .. } | FetchError::Damaged { .. } => {
                Self::new(Status::Failed, error.to_string())
            }
        }
    }
}

impl From<GroupError> for Failure {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Request(error) => error.into(),
            GroupError::Fetch(error) => error.into(),
            GroupError::Rebalancing(_) | GroupError::Fenced(_) => {
                Self::new(Status::Refused, error.to_string())
            }
            GroupError::Malformed { .. } | GroupError::Interrupted => {
                Self::new(Status::Failed, error.to_string())
            }
        }
    }
}
