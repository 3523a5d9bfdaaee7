//! The one program: arguments, files, signals, exit codes.
fn main() {}
