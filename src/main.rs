//! The program: the command line on a stack that deep Python code does not overflow.

use gilcheck::cli::{self, Exit};
use std::process::ExitCode;

/// Enough for trees that are nested as deep as Python itself allows, many times over.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    // Where the pool cannot be built, rayon's own serves.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
    let work = || cli::run(std::env::args_os(), gilcheck::lsp::serve);
    let exit = match std::thread::Builder::new().stack_size(STACK).spawn(work) {
        Ok(thread) => thread.join().unwrap_or_else(|_| {
            eprintln!("error: gilcheck failed inside; please report the lines above with the file they name");
            Exit::Failed
        }),
        Err(_) => work(),
    };
    exit.into()
}
