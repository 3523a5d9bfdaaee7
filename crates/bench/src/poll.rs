//! What happens on which connection, and what time it is: epoll with an alarm.

use crate::clock;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// Watches connections by numbers that their owner has chosen.
pub(crate) struct Poll {
    epoll: OwnedFd,
    /// Epoll's own time-out counts in milliseconds, a thousand of which have passed at a thousand requests a second.
    alarm: OwnedFd,
    events: Vec<Event>,
}

/// What to be told about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// That there is something to read.
    Read,
    /// That there is room to write.
    Write,
    /// Either.
    Both,
}

/// Whether nothing at all has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Not even the alarm has rung.
    Yes,
    /// Something has.
    No,
}

impl Poll {
    /// Watches nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let alarm =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &alarm, EventData::new_u64(ALARM), EventFlags::IN)?;
        Ok(Self { epoll, alarm, events: Vec::with_capacity(EVENTS_MAX) })
    }

    /// Watches `source` under the number `id`, until it is closed.
    pub(crate) fn add(&self, source: impl AsFd, id: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, source, EventData::new_u64(id as u64), flags(interest))?)
    }

    /// Watches for something else from now on.
    pub(crate) fn change(&self, source: impl AsFd, id: usize, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, source, EventData::new_u64(id as u64), flags(interest))?)
    }

    /// Waits until something happens or `deadline` has come, and puts the numbers of what happened into `happened`.
    /// Says whether it was quiet for [`QUIET_SECONDS`]: whoever waits for an answer then waits in vain.
    pub(crate) fn wait(&mut self, deadline: Option<Instant>, happened: &mut Vec<usize>) -> io::Result<Quiet> {
        happened.clear();
        self.events.clear();
        if let Some(deadline) = deadline {
            self.set_alarm(deadline)?;
        }
        let quiet = Timespec { tv_sec: QUIET_SECONDS, tv_nsec: 0 };
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&quiet)) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let ids = self.events.iter().map(|event| event.data.u64()).filter(|id| *id != ALARM);
        happened.extend(ids.map(|id| usize::try_from(id).expect("it was a usize")));
        if deadline.is_some() {
            self.set(Timespec { tv_sec: 0, tv_nsec: 0 })?;
        }
        Ok(if self.events.is_empty() { Quiet::Yes } else { Quiet::No })
    }

    fn set_alarm(&self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(clock::now());
        // Nothing left would switch the alarm off.
        let nanos = left.subsec_nanos().max(u32::from(left.as_secs() == 0));
        let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        self.set(Timespec { tv_sec: seconds, tv_nsec: nanos.into() })
    }

    /// Sets the alarm, or switches it off with 0; whether it has rung is forgotten.
    fn set(&self, it_value: Timespec) -> io::Result<()> {
        let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&self.alarm, TimerfdTimerFlags::empty(), &spec)?;
        Ok(())
    }
}

fn flags(interest: Interest) -> EventFlags {
    match interest {
        Interest::Read => EventFlags::IN,
        Interest::Write => EventFlags::OUT,
        Interest::Both => EventFlags::IN | EventFlags::OUT,
    }
}

/// Longer than a broker takes for anything that is measured here.
pub(crate) const QUIET_SECONDS: i64 = 30;
const ALARM: u64 = u64::MAX - 1;
const EVENTS_MAX: usize = 1024;
