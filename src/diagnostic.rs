//! A finding as plain data: what is wrong where, what it rests on, and what to do about it.

use crate::cost::{Cost, Workload};
use crate::id::FileId;
use crate::text::Span;

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// The rule's code, `GIL101`.
    pub code: &'static str,
    /// The rule's name, `cpu-in-threads`.
    pub name: &'static str,
    /// One sentence: what is wrong and why.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The file that it is about.
    pub file: FileId,
    /// The call that hands the work over, or the call or loop in the coroutine.
    pub span: Span,
    /// Words under `span` in the full format: "this thread runs …".
    pub label: String,
    /// What the work does with its time.
    pub workload: Workload,
    /// `thread`, `process`, `event-loop`, `interpreter`.
    pub vehicle: &'static str,
    /// Estimated seconds of one task.
    pub estimate: Cost,
    /// The chain from the target to the operations that the estimate rests on.
    pub evidence: Vec<Evidence>,
    /// What it costs, with figures, marked as an estimate: "about 0.3 s a task, so about 3 s …".
    pub note: Option<String>,
    /// What to do.
    pub help: String,
    /// Dotted path of the function that it stands in (`module.Class.method`), for baselines.
    pub scope: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Should be changed.
    Warning,
    /// Breaks or stalls the program.
    Error,
}

impl Severity {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Rests on guessed sizes or leaves much unknown; off by default.
    Low,
    /// Rests on known operations with guessed sizes.
    Medium,
    /// Rests on known operations and known sizes.
    High,
}

impl Confidence {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// One link of the chain that a finding rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where.
    pub file: FileId,
    /// What part of the file.
    pub span: Span,
    /// What happens there: "calls `step`", "`time.sleep` waits about 1 s".
    pub what: String,
    /// The knowledge entry that says so: `time.sleep: waits (…source…)`.
    pub knowledge: Option<String>,
}
