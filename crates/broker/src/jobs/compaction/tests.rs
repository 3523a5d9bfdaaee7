//! The means that settings give to a cleaner.

use super::*;

fn settings(change: impl Fn(&mut Settings)) -> Settings {
    let mut settings = Settings::read(|key| key.parse_default());
    change(&mut settings);
    settings
}

#[test]
fn cleaners_share_memory_and_rate() {
    let two = settings(|settings| {
        settings.log_cleaner_threads = 2;
        settings.log_cleaner_dedupe_buffer_size = 1000;
        settings.log_cleaner_io_buffer_size = 400_000;
        settings.log_cleaner_io_max_bytes_per_second = 1e6;
    });
    let expected = CleanerOptions { map_bytes_max: 500, map_load: 0.9, io_bytes: 100_000 };
    assert_eq!(options(&two), expected);
    assert_eq!(rate(&two), 500_000.0);
    assert_eq!(wanted(&two), 2);
    let none = settings(|settings| settings.log_cleaner_enable = false);
    assert_eq!(wanted(&none), 0);
}

#[test]
fn a_cleaner_rests_as_its_rate_asks() {
    assert_eq!(rest(500_000, 1e6), Duration::from_millis(500));
    assert_eq!(portion(1e6), 100_000);
    let unlimited = rate(&settings(|_| {}));
    assert_eq!((portion(unlimited), rest(PORTION_MAX, unlimited)), (PORTION_MAX, Duration::ZERO));
    let mistaken = rate(&settings(|settings| settings.log_cleaner_io_max_bytes_per_second = 0.0));
    assert_eq!(rest(PORTION_MAX, mistaken), REST_MAX);
}

#[test]
fn a_cleaner_gives_way_while_appends_are_made_durable() {
    let mut others = Others::default();
    assert!(!others.wait(0, Tick(0)));
    assert!(others.wait(1, Tick(100)));
    assert!(others.wait(1, Tick(1099)));
    assert!(!others.wait(1, Tick(1100)));
    assert!(others.wait(5, Tick(2000)));
    let default = settings(|_| {});
    let pace = Pace::giving_way(&default, 0);
    assert!(pace.portion < Pace::alone(&default).portion && pace.options.io_bytes == GIVING_WAY_IO_BYTES);
    assert_eq!(pace.rate, GIVING_WAY_RATE);
    // What an operator allows is not passed.
    let slow = settings(|settings| settings.log_cleaner_io_max_bytes_per_second = 1000.0);
    assert_eq!(Pace::giving_way(&slow, 0).rate, rate(&slow));
}

#[test]
fn a_cleaner_gives_way_less_the_more_is_overdue() {
    let default = settings(|_| {});
    let overdue = |gibibytes: u64| Pace::giving_way(&default, gibibytes << 30);
    assert_eq!(overdue(1), overdue(0), "that is worked off in time");
    assert!(overdue(1).rate < overdue(10).rate && overdue(10).rate < overdue(100).rate);
    // All of it within the time that it may take.
    assert!(100.0 * 1024.0 * 1024.0 * 1024.0 * IO_PER_DIRTY_BYTE <= overdue(100).rate * CATCH_UP_SECONDS);
    // Rests stay long enough for a timer.
    for gibibytes in [0, 1, 10] {
        let pace = overdue(gibibytes);
        assert!(Duration::from_millis(1) <= rest(pace.portion, pace.rate), "{pace:?}");
    }
    assert_eq!(overdue(u64::MAX >> 30).portion, Pace::alone(&default).portion);
    let slow = settings(|settings| settings.log_cleaner_io_max_bytes_per_second = 1000.0);
    assert_eq!(Pace::giving_way(&slow, u64::MAX).rate, rate(&slow));
}

#[tokio::test(start_paused = true)]
async fn a_cleaner_at_rest_hears_that_it_is_to_rest_less() {
    let (begin, setting) = (tokio::time::Instant::now(), std::cell::Cell::new(Duration::from_secs(15)));
    let shortened = async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        setting.set(Duration::from_millis(100));
    };
    tokio::join!(back_off(|| setting.get()), shortened);
    assert_eq!(begin.elapsed().as_secs(), 3);
    back_off(|| Duration::from_millis(1500)).await;
    assert_eq!(begin.elapsed().as_millis() / 10, 450);
}
