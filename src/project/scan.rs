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

    /// The words that `text` has as whole names, by their place in the list; all, where there is no telling.
    pub fn named(&self, text: &[u8], count: usize) -> Vec<bool> {
        let Some(words) = &self.words else { return vec![true; count] };
        let mut named = vec![false; count];
        for found in words.find_overlapping_iter(text) {
            if let Some(seen) = named.get_mut(found.pattern().as_usize())
                && !*seen
                && is_whole(text, found.start(), found.end())
            {
                *seen = true;
            }
        }
        named
    }
}

/// True if no byte on either side makes a longer name of it; what starts with a dot may follow a name.
fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(end);
    let free = |byte: Option<&u8>| byte.is_none_or(|&byte| !is_name_byte(byte));
    (text.get(start) == Some(&b'.') || free(before)) && free(after)
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
            ("x = ThreadPool()", [false, false, false]),
            ("pool.submit(Thread)", [true, true, false]),
            ("sub (f)", [false, false, true]),
            ("", [false, false, false]),
        ];
        for (text, expected) in table {
            assert_eq!(scanner.named(text.as_bytes(), 3), expected, "{text}");
        }
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
    }
}
