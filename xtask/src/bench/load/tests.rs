use super::*;
use crate::bench::arena::{Programs, Size};

const EXTENT: Extent = Extent::Mebibytes { warm_up: 1, measured: 2 };

/// An arena whose `ottla-bench` is a shell with a script.
fn with_script<T>(name: &str, size: Size, script: &str, test: impl FnOnce(&Arena, &Load) -> T) -> T {
    let folder = std::env::temp_dir().join(format!("ottla-load-{name}-{}", std::process::id()));
    let programs = Programs { ottla: "ottla".into(), bench: "sh".into() };
    let arena = Arena::new(programs, size, folder.clone()).unwrap();
    arena.prepare(0).unwrap();
    let file = folder.join("script");
    std::fs::write(&file, script).unwrap();
    let load = Load::new(format!("{} {{warm_up}} {{measured}} {{topic}}", file.display()), EXTENT);
    let result = test(&arena, &load);
    std::fs::remove_dir_all(folder.with_extension("logs")).unwrap();
    result
}

fn ran(name: &str, script: &str) -> Result<Sample, String> {
    with_script(name, Size::Full, script, |arena, load| load.run(arena, None, &Topic::new(1)))
}

#[test]
fn what_stands_in_braces_is_filled_in() {
    let arguments = |size| {
        with_script("filled", size, "", |arena, load| {
            let command = load.command(arena, "127.0.0.1:1", &Topic::new(3));
            command.get_args().skip(1).map(|argument| argument.display().to_string()).collect::<Vec<_>>()
        })
    };
    assert_eq!(arguments(Size::Full), ["1048576", "2097152", "bench"]);
    assert_eq!(arguments(Size::Quick), ["1048576", "4194304", "bench"]);
}

#[test]
fn what_happened_between_the_two_lines_is_measured() {
    let script =
        "echo '{\"measuring\":true}'; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo '{\"bytes\":7}'";
    let sample = ran("measured", script).unwrap();
    assert_eq!(sample.number("bytes"), Ok(7.0));
    let cpu = sample.number("cpu_seconds").unwrap();
    assert!(0.001 < cpu && cpu <= sample.number("wall_seconds").unwrap() * 1.01, "{sample:?}");
}

#[test]
fn a_generator_that_does_not_do_its_part_gives_no_figure() {
    let refused = |name, script, why: &str| {
        let error = ran(name, script).unwrap_err();
        assert!(error.contains(why) && error.contains("generator.log"), "{error}");
    };
    refused("silent", "exit 0", "ended before it said all");
    refused("other", "echo ready", "it began with \"ready\"");
    refused("halfway", "echo '{\"measuring\":true}'", "ended before it said all");
    refused("failed", "echo '{\"measuring\":true}'; echo '{}'; exit 3", "exit status: 3");
    refused("odd", "echo '{\"measuring\":true}'; echo '{'", "EOF");
}

#[test]
fn who_goes_on_beside_is_still_at_it_or_has_failed() {
    let at_work = |name, script| {
        with_script(name, Size::Full, script, |arena, load| {
            let command = &mut load.command(arena, "", &Topic::new(1));
            let mut running = Running::start(arena, command, &arena.log("beside")).unwrap();
            while running.lines.recv().is_ok_and(|line| line != "done") {}
            running.expect_at_work()
        })
    };
    assert_eq!(at_work("on", "echo '{\"measuring\":true}'; echo done; exec sleep 60"), Ok(()));
    // Its output ends with it, or a moment before.
    let ended = (0..1000).find_map(|_| at_work("off", "echo '{\"measuring\":true}'").err());
    assert!(ended.unwrap().contains("exit status: 0"));
}
