//! The command `rick`. Everything is in the library; only this file turns an outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rick::cli::main()
}
