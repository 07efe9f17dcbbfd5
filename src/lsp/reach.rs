//! What the imports of a file reach, read from disk at once: enough for a first answer while a large project is
//! still being read.

use crate::walk;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No more files than this are read.
const MOST_FILES: usize = 150;
/// No more bytes than this.
const MOST_BYTES: usize = 3 << 20;

/// The files that `text` at `place` imports, those that they import, and so on, the nearest first.
pub fn read(place: &Path, text: &str, base: &Path) -> Vec<(PathBuf, Arc<str>)> {
    let mut seen: BTreeSet<PathBuf> = BTreeSet::from([place.to_path_buf()]);
    let mut found: Vec<(PathBuf, Arc<str>)> = Vec::new();
    let mut bytes = 0;
    let mut waiting = imported(place, text, base);
    while !waiting.is_empty() {
        let mut next = Vec::new();
        for place in waiting {
            if found.len() >= MOST_FILES || bytes >= MOST_BYTES {
                return found;
            }
            if !seen.insert(place.clone()) {
                continue;
            }
            let Ok(text) = walk::read_file(&place) else { continue };
            bytes += text.len();
            next.extend(imported(&place, &text, base));
            found.push((place, text));
        }
        waiting = next;
    }
    found
}

/// The files below `base` that the import statements of a file may mean.
fn imported(place: &Path, text: &str, base: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let here = place.parent().unwrap_or(base);
    let outside = here.ancestors().find(|folder| !folder.join("__init__.py").is_file()).unwrap_or(here);
    let mut roots: Vec<PathBuf> = Vec::new();
    for folder in outside.ancestors().take_while(|folder| folder.starts_with(base)) {
        roots.extend([folder.to_path_buf(), folder.join("src"), folder.join("lib")]);
    }
    for (dots, module, members) in imports(text) {
        let starts: Vec<PathBuf> = match dots {
            0 => roots.clone(),
            _ => here.ancestors().nth(dots - 1).map(Path::to_path_buf).into_iter().collect(),
        };
        for start in starts {
            let mut folder = start;
            for part in module.split('.').filter(|part| !part.is_empty()) {
                found.push(folder.join("__init__.py"));
                folder.push(part);
            }
            found.push(folder.with_extension("py"));
            found.push(folder.join("__init__.py"));
            found.extend(members.iter().map(|member| folder.join(member).with_extension("py")));
        }
    }
    found.retain(|path| path.starts_with(base) && path.is_file());
    found
}

/// Each import statement that begins a line: the dots before the module, the module, and the names taken from it.
fn imports(text: &str) -> Vec<(usize, &str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(line) = rest.lines().next() {
        let statement = line.trim_start();
        if let Some(names) = statement.strip_prefix("import ") {
            let names = names.split(',').filter_map(|name| name.split_whitespace().next());
            found.extend(names.map(|name| (0, name, Vec::new())));
        } else if let Some(from) = statement.strip_prefix("from ")
            && let Some((module, members)) = from.split_once(" import")
        {
            let module = module.trim();
            let name = module.trim_start_matches('.');
            // A list in brackets may go on for lines.
            let behind = rest.get(line.len()..).unwrap_or("");
            let more = if members.contains('(') && !members.contains(')') {
                behind.split(')').next().unwrap_or("")
            } else {
                ""
            };
            let words = [members, more].into_iter().flat_map(|part| part.split([',', '(', ')', '\n', '\r']));
            let members = words.filter_map(|word| word.split_whitespace().next()).collect();
            found.push((module.len() - name.len(), name, members));
        }
        rest = rest.get(line.len()..).unwrap_or("");
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_statements_are_read() {
        let text = "import a.b, c as d\nfrom . import e\n  from ..f.g import (h as i,\n    j,\n)\nx = 1\n";
        let expected = [(0, "a.b", vec![]), (0, "c", vec![]), (1, "", vec!["e"]), (2, "f.g", vec!["h", "j"])];
        assert_eq!(imports(text), expected);
    }
}
