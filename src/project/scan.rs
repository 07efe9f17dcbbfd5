//! Which files can matter, told from their bytes: parsing is the cost, so most files must never be parsed.

use std::hash::{Hash, Hasher};
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

    /// The words, by their place in the list and of those that `counts` takes, that `text` has as whole names in its
    /// code: neither in comments nor within longer strings. `None` if they stand nowhere or there is no telling.
    pub fn in_code(&self, text: &[u8], counts: impl Fn(usize) -> bool) -> Option<Vec<usize>> {
        let words = self.words.as_ref()?;
        let hits = words
            .find_overlapping_iter(text)
            .filter(|found| counts(found.pattern().as_usize()) && is_whole(text, found.start(), found.end()));
        let mut hits: Vec<(usize, usize, usize)> =
            hits.map(|found| (found.start(), found.end(), found.pattern().as_usize())).collect();
        let last = hits.iter().map(|(start, ..)| *start).max()?;
        hits.sort_unstable();
        let silent = silent(text, last);
        let stands = |(start, end, word): &(usize, usize, usize)| {
            let at = silent.partition_point(|(_, to)| to <= start);
            let within = silent.get(at).filter(|(from, _)| from <= start);
            // A string may name what it says: `getattr(threading, "Thread")`.
            within.is_none_or(|within| *within == (*start, *end)).then_some(*word)
        };
        Some(hits.iter().filter_map(stands).collect())
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

/// The words of the lines that begin with `import` or `from`, hashed, sorted and unique: who is not there, no import
/// statement names on its first line.
pub fn import_words(text: &str) -> Box<[u32]> {
    static WORDS: OnceLock<[Finder<'static>; 2]> = OnceLock::new();
    let finders = WORDS.get_or_init(|| [Finder::new(b"import "), Finder::new(b"from ")]);
    let mut found = Vec::new();
    for at in finders.iter().flat_map(|finder| finder.find_iter(text.as_bytes())) {
        let (before, after) = text.split_at_checked(at).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1);
        if before.get(start..).is_none_or(|indentation| !indentation.trim_start().is_empty()) {
            continue;
        }
        let line = after.get(..memchr::memchr(b'\n', after.as_bytes()).unwrap_or(after.len())).unwrap_or_default();
        found.extend(line.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty()).map(hash));
    }
    found.sort_unstable();
    found.dedup();
    found.into_boxed_slice()
}

/// What [`import_words`] has for a word.
pub fn hash(word: &str) -> u32 {
    let mut hasher = rustc_hash::FxHasher::default();
    word.hash(&mut hasher);
    // The upper half is the better mixed one.
    (hasher.finish() >> 32) as u32
}

/// True if a line that begins with `import` or `from` has the word.
pub fn imports_word(text: &str, word: &str) -> bool {
    word.is_empty()
        || text
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("import ") || line.starts_with("from "))
            .any(|line| line.split(|c| !is_letter(c)).any(|it| it == word))
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
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

/// Where comments stand in `text` up to `last`, and what is in its strings, without those that hold expressions.
fn silent(text: &[u8], last: usize) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while at <= last
        && let Some(next) = text.get(at..).and_then(|rest| memchr::memchr3(b'#', b'"', b'\'', rest)).map(|n| at + n)
    {
        let Some(&quote) = text.get(next) else { break };
        if quote == b'#' {
            let end = memchr::memchr(b'\n', text.get(next..).unwrap_or_default()).map_or(text.len(), |n| next + n);
            ranges.push((next, end));
            at = end;
            continue;
        }
        let is_long = text.get(next..next + 3).is_some_and(|three| three.iter().all(|byte| *byte == quote));
        let start = next + if is_long { 3 } else { 1 };
        let (end, behind) = string_end(text, start, quote, is_long);
        let prefix = text.get(..next).unwrap_or_default().iter().rev().take_while(|byte| byte.is_ascii_alphabetic());
        if !prefix.take(2).any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T')) {
            ranges.push((start, end));
        }
        at = behind;
    }
    ranges
}

/// Where a string ends that begins at `start`, and where its closing quotes do.
fn string_end(text: &[u8], start: usize, quote: u8, is_long: bool) -> (usize, usize) {
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let next =
            if is_long { memchr::memchr2(b'\\', quote, rest) } else { memchr::memchr3(b'\\', b'\n', quote, rest) };
        let Some(next) = next.map(|n| at + n) else { return (text.len(), text.len()) };
        match text.get(next) {
            Some(b'\\') => at = next + 2,
            Some(b'\n') if !is_long => return (next, next),
            _ if !is_long => return (next, next + 1),
            _ if text.get(next..next + 3).is_some_and(|three| three.iter().all(|byte| *byte == quote)) => {
                return (next, next + 3);
            }
            _ => at = next + 1,
        }
    }
}

/// The names that stand alone between quotes, hashed, sorted and unique, of a module whose only `__all__` is a list;
/// `None` of any other.
pub fn plain_exports(text: &[u8]) -> Option<Box<[u32]>> {
    let mut mentions = memchr::memmem::find_iter(text, b"__all__");
    let (Some(list), None) = (mentions.next(), mentions.next()) else { return None };
    let behind = text.get(list + b"__all__".len()..)?;
    if ![&b" = [\n"[..], b" = [\"", b" = ['"].iter().any(|start| behind.starts_with(start)) {
        return None;
    }
    let mut found = Vec::new();
    for at in memchr::memchr2_iter(b'"', b'\'', text) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
        if length > 0
            && rest.get(length) == text.get(at)
            && let Some(name) = rest.get(..length).and_then(|name| std::str::from_utf8(name).ok())
        {
            found.push(hash(name));
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found.into_boxed_slice())
}

/// True if an import statement of `text` may have a `*`.
pub fn imports_star(text: &[u8]) -> bool {
    imports(text).any(|statement| statement.contains(&b'*'))
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
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\x0c' | b'\\' | b'\r' | b'\n');
        let blanks = rest.iter().take_while(is_blank).count();
        // The parser makes a coroutine of `async de f` too.
        blanks > 0 && rest.get(blanks) == Some(&b'd')
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
    fn words_of_imports_are_found_by_their_hash() {
        let table = [
            ("import a.bc as d\nx = e", vec!["a", "bc", "d"], vec!["e", "b"]),
            ("if x:\n\tfrom .a import (b,\n    c)", vec!["a", "b"], vec!["c", "x"]),
            ("x = 1; import a", vec![], vec!["a"]),
            ("from é import ñ # z\r\n", vec!["é", "ñ", "z"], vec!["n"]),
        ];
        for (text, there, absent) in table {
            let hashes = import_words(text);
            for word in there {
                assert!(imports_word(text, word) && hashes.contains(&hash(word)), "{text}: {word}");
            }
            for word in absent {
                assert!(!imports_word(text, word) && !hashes.contains(&hash(word)), "{text}: {word}");
            }
        }
    }

    #[test]
    fn words_in_comments_and_strings_are_not_in_code() {
        let scanner = Scanner::new(&["Thread", "submit"]);
        let table = [
            ("x", None),
            ("x = Thread()", Some(vec![0])),
            ("# Thread\n\"\"\"A Thread's\n'\"\"\"\nsubmit()", Some(vec![1])),
            ("x = 'a Thread' # submit", Some(vec![])),
            ("getattr(x, 'Thread')", Some(vec![0])),
            ("f'{Thread()}'", Some(vec![0])),
            ("'it\\'s Thread' + submit", Some(vec![1])),
            ("'open\nThread", Some(vec![0])),
            ("r'\\' + Thread + '", Some(vec![])),
        ];
        for (text, expected) in table {
            assert_eq!(scanner.in_code(text.as_bytes(), |_| true), expected, "{text}");
        }
    }

    #[test]
    fn exports_are_told_from_a_plain_list() {
        let told = |text: &str, name: &str| plain_exports(text.as_bytes()).map(|names| names.contains(&hash(name)));
        assert_eq!(told("__all__ = [\n    \"ab\", 'c',\n]", "ab"), Some(true));
        assert_eq!(told("__all__ = ['ab', 'c']", "c"), Some(true));
        assert_eq!(told("__all__ = ['ab', 'c']", "a"), Some(false));
        assert_eq!(told("__all__ = ['ab'] + x", "d"), Some(false));
        assert_eq!(told("__all__ = ['ab']\n__all__ += x", "ab"), None);
        assert_eq!(told("__all__ = x", "ab"), None);
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
