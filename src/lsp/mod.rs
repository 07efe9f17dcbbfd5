//! The language server: `gilcheck server`, over stdin and stdout.
//!
//! The message loop only takes messages in and gives answers out. Documents are kept up to date in the order of
//! the wire (`wire`, `server`), everything else runs on threads of its own over a snapshot (`requests`). The
//! engine, the settings and the reading of files are those of the command line (`projects`).

pub mod log;
pub mod outbox;
pub mod options;
pub mod documents;
pub mod reach;
pub mod projects;
pub mod server;
pub mod diagnostics;
pub mod actions;
pub mod hover;
pub mod workloads;
pub mod commands;
pub mod requests;
pub mod wire;
pub mod stdio;

use crate::cli::{Exit, Serve};
use futures::channel::mpsc;
use futures::future::select;
use log::{Level, Log};
use outbox::Outbox;
use server::{Phase, Server};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tower_lsp_server::jsonrpc::{Request, Response};
use tower_lsp_server::{Loopback, Server as Transport};

/// How much stack the threads that analyse have.
const STACK: usize = 64 << 20;
/// How many requests may be open before the transport stops reading.
const MOST_OPEN: usize = 4096;
/// So long what is under way may take after the client has gone.
const GRACE: Duration = Duration::from_millis(200);

/// The two ways that the transport needs: what the server asks, and what the client answers.
struct Loop {
    requests: mpsc::UnboundedReceiver<Request>,
    answers: mpsc::UnboundedSender<Response>,
}

impl Loopback for Loop {
    type RequestStream = mpsc::UnboundedReceiver<Request>;
    type ResponseSink = mpsc::UnboundedSender<Response>;

    fn split(self) -> (Self::RequestStream, Self::ResponseSink) {
        (self.requests, self.answers)
    }
}

/// Serves one client until it says `exit` or goes away.
pub fn serve(arguments: &Serve) -> Exit {
    let log = match Log::new(arguments.log_level.unwrap_or(Level::Warning), arguments.log_file.as_deref()) {
        Ok(log) => log,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            return Exit::Failed;
        }
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_stack_size(STACK).enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            log.say(Level::Error, &format!("cannot begin: {error}"));
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(talk(log));
    // A thread that still reads from stdin, or computes, is not waited for.
    runtime.shutdown_background();
    exit
}

async fn talk(log: Log) -> Exit {
    let trials = std::env::var_os("GILCHECK_SERVER_TRIALS").is_some();
    let (sender, requests) = mpsc::unbounded();
    let (answers, mut answered) = mpsc::unbounded::<Response>();
    let server = Arc::new(Server::new(Outbox::new(sender), log, trials));
    log_panics(&server);
    let hearer = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok(response) = answered.recv().await {
            hearer.outbox.answered(response);
        }
    });
    let (input, ended) = stdio::input();
    let wire = wire::Wire::new(Arc::clone(&server));
    let transport = Transport::new(input, stdio::output(), Loop { requests, answers });
    let serving = transport.concurrency_level(MOST_OPEN).serve(wire);
    let over = async {
        // Requests that are still under way would keep the transport from ending.
        let said = select(ended, Box::pin(server.over.notified()));
        select(said, Box::pin(orphaned(&server))).await;
        tokio::time::sleep(GRACE).await;
    };
    select(Box::pin(serving), Box::pin(over)).await;
    server.stop();
    server.log.say(Level::Info, "the client is gone");
    match server.phase() {
        Phase::Exited if server.was_shut_down() => Exit::Clean,
        Phase::New | Phase::Running | Phase::ShutDown | Phase::Exited => Exit::Findings,
    }
}

/// Ends when the process that started the server is gone.
async fn orphaned(server: &Server) {
    const PERIOD: Duration = Duration::from_secs(2);
    loop {
        tokio::time::sleep(PERIOD).await;
        if server.parent().is_some_and(|parent| !is_alive(parent)) {
            server.log.say(Level::Info, "the process that started the server is gone");
            return;
        }
    }
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    // A process of somebody else is alive too.
    process.is_none_or(|process| rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

/// There, stdin ends with the process.
#[cfg(not(unix))]
fn is_alive(_process: u32) -> bool {
    true
}

/// A panic is answered as an error where it happens; here it is only written down.
fn log_panics(server: &Arc<Server>) {
    let server = Arc::downgrade(server);
    std::panic::set_hook(Box::new(move |info| {
        let trace = std::backtrace::Backtrace::force_capture();
        if let Some(server) = server.upgrade() {
            server.log.say(Level::Error, &format!("{info}\n{trace}"));
        }
    }));
}

/// Locks; what a panicking thread left is taken as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
