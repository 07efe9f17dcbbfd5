//! How many findings each rule has.

use super::{Format, write_json};
use crate::diagnostic::Diagnostic;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes a line for each rule, the most frequent first; an object each where JSON is asked for.
pub fn write(out: &mut dyn Write, format: Format, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        *counts.entry((diagnostic.code, diagnostic.name)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    if matches!(format, Format::Json) {
        let row = |((code, name), count): &((&str, &str), usize)| json!({ "code": code, "name": name, "count": count });
        return write_json(out, &counts.iter().map(row).collect::<Vec<Value>>());
    }
    let width = counts.first().map_or(1, |(_, count)| count.to_string().len());
    for ((code, name), count) in counts {
        writeln!(out, "{count:width$}  {code}  {name}")?;
    }
    Ok(())
}
