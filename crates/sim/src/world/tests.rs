//! Worlds that are well, and worlds with a bug in them.

use super::*;

fn world(seed: u64, planted: Planted) -> Outcome {
    let scratch = crate::scratch();
    run(Settings { seed, planted, is_traced: false }, &scratch).unwrap()
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..4 {
        let (one, other) = (world(seed, Planted::Nothing), world(seed, Planted::Nothing));
        assert_eq!(one.history, other.history, "seed {seed}");
        assert_eq!((one.lives, one.disk), (other.lives, other.disk), "seed {seed}");
    }
}

#[test]
fn nothing_is_lost_torn_or_made_up() {
    for seed in 0..60 {
        let outcome = world(seed, Planted::Nothing);
        assert_eq!(outcome.problems(), [""; 0], "cargo run -p ottla-sim -- run --seed {seed}");
    }
}
