//! Findings that are known: a file of them, so that only new ones are shown.
//!
//! A finding is known by rule, path, function, message and the how-manieth of its kind it is; not by its line, so
//! that it stays known when lines move.
//!
//! ```json
//! {"version": 1, "findings": [
//!   {"rule": "GIL101", "path": "src/app.py", "function": "app.main", "message": "…", "count": 2}
//! ]}
//! ```

use crate::text::Position;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The only version of the file's format so far.
const VERSION: u32 = 1;

/// What tells findings apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// With `/`, relative to the baseline's folder.
    pub path: String,
    /// The rule's code.
    pub rule: String,
    /// Dotted path of the function that it stands in.
    pub function: String,
    /// What was said.
    pub message: String,
}

/// Known findings, and how many there are of each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Baseline {
    counts: BTreeMap<Key, u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Finding>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    rule: String,
    path: String,
    function: String,
    message: String,
    count: u32,
}

impl Baseline {
    /// Reads the file's text; an error says where it is wrong, how, and what to do.
    pub fn parse(text: &str) -> Result<Baseline, (Position, String)> {
        let remedy = "write it anew with `--update-baseline`";
        let document: Document = serde_json::from_str(text).map_err(|error| {
            let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
            let position = Position { row: number(error.line()), column: number(error.column()) };
            (position, format!("not a baseline of gilcheck: {error}; {remedy}"))
        })?;
        if document.version != VERSION {
            let version = document.version;
            let position = Position { row: 1, column: 1 };
            return Err((position, format!("version {version}, which this gilcheck does not know; {remedy}")));
        }
        let mut baseline = Baseline::default();
        for Finding { rule, path, function, message, count } in document.findings {
            let entry = baseline.counts.entry(Key { path, rule, function, message }).or_default();
            *entry = entry.saturating_add(count);
        }
        Ok(baseline)
    }

    /// The file's text: one finding a line, sorted, so that changes of it can be read and merged.
    pub fn to_text(&self) -> String {
        let line = |(key, &count): (&Key, &u32)| {
            let Key { path, rule, function, message } = key.clone();
            let finding = Finding { rule, path, function, message, count };
            format!("    {}", serde_json::to_string(&finding).unwrap_or_default())
        };
        let lines: Vec<String> = self.counts.iter().map(line).collect();
        let list = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{list}]\n}}\n")
    }

    /// How many findings it holds.
    pub fn len(&self) -> usize {
        self.counts.values().map(|count| *count as usize).sum()
    }

    /// True if it holds none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Takes one more finding in.
    pub fn add(&mut self, key: Key) {
        let count = self.counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes one finding out; false if there is none such.
    pub fn take(&mut self, key: &Key) -> bool {
        let Some(count) = self.counts.get_mut(key) else { return false };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(key);
        }
        true
    }

    /// Keeps the findings of paths that `keep` wants.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.counts.retain(|key, count| *count > 0 && keep(&key.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, message: &str) -> Key {
        Key {
            path: path.to_string(),
            rule: "GIL101".to_string(),
            function: "m.f".to_string(),
            message: message.to_string(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut baseline = Baseline::default();
        assert_eq!(Baseline::parse(&baseline.to_text()).unwrap(), baseline);
        for message in ["b \"quoted\"\n", "a", "a"] {
            baseline.add(key("x.py", message));
        }
        let text = baseline.to_text();
        assert_eq!(Baseline::parse(&text).unwrap(), baseline);
        assert_eq!((text.lines().count(), baseline.len()), (7, 3));
    }

    #[test]
    fn each_finding_is_taken_once() {
        let mut baseline = Baseline::default();
        baseline.add(key("x.py", "a"));
        baseline.add(key("x.py", "a"));
        assert!(baseline.take(&key("x.py", "a")) && !baseline.take(&key("y.py", "a")));
        assert!(baseline.take(&key("x.py", "a")) && !baseline.take(&key("x.py", "a")));
        assert!(baseline.is_empty());
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for (text, expected) in [
            ("", "not a baseline"),
            ("{}", "missing field"),
            ("{\"version\": 2, \"findings\": []}", "version 2"),
            ("{\"version\": 1, \"findings\": [{}]}", "missing field"),
        ] {
            let (position, error) = Baseline::parse(text).unwrap_err();
            assert_eq!(position.row, 1);
            assert!(error.contains(expected) && error.contains("--update-baseline"), "{error}");
        }
    }
}
