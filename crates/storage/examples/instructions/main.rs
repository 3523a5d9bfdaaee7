//! The paths that every request takes, each a hundred times, for a counter of instructions.
//!
//! `cargo xtask instructions` runs it under callgrind, which counts inside of [`collected`] alone and notes a figure
//! each time that is left: one for each operation, in the order in which they are named here. What the kernel does is
//! not counted, and no clock or chance gets in, so that the figures can be compared with those of another day.

mod codec;
mod log;
mod queue;
mod records;

use std::io;

/// Something that is done again and again.
struct Operation {
    name: &'static str,
    run: Box<dyn FnMut()>,
}

impl Operation {
    fn new(name: &'static str, run: impl FnMut() + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Names and runs all operations.
fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let operations =
        [codec::operations(), records::operations(), log::operations(directory.path()), queue::operations()];
    for mut operation in operations.into_iter().flatten() {
        // What is done once is not what is counted: tables that are made at first use, memory that is taken.
        (0..WARM_UP).for_each(|_| (operation.run)());
        collected(&mut *operation.run);
        println!("{}\t{TIMES}", operation.name);
    }
    Ok(())
}

/// What is counted. Its name is known to `cargo xtask instructions`.
#[inline(never)]
fn collected(run: &mut dyn FnMut()) {
    (0..TIMES).for_each(|_| run());
}

const WARM_UP: u32 = 10;
const TIMES: u32 = 100;
