//! When reading is done: at the ends as of the start, or after so many records.

use crate::offsets::Found;
use ottla_base::Offset;
use ottla_client::TopicPartition;

/// What is still to be read. Records behind the ends do not count, because they came later.
#[derive(Clone, Debug, Default)]
pub(super) struct Goal {
    /// Where to stop in each partition; `None` follows for ever.
    ends: Option<Found>,
    /// Where reading is in each partition.
    positions: Found,
    /// How many more records are wanted.
    left: Option<u64>,
}

impl Goal {
    /// At most `count` records.
    pub(super) fn new(count: Option<u64>) -> Self {
        Self { left: count, ..Self::default() }
    }

    /// Starts over with these partitions.
    pub(super) fn set(&mut self, positions: Found, ends: Option<Found>) {
        (self.positions, self.ends) = (positions, ends);
    }

    /// Whether a record is wanted. If so, reading is behind it from now on.
    pub(super) fn take(&mut self, partition: &TopicPartition, offset: Offset) -> bool {
        if self.left == Some(0) {
            return false;
        }
        if self.ends.as_ref().and_then(|ends| ends.get(partition)).is_some_and(|end| *end <= offset) {
            return false;
        }
        self.positions.insert(partition.clone(), offset.plus(1));
        self.left = self.left.map(|left| left - 1);
        true
    }

    /// Reading has come to `position`, be it over records or over what a consumer never sees.
    pub(super) fn pass(&mut self, partition: &TopicPartition, position: Offset) {
        let at = self.positions.entry(partition.clone()).or_insert(position);
        *at = position.max(*at);
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_reached(&self) -> bool {
        self.left == Some(0) || self.ends.is_some() && self.records_left() == Some(0)
    }

    /// How many offsets lie before the goal, if that is known.
    pub(super) fn records_left(&self) -> Option<u64> {
        let Some(ends) = &self.ends else { return self.left };
        let behind = |(partition, end): (&TopicPartition, &Offset)| {
            let position = self.positions.get(partition).map_or(end.0, |position| position.0);
            u64::try_from(end.0 - position).unwrap_or(0)
        };
        let before_ends = ends.iter().map(behind).sum();
        Some(self.left.map_or(before_ends, |left| left.min(before_ends)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(position: i64, end: Option<i64>, count: Option<u64>) -> (Goal, TopicPartition) {
        let partition = TopicPartition::new("t", 0);
        let mut goal = Goal::new(count);
        let of = |offset| Found::from([(partition.clone(), Offset(offset))]);
        goal.set(of(position), end.map(of));
        (goal, partition)
    }

    #[test]
    fn reading_stops_at_the_end_as_it_was() {
        let (mut goal, partition) = goal(1, Some(3), None);
        assert_eq!(goal.records_left(), Some(2));
        assert!(goal.take(&partition, Offset(1)) && !goal.is_reached());
        assert!(goal.take(&partition, Offset(2)) && goal.is_reached());
        assert!(!goal.take(&partition, Offset(3)), "it came later");
    }

    #[test]
    fn offsets_without_records_are_passed() {
        let (mut goal, partition) = goal(0, Some(3), None);
        goal.take(&partition, Offset(0));
        goal.pass(&partition, Offset(3));
        assert!(goal.is_reached());
    }

    #[test]
    fn a_count_stops_earlier_and_no_end_never() {
        let (mut goal, partition) = goal(0, Some(10), Some(1));
        assert!(goal.take(&partition, Offset(0)) && goal.is_reached());
        assert!(!goal.take(&partition, Offset(1)));
        let (mut goal, partition) = super::tests::goal(0, None, None);
        assert!(goal.take(&partition, Offset(0)) && !goal.is_reached());
        assert_eq!(goal.records_left(), None);
    }

    #[test]
    fn an_empty_partition_is_read_already() {
        assert!(goal(5, Some(5), None).0.is_reached());
    }
}
