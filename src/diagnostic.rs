//! A finding as plain data: what is wrong where, what it rests on, and what to do about it.

use crate::cost::{Cost, Workload};
use crate::id::FileId;
use crate::text::Span;
use serde::{Deserialize, Serialize};

/// A word of the program itself: a rule's code.
///
/// Under this name `serde` does not take it for a part of what is read.
type Word = &'static str;

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The rule's code, `GIL101`.
    #[serde(with = "word")]
    pub code: Word,
    /// The rule's name, `cpu-in-threads`.
    #[serde(with = "word")]
    pub name: Word,
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
    #[serde(with = "word")]
    pub vehicle: Word,
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
    /// The rewrite that mends it; only where it was asked for.
    pub fix: Option<Box<Fix>>,
}

/// A rewrite, and whether it keeps the program's meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, as the title of an editor's action: "Use `ProcessPoolExecutor`".
    pub title: String,
    /// Who may apply it.
    pub applicability: Applicability,
    /// What changes, in path and position order, without overlaps; several files may be concerned.
    pub edits: Vec<Edit>,
    /// What stands against it, the gravest first; empty where it is safe.
    pub hazards: Vec<Hazard>,
}

impl Fix {
    /// What it offers and what stands against it, for a finding's help.
    pub fn advice(&self) -> String {
        let title = &self.title;
        let hazard = self.hazards.first().map(|hazard| format!(" ({}: {})", hazard.code, hazard.what));
        let hazard = hazard.unwrap_or_default();
        match self.applicability {
            Applicability::Safe => format!("`--fix` does it: {title}"),
            Applicability::Unsafe => {
                format!("`--fix --unsafe-fixes` does it, if you know it to be right: {title}{hazard}")
            }
            Applicability::DisplayOnly => format!("It takes more than to {}{hazard}", lower(title)),
        }
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Who may apply a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Applicability {
    /// Nobody: it would break the program as it stands; it shows the way.
    DisplayOnly,
    /// A person who knows the program: something could not be proved.
    Unsafe,
    /// Anybody: the program's meaning is kept.
    Safe,
}

impl Applicability {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::DisplayOnly => "display-only",
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// A range of a file and what stands in its place afterwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edit {
    /// The file.
    pub file: FileId,
    /// What goes; empty for an insertion.
    pub span: Span,
    /// What comes, with the file's own line ends.
    pub text: String,
}

/// Something that would change a program's meaning if its work moved elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hazard {
    /// `P5`: threads to processes; `T1`: processes to threads; `A3`: blocking calls to awaited ones.
    #[serde(with = "word")]
    pub code: Word,
    /// What was seen, as a sentence without a full stop: "`total` is changed; a process changes a copy of its own".
    pub what: String,
    /// Where.
    pub file: FileId,
    /// What part of the file.
    pub span: Span,
    /// How bad it is.
    pub state: HazardState,
}

/// See [`Hazard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HazardState {
    /// It is there and breaks the program.
    Breaks,
    /// It is there and may change what the program does.
    Present,
    /// Nothing rules it out.
    Undecided,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl HazardState {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            HazardState::Breaks => "breaks",
            HazardState::Present => "present",
            HazardState::Undecided => "undecided",
        }
    }
}

/// The program's own words (codes, names of rules) as they are kept in a file and taken from there.
mod word {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeSet;
    use std::sync::{Mutex, PoisonError};

    pub(super) fn serialize<S: Serializer>(word: &str, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(word)
    }

    /// Each word that is read stays in memory once: there are no more of them than the program has.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let word = String::deserialize(from)?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(word.as_str()) {
            return Ok(word);
        }
        let word: &'static str = Box::leak(word.into_boxed_str());
        known.insert(word);
        Ok(word)
    }
}
