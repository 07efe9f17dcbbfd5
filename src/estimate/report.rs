//! What the machine found: work handed over, and stretches in which an event loop stands still.

use super::evidence::{Step, Trail};
use super::machine::{Frame, Machine};
use super::price;
use crate::cost::{Cost, Interval};
use crate::id::{FileId, FunctionId};
use crate::knowledge::schema::Vehicle;
use crate::text::Span;
use std::sync::Arc;

/// One observation in one context; the same place may be seen in several.
#[derive(Debug, Clone)]
pub enum Event {
    /// Work was handed to a vehicle.
    Handover(Handover),
    /// A coroutine kept the event loop from running.
    Stall(Stall),
}

/// Work that is handed to a vehicle.
#[derive(Debug, Clone)]
pub struct Handover {
    /// Where.
    pub file: FileId,
    /// The call that hands it over.
    pub span: Span,
    /// The function that does so.
    pub function: Option<FunctionId>,
    /// The qualified name of what is called: `threading.Thread`.
    pub construct: Arc<str>,
    /// What runs the work.
    pub vehicle: Vehicle,
    /// The work, as users write it.
    pub target: Arc<str>,
    /// Where the work is defined, if in the project.
    pub target_at: Option<(FileId, FunctionId)>,
    /// The target could be resolved.
    pub known: bool,
    /// The target is one of the function's own parameters: who calls it decides.
    pub wrapper: bool,
    /// How many tasks are handed over here.
    pub tasks: Interval,
    /// Seconds of one task.
    pub cost: Cost,
    /// What that rests on.
    pub trail: Trail,
    /// Seconds that threads compute which one task starts in turn, and what of their work could not be resolved: on the
    /// cores, and under the GIL, of the same process.
    pub aside: f64,
    /// The task never ends by itself.
    pub endless: bool,
    /// One piece of work moved off an event loop.
    pub offload: bool,
    /// Handed over within a loop or a comprehension of the function itself.
    pub repeated: bool,
    /// The function is called in a loop.
    pub repeated_outside: bool,
    /// How often it is handed over, in this function's loops and in those around its calls.
    pub times: f64,
    /// At most so many workers, where known.
    pub workers: Option<f64>,
    /// The text of the expression that the worker is bound to: `self.process`.
    pub bound_to: Option<Span>,
    /// Called from a coroutine.
    pub in_coroutine: bool,
    /// Called from a coroutine that is started several times at once, as far as calls tell.
    pub fanned: bool,
    /// A thread or process that is started by itself, not a task of a pool.
    pub lone_worker: bool,
    /// `daemon=True`.
    pub daemon: bool,
    /// Functions that are running and that the task calls again: its cost is not known before theirs.
    pub recurses: Vec<(FileId, FunctionId)>,
    /// The task runs the function that hands it over, which hands over further tasks.
    pub recursive: bool,
    /// A pool whose workers are replaced after some tasks, or with a limit on a task's time.
    pub isolated: bool,
    /// Only a test says so: it is the root, or the target stands in it, and the place itself does not.
    pub from_test: bool,
}

/// A stretch in which an event loop stands still.
#[derive(Debug, Clone)]
pub struct Stall {
    /// Where.
    pub file: FileId,
    /// The call or the loop in the coroutine.
    pub span: Span,
    /// The coroutine.
    pub function: Option<FunctionId>,
    /// What is called; empty for a loop.
    pub callee: Arc<str>,
    /// How long it takes.
    pub cost: Cost,
    /// Why.
    pub trail: Trail,
    /// It stands under a condition.
    pub conditional: bool,
    /// Seen while a test ran, in a file that is none.
    pub from_test: bool,
    /// Where the function is registered as a callback of the loop; nothing for a coroutine.
    pub registered: Option<(FileId, Span)>,
}

impl<'p> Machine<'p> {
    /// Turns a coroutine's pending stalls into events.
    pub(super) fn emit_stalls(&mut self, frame: &mut Frame<'p>) {
        let pending = std::mem::take(&mut frame.pending);
        if !frame.is_async {
            return;
        }
        for stall in pending {
            let long = stall.cost.total().likely > price::STALL_FLOOR;
            let waits = stall.trail.operations.iter().any(|o| o.wait.is_some());
            if long || waits {
                let stall = Stall {
                    file: frame.file,
                    span: stall.span,
                    function: frame.function,
                    callee: stall.callee,
                    cost: stall.cost,
                    trail: stall.trail,
                    conditional: stall.conditional,
                    from_test: false,
                    registered: frame.registered,
                };
                self.note(frame.file, frame.function, Event::Stall(stall));
            }
        }
    }
}

/// A path of calls as a list.
pub fn steps(step: Option<&Arc<Step>>) -> Vec<&Step> {
    let mut all = Vec::new();
    let mut here = step.map(|s| &**s);
    while let Some(step) = here {
        all.push(step);
        here = step.next.as_deref();
    }
    all
}
