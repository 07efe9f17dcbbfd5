//! What an estimate rests on: the costly operations, and the calls that lead to them.

use crate::id::FileId;
use crate::knowledge::schema::{Clock, WaitKind};
use crate::text::Span;
use std::sync::Arc;

/// How many operations are kept for each clock.
const KEPT: usize = 4;

/// The costliest operations found so far.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// Operations, costliest first within each clock.
    pub operations: Vec<Operation>,
}

/// One costly operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The clock it runs on.
    pub clock: Clock,
    /// What it waits for.
    pub wait: Option<WaitKind>,
    /// Seconds in all, as often as it runs.
    pub seconds: f64,
    /// Seconds of one execution.
    pub each: f64,
    /// How often it runs; below 1 where a condition guards it.
    pub weight: f64,
    /// Where it stands.
    pub file: FileId,
    /// The call, or the head of the loop.
    pub span: Span,
    /// The qualified name of a library function, or what a loop does.
    pub what: Arc<str>,
    /// Why its clock is known: the knowledge entry's citation.
    pub source: Option<Arc<str>>,
    /// Sizes were presumed, not known.
    pub guessed: bool,
    /// How many turns a loop makes; 0 for what is no loop.
    pub turns: f64,
    /// It runs only where an exception is handled.
    pub exceptional: bool,
    /// A recursion of which nothing tells how deep it goes repeats it.
    pub recursed: bool,
    /// The calls that lead to it, outermost first.
    pub path: Option<Arc<Step>>,
}

/// One call on the way to an operation.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the call stands.
    pub file: FileId,
    /// The call.
    pub span: Span,
    /// What is called, as users write it: `Scorer.run`.
    pub callee: Arc<str>,
    /// The call below.
    pub next: Option<Arc<Step>>,
}

impl Trail {
    /// Adds an operation that is known already, or too small beside others to be kept; false for any other.
    fn absorbs(&mut self, operation: &Operation, seconds: f64, weight: f64) -> bool {
        if let Some(twin) = self.operations.iter_mut().find(|it| it.is_twin(operation)) {
            twin.seconds += seconds;
            twin.weight += weight;
            twin.exceptional &= operation.exceptional;
            return true;
        }
        let same = || self.operations.iter().filter(|it| it.clock == operation.clock);
        // As in `push`: only what is larger takes another's place, and nothing is larger than no number.
        same().count() >= KEPT
            && same()
                .min_by(|a, b| a.seconds.total_cmp(&b.seconds))
                .is_none_or(|least| least.seconds.partial_cmp(&seconds) != Some(std::cmp::Ordering::Less))
    }

    /// Adds an operation, and drops the least of its clock where there are too many.
    pub fn push(&mut self, operation: Operation) {
        let same = |o: &Operation| o.clock == operation.clock;
        if self.absorbs(&operation, operation.seconds, operation.weight) {
            return;
        }
        if self.operations.iter().filter(|o| same(o)).count() >= KEPT {
            let least = self
                .operations
                .iter()
                .enumerate()
                .filter(|(_, o)| same(o))
                .min_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds));
            if let Some((at, _)) = least {
                self.operations.remove(at);
            }
        }
        self.operations.push(operation);
    }

    /// Adds what a call rests on, `weight` times, with the call in front of each path.
    pub fn extend(&mut self, other: &Trail, weight: f64, step: Option<&Step>) {
        for operation in &other.operations {
            // Most are known already, or too small to be kept.
            if self.absorbs(operation, operation.seconds * weight, operation.weight * weight) {
                continue;
            }
            let path = match step {
                Some(step) => Some(Arc::new(Step { next: operation.path.clone(), ..step.clone() })),
                None => operation.path.clone(),
            };
            self.push(Operation {
                seconds: operation.seconds * weight,
                weight: operation.weight * weight,
                path,
                ..operation.clone()
            });
        }
    }

    /// Marks everything as what happens only where an exception is handled.
    pub fn mark_exceptional(&mut self) {
        for operation in &mut self.operations {
            operation.exceptional = true;
        }
    }

    /// Marks everything as what a recursion of unknown depth repeats.
    pub fn mark_recursed(&mut self) {
        for operation in &mut self.operations {
            operation.recursed = true;
        }
    }

    /// The same, called from another place: the first step of each path stands there.
    pub fn called_from(&self, file: FileId, span: Span) -> Trail {
        let moved = |operation: &Operation| {
            let path = operation.path.as_ref().map(|step| Arc::new(Step { file, span, ..(**step).clone() }));
            Operation { path, ..operation.clone() }
        };
        Trail { operations: self.operations.iter().map(moved).collect() }
    }

    /// The costliest operation on one of the clocks.
    pub fn top(&self, clocks: &[Clock]) -> Option<&Operation> {
        self.operations.iter().filter(|o| clocks.contains(&o.clock)).max_by(|a, b| a.seconds.total_cmp(&b.seconds))
    }
}

impl Operation {
    /// True if it is the same operation, at the same place.
    fn is_twin(&self, other: &Operation) -> bool {
        self.file == other.file
            && self.span == other.span
            && self.clock == other.clock
            && (Arc::ptr_eq(&self.what, &other.what) || self.what == other.what)
    }

    /// How many calls lie between.
    pub fn depth(&self) -> usize {
        let mut depth = 0;
        let mut step = self.path.as_deref();
        while let Some(here) = step {
            depth += 1;
            step = here.next.as_deref();
        }
        depth
    }
}
