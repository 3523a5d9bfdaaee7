//! Which letters a verb is about.

use super::letters::{LetterId, Letters};
use crate::exit::{Failure, Outcome};

/// Letters by name, or all that are open.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Selection {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    pub(super) group: String,

    /// The letters, as 'ottla queue dlq list' shows them.
    #[arg(value_name = "LETTER", required_unless_present = "all", conflicts_with = "all")]
    letters: Vec<LetterId>,

    /// All that were neither requeued nor discarded.
    #[arg(long)]
    all: bool,

    /// The topic with the letters, if it is not the one that the queue writes to now.
    #[arg(long, value_name = "TOPIC")]
    pub(super) topic: Option<String>,

    /// Do not ask.
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Show what would be done; change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Selection {
    /// The chosen ones, which must be open.
    pub(super) fn of(&self, letters: &Letters) -> Outcome<Vec<LetterId>> {
        let open: Vec<LetterId> = letters.open().map(|letter| letter.id).collect();
        if self.all {
            return Ok(open);
        }
        for id in &self.letters {
            let found = letters.all().find(|(letter, _)| letter.id == *id);
            match found {
                Some((_, None)) => {}
                Some((_, Some(settled))) => {
                    return Err(Failure::not_found(format!("letter {id} was {} before", settled.name())));
                }
                None => {
                    return Err(Failure::not_found(format!(
                        "there is no dead letter {id} of queue {}: 'ottla queue dlq list {0}' has all of them",
                        self.group
                    )));
                }
            }
        }
        let mut chosen = self.letters.clone();
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }
}
