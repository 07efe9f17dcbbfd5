//! SARIF 2.1.0, as GitHub's code scanning and others read it; the chain of calls is a code flow.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::{Context, HOME, Place, url, write_json};
use crate::diagnostic::{Diagnostic, Severity};
use crate::id::FileId;
use crate::rules::{RULES, Rule};
use crate::text::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes all findings.
pub fn write(out: &mut dyn Write, context: &Context<'_>, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = diagnostics.iter().map(|it| result(context, it, &mut seen)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gilcheck",
                "fullName": concat!("gilcheck ", env!("CARGO_PKG_VERSION")),
                "informationUri": HOME,
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<Value>>(),
            } },
            "automationDetails": { "id": "gilcheck/" },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "PROJECTROOT": {
                "description": { "text": "The folder that gilcheck ran in." },
            } },
            "results": results,
        }],
    });
    write_json(out, &document)
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": pascal(rule.name),
        "shortDescription": { "text": format!("{}.", capital(rule.summary)) },
        "fullDescription": { "text": format!("{}.", capital(rule.summary)) },
        "helpUri": url(rule.name),
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": "warning", "enabled": rule.on_by_default },
        "properties": { "tags": ["concurrency", "performance"], "precision": "medium", "problem.severity": "warning" },
    })
}

fn result(context: &Context<'_>, diagnostic: &Diagnostic, seen: &mut BTreeMap<u64, u32>) -> Value {
    let mut chain = vec![json!({ "location": location(context, diagnostic.file, diagnostic.span, &diagnostic.label) })];
    for evidence in &diagnostic.evidence {
        chain.push(json!({ "location": location(context, evidence.file, evidence.span, &evidence.what) }));
    }
    let note = diagnostic.note.as_deref().map(|note| format!("\n{note}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": RULES.iter().position(|rule| rule.code == diagnostic.code),
        "level": match diagnostic.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        "message": { "text": format!("{}.{note}\n{}.", diagnostic.message, diagnostic.help) },
        "locations": [physical(context, diagnostic.file, diagnostic.span)],
        "partialFingerprints": { "gilcheck/v1": context.fingerprint(diagnostic, seen) },
        "properties": {
            "confidence": diagnostic.confidence.name(),
            "workload": diagnostic.workload.name(),
            "vehicle": diagnostic.vehicle,
        },
    });
    if let (Some(result), false) = (result.as_object_mut(), diagnostic.evidence.is_empty()) {
        result.insert("codeFlows".to_string(), json!([{ "threadFlows": [{ "locations": chain }] }]));
    }
    result
}

fn location(context: &Context<'_>, file: FileId, span: Span, words: &str) -> Value {
    let mut location = physical(context, file, span);
    if let Some(location) = location.as_object_mut() {
        location.insert("message".to_string(), json!({ "text": words }));
    }
    location
}

fn physical(context: &Context<'_>, file: FileId, span: Span) -> Value {
    let (start, end) = (context.place(file, span.start), context.place(file, span.end));
    let mut place = json!({ "artifactLocation": artifact(&context.service_path(file)) });
    let mut location = json!({});
    // A region is one of the file; that of a notebook is JSON, so the cell is said beside it.
    let region = match start.cell {
        None => region(start, end),
        Some(_) => json!({ "startLine": 1 }),
    };
    if let Some(place) = place.as_object_mut() {
        place.insert("region".to_string(), region);
    }
    if let Some(location) = location.as_object_mut() {
        location.insert("physicalLocation".to_string(), place);
        if let Some(cell) = start.cell {
            let name = format!("cell {cell}, line {}", start.row);
            location.insert("logicalLocations".to_string(), json!([{ "name": name, "kind": "cell" }]));
        }
    }
    location
}

fn region(start: Place, end: Place) -> Value {
    json!({
        "startLine": start.row,
        "startColumn": start.column,
        "endLine": end.row,
        "endColumn": end.column,
    })
}

/// A relative path counts from the root of the project; an absolute one, or one that leads out, stands by itself.
fn artifact(path: &str) -> Value {
    let is_windows = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') {
        json!({ "uri": format!("file://{}", encoded(path)) })
    } else if is_windows {
        json!({ "uri": format!("file:///{}", encoded(path)) })
    } else {
        json!({ "uri": encoded(path), "uriBaseId": "PROJECTROOT" })
    }
}

/// Percent-encoding of all that is not plainly a part of a path.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(byte).collect()
}

/// `cpu-in-threads` as `CpuInThreads`, which SARIF wants for names.
fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(artifact("a b/ü#%.py")["uri"], "a%20b/%C3%BC%23%25.py");
        assert_eq!(artifact("/a/b.py")["uri"], "file:///a/b.py");
        assert_eq!(artifact("C:/a.py")["uri"], "file:///C%3A/a.py");
        assert!(artifact("/a/b.py").get("uriBaseId").is_none());
        assert_eq!(pascal("cpu-in-threads"), "CpuInThreads");
    }
}
