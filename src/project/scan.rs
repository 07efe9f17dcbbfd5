//! Which files can matter, told from their bytes: parsing is the cost, so most files must never be parsed.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// Looks for a list of words at once.
#[derive(Debug)]
pub struct Scanner {
    words: Option<AhoCorasick>,
}

/// What a scan found in a file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Markers {
    /// One of the scanner's words, anywhere, also inside a longer word.
    pub spawns: bool,
    /// `async def`.
    pub coroutine: bool,
}

impl Scanner {
    /// A scanner for `words`: what every spawn site has in it, `Thread`, `submit(`, `to_thread` and so on.
    pub fn new<W: AsRef<[u8]>>(words: &[W]) -> Scanner {
        // A list too long to build from finds every file: slower, but nothing is missed.
        Scanner { words: AhoCorasick::new(words).ok() }
    }

    /// Looks once through `text`.
    pub fn markers(&self, text: &[u8]) -> Markers {
        let spawns = self.words.as_ref().is_none_or(|words| words.is_match(text));
        Markers { spawns, coroutine: has_coroutine(text) }
    }

    /// True if `text` has one of the words as a whole name: not `run_all` in `rerun_all` or `run_all2`.
    pub fn names_any(&self, text: &[u8]) -> bool {
        let Some(words) = &self.words else { return true };
        words.find_overlapping_iter(text).any(|found| {
            let before = found.start().checked_sub(1).and_then(|at| text.get(at));
            let after = text.get(found.end());
            let free = |byte: Option<&u8>| byte.is_none_or(|&byte| !is_name_byte(byte));
            free(before) && free(after)
        })
    }
}

/// True if `text` has one of `names` as a whole name. For many texts, make a [`Scanner`] once.
pub fn contains_any<W: AsRef<[u8]>>(text: &[u8], names: &[W]) -> bool {
    Scanner::new(names).names_any(text)
}

/// Part of a name; bytes beyond ASCII count as such.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// `async def`, with any blanks between.
fn has_coroutine(text: &[u8]) -> bool {
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
    fn words_are_found_anywhere() {
        let scanner = Scanner::new(&["Thread", "submit("]);
        let table = [
            ("x = ThreadPool()", true, false),
            ("pool.submit(f)", true, false),
            ("pool.submit (f)", false, false),
            ("async def f(): pass", false, true),
            ("async  \\\n def f(): pass", false, true),
            ("async with a: pass\nasyncdef", false, false),
            ("", false, false),
        ];
        for (text, spawns, coroutine) in table {
            assert_eq!(scanner.markers(text.as_bytes()), Markers { spawns, coroutine }, "{text}");
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
        ];
        for (text, expected) in table {
            assert_eq!(contains_any(text.as_bytes(), &["run_all", "go", "run"]), expected, "{text}");
        }
        assert!(!contains_any::<&str>(b"x", &[]));
    }
}
