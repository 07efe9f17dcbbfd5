//! Work that cannot cross to a process (GIL5xx): what its rules share.

use super::sites::{self, HandoverSite, in_test, vehicle_name};
use super::{Check, Rule, words};
use crate::config::Target;
use crate::diagnostic::{Confidence, Diagnostic, Evidence, Severity};
use crate::estimate::intent;
use crate::estimate::report::Handover;
use crate::estimate::trace::Trace;
use crate::hazards::crossing::{Certain, Crossing};
use crate::hazards::effects::Reader;
use crate::hazards::scope;
use crate::hazards::shape::Shapes;
use crate::hazards::subject::Subject;
use crate::id::{FileId, FunctionId};
use crate::knowledge::Knowledge;
use crate::knowledge::schema::Vehicle;
use crate::project::Project;
use crate::text::Span;

/// Runs the family's rules over the hand-overs to processes.
pub fn check(
    project: &Project,
    knowledge: &Knowledge,
    target: Target,
    handovers: &[HandoverSite<'_>],
    rules: &[&Rule],
    trace: impl Fn(FileId, Span) -> Trace,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let shapes = Shapes::default();
    // Where one caller brings processes and another threads, what crosses is not told apart.
    let is_process = |site: &&HandoverSite<'_>| site.contexts.iter().all(|h| h.vehicle == Vehicle::Process);
    let sites: Vec<&HandoverSite<'_>> = handovers.iter().filter(is_process).collect();
    for group in sites.chunk_by(|a, b| place(a) == place(b)) {
        let Some(first) = group.first().and_then(|site| site.contexts.first()) else { continue };
        if !project.reported(first.file) {
            continue;
        }
        let trace = trace(first.file, first.span);
        let mut reader = Reader::new(project, knowledge, &trace, &shapes);
        for site in group {
            let Some(handover) = site.largest() else { continue };
            let Some(subject) = Subject::of(&mut reader, handover) else { continue };
            let Some(crossing) = Crossing::of(&mut reader, subject, target) else { continue };
            for rule in rules {
                let Check::Crossing(check) = rule.check else { continue };
                if let Some(certain) = check(&mut reader, &crossing) {
                    let diagnostic = diagnostic(rule, site, handover, certain);
                    // One statement may start several.
                    let known = |it: &Diagnostic| {
                        it.code == diagnostic.code && it.file == diagnostic.file && it.span == diagnostic.span
                    };
                    if !found.iter().any(known) {
                        found.push(diagnostic);
                    }
                }
            }
        }
    }
    found
}

/// Hand-overs of one function share what is run for them.
fn place(site: &HandoverSite<'_>) -> Option<(FileId, Option<FunctionId>)> {
    site.contexts.first().map(|h| (h.file, scope::outermost(site.project, h.file, h.span)))
}

fn diagnostic(rule: &Rule, site: &HandoverSite<'_>, handover: &Handover, certain: Certain) -> Diagnostic {
    let target = words::target(&handover.target);
    let (message, help) = match rule.code {
        "GIL501" => (
            format!("{target} cannot cross to a process: {}", certain.what),
            "define the task as a function of its module, and pass and return plain data; open files, locks and connections in the task itself",
        ),
        "GIL502" => (
            format!("what {target} changes stays in its process: {}", certain.what),
            "return the new value and put the results together in the parent, or share it through a `multiprocessing.Manager`, a `Value` or a queue",
        ),
        "GIL503" => (
            format!("processes are started without a guard: {}", certain.what),
            "put the start of the program under `if __name__ == \"__main__\":`",
        ),
        "GIL504" => (
            format!("{target} does not see what the program has set up: {}", certain.what),
            "pass it as an argument, or set it up in an `initializer` of the pool; `multiprocessing.get_context(\"fork\")` keeps the old way where there is a fork",
        ),
        _ => (
            format!("an exception of {target} ends the pool: {}", certain.what),
            "give all arguments of `__init__` to `super().__init__`, or define `__reduce__`",
        ),
    };
    let confidence = match (rule.code, certain.code) {
        ("GIL504", "P8" | "P9") | ("GIL502", _) => Confidence::Medium,
        _ => Confidence::High,
    };
    // What lacks the guard is to be changed, not the module that it uses.
    let elsewhere = rule.code == "GIL503" && certain.place.file != handover.file;
    let (file, span, scope) = if elsewhere {
        let start = certain.place.span.start;
        let rest = site.project.text(certain.place.file).get(start as usize..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("").trim_end().len();
        let span = Span { start, end: start + u32::try_from(line).unwrap_or(0) };
        (certain.place.file, span, sites::scope(site.project, certain.place.file, None))
    } else {
        (handover.file, handover.span, site.scope(handover))
    };
    let evidence = if elsewhere {
        let what = format!("hands {target} to a process");
        Evidence { file: handover.file, span: handover.span, what, knowledge: None }
    } else {
        Evidence { file: certain.place.file, span: certain.place.span, what: certain.what, knowledge: None }
    };
    Diagnostic {
        code: rule.code,
        name: rule.name,
        message,
        severity: Severity::Error,
        confidence: in_test(confidence, site.is_test || intent::is_test(site.project.path(file))),
        file,
        span,
        label: if elsewhere { "starts processes".to_string() } else { format!("hands {target} to a process") },
        workload: handover.cost.workload(),
        vehicle: vehicle_name(handover.vehicle),
        estimate: handover.cost,
        evidence: vec![evidence],
        note: None,
        help: help.to_string(),
        scope,
        fix: None,
    }
}
