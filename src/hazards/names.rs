//! The library names that hazards turn on: data, read once.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What `names.toml` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Methods that change their receiver.
    pub changing_methods: BTreeSet<String>,
    /// Functions that change their first argument.
    pub changing_functions: BTreeSet<String>,
    /// Functions whose result is, or holds, an argument.
    pub passing_functions: BTreeSet<String>,
    /// Classes whose instances never change.
    pub immutable_classes: BTreeSet<String>,
    /// Classes whose instances can be pickled.
    pub picklable_classes: BTreeSet<String>,
    /// Classes whose instances cannot.
    pub unpicklable_classes: BTreeSet<String>,
    /// Classes whose instances only pass to a process that is being started.
    pub inherited_classes: BTreeSet<String>,
    /// Classes whose instances threads must not share.
    pub thread_bound_classes: BTreeSet<String>,
    process_state: BTreeMap<String, Vec<String>>,
    packages: BTreeMap<String, BTreeSet<String>>,
}

/// The one copy.
pub fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    // The text is compiled in, and a test reads it.
    NAMES.get_or_init(|| toml::from_str(include_str!("names.toml")).unwrap_or_default())
}

impl Names {
    /// True if a library function has the state of that kind.
    pub fn has_state(&self, kind: &str, name: &str) -> bool {
        self.process_state.get(kind).is_some_and(|all| all.iter().any(|pattern| matches(pattern, name)))
    }

    /// True if the package (the first part of a dotted name) is on the list.
    pub fn is_package(&self, kind: &str, dotted: &str) -> bool {
        let root = dotted.split('.').next().unwrap_or(dotted);
        self.packages.get(kind).is_some_and(|all| all.contains(root))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(prefix) => name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_read() {
        let names: Names = toml::from_str(include_str!("names.toml")).unwrap();
        assert!(names.has_state("random", "random.choice") && names.has_state("random", "numpy.random.rand"));
        assert!(!names.has_state("random", "numpy.randomly") && !names.has_state("random", "random.Random"));
        assert!(names.is_package("windows", "tkinter.ttk"));
    }
}
