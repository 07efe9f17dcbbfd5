//! Comments written into source files, and files replaced in one go.

use super::check::{Loaded, count};
use super::{Exit, Failure, say};
use crate::analysis::Change;
use crate::diagnostic::Diagnostic;
use crate::id::FileId;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Writes `# gilcheck: ignore[…] reason` for each finding.
pub(super) fn add_ignores(loaded: &Loaded, diagnostics: &[Diagnostic], reason: &str) -> Result<Exit, Failure> {
    let mut files: BTreeMap<FileId, Vec<&Diagnostic>> = BTreeMap::new();
    // A comment that silences nothing is to be removed, not silenced.
    for diagnostic in diagnostics.iter().filter(|it| !it.code.starts_with("GIL9")) {
        files.entry(diagnostic.file).or_default().push(diagnostic);
    }
    let (mut silenced, mut left) = (0, 0);
    for (file, found) in files {
        let path = loaded.analysis.path(file);
        let shown = loaded.shown.get(path).map_or(path, String::as_str);
        let old = loaded.analysis.text(file);
        let new = loaded.analysis.with_ignores(file, &found, reason);
        let place = loaded.base.join(path);
        let bytes = fs::read(&place).unwrap_or_default();
        let mark: &[u8] = if bytes.starts_with(b"\xef\xbb\xbf") { b"\xef\xbb\xbf" } else { b"" };
        if bytes.get(mark.len()..) != Some(old.as_bytes()) {
            say(&format!("{shown}: left as it is: it is not UTF-8, is a notebook, or has changed meanwhile"));
            left += found.len();
            continue;
        }
        // Only what the engine then agrees with is written.
        let mut host = loaded.host.clone();
        host.apply_change(Change { path: path.to_string(), text: Some(Arc::from(new.as_str())), reported: true });
        let analysis = host.analysis();
        let still = analysis.diagnostics().iter().filter(|it| analysis.path(it.file) == path).count();
        let others = diagnostics.iter().filter(|it| it.file == file).count() - found.len();
        if new != old {
            let whole = [mark, new.as_bytes()].concat();
            replace(&place, &whole).map_err(|error| Failure::Message(format!("{shown}: cannot write it: {error}")))?;
        }
        let remaining = still.saturating_sub(others).min(found.len());
        silenced += found.len() - remaining;
        left += remaining;
        if remaining > 0 {
            say(&format!("{shown}: {} could not be silenced by a comment", count(remaining, "finding")));
        }
    }
    say(&format!("Silenced {}.", count(silenced, "finding")));
    Ok(if left == 0 { Exit::Clean } else { Exit::Findings })
}

/// Puts new bytes in the place of a file so that at no time half of them stand there. Links are followed and
/// permissions kept.
pub(super) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = real.with_file_name(format!(".{name}.gilcheck-{}", std::process::id()));
    let permissions = fs::metadata(&real).ok().map(|metadata| metadata.permissions());
    let written = fs::write(&beside, bytes)
        .and_then(|()| permissions.map_or(Ok(()), |permissions| fs::set_permissions(&beside, permissions)))
        .and_then(|()| fs::rename(&beside, &real));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
