//! A JSON list of objects; rows and columns from 1, columns in code points.

use super::{Context, Place, quiet_json, url, write_json};
use crate::cost::Cost;
use crate::diagnostic::{Diagnostic, Evidence, Fix};
use crate::id::FileId;
use crate::text::Span;
use serde::Serialize;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let findings: Vec<Finding<'_>> = diagnostics.iter().map(|found| finding(context, found)).collect();
    write_json(out, &findings)
}

/// Writes each finding as a line of its own.
pub fn write_lines(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    for diagnostic in diagnostics {
        writeln!(out, "{}", quiet_json(&serde_json::to_string(&finding(context, diagnostic))?))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    message: &'a str,
    severity: &'a str,
    confidence: &'a str,
    filename: &'a str,
    /// Of a notebook; places count within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<u32>,
    location: Location,
    end_location: Location,
    workload: &'a str,
    vehicle: &'a str,
    estimate: Estimate,
    evidence: Vec<Link<'a>>,
    note: Option<&'a str>,
    help: &'a str,
    fix: Option<Rewrite<'a>>,
    url: String,
    scope: &'a str,
}

#[derive(Serialize)]
struct Rewrite<'a> {
    applicability: &'a str,
    message: &'a str,
    edits: Vec<Replacement<'a>>,
    hazards: Vec<Hazard<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    filename: &'a str,
    location: Location,
    end_location: Location,
    content: &'a str,
}

#[derive(Serialize)]
struct Hazard<'a> {
    code: &'a str,
    what: &'a str,
    state: &'a str,
    filename: &'a str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    row: u32,
    column: u32,
}

#[derive(Serialize)]
struct Estimate {
    bytecode: f64,
    atomic: f64,
    native: f64,
    wait: f64,
}

#[derive(Serialize)]
struct Link<'a> {
    filename: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<u32>,
    location: Location,
    what: &'a str,
    knowledge: Option<&'a str>,
}

fn finding<'a>(context: &'a Context<'_>, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let (start, end) = context.places(diagnostic);
    Finding {
        code: diagnostic.code,
        name: diagnostic.name,
        message: &diagnostic.message,
        severity: diagnostic.severity.name(),
        confidence: diagnostic.confidence.name(),
        filename: context.path(diagnostic.file),
        cell: start.cell,
        location: start.into(),
        end_location: end.into(),
        workload: diagnostic.workload.name(),
        vehicle: diagnostic.vehicle,
        estimate: estimate(&diagnostic.estimate),
        evidence: diagnostic.evidence.iter().map(|evidence| link(context, evidence)).collect(),
        note: diagnostic.note.as_deref(),
        help: &diagnostic.help,
        fix: diagnostic.fix.as_deref().map(|fix| rewrite(context, fix)),
        url: url(diagnostic.name),
        scope: &diagnostic.scope,
    }
}

fn locations(context: &Context<'_>, file: FileId, span: Span) -> (Location, Location) {
    (context.place(file, span.start).into(), context.place(file, span.end).into())
}

fn rewrite<'a>(context: &'a Context<'_>, fix: &'a Fix) -> Rewrite<'a> {
    let replacement = |edit: &'a crate::diagnostic::Edit| {
        let (location, end_location) = locations(context, edit.file, edit.span);
        Replacement { filename: context.path(edit.file), location, end_location, content: &edit.text }
    };
    let hazard = |hazard: &'a crate::diagnostic::Hazard| Hazard {
        code: hazard.code,
        what: &hazard.what,
        state: hazard.state.name(),
        filename: context.path(hazard.file),
        location: locations(context, hazard.file, hazard.span).0,
    };
    Rewrite {
        applicability: fix.applicability.name(),
        message: &fix.title,
        edits: fix.edits.iter().map(replacement).collect(),
        hazards: fix.hazards.iter().map(hazard).collect(),
    }
}

fn link<'a>(context: &'a Context<'_>, evidence: &'a Evidence) -> Link<'a> {
    let place = context.place(evidence.file, evidence.span.start);
    Link {
        filename: context.path(evidence.file),
        cell: place.cell,
        location: place.into(),
        what: &evidence.what,
        knowledge: evidence.knowledge.as_deref(),
    }
}

impl From<Place> for Location {
    fn from(place: Place) -> Location {
        Location { row: place.row, column: place.column }
    }
}

/// The likely seconds, to three digits: an estimate has no more, and the bytes stay short.
fn estimate(cost: &Cost) -> Estimate {
    let digits = |seconds: f64| {
        if seconds.is_finite() { format!("{seconds:.2e}").parse().unwrap_or(0.0) } else { f64::MAX }
    };
    Estimate {
        bytecode: digits(cost.bytecode.likely),
        atomic: digits(cost.atomic.likely),
        native: digits(cost.native.likely),
        wait: digits(cost.wait.likely),
    }
}
