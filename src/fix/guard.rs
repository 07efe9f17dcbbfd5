//! `if __name__ == "__main__":`, where a process start needs it.

use super::edits::Edits;
use super::source::{indent, line_end, line_start};
use crate::estimate::machine::Node;
use crate::facts::ir::{BindingValue, Statement};
use crate::hazards::effects::{Place, Reader};
use crate::hazards::scope::imports;
use crate::hazards::start::{Starts, starts};
use crate::hazards::to_process::Guard;
use crate::id::{ExpressionId, FileId, StatementId};
use crate::project::Entity;
use crate::text::Span;

/// How the program's start is guarded, and the edits that guard it.
pub fn guard(reader: &mut Reader<'_>, site: Node, call: ExpressionId, edits: &mut Edits) -> Guard {
    let Starts { guarded, open } = starts(reader, site, call);
    if open.is_empty() {
        return if guarded { Guard::There } else { Guard::NoStart };
    }
    let mut places = Vec::new();
    let mut files: Vec<FileId> = open.iter().map(|(file, _)| *file).collect();
    files.dedup();
    for file in files {
        let statements: Vec<StatementId> = open.iter().filter(|(f, _)| *f == file).map(|(_, s)| *s).collect();
        match wrap(reader, file, &statements, edits) {
            Some(place) => places.push(place),
            None => {
                let spans = &reader.project.parsed(file).spans.statements;
                let span = statements.first().and_then(|s| spans.get(s.index())).copied().unwrap_or_default();
                return Guard::Missing(Place { file, span: Span { start: span.start, end: span.start } });
            }
        }
    }
    Guard::Added(places)
}

/// Puts the end of a module, from the first of these statements on, under a guard.
fn wrap(reader: &Reader<'_>, file: FileId, statements: &[StatementId], edits: &mut Edits) -> Option<Place> {
    let parsed = reader.project.parsed(file);
    let text = reader.project.text(file);
    let body = &parsed.facts.body;
    let first = statements.iter().filter_map(|s| body.iter().position(|b| b == s)).min()?;
    let rest = body.get(first..)?;
    let is_plain = |id: &StatementId| match parsed.facts.statements.get(id.index()) {
        Some(Statement::Function(_) | Statement::Class(_) | Statement::Import(_)) | None => false,
        Some(Statement::If { .. }) => !holds_definition(reader, file, *id),
        Some(_) => true,
    };
    let in_package = reader.project.module_name(file).contains('.');
    if !rest.iter().all(is_plain) || in_package || is_imported(reader, file) || !parsed.spans.errors.is_empty() {
        return None;
    }
    // What stands before and only prepares goes along: `threads = []`.
    let start = parsed.spans.statements.get(rest.first()?.index())?.start;
    let end = parsed.spans.statements.get(rest.last()?.index())?.end;
    if line_start(text, start) != start {
        return None;
    }
    let end_of_line = line_end(text);
    let range = Span { start, end };
    let mut inner = Edits::default();
    indent(reader, &mut inner, file, range);
    // The guard's own line comes before the first line's indentation.
    for edit in inner.all {
        if edit.span.start == start {
            let unit = &edit.text;
            edits.insert(file, start, format!("if __name__ == \"__main__\":{end_of_line}{unit}"));
        } else {
            edits.insert(file, edit.span.start, edit.text.clone());
        }
    }
    Some(Place { file, span: range })
}

/// A definition somewhere in a statement that is to be moved: others may need its name.
fn holds_definition(reader: &Reader<'_>, file: FileId, id: StatementId) -> bool {
    let parsed = reader.project.parsed(file);
    let Some(range) = parsed.spans.statements.get(id.index()) else { return true };
    parsed.facts.statements.iter().zip(&parsed.spans.statements).any(|(statement, span)| {
        range.start <= span.start
            && span.end <= range.end
            && matches!(statement, Statement::Function(_) | Statement::Class(_) | Statement::Import(_))
    })
}

/// True if another file of the project imports this one: what stands there must then run on import.
fn is_imported(reader: &Reader<'_>, file: FileId) -> bool {
    let name = reader.project.module_name(file);
    let stem = name.rsplit('.').next().unwrap_or(name);
    reader.project.files().filter(|other| *other != file).any(|other| {
        // A cheap look at the text first: few files mention it.
        if !imports(reader.project.glance(other), stem) {
            return false;
        }
        let facts = reader.facts(other);
        facts.bindings.iter().any(|binding| {
            let module = match &binding.value {
                BindingValue::Import { module, .. } => reader.project.import(other, reader.name(other, *module), 0),
                BindingValue::ImportFrom { module, level, .. } | BindingValue::ImportStar { module, level } => {
                    reader.project.import(other, reader.name(other, *module), *level)
                }
                _ => return false,
            };
            module == Entity::Module(file)
        })
    })
}
