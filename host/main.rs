//! The command `rick`. Everything is in the library; only this file turns an outcome into an exit code.

use std::process::ExitCode;

/// A run makes many small values on a few threads, and its time is a good part that of the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rick::cli::main()
}
