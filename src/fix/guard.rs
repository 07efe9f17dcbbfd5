//! `if __name__ == "__main__":`, where a process start needs it.

use super::edits::Edits;
use super::source::{indent, line_end, line_start};
use crate::estimate::machine::Node;
use crate::estimate::trace::Seen;
use crate::facts::ir::{BindingValue, Expression, Statement};
use crate::hazards::effects::{Place, Reader};
use crate::hazards::to_process::{Guard, is_guarded};
use crate::id::{ExpressionId, FileId, StatementId};
use crate::project::Entity;
use crate::text::Span;
use std::collections::BTreeSet;

/// How the program's start is guarded, and the edits that guard it.
pub fn guard(reader: &mut Reader<'_>, site: Node, call: ExpressionId, edits: &mut Edits) -> Guard {
    // Everything that leads to the hand-over.
    let mut leading: BTreeSet<Node> = BTreeSet::from([site]);
    let mut work = vec![site];
    while let Some(node) = work.pop() {
        for caller in reader.trace.callers(node).collect::<Vec<_>>() {
            if leading.insert(caller) {
                work.push(caller);
            }
        }
    }
    let modules: Vec<FileId> = leading.iter().filter(|(_, function)| function.is_none()).map(|(f, _)| *f).collect();
    let mut guarded = false;
    let mut open: Vec<(FileId, StatementId)> = Vec::new();
    for file in modules {
        for (statement, is_safe) in starts(reader, file, site, call, &leading) {
            if is_safe {
                guarded = true;
            } else {
                open.push((file, statement));
            }
        }
    }
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

/// The statements of a module's body that lead to the hand-over, and whether they are guarded.
fn starts(
    reader: &mut Reader<'_>,
    file: FileId,
    site: Node,
    call: ExpressionId,
    leading: &BTreeSet<Node>,
) -> Vec<(StatementId, bool)> {
    let facts = reader.facts(file);
    let shape = reader.shape(file);
    let path = reader.project.path(file);
    // `python -m package` does not import `__main__.py` again.
    let is_main_file = path.ends_with("/__main__.py");
    let mut found = Vec::new();
    for id in shape.expressions_in(None).collect::<Vec<_>>() {
        let Some(Expression::Call { callee, arguments }) = facts.expressions.get(id.index()) else { continue };
        let is_site = (file, None) == site && id == call;
        let leads = |seen: &Seen| {
            seen.alternatives().iter().any(|one| match one {
                Seen::Function(at, function) | Seen::Method(_, at, function) => {
                    leading.contains(&(*at, Some(*function)))
                }
                Seen::Class(at, _) | Seen::Instance(at, _) => leading.iter().any(|(f, _)| f == at),
                _ => false,
            })
        };
        let through_callee = reader.trace.seen(file, *callee).is_some_and(leads);
        // `asyncio.run(main())` has `main()` as an argument of its own; `run(main)` gives the function.
        let through_argument = arguments.iter().any(|a| {
            matches!(reader.trace.seen(file, a.value), Some(seen @ (Seen::Function(..) | Seen::Method(..))) if leads(seen))
        });
        if !is_site && !through_callee && !through_argument {
            continue;
        }
        let Some(statement) = shape.statement_of(id) else { continue };
        let is_safe = is_main_file || is_guarded(facts, reader, file, &shape, statement);
        let top = shape.top_statement(statement);
        if !found.contains(&(top, is_safe)) {
            found.push((top, is_safe));
        }
    }
    found
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
    if !rest.iter().all(is_plain) || is_imported(reader, file) || !parsed.spans.errors.is_empty() {
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
        if !super::imports(reader.project.text(other), stem) {
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
