//! How many requests may be sent by now, and when it is over. Knows the time only from its arguments.

use std::time::{Duration, Instant};

/// When the measured part ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// After so many requests.
    Requests(u64),
    /// After this time; what has been sent by then is still waited for.
    Time(Duration),
}

/// What has been begun and answered, against what was asked for.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Requests per second; none for as many as there is room for.
    pub(super) rate: Option<f64>,
    /// Requests whose answers are waited for before the measured part.
    pub(super) warm_up: u64,
    pub(super) end: End,
    /// When the first request is due.
    pub(super) started: Instant,
    /// When the warm-up was over.
    pub(super) measuring_since: Option<Instant>,
    pub(super) begun: u64,
    pub(super) answered: u64,
}

impl Schedule {
    /// How many more requests may be begun at `now`. A request that is late is never skipped.
    pub(super) fn due(&self, now: Instant) -> u64 {
        let left = match self.end {
            End::Requests(requests) => self.warm_up.saturating_add(requests) - self.begun,
            End::Time(_) if self.is_past(now) => 0,
            End::Time(_) => u64::MAX,
        };
        match self.rate {
            None => left,
            Some(rate) => {
                let passed = now.saturating_duration_since(self.started).as_secs_f64();
                left.min(((passed * rate) as u64 + 1).saturating_sub(self.begun))
            }
        }
    }

    /// When to look again although nothing has come.
    pub(super) fn next(&self) -> Option<Instant> {
        let due = self.rate.map(|rate| self.started + Duration::from_secs_f64(self.begun as f64 / rate));
        [due, self.deadline()].into_iter().flatten().min()
    }

    /// Takes an answer into account, and says whether it was the one that ends the warm-up.
    pub(super) fn answer(&mut self, now: Instant) -> bool {
        self.answered += 1;
        self.answered == self.warm_up && self.measure(now)
    }

    /// Begins the measured part; always true.
    pub(super) fn measure(&mut self, now: Instant) -> bool {
        self.measuring_since = Some(now);
        true
    }

    /// Whether everything has been sent and answered.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.begun == self.answered
            && match self.end {
                End::Requests(requests) => self.answered == self.warm_up.saturating_add(requests),
                End::Time(_) => self.is_past(now),
            }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.end {
            End::Requests(_) => None,
            End::Time(time) => self.measuring_since.map(|since| since + time),
        }
    }

    fn is_past(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule(rate: Option<f64>, warm_up: u64, end: End) -> Schedule {
        let started = clock::now();
        Schedule { rate, warm_up, end, started, measuring_since: None, begun: 0, answered: 0 }
    }

    #[test]
    fn requests_end_when_the_last_is_answered() {
        let mut schedule = schedule(None, 2, End::Requests(3));
        let now = schedule.started;
        assert_eq!(schedule.due(now), 5);
        schedule.begun = 5;
        assert_eq!([(); 4].map(|()| schedule.answer(now)), [false, true, false, false]);
        assert!(!schedule.is_over(now));
        schedule.answer(now);
        assert!(schedule.is_over(now) && schedule.due(now) == 0);
    }

    #[test]
    fn a_late_request_is_made_up_for() {
        let mut schedule = schedule(Some(10.0), 0, End::Requests(100));
        let at = |tenths: u32| schedule.started + SECOND * tenths / 10 + SECOND / 1000;
        assert_eq!((schedule.due(at(0)), schedule.due(at(1)), schedule.due(at(25))), (1, 2, 26));
        schedule.begun = 20;
        assert_eq!((schedule.due(at(1)), schedule.next()), (0, Some(schedule.started + 2 * SECOND)));
    }

    #[test]
    fn time_counts_from_the_end_of_the_warm_up_and_what_was_sent_is_waited_for() {
        let mut schedule = schedule(None, 1, End::Time(SECOND));
        let later = schedule.started + 5 * SECOND;
        schedule.begun = 2;
        assert!(schedule.due(later) > 0 && schedule.answer(later));
        assert_eq!((schedule.due(later + SECOND), schedule.next()), (0, Some(later + SECOND)));
        assert!(!schedule.is_over(later + SECOND));
        schedule.answer(later + SECOND);
        assert!(schedule.is_over(later + SECOND) && !schedule.is_over(later));
    }
}
