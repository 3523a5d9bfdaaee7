//! `ottla consume`: records of topics, alone or as a member of a group.

mod print;
mod reader;
mod start;

use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::offsets::{self, Found, Key};
use crate::output;
use crate::template::Template;
use ottla_base::PartitionIndex;
use print::{Read, Style};
use reader::{Batch, Reader};
use start::Start;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::ops::ControlFlow;

/// Read records.
///
/// Without -g it reads all partitions by itself, from -o on, and commits nothing. On a terminal it follows what comes
/// until Ctrl-C; -e stops at the end as of the start, -n after so many records.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla consume flights                       what comes from now on
  ottla consume flights -o beginning -e       all there is
  ottla consume flights -o -10 -e             the last ten of each partition
  ottla consume flights -o @2026-11-23T06:00:00Z -p 0,1
  ottla consume flights -o beginning -e -f '%p/%o %k %v\\n'
  ottla consume flights -o beginning -e --output json | jq .value")]
pub(crate) struct Arguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,

    /// Where to begin: beginning, end, an offset, -N for the last N of each partition, or @TIME with TIME in
    /// milliseconds or as 2026-11-23T21:14:00Z.
    #[arg(short, long, value_name = "WHERE", default_value = "end", allow_hyphen_values = true)]
    offset: Start,

    /// Only these partitions.
    #[arg(short, long, value_name = "NUMBERS", value_delimiter = ',')]
    partition: Vec<i32>,

    /// Stop after so many records.
    #[arg(short = 'n', long, value_name = "NUMBER")]
    count: Option<u64>,

    /// Stop at the end as of the start.
    #[arg(short, long)]
    exit_at_end: bool,

    /// How a record is printed: %v value, %k key, %h headers, %t topic, %p partition, %o offset, %T timestamp, %d date,
    /// %K and %S sizes, and \n, \t, \xHH.
    #[arg(short, long, value_name = "FORMAT", default_value = "%v\\n")]
    format: Template,
}

/// Reads and prints.
pub(crate) async fn run(session: &Session<'_>, arguments: Arguments) -> Outcome {
    let client = session.connect().await?;
    let partitions = partitions(&client, &arguments).await?;
    let (positions, ends) = arguments.offset.find(&client, &partitions).await?;
    let goal = arguments.exit_at_end.then_some(ends);
    let total = goal.as_ref().map(|ends| left(&positions, ends));
    let total = match (total, arguments.count) {
        (Some(total), Some(count)) => Some(total.min(count)),
        (total, count) => total.or(count),
    };
    let mut printer = Printer {
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        is_terminal: io::stdout().is_terminal(),
        style: match session.common.output {
            Form::Json => Style::Json,
            Form::Human => Style::Text(arguments.format.clone()),
        },
        left: arguments.count,
        bar: output::progress(session.common, total),
    };
    let mut reader = Reader::new(&client, positions);
    let reading = read(&mut reader, &mut printer, goal.as_ref());
    let outcome = tokio::select! {
        outcome = reading => outcome,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    printer.bar.finish_and_clear();
    printer.out.flush()?;
    outcome
}

async fn read(reader: &mut Reader, printer: &mut Printer<'_>, goal: Option<&Found>) -> Outcome {
    while goal.is_none_or(|ends| left(reader.positions(), ends) > 0) && printer.left != Some(0) {
        let batches = reader.read().await?;
        for batch in &batches {
            let end = goal.and_then(|ends| ends.get(&batch.key));
            if printer.print(batch, end)?.is_break() {
                return Ok(());
            }
        }
        if !batches.is_empty() {
            printer.out.flush()?;
        }
    }
    Ok(())
}

/// How many offsets lie between.
fn left(positions: &Found, ends: &Found) -> u64 {
    let behind = |(key, end): (&Key, &ottla_base::Offset)| {
        let position = positions.get(key).map_or(end.0, |position| position.0);
        u64::try_from(end.0 - position).unwrap_or(0)
    };
    ends.iter().map(behind).sum()
}

async fn partitions(client: &ottla_client::Client, arguments: &Arguments) -> Outcome<Vec<Key>> {
    let mut wanted = Vec::new();
    for topic in &arguments.topics {
        let all = offsets::partitions(client, topic).await?;
        if arguments.partition.is_empty() {
            wanted.extend(all);
            continue;
        }
        for number in &arguments.partition {
            let key = (topic.clone(), PartitionIndex(*number));
            if !all.contains(&key) {
                let count = all.len();
                return Err(Failure::not_found(format!(
                    "topic {topic} has {count} partition(s), so none is number {number}"
                )));
            }
            wanted.push(key);
        }
    }
    Ok(wanted)
}

/// Where records go.
struct Printer<'o> {
    out: BufWriter<StdoutLock<'o>>,
    is_terminal: bool,
    style: Style,
    /// How many more may be printed.
    left: Option<u64>,
    bar: indicatif::ProgressBar,
}

impl Printer<'_> {
    /// Prints what lies before `end`. Breaks when enough is printed.
    fn print(&mut self, batch: &Batch, end: Option<&ottla_base::Offset>) -> Outcome<ControlFlow<()>> {
        let (topic, partition) = (batch.key.0.as_str(), batch.key.1);
        for record in &batch.records {
            if end.is_some_and(|end| *end <= record.offset) {
                break;
            }
            if self.left == Some(0) {
                return Ok(ControlFlow::Break(()));
            }
            self.style.write(&mut self.out, &Read { topic, partition, record })?;
            self.bar.inc(1);
            self.left = self.left.map(|left| left - 1);
            if self.is_terminal {
                self.out.flush()?;
            }
        }
        Ok(if self.left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
