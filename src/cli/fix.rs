//! `--fix`, `--diff`: rewrites applied in memory, round by round, and written whole or not at all.

use super::check::Loaded;
use super::settings::flag;
use super::{Check, Exit, Failure, say};
use crate::analysis::Change;
use crate::config::Settings;
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::fix::edits::{apply, compose};
use crate::render::{harmless, harmless_line};
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A fix may make room for another; more rounds than this would mean that two undo each other.
const MOST_ROUNDS: usize = 30;
/// How many fixes a file gets in one run; each round costs as much as a whole run.
const MOST_FIXES: usize = 300;

/// What the options ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub fix: bool,
    pub diff: bool,
    pub only: bool,
    least: Applicability,
}

impl Asked {
    pub fn of(arguments: &Check, settings: &Settings) -> Asked {
        // What comments or a baseline are made of must stay as it was found.
        let may_fix = !arguments.update_baseline && arguments.add_ignore.is_none();
        let fix = flag(arguments.fix, arguments.no_fix).unwrap_or(settings.fix && may_fix);
        let unsafe_too = flag(arguments.unsafe_fixes, arguments.no_unsafe_fixes).unwrap_or(settings.unsafe_fixes);
        Asked {
            fix,
            diff: arguments.diff,
            only: arguments.fix_only,
            least: if unsafe_too { Applicability::Unsafe } else { Applicability::Safe },
        }
    }

    /// Fixes are to be made, in files or in memory.
    pub fn rewrites(self) -> bool {
        self.fix || self.diff || self.only
    }
}

/// A file that may be rewritten.
#[derive(Debug)]
pub(super) struct Place {
    /// Where it really is; nothing for standard input.
    pub place: Option<PathBuf>,
    /// Its text as it was read.
    pub text: Arc<str>,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// The new texts, by the engine's path.
    texts: BTreeMap<String, Arc<str>>,
    /// The path, the rule and the title of each fix.
    fixes: Vec<(String, &'static str, String)>,
    /// How many files were not written.
    pub refused: usize,
    /// How many fixes each file has got, by the engine's path.
    counts: BTreeMap<String, usize>,
    /// Files that could have got more, as they are shown.
    unfinished: BTreeSet<String>,
}

/// Applies fixes until there are no more, and writes the files unless only a diff is wanted.
pub(super) fn fix(loaded: &mut Loaded, arguments: &Check, asked: Asked) -> Result<Fixed, Failure> {
    let mut fixed = Fixed::default();
    for _ in 0..MOST_ROUNDS {
        if !round(loaded, asked, &mut fixed) {
            break;
        }
    }
    if !asked.diff {
        let roots: Vec<PathBuf> = arguments.paths.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        for (path, text) in &fixed.texts {
            let Some(Place { place: Some(place), text: before }) = loaded.places.get(path) else { continue };
            if let Err(reason) = write(place, &roots, before, text) {
                let shown = loaded.shown.get(path).unwrap_or(path);
                say(&format!("error: {shown}: {reason}"));
                fixed.refused += 1;
                let refused = Change { path: path.clone(), text: Some(Arc::clone(before)), reported: true };
                loaded.host.apply_change(refused);
            }
        }
        if fixed.refused > 0 {
            loaded.analysis = loaded.host.analysis();
        }
    }
    Ok(fixed)
}

/// One round: as many fixes as fit together. False if there was none.
fn round(loaded: &mut Loaded, asked: Asked, fixed: &mut Fixed) -> bool {
    let analysis = &loaded.analysis;
    let found = analysis.diagnostics_with_fixes();
    let wanted: Vec<(&Diagnostic, &Fix)> = found
        .iter()
        .filter_map(|found| Some((found, found.fix.as_deref()?)))
        .filter(|(_, fix)| fix.applicability >= asked.least && !fix.edits.is_empty())
        .filter(|(found, _)| {
            let path = analysis.path(found.file);
            fixed.may_get_more(path, loaded.shown.get(path).map_or(path, String::as_str))
        })
        .collect();
    let (edits, applied) = compose(wanted.iter().map(|(_, fix)| *fix));
    if applied.is_empty() {
        return false;
    }
    let mut changes = Vec::new();
    for (file, edits) in &edits {
        let path = analysis.path(*file).to_string();
        let text: Arc<str> = apply(analysis.text(*file), edits).into();
        changes.push((path, text));
    }
    for index in applied {
        let Some((found, fix)) = wanted.get(index) else { continue };
        let path = analysis.path(found.file);
        *fixed.counts.entry(path.to_string()).or_default() += 1;
        let shown = loaded.shown.get(path).map_or(path, String::as_str).to_string();
        fixed.fixes.push((shown, found.code, fix.title.clone()));
    }
    for (path, text) in changes {
        loaded.host.apply_change(Change { path: path.clone(), text: Some(Arc::clone(&text)), reported: true });
        fixed.texts.insert(path, text);
    }
    loaded.analysis = loaded.host.analysis();
    true
}

/// Ends a run that reports no findings: `--diff` and `--fix-only`.
pub(super) fn finish(loaded: &Loaded, arguments: &Check, asked: Asked, fixed: Fixed) -> Result<Exit, Failure> {
    if asked.diff {
        let mut out = io::stdout().lock();
        let is_shown = is_shown(&out);
        for (path, text) in &fixed.texts {
            let Some(Place { text: before, .. }) = loaded.places.get(path) else { continue };
            let shown = harmless(loaded.shown.get(path).unwrap_or(path));
            let diff = TextDiff::from_lines(&**before, &**text);
            let diff = diff.unified_diff().header(&shown, &shown).to_string();
            if is_shown {
                let lines: String = diff.lines().map(|line| harmless_line(line) + "\n").collect();
                out.write_all(lines.as_bytes())?;
            } else {
                out.write_all(diff.as_bytes())?;
            }
        }
        out.flush()?;
        fixed.say(arguments);
        return Ok(if fixed.texts.is_empty() || arguments.exit_zero { Exit::Clean } else { Exit::Findings });
    }
    fixed.to_stdout(loaded)?;
    fixed.say(arguments);
    Ok(if fixed.refused > 0 { Exit::Failed } else { fixed.exit(arguments).unwrap_or(Exit::Clean) })
}

/// True if what is printed is looked at, by a terminal or by a log that obeys commands: then nothing in a source
/// file may steer it. A file or another program gets the diff as it is, to be applied.
fn is_shown(out: &io::StdoutLock<'_>) -> bool {
    out.is_terminal() || (std::env::var_os("CI").is_some() && !is_file(out))
}

#[cfg(unix)]
fn is_file(out: &io::StdoutLock<'_>) -> bool {
    use std::os::fd::AsFd;
    let file = out.as_fd().try_clone_to_owned().map(fs::File::from);
    file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(not(unix))]
fn is_file(_: &io::StdoutLock<'_>) -> bool {
    false
}

impl Fixed {
    /// False for a file that has got as many fixes as it may; this is noted.
    fn may_get_more(&mut self, path: &str, shown: &str) -> bool {
        let has_enough = self.counts.get(path).is_some_and(|count| *count >= MOST_FIXES);
        if has_enough && !self.unfinished.contains(shown) {
            self.unfinished.insert(shown.to_string());
        }
        !has_enough
    }

    /// Writes the new text of standard input to standard output; true if that was what was given.
    pub fn to_stdout(&self, loaded: &Loaded) -> Result<bool, Failure> {
        let Some((path, place)) = loaded.places.iter().find(|(_, place)| place.place.is_none()) else {
            return Ok(false);
        };
        let text = self.texts.get(path).unwrap_or(&place.text);
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(true)
    }

    /// How the run ends where that depends on something having been fixed.
    pub fn exit(&self, arguments: &Check) -> Option<Exit> {
        let counts = arguments.exit_non_zero_on_fix && !arguments.exit_zero;
        (counts && !self.texts.is_empty()).then_some(Exit::Findings)
    }

    /// Says what was done.
    pub fn say(&self, arguments: &Check) {
        if arguments.is_quiet() {
            return;
        }
        for path in &self.unfinished {
            let what = "there is more to fix than one run does; run again for the rest";
            say(&format!("warning: {}: {what}", harmless(path)));
        }
        let done = if arguments.diff { "Would fix" } else { "Fixed" };
        if !self.fixes.is_empty() {
            let count = self.fixes.len();
            say(&format!("{done} {count} problem{}.", if count == 1 { "" } else { "s" }));
        }
        if arguments.show_fixes {
            for (path, code, title) in &self.fixes {
                say(&format!("  {path}: {code}: {title}"));
            }
        }
    }
}

/// Says what `--fix` could do about what is left.
pub(super) fn say_offers(found: &[Diagnostic], asked: Asked) {
    let count = |applicability: Applicability| {
        let all = found.iter().filter_map(|found| found.fix.as_deref());
        all.filter(|fix| fix.applicability == applicability && !fix.edits.is_empty()).count()
    };
    let (safe, unproved) = (count(Applicability::Safe), count(Applicability::Unsafe));
    let unsafe_too = asked.least <= Applicability::Unsafe;
    let hidden = if unsafe_too { 0 } else { unproved };
    let usable = if unsafe_too { safe + unproved } else { safe };
    if asked.fix {
        return;
    }
    match (usable, hidden) {
        (0, 0) => {}
        (0, hidden) => say(&format!("No fix is safe; {hidden} can be applied with `--fix --unsafe-fixes`.")),
        (usable, 0) => say(&format!("{usable} fixable with `--fix`.")),
        (usable, hidden) => {
            say(&format!("{usable} fixable with `--fix` ({hidden} more with `--fix --unsafe-fixes`)."));
        }
    }
}

/// Writes a file in one step, if it is still what was read.
fn write(place: &Path, roots: &[PathBuf], before: &str, after: &str) -> Result<(), String> {
    // `place` is free of links; one that led out of what was given leads elsewhere.
    if !roots.iter().any(|root| place.starts_with(root)) {
        return Err("not fixed: a link leads to it from the given paths; give the file itself".into());
    }
    let metadata = fs::symlink_metadata(place).map_err(|error| format!("not fixed: {error}"))?;
    if !metadata.is_file() {
        return Err("not fixed: it is no regular file any more".into());
    }
    if metadata.permissions().readonly() {
        return Err("not fixed: it is read-only; make it writable".into());
    }
    let bytes = fs::read(place).map_err(|error| format!("not fixed: {error}"))?;
    let mark = "\u{feff}".as_bytes();
    let (mark, content) = match bytes.strip_prefix(mark) {
        Some(content) => (mark, content),
        None => (&[][..], bytes.as_slice()),
    };
    if content != before.as_bytes() {
        return Err(match std::str::from_utf8(content) {
            Ok(_) => "not fixed: it changed since it was read; run gilcheck again".into(),
            Err(_) => "not fixed: it is not UTF-8, which is all that is written; convert it first".into(),
        });
    }
    let folder = place.parent().unwrap_or(Path::new("."));
    let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = folder.join(format!(".{name}.gilcheck-{}", std::process::id()));
    let result = write_beside(&temporary, &metadata, &[mark, after.as_bytes()].concat())
        .and_then(|()| fs::rename(&temporary, place));
    result.map_err(|error| {
        // What could not be finished leaves nothing behind.
        let _ = fs::remove_file(&temporary);
        format!("not fixed: {error}")
    })
}

fn write_beside(temporary: &Path, metadata: &fs::Metadata, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(bytes)?;
    file.set_permissions(metadata.permissions())?;
    file.sync_all()
}
