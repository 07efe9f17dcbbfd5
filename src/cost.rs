//! The four clocks and what adds up on them: seconds as intervals, and the workload they make.

use serde::{Deserialize, Serialize};

/// An amount of seconds (or of anything counted) that is known within bounds.
///
/// `low <= likely <= high`; orders of magnitude, not digits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// It is hardly less than this.
    pub low: f64,
    /// The best guess.
    pub likely: f64,
    /// It is hardly more than this.
    pub high: f64,
}

impl Interval {
    /// Nothing.
    pub const ZERO: Interval = Interval { low: 0.0, likely: 0.0, high: 0.0 };
    /// One, exactly.
    pub const ONE: Interval = Interval::exact(1.0);

    /// A known amount.
    pub const fn exact(amount: f64) -> Interval {
        Interval { low: amount, likely: amount, high: amount }
    }

    /// A guess that may be off by `factor` either way.
    pub fn guess(likely: f64, factor: f64) -> Interval {
        Interval { low: likely / factor, likely, high: likely * factor }
    }

    /// The sum.
    pub fn plus(self, other: Interval) -> Interval {
        Interval { low: self.low + other.low, likely: self.likely + other.likely, high: self.high + other.high }
    }

    /// The product; both must be non-negative.
    pub fn times(self, other: Interval) -> Interval {
        Interval { low: self.low * other.low, likely: self.likely * other.likely, high: self.high * other.high }
    }

    /// The product with a plain number.
    pub fn scaled(self, factor: f64) -> Interval {
        self.times(Interval::exact(factor))
    }

    /// The smallest interval that holds both; the guess is the mean of the two.
    pub fn hull(self, other: Interval) -> Interval {
        Interval {
            low: self.low.min(other.low),
            likely: (self.likely + other.likely) / 2.0,
            high: self.high.max(other.high),
        }
    }

    /// What it comes to where somebody thought it worth a worker of its own: between the best guess and
    /// the upper bound, by magnitude.
    pub fn plausible(self) -> f64 {
        (self.likely * self.high.min(self.likely * 1e4)).sqrt()
    }

    /// One part of `count`: what gives this sum again when it is repeated `count` times.
    pub fn per(self, count: Interval) -> Interval {
        Interval {
            low: self.low / count.low.max(1e-3),
            likely: self.likely / count.likely.max(1e-3),
            high: self.high / count.high.max(1e-3),
        }
    }

    /// How many times the upper bound is the lower one; infinite where the lower one is 0.
    pub fn spread(self) -> f64 {
        if self.high <= 0.0 { 1.0 } else { self.high / self.low.max(f64::MIN_POSITIVE) }
    }

    /// True if the amount is known for certain.
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }
}

/// Seconds on each of the four clocks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Python bytecode: holds the GIL, gives it up every 5 ms.
    pub bytecode: Interval,
    /// Single C calls that hold the GIL throughout.
    pub atomic: Interval,
    /// CPU time with the GIL released.
    pub native: Interval,
    /// Waiting.
    pub wait: Interval,
    /// The longest single atomic call, in seconds.
    pub longest_atomic: f64,
    /// What calls that could not be resolved might plausibly take, in seconds.
    pub unknown: f64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Cost = Cost {
        bytecode: Interval::ZERO,
        atomic: Interval::ZERO,
        native: Interval::ZERO,
        wait: Interval::ZERO,
        longest_atomic: 0.0,
        unknown: 0.0,
    };

    /// One after the other.
    pub fn plus(self, other: Cost) -> Cost {
        Cost {
            bytecode: self.bytecode.plus(other.bytecode),
            atomic: self.atomic.plus(other.atomic),
            native: self.native.plus(other.native),
            wait: self.wait.plus(other.wait),
            longest_atomic: self.longest_atomic.max(other.longest_atomic),
            unknown: self.unknown + other.unknown,
        }
    }

    /// The same, so many times over.
    pub fn times(self, count: Interval) -> Cost {
        Cost {
            bytecode: self.bytecode.times(count),
            atomic: self.atomic.times(count),
            native: self.native.times(count),
            wait: self.wait.times(count),
            longest_atomic: self.longest_atomic,
            unknown: self.unknown * count.likely,
        }
    }

    /// One step of work that is done in `count` steps.
    pub fn per(self, count: Interval) -> Cost {
        Cost {
            bytecode: self.bytecode.per(count),
            atomic: self.atomic.per(count),
            native: self.native.per(count),
            wait: self.wait.per(count),
            longest_atomic: self.longest_atomic,
            unknown: self.unknown / count.likely.max(1e-3),
        }
    }

    /// Seconds with the GIL held: bytecode and atomic calls.
    pub fn held(self) -> Interval {
        self.bytecode.plus(self.atomic)
    }

    /// Seconds on a CPU, with the GIL or without.
    pub fn cpu(self) -> Interval {
        self.held().plus(self.native)
    }

    /// All known seconds.
    pub fn total(self) -> Interval {
        self.cpu().plus(self.wait)
    }

    /// What the clocks add up to.
    pub fn workload(self) -> Workload {
        let total = self.total().likely;
        if total <= 0.0 || self.unknown > total {
            return Workload::Unknown;
        }
        let share = |part: Interval| part.likely / total;
        if share(self.wait) >= 0.7 {
            Workload::Io
        } else if share(self.held()) >= 0.7 {
            Workload::Cpu
        } else if share(self.native) >= 0.5 {
            Workload::Native
        } else {
            Workload::Mixed
        }
    }
}

/// What a piece of work does with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Workload {
    /// Holds the GIL.
    Cpu,
    /// Computes without it.
    Native,
    /// Waits.
    Io,
    /// Some of each.
    Mixed,
    /// Cannot be told.
    Unknown,
}

impl Workload {
    /// The word for it in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Cpu => "cpu",
            Workload::Native => "native",
            Workload::Io => "io",
            Workload::Mixed => "mixed",
            Workload::Unknown => "unknown",
        }
    }
}
