//! Rewrites: for a finding the edits that mend it, and whether they keep the program's meaning.

use crate::config::Target;
use crate::diagnostic::{Diagnostic, Fix};
use crate::estimate::Report;
use crate::estimate::trace::Trace;
use crate::id::FileId;
use crate::knowledge::Knowledge;
use crate::project::Project;

/// How many files that mention a module are run with it.
const MOST_CALLERS: usize = 12;

/// What a rewrite is made from.
pub struct Context<'a> {
    /// All files.
    pub project: &'a Project,
    /// What libraries do.
    pub knowledge: &'a Knowledge,
    /// The interpreter.
    pub target: Target,
    /// What the estimate saw.
    pub report: &'a Report,
    /// What the expressions of the finding's file and of those around it stand for.
    pub trace: &'a Trace,
}

/// The rewrite for a finding, where there is one.
pub fn fix(_context: &Context<'_>, _found: &Diagnostic) -> Option<Fix> {
    None
}

/// The files that are run to know a file's hazards: itself, and those that may call what it defines.
pub fn scope(project: &Project, file: FileId) -> Vec<FileId> {
    let mut chosen = vec![file];
    // Callers of callers too: the program's start is what decides how a process may be started.
    for _ in 0..3 {
        let names: Vec<&str> = chosen.iter().map(|file| last_part(project.module_name(*file))).collect();
        let mentions = |other: &FileId| {
            let text = project.text(*other);
            !chosen.contains(other) && names.iter().any(|name| imports(text, name))
        };
        let more: Vec<FileId> = project.files().filter(mentions).take(MOST_CALLERS).collect();
        if more.is_empty() || chosen.len() > MOST_CALLERS {
            break;
        }
        chosen.extend(more);
    }
    chosen.sort_unstable();
    chosen
}

fn last_part(module: &str) -> &str {
    module.rsplit('.').next().unwrap_or(module)
}

/// True if an import statement of the text has the name in it.
fn imports(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("import ") || line.starts_with("from "))
        .any(|line| line.split(|c| !is_word(c)).any(|word| word == name))
}
