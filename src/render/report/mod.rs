//! One page for people on which a project's concurrency can be seen and explored. It loads nothing.

use super::{Context, Place, quiet_json, url};
use crate::cost::Cost;
use crate::diagnostic::Diagnostic;
use crate::id::FileId;
use crate::overview::{Call, Site};
use crate::text::Span;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What the page is about.
#[derive(Debug)]
pub struct Report<'a> {
    /// What people call the project.
    pub title: &'a str,
    /// The interpreter that it was judged for.
    pub target: String,
    /// Its hand-overs.
    pub sites: &'a [Site],
    /// Its findings.
    pub findings: &'a [Diagnostic],
    /// What is found on a free-threaded Python in place of `findings`.
    pub free_threaded: &'a [Diagnostic],
    /// That Python's version.
    pub free_threaded_target: String,
    /// How many files were checked.
    pub files: usize,
}

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page.
pub fn write(out: &mut dyn Write, context: &Context<'_>, report: &Report<'_>) -> io::Result<()> {
    let data = json!({
        "title": report.title,
        "version": env!("CARGO_PKG_VERSION"),
        "target": report.target,
        "files": report.files,
        "sites": report.sites.iter().map(|it| site(context, it)).collect::<Vec<Value>>(),
        "findings": report.findings.iter().map(|it| finding(context, it)).collect::<Vec<Value>>(),
        "freeThreaded": {
            "target": report.free_threaded_target,
            "gone": difference(context, report.findings, report.free_threaded),
            "fresh": difference(context, report.free_threaded, report.findings),
        },
    });
    // `</script>` and `<!--` in a string would end or change the element; `<` never stands outside of one.
    let data = quiet_json(&serde_json::to_string(&data)?).replace('<', "\\u003c");
    let page = PAGE
        .replace("{{title}}", &escaped(report.title))
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT)
        // Last, so that nothing in it is taken for a mark.
        .replace("{{data}}", &data);
    out.write_all(page.as_bytes())
}

fn escaped(text: &str) -> String {
    super::harmless(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn site(context: &Context<'_>, site: &Site) -> Value {
    json!({
        "at": place(context, site.file, site.span),
        "scope": site.scope,
        "construct": site.construct,
        "vehicle": site.vehicle,
        "target": site.target,
        "known": site.known,
        "workload": site.workload.name(),
        "cost": cost(&site.cost),
        "tasks": site.tasks,
        "many": site.many,
        "endless": site.endless,
        "intents": site.intents,
        "calls": site.calls.iter().map(|it| call(context, it)).collect::<Vec<Value>>(),
    })
}

fn call(context: &Context<'_>, it: &Call) -> Value {
    json!({
        "at": place(context, it.file, it.span),
        "what": it.what,
        "seconds": finite(it.seconds),
        "clock": it.clock,
        "knowledge": it.knowledge,
        "calls": it.calls.iter().map(|it| call(context, it)).collect::<Vec<Value>>(),
    })
}

fn finding(context: &Context<'_>, found: &Diagnostic) -> Value {
    let evidence: Vec<Value> = found
        .evidence
        .iter()
        .map(|it| json!({ "at": place(context, it.file, it.span), "what": it.what, "knowledge": it.knowledge }))
        .collect();
    json!({
        "at": place(context, found.file, found.span),
        "code": found.code,
        "name": found.name,
        "message": found.message,
        "severity": found.severity.name(),
        "confidence": found.confidence.name(),
        "note": found.note,
        "help": found.help,
        "url": url(found.name),
        "evidence": evidence,
    })
}

/// Those of `some` whose rule and place `others` do not have.
fn difference(context: &Context<'_>, some: &[Diagnostic], others: &[Diagnostic]) -> Vec<Value> {
    let same = |a: &Diagnostic, b: &Diagnostic| (a.code, a.file, a.span) == (b.code, b.file, b.span);
    let lacking = some.iter().filter(|it| !others.iter().any(|other| same(it, other)));
    lacking.map(|it| finding(context, it)).collect()
}

fn place(context: &Context<'_>, file: FileId, span: Span) -> Value {
    let at: Place = context.place(file, span.start);
    let (text, lines) = (context.analysis.text(file), context.analysis.lines(file));
    let line: String = lines.line_span(text, lines.row(span.start)).of(text).trim().chars().take(200).collect();
    json!({ "path": context.path(file), "place": at.to_string(), "line": line })
}

fn cost(cost: &Cost) -> Value {
    json!({
        "bytecode": finite(cost.bytecode.likely),
        "atomic": finite(cost.atomic.likely),
        "native": finite(cost.native.likely),
        "wait": finite(cost.wait.likely),
        "unknown": finite(cost.unknown),
    })
}

fn finite(seconds: f64) -> f64 {
    if seconds.is_finite() { format!("{seconds:.2e}").parse().unwrap_or(0.0) } else { 1e12 }
}
