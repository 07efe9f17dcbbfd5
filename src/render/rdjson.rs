//! Reviewdog's diagnostic format.
//!
//! <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>

use super::{Context, HOME, url, write_json};
use crate::diagnostic::{Diagnostic, Severity};
use crate::id::FileId;
use crate::text::Span;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let list: Vec<Value> = diagnostics.iter().map(|it| finding(context, it)).collect();
    let document = json!({
        "source": { "name": "gilcheck", "url": HOME },
        "severity": "WARNING",
        "diagnostics": list,
    });
    write_json(out, &document)
}

fn finding(context: &Context<'_>, diagnostic: &Diagnostic) -> Value {
    let related: Vec<Value> = diagnostic
        .evidence
        .iter()
        .map(|it| json!({ "message": it.what, "location": location(context, it.file, it.span) }))
        .collect();
    json!({
        "message": format!("{}\n{}", diagnostic.message, diagnostic.help),
        "location": location(context, diagnostic.file, diagnostic.span),
        "severity": match diagnostic.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        },
        "code": { "value": diagnostic.code, "url": url(diagnostic.name) },
        "relatedLocations": related,
    })
}

/// Columns count bytes of UTF-8 here. A notebook's places are not those of its file.
fn location(context: &Context<'_>, file: FileId, span: Span) -> Value {
    let path = context.service_path(file);
    if context.place(file, span.start).cell.is_some() {
        return json!({ "path": path });
    }
    let lines = context.analysis.lines(file);
    let at = |offset: u32| {
        let row = lines.row(offset);
        json!({ "line": row, "column": offset.saturating_sub(lines.start_of(row)) + 1 })
    };
    json!({ "path": path, "range": { "start": at(span.start), "end": at(span.end) } })
}
