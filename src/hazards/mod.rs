//! What would change a program's meaning if its work moved to another vehicle: one check for each hazard, over
//! facts, types and the call graph. What cannot be decided counts as present.

pub mod names;
pub mod shape;
pub mod effects;
pub mod pickling;
pub mod subject;
pub mod to_process;
pub mod to_thread;
pub mod to_async;

use crate::diagnostic::{Applicability, Hazard, HazardState};
use effects::Place;

/// One hazard: its code, and what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// `P5`.
    pub code: &'static str,
    /// A few words.
    pub about: &'static str,
}

const fn kind(code: &'static str, about: &'static str) -> Kind {
    Kind { code, about }
}

/// Hazards of moving work from threads to processes.
pub const TO_PROCESS: &[Kind] = &[
    kind("P1", "the task is a lambda or a nested function, which cannot be pickled"),
    kind("P2", "the task is decorated without `functools.wraps`, so it is not found by its name"),
    kind("P3", "the task is a method of an object that cannot be pickled"),
    kind("P4", "the task changes the object that it is a method of"),
    kind("P5", "the task changes a variable of its module or of an enclosing function"),
    kind("P6", "the task changes an argument"),
    kind("P7", "the task reads a module's variable that is set while the program runs"),
    kind("P8", "the task reads the environment, which the program changes"),
    kind("P9", "the task logs, and logging is configured in the parent only"),
    kind("P10", "the task uses context variables or thread-local data"),
    kind("P11", "the task raises an exception that cannot be unpickled, which kills the pool"),
    kind("P12", "the task raises an exception that holds something which cannot be pickled"),
    kind("P13", "the task returns something that cannot be pickled"),
    kind("P14", "an argument cannot be pickled"),
    kind("P15", "a lock or queue of multiprocessing goes through a pool's queue"),
    kind("P16", "the main module starts processes when it is imported"),
    kind("P17", "the main module cannot be imported"),
    kind("P18", "importing the module does more than to define"),
    kind("P19", "the task starts processes itself"),
    kind("P20", "the task draws from the shared random generator"),
    kind("P21", "the task ends the interpreter"),
    kind("P22", "the task handles signals or the interpreter's exit"),
    kind("P23", "the task fills a cache that the others share"),
    kind("P24", "arguments or results are large to pickle"),
    kind("P25", "the task uses futures or executors"),
    kind("P26", "the task uses what only threads share"),
    kind("P27", "the task touches a window or an event loop"),
    kind("P28", "processes are forked while threads or a library that cannot be forked run"),
    kind("P29", "each process would start the native threads of a library"),
    kind("P30", "more than 61 workers, which Windows refuses"),
    kind("P31", "the task writes output, whose order changes"),
    kind("P32", "attributes that the thread's `run` sets are read afterwards"),
    kind("P33", "nobody waits for the worker"),
    kind("P34", "the task uses open files, sockets or standard input"),
    kind("P35", "the file mocks or patches at run time"),
    kind("P36", "the current folder"),
];

/// Hazards of moving work from processes to threads.
pub const TO_THREAD: &[Kind] = &[
    kind("T1", "what the task changes is shared from now on"),
    kind("T2", "the task uses a handle that threads must not share, or the state of the whole process"),
    kind("T3", "a process is wanted for isolation: it is ended or asked for its exit code"),
    kind("T4", "an initializer sets what each process has for itself"),
    kind("T5", "the task ends the interpreter"),
    kind("T6", "arguments that a pool of threads does not have"),
    kind("T7", "locks, queues and values of multiprocessing are left over"),
    kind("T8", "the part of the work that computes would be serial"),
    kind("T9", "the number of workers is chosen by the number of cores"),
    kind("T10", "nobody waits for the worker"),
];

/// Hazards of awaiting what blocked before.
pub const TO_ASYNC: &[Kind] = &[
    kind("A1", "the call does not stand where `await` may"),
    kind("A2", "what runs in another thread meanwhile is not safe there"),
    kind("A3", "others run at the new `await` and see a state in between"),
    kind("A4", "a lock is held over the new `await`"),
    kind("A5", "a generator or a `with` block cannot be moved piece by piece"),
    kind("A6", "the function must stay as it is: others call it"),
    kind("A7", "the target version lacks `asyncio.to_thread`"),
    kind("A8", "the handler relies on running on the event loop"),
    kind("A9", "the work does not cross to a process"),
    kind("A10", "the result is lazy: the waiting would move to who consumes it"),
    kind("A11", "an object belongs to the thread that made it"),
    kind("A12", "long waits fill the default executor"),
];

/// What one check came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The hazard's code.
    pub code: &'static str,
    /// Nothing where it is proved absent.
    pub state: Option<HazardState>,
    /// What was seen.
    pub what: String,
    /// Where.
    pub place: Option<Place>,
}

/// The verdicts of one move.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts {
    /// Those that are not absent, in the order in which they were found.
    pub found: Vec<Verdict>,
}

impl Verdicts {
    /// Notes that a hazard is there, or may be.
    pub fn add(&mut self, code: &'static str, state: HazardState, what: impl Into<String>, place: Option<Place>) {
        let verdict = Verdict { code, state: Some(state), what: what.into(), place };
        let is_known = |v: &Verdict| v.code == code && v.what == verdict.what;
        if !self.found.iter().any(is_known) {
            self.found.push(verdict);
        }
    }

    /// Every hazard of the list with what was found of it, in the list's order.
    pub fn listed(&self, kinds: &[Kind]) -> Vec<Verdict> {
        let mut all = Vec::new();
        for kind in kinds {
            let mut any = false;
            for verdict in self.found.iter().filter(|v| v.code == kind.code) {
                all.push(verdict.clone());
                any = true;
            }
            if !any {
                all.push(Verdict { code: kind.code, state: None, what: "absent".into(), place: None });
            }
        }
        all
    }

    /// Who may apply a rewrite that these stand against.
    pub fn applicability(&self) -> Applicability {
        let worst = self.found.iter().filter_map(|v| v.state).min();
        match worst {
            None => Applicability::Safe,
            Some(HazardState::Breaks) => Applicability::DisplayOnly,
            Some(HazardState::Present | HazardState::Undecided) => Applicability::Unsafe,
        }
    }

    /// The findings as data, the gravest first.
    pub fn hazards(&self, fallback: Place) -> Vec<Hazard> {
        let hazard = |v: &Verdict| {
            let place = v.place.unwrap_or(fallback);
            Some(Hazard { code: v.code, what: v.what.clone(), file: place.file, span: place.span, state: v.state? })
        };
        let mut all: Vec<Hazard> = self.found.iter().filter_map(hazard).collect();
        all.sort_by_key(|hazard| hazard.state);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_complete_and_in_order() {
        for (kinds, letter, count) in [(TO_PROCESS, 'P', 36), (TO_THREAD, 'T', 10), (TO_ASYNC, 'A', 12)] {
            let codes: Vec<String> = kinds.iter().map(|kind| kind.code.to_string()).collect();
            let wanted: Vec<String> = (1..=count).map(|number| format!("{letter}{number}")).collect();
            assert_eq!(codes, wanted);
        }
    }

    #[test]
    fn the_worst_decides() {
        let mut verdicts = Verdicts::default();
        assert_eq!(verdicts.applicability(), Applicability::Safe);
        verdicts.add("P31", HazardState::Present, "prints", None);
        assert_eq!(verdicts.applicability(), Applicability::Unsafe);
        verdicts.add("P1", HazardState::Breaks, "a lambda", None);
        assert_eq!(verdicts.applicability(), Applicability::DisplayOnly);
        assert_eq!(verdicts.listed(TO_PROCESS).iter().filter(|v| v.state.is_none()).count(), 34);
    }
}
