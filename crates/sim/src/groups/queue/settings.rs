//! The settings of the share group: drawn for each world, so that each feature is met alone and together with others, and
//! in some worlds changed in the middle.

use crate::chance::Chance;
use ottla_coordinator::share_partition::{Backoff, Config, Order};
use std::sync::Arc;

/// What the operator has set: what the machine is told, and where dead letters go.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) config: Arc<Config>,
    /// Which of the topics takes dead letters, if one is named.
    pub(super) topic: Option<usize>,
    /// Whether that topic takes any.
    pub(super) takes_letters: bool,
}

impl Settings {
    pub(super) fn drawn(chance: &mut Chance) -> Self {
        let mut config = Config { lock_duration_ms: LOCK_MS, record_locks_max: 200, ..Config::default() };
        // Some worlds are as Kafka's are.
        let changes = if chance.percent(20) { 0 } else { chance.within(2..14) };
        for _ in 0..changes {
            change(&mut config, chance);
        }
        config.paused = false;
        let topic = config.dead_letters.then_some(0);
        Self { config: Arc::new(config), topic, takes_letters: true }
    }

    /// One of the settings is another.
    pub(super) fn change(&mut self, chance: &mut Chance) {
        let mut config = Config::clone(&self.config);
        change(&mut config, chance);
        self.config = Arc::new(config);
        self.topic = self.config.dead_letters.then(|| chance.below(2));
    }

    pub(super) fn set_paused(&mut self, paused: bool) {
        self.config = Arc::new(Config { paused, ..Config::clone(&self.config) });
    }
}

/// Draws one setting anew.
fn change(config: &mut Config, chance: &mut Chance) {
    let small = |chance: &mut Chance, most| i32::try_from(chance.within(1..most)).expect("small");
    match chance.below(11) {
        0 => config.lock_duration_ms = *chance.pick(&[500, LOCK_MS, 2 * LOCK_MS]),
        1 => config.delivery_count_limit = *chance.pick(&[2, 3, 5, 6]),
        2 => config.record_locks_max = *chance.pick(&[5, 20, 200]),
        3 => config.renew = chance.percent(70),
        4 => config.dead_letters = chance.percent(80),
        5 => {
            let first_ms = *chance.pick(&[0, 200, 1_000, 3_000]);
            let (multiplier, max_ms) = (*chance.pick(&[1.0, 1.5, 2.0]), *chance.pick(&[500, 8_000]));
            config.backoff = Backoff { first_ms, multiplier, max_ms };
        }
        6 => config.delay = chance.percent(80),
        7 => (config.ttl, config.ttl_ms) = (chance.percent(70), *chance.pick(&[-1, -1, 8_000, 40_000])),
        8 => config.priority = chance.percent(80),
        9 => config.order = *chance.pick(&[Order::Key, Order::Key, Order::None]),
        _ => {
            config.member_in_flight_max = *chance.pick(&[0, 0, 1, 4]);
            config.delayed_records_max = small(chance, 40);
        }
    }
}

/// How long a lock holds where nothing else is set.
const LOCK_MS: i32 = 2_000;
