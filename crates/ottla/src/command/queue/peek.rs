//! `ottla queue peek`.

use super::reading::{self, Next, Starts};
use super::standing::Queue;
use crate::arguments::Form;
use crate::command::Session;
use crate::command::consume::print::Style;
use crate::exit::Outcome;
use crate::output;
use crate::template::Template;
use ottla_client::admin::StandingRange;
use ottla_client::{Admin, ConsumedRecord, TopicPartition};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Show the next records of a queue without taking them: nothing is locked, counted or acknowledged.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue peek thumbnails
  ottla queue peek thumbnails -n 3 --topic pictures
  ottla queue peek thumbnails --all -f '%t/%p/%o %k %v\\n'
  ottla queue peek thumbnails --output json | jq .headers

Without --all only records that the next member could get are shown. Other brokers than Ottla do not tell which those
are: there it is everything from the start of the queue on, what is in flight or done among it.")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// Only of these topics.
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,

    /// So many records of each partition.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    count: usize,

    /// Also those that are in flight, blocked, scheduled, resting or on the way to the dead letters.
    #[arg(short, long)]
    all: bool,

    /// How a record is printed, as of 'ottla consume'.
    #[arg(short, long, value_name = "FORMAT", default_value = "%v\\n")]
    format: Template,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let queue = Queue::look(&Admin::new(&client), &arguments.group, RANGES_MAX).await?;
    let mut views: BTreeMap<TopicPartition, View<'_>> = BTreeMap::new();
    let mut starts = Starts::new();
    for place in &queue.places {
        let partition = &place.found.partition;
        let is_meant =
            arguments.topic.is_empty() || arguments.topic.iter().any(|topic| **topic == *partition.topic);
        if let (true, Some(start)) = (is_meant, place.found.start) {
            starts.insert(partition.clone(), start);
            let ranges = place.found.standing.as_ref().map(|standing| standing.ranges.as_slice());
            let next = place.found.standing.as_ref().map_or(i64::MAX, |standing| standing.next_offset);
            views.insert(partition.clone(), View { ranges, next, left: arguments.count });
        }
    }
    let style = match session.common.output {
        Form::Json => Style::Json,
        Form::Human => Style::Text(arguments.format.clone()),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut printed, mut failure) = (0_u64, None);
    reading::read(&client, starts, |record| {
        let partition = TopicPartition { topic: record.topic.clone(), partition: record.partition };
        let Some(view) = views.get_mut(&partition).filter(|view| 0 < view.left) else {
            return ControlFlow::Continue(Next::Enough);
        };
        if !view.shows(&record, arguments.all) {
            return ControlFlow::Continue(Next::More);
        }
        if let Err(error) = style.write(&mut out, &record) {
            failure = Some(error);
            return ControlFlow::Break(());
        }
        printed += 1;
        view.left -= 1;
        ControlFlow::Continue(if view.left == 0 { Next::Enough } else { Next::More })
    })
    .await?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    out.flush()?;
    if printed == 0 {
        output::note(session.common, "nothing waits");
    }
    Ok(())
}

/// What of a partition is shown.
struct View<'q> {
    /// None from a broker that does not tell.
    ranges: Option<&'q [StandingRange]>,
    /// The broker has not looked at records from here on: all of them wait.
    next: i64,
    left: usize,
}

impl View<'_> {
    fn shows(&self, record: &ConsumedRecord, all: bool) -> bool {
        let Some(ranges) = self.ranges else { return true };
        let offset = record.offset.0;
        if self.next <= offset {
            return true;
        }
        // Ranges are in order, and what is in none of them is done.
        let at = ranges.partition_point(|range| range.last_offset < offset);
        ranges.get(at).is_some_and(|range| range.first_offset <= offset && (all || range.state == READY))
    }
}

const READY: i8 = 0;
const RANGES_MAX: i32 = 10_000;
