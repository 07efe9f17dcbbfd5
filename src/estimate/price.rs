//! What bytecode costs, and what is presumed where nothing is known.
//!
//! Measured with `timeit` on CPython 3.11, one core, as seconds; the loop
//! `for i in range(10**7): count += 1` takes 0.35 to 0.45 s, so about 40 ns a turn.

use super::machine::Tally;
use super::value::Compiled;
use crate::cost::{Cost, Interval};

/// How far off a bytecode estimate may be either way.
pub const DOUBT: f64 = 1.6;
/// Reading a variable or a constant.
pub const NAME: f64 = 4e-9;
/// Arithmetic on small numbers.
pub const BINARY: f64 = 22e-9;
/// A comparison.
pub const COMPARE: f64 = 18e-9;
/// Reading an attribute.
pub const ATTRIBUTE: f64 = 12e-9;
/// Indexing.
pub const SUBSCRIPT: f64 = 25e-9;
/// Entering and leaving a Python function.
pub const CALL: f64 = 55e-9;
/// Calling a C function, on top of what it does.
pub const C_CALL: f64 = 25e-9;
/// One turn of a loop.
pub const TURN: f64 = 12e-9;
/// Building a container.
pub const BUILD: f64 = 25e-9;
/// Building a container, for each element.
pub const BUILD_ELEMENT: f64 = 8e-9;
/// Storing to a name.
pub const STORE: f64 = 3e-9;
/// Formatting one value into a string.
pub const FORMAT: f64 = 110e-9;
/// Resuming a generator or a coroutine.
pub const RESUME: f64 = 35e-9;
/// Entering and leaving a context manager.
pub const CONTEXT: f64 = 80e-9;

/// What a function that cannot be resolved may plausibly take.
pub const UNKNOWN_FUNCTION: f64 = 0.02;
/// What a method of an unknown receiver may plausibly take.
pub const UNKNOWN_METHOD: f64 = 0.01;
/// What making an instance of an unknown class may plausibly take.
pub const UNKNOWN_CLASS: f64 = 0.001;

/// Below this many seconds a call in a coroutine is not worth noting.
pub const STALL_FLOOR: f64 = 0.001;

/// A call that runs this often in one task is not presumed to have much to do each time.
pub const OFTEN: f64 = 300.0;
/// How much less it then has to do.
pub const OFTEN_SHARE: f64 = 1e-3;

/// How many elements an iterable has of which nothing is known.
///
/// Most collections in memory are small, so the guess is: enough to add up, not enough to accuse by itself.
pub fn unknown_count() -> Interval {
    Interval { low: 2.0, likely: 20.0, high: 10_000.0 }
}

/// How many turns a `while` loop makes of which nothing is known.
pub fn unknown_turns() -> Interval {
    Interval { low: 1.0, likely: 20.0, high: 10_000.0 }
}

/// How many turns a loop makes that never ends by itself.
pub fn endless_turns() -> Interval {
    Interval { low: 10.0, likely: 10_000.0, high: 1e9 }
}

/// How many tasks a worker gets from its queue.
pub fn tasks() -> Interval {
    Interval { low: 1.0, likely: 5.0, high: 1_000.0 }
}

/// A handful: `*args`, a small configuration.
pub fn few() -> Interval {
    Interval { low: 1.0, likely: 4.0, high: 50.0 }
}

/// The length of an identifier.
pub fn name_length() -> Interval {
    Interval { low: 3.0, likely: 12.0, high: 60.0 }
}

/// The length of a string of which nothing is known.
pub fn text_length() -> Interval {
    Interval { low: 5.0, likely: 50.0, high: 10_000.0 }
}

/// The length of bytes of which nothing is known.
pub fn bytes_length() -> Interval {
    Interval { low: 10.0, likely: 1_000.0, high: 1e7 }
}

/// What is usually passed where the default is `default`.
pub fn usual(default: Interval) -> Interval {
    Interval { low: (default.low / 10.0).min(default.low), likely: default.likely, high: default.high.abs() * 10.0 }
}

/// What compiled code makes of a function's bytecode: some 40 times faster, with the GIL or without.
pub fn compiled(tally: &Tally, how: Compiled) -> Tally {
    let mut result = tally.clone();
    let machine_code = tally.cost.cpu().scaled(1.0 / 40.0);
    let cost = Cost { wait: tally.cost.wait, unknown: 0.0, ..Cost::ZERO };
    result.cost = match how {
        Compiled::Holding => Cost { atomic: machine_code, longest_atomic: machine_code.likely, ..cost },
        Compiled::Releasing => Cost { native: machine_code, ..cost },
    };
    result
}
