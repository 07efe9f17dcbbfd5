//! What the server has to say, to stderr and to a file: stdout belongs to the protocol.

pub use crate::cli::LogLevel as Level;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Reads the words that editors use for levels.
pub fn level(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "error" => Some(Level::Error),
        "warn" | "warning" => Some(Level::Warning),
        "info" => Some(Level::Info),
        "debug" | "trace" => Some(Level::Debug),
        _ => None,
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
        Level::Debug => "debug",
    }
}

/// Where it is said.
#[derive(Debug)]
pub struct Log {
    most: AtomicU8,
    file: Option<Mutex<File>>,
}

impl Log {
    /// A log that also goes to a file, which grows; an error says why it cannot be written.
    pub fn new(level: Level, file: Option<&Path>) -> Result<Log, String> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map(Mutex::new).map_err(|error| format!("cannot write the log file {}: {error}", path.display()))
        };
        Ok(Log { most: AtomicU8::new(level as u8), file: file.map(open).transpose()? })
    }

    /// From now on so much is said.
    pub fn set_level(&self, level: Level) {
        self.most.store(level as u8, Ordering::Relaxed);
    }

    /// Says something; where nobody listens, it is lost.
    pub fn say(&self, level: Level, text: &str) {
        if level as u8 > self.most.load(Ordering::Relaxed) {
            return;
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let line = format!("{seconds:.3} {}: {text}\n", name(level));
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
        if let Some(file) = &self.file {
            let _ = super::lock(file).write_all(line.as_bytes());
        }
    }
}
