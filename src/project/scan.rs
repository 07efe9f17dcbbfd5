//! Which files can matter, told from their bytes: parsing is the cost, so most files must never be parsed.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// Looks for a list of words at once.
#[derive(Debug)]
pub struct Scanner {
    words: Option<AhoCorasick>,
}

impl Scanner {
    /// A scanner for `words`, which are names: `Thread`, `submit`, `to_thread`.
    pub fn new<W: AsRef<[u8]>>(words: &[W]) -> Scanner {
        // A list too long to build from finds every file: slower, but nothing is missed.
        Scanner { words: AhoCorasick::new(words).ok() }
    }

    /// True if `text` has one of the words as a whole name: not `run_all` in `rerun_all` or `run_all2`.
    pub fn names_any(&self, text: &[u8]) -> bool {
        let Some(words) = &self.words else { return true };
        words.find_overlapping_iter(text).any(|found| is_whole(text, found.start(), found.end()))
    }

    /// True if `text` has one of the words, of those that `counts` takes by their place in the list, as a whole name.
    pub fn names_one_of(&self, text: &[u8], counts: impl Fn(usize) -> bool) -> bool {
        let Some(words) = &self.words else { return true };
        words
            .find_overlapping_iter(text)
            .any(|found| counts(found.pattern().as_usize()) && is_whole(text, found.start(), found.end()))
    }

    /// The words that the import statements of `text` have as whole names, by their place in the list; `None` where
    /// there is no telling.
    pub fn imported(&self, text: &[u8]) -> Option<Box<[u16]>> {
        let words = self.words.as_ref()?;
        let mut places = Vec::new();
        for statement in imports(text) {
            for found in words.find_overlapping_iter(statement) {
                let place = u16::try_from(found.pattern().as_usize()).ok()?;
                if is_whole(statement, found.start(), found.end()) && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Some(places.into_boxed_slice())
    }
}

/// What stands around each `import` in a text: its line, and the parentheses that open behind it.
pub fn imports(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    static IMPORT: OnceLock<Finder<'static>> = OnceLock::new();
    let finder = IMPORT.get_or_init(|| Finder::new(b"import"));
    let mut seen = 0;
    finder.find_iter(text).filter_map(move |at| {
        if at < seen {
            return None;
        }
        let start = memchr::memrchr(b'\n', text.get(..at)?).map_or(0, |newline| newline + 1);
        let end_of =
            |byte: u8, from: usize| text.get(from..).and_then(|rest| memchr::memchr(byte, rest)).map(|n| from + n);
        let mut end = end_of(b'\n', at).unwrap_or(text.len());
        let behind = text.get(at + b"import".len()..end)?;
        if behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'(') {
            end = end_of(b')', at).unwrap_or(end);
        }
        while text.get(..end).is_some_and(|so_far| so_far.ends_with(b"\\") || so_far.ends_with(b"\\\r")) {
            end = end_of(b'\n', end + 1).unwrap_or(text.len());
        }
        seen = end;
        text.get(start..end)
    })
}

/// Every line of `text` that has `import` in it or begins with `from`, and what [`imports`] gives: what anybody asks of
/// import statements is told by these.
pub fn import_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    static FROM: OnceLock<Finder<'static>> = OnceLock::new();
    static IMPORT: OnceLock<Finder<'static>> = OnceLock::new();
    let line = |at: usize| {
        let start = memchr::memrchr(b'\n', text.get(..at)?).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', text.get(at..)?).map_or(text.len(), |length| at + length);
        text.get(start..end)
    };
    // Whatever counts as blank before it: that is no letter.
    let begins = |line: &&[u8]| !line.iter().take_while(|byte| **byte != b'f').any(u8::is_ascii_alphanumeric);
    let from = FROM.get_or_init(|| Finder::new(b"from")).find_iter(text).filter_map(line).filter(begins);
    let import = IMPORT.get_or_init(|| Finder::new(b"import")).find_iter(text).filter_map(line);
    from.chain(import).chain(imports(text))
}

/// True if `text` has `name` as a whole name.
pub fn names(text: &[u8], name: &str) -> bool {
    memchr::memmem::find_iter(text, name).any(|at| is_whole(text, at, at + name.len()))
}

/// True if no byte on either side makes a longer name of it; what starts with a dot may follow a name.
fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(end);
    let free = |byte: Option<&u8>| byte.is_none_or(|&byte| !is_name_byte(byte));
    (text.get(start) == Some(&b'.') || free(before)) && free(after)
}

/// The names and other words of a text.
pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !is_name_byte(*byte)).filter(|word| !word.is_empty())
}

/// Part of a name; bytes beyond ASCII count as such.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// True if `text` has `async def`, with any blanks between.
pub fn has_coroutine(text: &[u8]) -> bool {
    static ASYNC: OnceLock<Finder<'static>> = OnceLock::new();
    let finder = ASYNC.get_or_init(|| Finder::new(b"async"));
    finder.find_iter(text).any(|at| {
        let rest = text.get(at + b"async".len()..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\\' | b'\r' | b'\n')).count();
        blanks > 0 && rest.get(blanks..).is_some_and(|rest| rest.starts_with(b"def"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let scanner = Scanner::new(&["Thread", "submit", "sub"]);
        let table = [
            ("import ThreadPool", vec![]),
            ("Thread\nfrom submit import Thread # sub2", vec![1, 0]),
            ("from a import (\n  sub,\n  Thread as T)\nsubmit", vec![2, 0]),
            ("from a import \\\n  sub, \\\r\n Thread\nsubmit", vec![2, 0]),
            ("x = import_module('sub')", vec![2]),
            ("", vec![]),
        ];
        for (text, expected) in table {
            assert_eq!(scanner.imported(text.as_bytes()), Some(expected.into_boxed_slice()), "{text}");
        }
        assert!(scanner.names_one_of(b"x.submit", |word| word == 1));
        assert!(!scanner.names_one_of(b"x.submit", |word| word == 2));
    }

    #[test]
    fn coroutines_are_found() {
        let table = [
            ("async def f(): pass", true),
            ("async  \\\n def f(): pass", true),
            ("async with a: pass\nasyncdef", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(has_coroutine(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn names_are_found_whole() {
        let table = [
            ("run_all(x)", true),
            ("self.run_all", true),
            ("rerun_all(x) or run_all2 or run_allé", false),
            ("go", true),
            ("gogo", false),
            ("pool.map(x)", true),
            ("pool.map2(x)", false),
        ];
        for (text, expected) in table {
            assert_eq!(Scanner::new(&["run_all", "go", "run", ".map"]).names_any(text.as_bytes()), expected, "{text}");
        }
        assert!(!Scanner::new::<&str>(&[]).names_any(b"x"));
        assert!(names(b"rerun run", "run"));
        assert!(!names(b"rerun run2", "run"));
    }
}
