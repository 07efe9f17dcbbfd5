//! `gilcheck --watch`: checks again when a file changes.

use super::check::{self, Loaded, Progress};
use super::{Check, Color, Exit, Failure, say};
use crate::discover::FILE_NAMES;
use crate::walk;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// Editors write in several steps; the last of them is waited for so long.
const QUIET: Duration = Duration::from_millis(60);

pub(super) fn watch(arguments: &Check, color: Color) -> Result<Exit, Failure> {
    if arguments.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err("`--watch` needs files or folders; standard input does not change".to_string().into());
    }
    let (sender, events) = mpsc::channel();
    let wrong = |error: notify::Error| Failure::Message(format!("cannot watch files: {error}"));
    let mut watcher = notify::recommended_watcher(sender).map_err(wrong)?;
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    let mut loaded: Option<Loaded> = None;
    let mut settings_changed = true;
    loop {
        // Settings that are wrong are said, and mended while the watch goes on.
        match refresh(arguments, &mut loaded, settings_changed) {
            Ok(()) => {
                if let Some(loaded) = &loaded {
                    show(arguments, color, loaded)?;
                    add_folders(&mut watcher, &mut watched, loaded);
                }
            }
            Err(Failure::Message(message)) if loaded.is_some() => say(&format!("error: {message}")),
            Err(failure) => return Err(failure),
        }
        say("Watching for changes; Ctrl-C ends it.");
        match next_change(&events) {
            Some(changed) => settings_changed = changed == Changed::Settings,
            None => return Ok(Exit::Clean),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Changed {
    Source,
    Settings,
}

/// Waits for a change that can matter, and for the end of those that come with it.
fn next_change(events: &Receiver<notify::Result<Event>>) -> Option<Changed> {
    let mut changed = None;
    while changed.is_none() {
        changed = matters(&events.recv().ok()?);
    }
    loop {
        match events.recv_timeout(QUIET) {
            Ok(event) => changed = changed.max(matters(&event)),
            Err(RecvTimeoutError::Timeout) => return changed,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

fn matters(event: &notify::Result<Event>) -> Option<Changed> {
    let Ok(event) = event else { return Some(Changed::Source) };
    match event.kind {
        EventKind::Access(_) => return None,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => {}
    }
    let of = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy();
        if FILE_NAMES.contains(&name.as_ref()) || name == ".gitignore" || name.ends_with(".json") {
            return Some(Changed::Settings);
        }
        let extension = path.extension().map(|it| it.to_string_lossy().into_owned());
        let is_source = extension.as_deref().is_some_and(|it| walk::EXTENSIONS.contains(&it));
        // A folder that came or went has files.
        (is_source || extension.is_none()).then_some(Changed::Source)
    };
    event.paths.iter().filter_map(of).max()
}

/// Brings the files up to date: what did not change is not touched.
fn refresh(arguments: &Check, loaded: &mut Option<Loaded>, settings_changed: bool) -> Result<(), Failure> {
    let progress = Progress::new(true);
    let fresh = check::load(&check::given(arguments)?, &check::find(arguments)?, &progress)?;
    let Some(old) = loaded.as_mut().filter(|old| !settings_changed && old.base == fresh.base) else {
        *loaded = Some(fresh);
        return Ok(());
    };
    old.host.take_files(&fresh.host);
    old.analysis = old.host.analysis();
    old.shown = fresh.shown;
    old.troubles = fresh.troubles;
    Ok(())
}

fn show(arguments: &Check, color: Color, loaded: &Loaded) -> Result<(), Failure> {
    let diagnostics = loaded.analysis.diagnostics();
    if io::stdout().is_terminal() {
        // The screen is cleared, and what was on it stays above.
        io::stdout().write_all(b"\x1b[2J\x1b[H")?;
    }
    check::write(arguments, color, loaded, &diagnostics)?;
    if !arguments.is_quiet() {
        say(&check::summary(diagnostics.len(), loaded.analysis.reported_files().count()));
    }
    Ok(())
}

/// Watches the folders that hold source files, and those above them up to the base. A folder below that is left out
/// (`.venv`) costs nothing so.
fn add_folders(watcher: &mut RecommendedWatcher, watched: &mut BTreeSet<PathBuf>, loaded: &Loaded) {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::from([loaded.base.clone()]);
    for path in loaded.shown.keys() {
        let above = Path::new(path).ancestors().skip(1).map(|folder| loaded.base.join(folder));
        folders.extend(above);
    }
    for folder in &folders {
        if !watched.contains(folder) && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
            watched.insert(folder.clone());
        }
    }
    watched.retain(|folder| folder.is_dir());
}
