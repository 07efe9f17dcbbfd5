//! What is run to know the hazards of one place: its function, and who calls that.

use crate::config::Target;
use crate::estimate::trace::Trace;
use crate::facts::ir::Expression;
use crate::id::{FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::project::Project;
use crate::text::Span;

/// How many functions are run at most.
const MOST_FUNCTIONS: usize = 16;
/// How many files that mention a module are looked at.
const MOST_FILES: usize = 12;
/// Callers of callers of callers: the program's start decides how a process may be started.
const MOST_LEVELS: usize = 4;

/// Runs what tells the hazards of a place.
pub fn trace(project: &Project, knowledge: &Knowledge, target: Target, file: FileId, span: Span) -> Trace {
    let (modules, functions) = scope(project, file, span);
    Trace::of(project, knowledge, target, &modules, &functions)
}

/// The outermost function around a range.
pub fn outermost(project: &Project, file: FileId, span: Span) -> Option<FunctionId> {
    project.parsed(file).outermost(span)
}

/// The module bodies and functions to run, callers first.
fn scope(project: &Project, file: FileId, span: Span) -> (Vec<FileId>, Vec<(FileId, FunctionId)>) {
    let mut modules = vec![file];
    let mut functions: Vec<(FileId, FunctionId)> = Vec::new();
    let mut level: Vec<(FileId, FunctionId)> =
        outermost(project, file, span).map(|function| (file, function)).into_iter().collect();
    for _ in 0..MOST_LEVELS {
        let fresh: Vec<_> = level.iter().copied().filter(|node| !functions.contains(node)).collect();
        if fresh.is_empty() || functions.len() >= MOST_FUNCTIONS {
            break;
        }
        functions.extend(fresh.iter().copied());
        level.clear();
        for (at, function) in fresh {
            let name = called_as(project, at, function);
            for other in project.users(at, name, MOST_FILES) {
                let (found, in_module) = users(project, other, name);
                level.extend(found);
                if in_module && !modules.contains(&other) {
                    modules.push(other);
                }
            }
        }
    }
    functions.truncate(MOST_FUNCTIONS);
    functions.reverse();
    modules.sort_unstable();
    (modules, functions)
}

/// The name that callers use: a class's for its `__init__`.
fn called_as(project: &Project, file: FileId, function: FunctionId) -> &str {
    let facts = &project.parsed(file).facts;
    let text = |id: crate::id::NameId| facts.names.get(id.index()).map_or("", |name| &**name);
    let Some(definition) = facts.functions.get(function.index()) else { return "" };
    let name = text(definition.name);
    match definition.class.and_then(|class| facts.classes.get(class.index())) {
        Some(class) if name.starts_with("__") => text(class.name),
        _ => name,
    }
}

/// The outermost functions that use a name, and whether the module's body does.
fn users(project: &Project, file: FileId, name: &str) -> (Vec<(FileId, FunctionId)>, bool) {
    let parsed = project.parsed(file);
    let facts = &parsed.facts;
    let is_it = |id: &crate::id::NameId| facts.names.get(id.index()).is_some_and(|n| **n == *name);
    let mut found = Vec::new();
    let mut in_module = false;
    for (expression, span) in facts.expressions.iter().zip(&parsed.spans.expressions) {
        let uses =
            matches!(expression, Expression::Name(id) | Expression::Attribute { attribute: id, .. } if is_it(id));
        if !uses {
            continue;
        }
        match outermost(project, file, *span) {
            Some(function) if !found.contains(&(file, function)) => found.push((file, function)),
            Some(_) => {}
            None => in_module = true,
        }
    }
    (found, in_module)
}
