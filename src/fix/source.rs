//! What rewrites ask of a file's text: line ends, indentation, arguments, imports.

use super::edits::Edits;
use crate::facts::ir::{ArgumentKind, Binding, BindingValue, Expression, Statement};
use crate::hazards::effects::Reader;
use crate::id::{ExpressionId, FileId, StatementId};
use crate::text::Span;

/// The line end that a text uses.
pub fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => "\r\n",
        _ => "\n",
    }
}

/// One step of indentation, as the text does it.
pub fn indent_unit(text: &str) -> String {
    for line in text.lines() {
        let blank: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
        if blank.is_empty() || blank.len() == line.len() || line.trim_start().starts_with('#') {
            continue;
        }
        return if blank.starts_with('\t') { "\t".into() } else { " ".repeat(blank.len().min(8)) };
    }
    "    ".into()
}

/// Where the line of a byte begins.
pub fn line_start(text: &str, at: u32) -> u32 {
    let before = text.get(..at as usize).unwrap_or("");
    let start = before.rfind(['\n', '\r']).map_or(0, |index| index + 1);
    Span::new(start, start).start
}

/// The byte behind the line of a byte, its line end included.
pub fn line_after(text: &str, at: u32) -> u32 {
    let rest = text.get(at as usize..).unwrap_or("");
    match rest.find('\n') {
        Some(index) => at + Span::new(index + 1, 0).start,
        None => Span::new(text.len(), 0).start,
    }
}

/// The blanks at the beginning of a byte's line.
pub fn indentation(text: &str, at: u32) -> String {
    let start = line_start(text, at) as usize;
    text.get(start..).unwrap_or("").chars().take_while(|c| *c == ' ' || *c == '\t').collect()
}

/// Indents the lines of a range by one step, but for those that begin inside a string.
pub fn indent(reader: &Reader<'_>, edits: &mut Edits, file: FileId, range: Span) {
    let text = reader.project.text(file);
    let unit = indent_unit(text);
    let parsed = reader.project.parsed(file);
    let strings: Vec<Span> = parsed
        .facts
        .expressions
        .iter()
        .zip(&parsed.spans.expressions)
        .filter(|(e, _)| {
            matches!(e, Expression::String { .. } | Expression::FormatString { .. } | Expression::Bytes { .. })
        })
        .map(|(_, span)| *span)
        .collect();
    let mut at = line_start(text, range.start);
    while at < range.end {
        let next = line_after(text, at);
        let line = Span { start: at, end: next }.of(text);
        let inside = strings.iter().any(|s| s.start < at && at < s.end);
        if !line.trim().is_empty() && !inside {
            edits.insert(file, at, unit.clone());
        }
        if next == at {
            break;
        }
        at = next;
    }
}

/// One argument of a call, as it is written.
#[derive(Debug, Clone)]
pub struct Written {
    /// `name=` for a keyword.
    pub keyword: Option<String>,
    /// With stars.
    pub starred: bool,
    /// The value.
    pub value: ExpressionId,
    /// All of it, its keyword and stars included.
    pub span: Span,
}

/// A call's arguments as they are written.
pub fn written(reader: &Reader<'_>, file: FileId, call: ExpressionId) -> Vec<Written> {
    let text = reader.project.text(file);
    let Some(Expression::Call { callee, arguments }) = reader.facts(file).expressions.get(call.index()) else {
        return Vec::new();
    };
    let mut floor = reader.span(file, *callee).end;
    let mut all = Vec::new();
    for argument in arguments.iter() {
        let value = reader.span(file, argument.value);
        let between = Span { start: floor, end: value.start }.of(text);
        let (keyword, starred) = match argument.kind {
            ArgumentKind::Positional => (None, false),
            ArgumentKind::Keyword(name) => (Some(reader.name(file, name).to_string()), false),
            ArgumentKind::Star | ArgumentKind::DoubleStar => (None, true),
        };
        let start = match (&keyword, argument.kind) {
            (Some(name), _) => between.rfind(name.as_str()).map_or(value.start, |i| floor + Span::new(i, 0).start),
            (None, ArgumentKind::Star) => between.rfind('*').map_or(value.start, |i| floor + Span::new(i, 0).start),
            (None, ArgumentKind::DoubleStar) => {
                between.rfind("**").map_or(value.start, |i| floor + Span::new(i, 0).start)
            }
            (None, _) => {
                // Parentheses around the value belong to it.
                let blank = between.trim_end_matches(|c: char| c.is_whitespace());
                let opened = blank.len() - blank.trim_end_matches('(').len();
                let is_first = all.is_empty();
                let own = if is_first { opened.saturating_sub(1) } else { opened };
                if own > 0 {
                    value.start - Span::new(between.len() - (blank.len() - own), 0).start
                } else {
                    value.start
                }
            }
        };
        // Closing parentheses and what is left of the value up to the comma.
        let mut end = value.end;
        let own_open = Span { start, end: value.start }.of(text).matches('(').count();
        let mut closing = own_open;
        while closing > 0 {
            let rest = text.get(end as usize..).unwrap_or("");
            let Some(index) = rest.find(')') else { break };
            end += Span::new(index + 1, 0).start;
            closing -= 1;
        }
        all.push(Written { keyword, starred, value: argument.value, span: Span { start, end } });
        floor = end;
    }
    all
}

/// Takes an argument out of a call, with its comma.
pub fn drop_argument(
    reader: &Reader<'_>,
    edits: &mut Edits,
    file: FileId,
    all: &[Written],
    index: usize,
) -> Option<()> {
    let text = reader.project.text(file);
    let this = all.get(index)?.span;
    let range = match (index.checked_sub(1).and_then(|i| all.get(i)), all.get(index + 1)) {
        (_, Some(next)) => Span { start: this.start, end: next.span.start },
        (Some(before), None) => Span { start: before.span.end, end: this.end },
        (None, None) => {
            // The only one: with the comma that may follow.
            let rest = text.get(this.end as usize..)?;
            let comma = rest.trim_start().starts_with(',');
            let end = if comma { this.end + Span::new(rest.find(',')? + 1, 0).start } else { this.end };
            Span { start: this.start, end }
        }
    };
    if range.of(text).contains('#') {
        return None;
    }
    edits.delete(file, range);
    Some(())
}

/// The imports at the top of a module: where a further one goes.
fn import_place(reader: &Reader<'_>, file: FileId) -> (u32, bool) {
    let parsed = reader.project.parsed(file);
    let text = reader.project.text(file);
    let mut after: Option<u32> = None;
    for (index, id) in parsed.facts.body.iter().enumerate() {
        let span = parsed.spans.statements.get(id.index()).copied().unwrap_or_default();
        match parsed.facts.statements.get(id.index()) {
            Some(Statement::Import(_)) => after = Some(line_after(text, span.end)),
            Some(Statement::Expression(value))
                if index == 0
                    && matches!(parsed.facts.expressions.get(value.index()), Some(Expression::String { .. })) =>
            {
                after = Some(line_after(text, span.end));
            }
            // `try: import x except ImportError: …` among the imports.
            Some(Statement::Try { .. } | Statement::If { .. }) if after.is_some() => {}
            _ => break,
        }
    }
    match after {
        Some(at) => (at, true),
        None => {
            // Behind `#!` and coding lines.
            let mut at = 0;
            for line in text.split_inclusive('\n') {
                if !line.starts_with('#') {
                    break;
                }
                at += line.len();
            }
            (Span::new(at, 0).start, false)
        }
    }
}

/// The imports and helpers that a rewrite adds to a file, each once.
#[derive(Debug, Default)]
pub struct Additions {
    imports: Vec<String>,
    helper: Option<String>,
}

impl Additions {
    /// Makes one edit of them.
    pub fn finish(self, reader: &Reader<'_>, edits: &mut Edits, file: FileId) {
        if self.imports.is_empty() && self.helper.is_none() {
            return;
        }
        let text = reader.project.text(file);
        let end = line_end(text);
        let (at, after_imports) = import_place(reader, file);
        let mut added = String::new();
        // The last line of the text may have no end.
        let unfinished = at as usize == text.len() && !text.is_empty() && !text.ends_with('\n');
        if unfinished {
            added.push_str(end);
        }
        for line in &self.imports {
            added.push_str(line);
            added.push_str(end);
        }
        if let Some(helper) = &self.helper {
            added.push_str(end);
            added.push_str(end);
            added.push_str(&helper.replace('\n', end));
        }
        if !after_imports && self.helper.is_none() && !text.is_empty() {
            added.push_str(end);
        }
        edits.insert(file, at, added);
    }

    /// Adds an import line.
    pub fn import(&mut self, line: String) {
        if !self.imports.contains(&line) {
            self.imports.push(line);
        }
    }

    /// Adds a function behind the imports.
    pub fn helper(&mut self, text: String) {
        self.helper = Some(text);
    }
}

/// The name under which `module.member` can be used in a file, imported where it is not yet.
pub fn member(reader: &Reader<'_>, additions: &mut Additions, file: FileId, module: &str, member: &str) -> String {
    if let Some(name) = imported_member(reader, file, module, member) {
        return name;
    }
    if let Some(name) = imported_module(reader, file, module) {
        return format!("{name}.{member}");
    }
    if is_taken(reader, file, member) {
        additions.import(format!("import {module}"));
        return format!("{module}.{member}");
    }
    additions.import(format!("from {module} import {member}"));
    member.to_string()
}

/// The name under which a module can be used in a file, imported where it is not yet.
pub fn module(reader: &Reader<'_>, additions: &mut Additions, file: FileId, module: &str) -> String {
    if let Some(name) = imported_module(reader, file, module) {
        return name;
    }
    additions.import(format!("import {module}"));
    module.to_string()
}

fn imported_member(reader: &Reader<'_>, file: FileId, module: &str, member: &str) -> Option<String> {
    unconditional(reader, file).find_map(|binding| match &binding.value {
        BindingValue::ImportFrom { module: from, level: 0, member: name }
            if reader.name(file, *from) == module && reader.name(file, *name) == member =>
        {
            Some(reader.name(file, binding.name).to_string())
        }
        _ => None,
    })
}

/// The name of a module that the file imports at its top.
pub fn imported_module(reader: &Reader<'_>, file: FileId, module: &str) -> Option<String> {
    unconditional(reader, file).find_map(|binding| match &binding.value {
        BindingValue::Import { module: from, aliased } if reader.name(file, *from) == module => {
            Some(if *aliased { reader.name(file, binding.name).to_string() } else { module.to_string() })
        }
        BindingValue::ImportFrom { module: from, level: 0, member }
            if format!("{}.{}", reader.name(file, *from), reader.name(file, *member)) == module =>
        {
            Some(reader.name(file, binding.name).to_string())
        }
        _ => None,
    })
}

fn unconditional<'r>(reader: &'r Reader<'_>, file: FileId) -> impl Iterator<Item = &'r Binding> {
    reader.facts(file).bindings.iter().filter(|binding| !binding.conditional && !binding.typing_only)
}

/// True if the module, or any function of it, uses the name for something.
pub fn is_taken(reader: &Reader<'_>, file: FileId, name: &str) -> bool {
    let facts = reader.facts(file);
    let is_name = |id: &crate::id::NameId| reader.name(file, *id) == name;
    facts.bindings.iter().any(|binding| is_name(&binding.name))
        || facts.functions.iter().any(|function| function.locals.iter().any(is_name))
}

/// Takes the import of a name away, if nothing else in the file uses it; `gone` are uses that vanish.
pub fn drop_import(
    reader: &Reader<'_>,
    edits: &mut Edits,
    file: FileId,
    name: &str,
    gone: &[Span],
    replacement: Option<(&str, &str)>,
) -> ImportChange {
    let parsed = reader.project.parsed(file);
    let text = reader.project.text(file);
    let uses = parsed.facts.expressions.iter().zip(&parsed.spans.expressions).filter(|(expression, span)| {
        matches!(expression, Expression::Name(n) if reader.name(file, *n) == name)
            && !gone.iter().any(|g| g.start <= span.start && span.end <= g.end)
    });
    if uses.count() > 0 || is_exported(reader, file, name) {
        return ImportChange::Kept;
    }
    for (index, statement) in parsed.facts.statements.iter().enumerate() {
        let Statement::Import(bindings) = statement else { continue };
        let Some(position) = bindings.iter().position(|b| reader.name(file, b.name) == name) else { continue };
        let span = parsed.spans.statements.get(index).copied().unwrap_or_default();
        let code = span.of(text);
        // `import a.b` and `import a.c` both bind `a`: leave them.
        if parsed.facts.bindings.iter().filter(|b| reader.name(file, b.name) == name).count() != 1 {
            return ImportChange::Kept;
        }
        let from = match bindings.get(position).map(|b| &b.value) {
            Some(BindingValue::ImportFrom { module, level: 0, .. }) => Some(reader.name(file, *module)),
            _ => None,
        };
        if let (Some(from), Some((module, member))) = (from, replacement)
            && from == module
            && let Some(item) = import_item(code, position)
        {
            let at = Span { start: span.start + item.start, end: span.start + item.end };
            edits.replace(file, at, member);
            return ImportChange::Replaced;
        }
        if bindings.len() == 1 {
            if let Some((module, member)) = replacement {
                edits.replace(file, span, format!("from {module} import {member}"));
                return ImportChange::Replaced;
            }
            // `import a; import b` on one line, or with a comment behind: only the statement goes.
            let line = Span { start: line_start(text, span.start), end: line_after(text, span.end) };
            let alone = line.of(text).trim() == code.trim();
            let _ = StatementId::new(index);
            if alone {
                edits.delete(file, line);
                return ImportChange::Removed;
            }
            return ImportChange::Kept;
        }
        if let Some(item) = import_item(code, position) {
            let rest = code.get(item.end as usize..).unwrap_or("");
            let range = match rest.find(',') {
                Some(comma)
                    if rest.get(..comma).is_some_and(|gap| gap.trim().is_empty()) && position + 1 < bindings.len() =>
                {
                    let behind = rest.get(comma + 1..).unwrap_or("");
                    let blank = behind.len() - behind.trim_start().len();
                    Span { start: item.start, end: item.end + Span::new(comma + 1 + blank, 0).start }
                }
                _ => {
                    let before = code.get(..item.start as usize).unwrap_or("");
                    let comma = before.rfind(',').unwrap_or(before.len());
                    Span { start: Span::new(comma, 0).start, end: item.end }
                }
            };
            let range = Span { start: span.start + range.start, end: span.start + range.end };
            if !range.of(text).contains('#') {
                edits.delete(file, range);
                return ImportChange::Removed;
            }
        }
        return ImportChange::Kept;
    }
    ImportChange::Kept
}

/// What became of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportChange {
    /// It stays.
    Kept,
    /// It is gone.
    Removed,
    /// It imports the replacement now.
    Replaced,
}

fn is_exported(reader: &Reader<'_>, file: FileId, name: &str) -> bool {
    let facts = reader.facts(file);
    facts.exports.as_ref().is_some_and(|all| all.iter().any(|n| reader.name(file, *n) == name))
}

/// The range of the item of that number within an import statement's code.
fn import_item(code: &str, position: usize) -> Option<Span> {
    let start = if code.starts_with("from") { code.find(" import ")? + " import ".len() } else { "import ".len() };
    let mut at = start;
    let rest = code.get(at..)?;
    let opened = rest.trim_start().starts_with('(');
    if opened {
        at += rest.find('(')? + 1;
    }
    let mut items = Vec::new();
    let mut from: Option<usize> = None;
    let mut last = at;
    let mut in_comment = false;
    for (index, c) in code.get(at..)?.char_indices() {
        let here = at + index;
        if in_comment {
            in_comment = c != '\n';
            continue;
        }
        match c {
            '#' => in_comment = true,
            ',' | ')' => {
                if let Some(begin) = from.take() {
                    items.push(Span::new(begin, last));
                }
            }
            '\\' => {}
            c if c.is_whitespace() => {}
            c => {
                from.get_or_insert(here);
                last = here + c.len_utf8();
            }
        }
    }
    if let Some(begin) = from {
        items.push(Span::new(begin, last));
    }
    items.get(position).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_imports_are_found() {
        let item = |code: &str, position| import_item(code, position).map(|span| span.of(code).to_string());
        assert_eq!(item("from a import b as c, d", 0).as_deref(), Some("b as c"));
        assert_eq!(item("from a import (\n    b,  # x, y\n    d,\n)", 1).as_deref(), Some("d"));
        assert_eq!(item("import a, b.c as d", 1).as_deref(), Some("b.c as d"));
        assert_eq!(item("from a import b", 1), None);
    }

    #[test]
    fn texts_tell_their_ways() {
        assert_eq!(line_end("a\r\nb\r\n"), "\r\n");
        assert_eq!(indent_unit("def f():\n\treturn 1\n"), "\t");
        assert_eq!(indent_unit("def f():\n  # x\n  return 1\n"), "  ");
        assert_eq!(line_start("a\nbc", 3), 2);
        assert_eq!(line_after("a\nbc\nd", 2), 5);
    }
}
