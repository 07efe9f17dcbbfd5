//! Bytes of a source file to text, as Python reads them: UTF-8, a byte order mark, or a PEP 263 cookie.
//!
//! ```python
//! # -*- coding: latin-1 -*-
//! ```

use encoding_rs::{DecoderResult, Encoding};
use std::fmt;

/// Files of more bytes than this are not read: their syntax trees would take up to thirty times as much memory.
pub const MOST_BYTES: usize = 10 << 20;

/// Why a file is not Python source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Line of the first byte that is wrong, from 1.
    pub row: u32,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.row, self.reason)
    }
}

/// What is said of a file that is too large.
pub fn too_large() -> DecodeError {
    let most = MOST_BYTES >> 20;
    let reason = format!("more than {most} MB, which gilcheck does not read; leave it out with `extend-exclude`");
    DecodeError { row: 1, reason }
}

/// The text of a Python file, without its byte order mark.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    if bytes.len() > MOST_BYTES {
        return Err(too_large());
    }
    if let Some(at) = memchr::memchr(0, &bytes) {
        let reason = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            "UTF-16, which Python does not read; save it as UTF-8"
        } else {
            "a NUL byte, which Python source cannot hold"
        };
        return Err(error_at(&bytes, at, reason.to_string()));
    }
    let marked = bytes.starts_with(b"\xef\xbb\xbf");
    let cookie = cookie(&bytes);
    let charset = match &cookie {
        None => Charset::Utf8,
        Some((row, label)) => {
            let Some(charset) = Charset::find(label) else {
                let reason = format!("unknown encoding `{label}`; save it as UTF-8");
                return Err(DecodeError { row: *row, reason });
            };
            if marked && charset != Charset::Utf8 {
                let reason = format!("the cookie says `{label}`, the byte order mark UTF-8; remove one");
                return Err(DecodeError { row: *row, reason });
            }
            charset
        }
    };
    let text = match charset {
        Charset::Utf8 => utf8(bytes, marked),
        Charset::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(at) => Err(error_at(&bytes, at, malformed(&bytes, at, "ASCII"))),
            None => utf8(bytes, false),
        },
        Charset::Latin1 => Ok(bytes.iter().map(|&byte| char::from(byte)).collect()),
        Charset::Other(encoding) => other(&bytes, encoding),
    };
    text.map(without_lone_returns)
}

/// A carriage return by itself ends a line in Python, but no comment in the grammar. The length stays the same.
fn without_lone_returns(text: String) -> String {
    let bytes = text.as_bytes();
    let is_lone = |at: usize| bytes.get(at + 1) != Some(&b'\n');
    if memchr::memchr_iter(b'\r', bytes).any(is_lone) {
        text.replace("\r\n", "\0").replace('\r', "\n").replace('\0', "\r\n")
    } else {
        text
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Charset {
    Utf8,
    Ascii,
    Latin1,
    Other(&'static Encoding),
}

impl Charset {
    /// The encoding of a Python codec name. `Encoding::for_label` follows the web, where `latin-1` and
    /// `ascii` mean windows-1252, so these two come first.
    fn find(label: &str) -> Option<Charset> {
        let label = label.to_ascii_lowercase().replace('_', "-");
        if matches!(label.as_str(), "utf8" | "u8" | "utf" | "utf-8") || label.starts_with("utf-8-") {
            return Some(Charset::Utf8);
        }
        if matches!(label.as_str(), "ascii" | "us-ascii" | "646") {
            return Some(Charset::Ascii);
        }
        let latin1 = ["latin-1", "latin1", "iso-8859-1", "iso8859-1", "iso-latin-1", "8859", "l1", "latin"];
        if latin1.contains(&label.as_str())
            || ["latin-1-", "iso-8859-1-", "iso-latin-1-"].iter().any(|prefix| label.starts_with(prefix))
        {
            return Some(Charset::Latin1);
        }
        let name = match label.as_str() {
            "cp932" | "ms932" | "mskanji" | "sjis" | "shiftjis" => "shift_jis",
            "cp936" | "ms936" => "gbk",
            "cp949" | "ms949" | "uhc" => "euc-kr",
            "cp950" | "ms950" => "big5",
            "eucjp" | "ujis" => "euc-jp",
            "euckr" => "euc-kr",
            "mac-roman" => "macintosh",
            "latin9" | "latin-9" => "iso-8859-15",
            "latin-2" => "latin2",
            other => other,
        };
        let encoding = Encoding::for_label_no_replacement(name.as_bytes())?;
        encoding.is_ascii_compatible().then_some(Charset::Other(encoding))
    }
}

/// The encoding that a comment on the first two lines names, with its row.
fn cookie(bytes: &[u8]) -> Option<(u32, String)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (row, line) in (1..=2).zip(bytes.split(|&byte| byte == b'\n')) {
        let line = line.trim_ascii_start();
        let Some(comment) = line.strip_prefix(b"#") else {
            // A second line counts only where the first holds no code.
            if line.is_empty() {
                continue;
            } else {
                return None;
            };
        };
        if let Some(label) = label(comment) {
            return Some((row, label));
        }
    }
    None
}

/// `coding[:=][ \t]*([-\w.]+)`, PEP 263.
fn label(comment: &[u8]) -> Option<String> {
    memchr::memmem::find_iter(comment, b"coding").find_map(|at| {
        let rest = comment.get(at + b"coding".len()..)?;
        let rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"="))?;
        let rest = rest.trim_ascii_start();
        let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let label: Vec<u8> = rest.iter().copied().take_while(|byte| is_label(byte)).collect();
        String::from_utf8(label).ok().filter(|label| !label.is_empty())
    })
}

fn utf8(mut bytes: Vec<u8>, marked: bool) -> Result<String, DecodeError> {
    if marked {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let mut reason = malformed(error.as_bytes(), at, "UTF-8");
        reason.push_str("; save it as UTF-8 or name its encoding on the first line (`# coding: latin-1`)");
        error_at(error.as_bytes(), at, reason)
    })
}

fn other(bytes: &[u8], encoding: &'static Encoding) -> Result<String, DecodeError> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or(bytes.len()));
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::OutputFull, read) => Err(error_at(bytes, read, "too large".to_string())),
        (DecoderResult::Malformed(length, behind), read) => {
            let at = read.saturating_sub(usize::from(length) + usize::from(behind));
            Err(error_at(bytes, at, malformed(bytes, at, encoding.name())))
        }
    }
}

fn malformed(bytes: &[u8], at: usize, encoding: &str) -> String {
    let byte = bytes.get(at).copied().unwrap_or(0);
    format!("byte 0x{byte:02x} is not {encoding}")
}

fn error_at(bytes: &[u8], at: usize, reason: String) -> DecodeError {
    let before = bytes.get(..at).unwrap_or(bytes);
    let row = memchr::memchr_iter(b'\n', before).count() + 1;
    DecodeError { row: u32::try_from(row).unwrap_or(u32::MAX), reason }
}

/// A notebook's code as one text, and where its cells are in that.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// The code cells one below the other; lines that are no Python (`%matplotlib inline`, `!ls`) are blank.
    pub text: String,
    /// The code cells, in order.
    pub cells: Vec<Cell>,
}

/// One code cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Which cell of the notebook, from 1, all kinds counted.
    pub number: u32,
    /// Its first row in the text, from 1.
    pub row: u32,
}

impl Notebook {
    /// The cell that a row of the text (from 1) belongs to, and its row there.
    pub fn place(cells: &[Cell], row: u32) -> Option<(u32, u32)> {
        let cell = cells.get(cells.partition_point(|cell| cell.row <= row).checked_sub(1)?)?;
        Some((cell.number, row - cell.row + 1))
    }
}

/// True if a path is that of a notebook.
pub fn is_notebook(path: &str) -> bool {
    path.ends_with(".ipynb")
}

#[derive(serde::Deserialize)]
struct NotebookFile {
    cells: Option<Vec<NotebookCell>>,
    #[serde(default)]
    metadata: serde_json::Value,
}

#[derive(serde::Deserialize)]
struct NotebookCell {
    cell_type: String,
    #[serde(default)]
    source: Lines,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

impl Default for Lines {
    fn default() -> Lines {
        Lines::Many(Vec::new())
    }
}

/// The Python code in the text of an `.ipynb` file. One in another language has none.
pub fn notebook(json: &str) -> Result<Notebook, DecodeError> {
    let file: NotebookFile = serde_json::from_str(json).map_err(|error| DecodeError {
        row: u32::try_from(error.line()).unwrap_or(u32::MAX),
        reason: format!("not a notebook: {error}; save it anew with Jupyter"),
    })?;
    let Some(cells) = file.cells else {
        let reason = "a notebook of an old format; convert it with `jupyter nbconvert --to notebook`".to_string();
        return Err(DecodeError { row: 1, reason });
    };
    let language = |keys: [&str; 2]| file.metadata.get(keys[0])?.get(keys[1])?.as_str().map(str::to_lowercase);
    let language = language(["language_info", "name"]).or_else(|| language(["kernelspec", "language"]));
    let mut notebook = Notebook { text: String::new(), cells: Vec::new() };
    if language.is_some_and(|language| !matches!(language.as_str(), "python" | "ipython" | "python3")) {
        return Ok(notebook);
    }
    let mut row = 1;
    for (cell, number) in cells.into_iter().zip(1..) {
        if cell.cell_type != "code" {
            continue;
        }
        let code = match cell.source {
            Lines::One(text) => text,
            Lines::Many(lines) => lines.concat(),
        };
        notebook.cells.push(Cell { number, row });
        // A NUL or a lone `\r` would make rows that nobody sees.
        let code = python_of(&code.replace("\r\n", "\n").replace(['\r', '\0'], " "));
        row += u32::try_from(memchr::memchr_iter(b'\n', code.as_bytes()).count()).unwrap_or(0) + 1;
        notebook.text.push_str(&code);
        notebook.text.push('\n');
    }
    Ok(notebook)
}

/// A cell's text with all that only IPython knows replaced by blanks.
fn python_of(cell: &str) -> String {
    let blank = |line: &str| -> String { line.chars().map(|c| if c == '\n' { c } else { ' ' }).collect() };
    if let Some(magic) = cell.trim_start().strip_prefix("%%") {
        let name: String = magic.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !matches!(name.as_str(), "time" | "timeit" | "capture" | "prun" | "memit" | "mprun" | "python" | "python3") {
            return blank(cell);
        }
    }
    let mut text = String::with_capacity(cell.len());
    let mut state = LineState::default();
    let mut in_magic = false;
    for line in cell.split_inclusive('\n') {
        let code = line.trim();
        // `%%` heads the cell; `?name`, `name?` ask for help; a magic may go on behind a backslash.
        let is_magic = state.begins_statement()
            && (code.starts_with(['%', '!', '?']) || (code.ends_with('?') && !code.contains(['#', '"', '\''])));
        if is_magic || in_magic {
            in_magic = code.ends_with('\\');
            text.push_str(&blank(line));
            continue;
        }
        let assigned = state.begins_statement().then(|| shell_assignment(line)).flatten();
        match assigned {
            Some(at) => {
                let (before, after) = line.split_at(at);
                let rest = blank(after);
                text.push_str(before);
                // Three dots are a value; what is assigned is not known.
                text.push_str(&rest.replacen("   ", "...", 1));
                in_magic = code.ends_with('\\');
            }
            None => {
                text.push_str(line);
                state.read(line);
            }
        }
    }
    text
}

/// Where the command of `files = !ls` or `out = %time f()` begins, if it has room for three dots.
fn shell_assignment(line: &str) -> Option<usize> {
    let (target, value) = line.split_once('=')?;
    let is_target = target.trim().chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ',' | ' '));
    let command = value.trim_start();
    let is_command = command.starts_with('!') || command.starts_with('%');
    (is_target && !target.trim().is_empty() && is_command && command.trim_end().len() >= 3)
        .then(|| line.len() - command.len())
}

/// How far a statement goes on into the next line.
#[derive(Debug, Default)]
struct LineState {
    depth: i32,
    string: Option<&'static str>,
    continued: bool,
}

impl LineState {
    fn begins_statement(&self) -> bool {
        self.depth <= 0 && self.string.is_none() && !self.continued
    }

    fn read(&mut self, line: &str) {
        self.continued = false;
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if let Some(quote) = self.string {
                if c == '\\' {
                    rest = rest.get(1..).unwrap_or("");
                    let skipped = rest.chars().next().map_or(0, char::len_utf8);
                    rest = rest.get(skipped..).unwrap_or("");
                    continue;
                }
                match rest.strip_prefix(quote) {
                    Some(after) => {
                        self.string = None;
                        rest = after;
                        continue;
                    }
                    // A string in single quotes ends with its line.
                    None if c == '\n' && quote.len() == 1 => self.string = None,
                    None => {}
                }
            } else if c == '#' {
                return;
            } else if let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)) {
                self.string = Some(quote);
                rest = rest.get(quote.len()..).unwrap_or("");
                continue;
            } else {
                match c {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth -= 1,
                    '\\' => self.continued = true,
                    _ if !c.is_whitespace() => self.continued = false,
                    _ => {}
                }
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes.to_vec()).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn refuses(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes.to_vec()).unwrap_err().to_string(), expected);
    }

    #[test]
    fn text_is_read_as_python_reads_it() {
        reads(b"x = '\xc3\xa9'", "x = 'é'");
        reads(b"\xef\xbb\xbfx = 1", "x = 1");
        reads(b"\xef\xbb\xbf# coding: utf-8\nx", "# coding: utf-8\nx");
        reads(b"# -*- coding: latin-1 -*-\n'\xe9\x80'", "# -*- coding: latin-1 -*-\n'é\u{80}'");
        reads(
            b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'",
            "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'€'",
        );
        reads(b"\r\n#coding=koi8-r\n\xc1", "\r\n#coding=koi8-r\n\u{430}");
        reads(b"# encoding: shift_jis\n\x82\xa0", "# encoding: shift_jis\nあ");
        reads(b"a  # b\rc\r\nd\n\r\r\n", "a  # b\nc\r\nd\n\n\r\n");
        reads(b"import x\n# coding: nonsense", "import x\n# coding: nonsense");
        reads(b"# no cookie\n\n# coding: nonsense", "# no cookie\n\n# coding: nonsense");
    }

    #[test]
    fn an_error_says_where_and_why() {
        refuses(
            b"a\n\xe9",
            "line 2: byte 0xe9 is not UTF-8; save it as UTF-8 or name its encoding on the first line (`# coding: latin-1`)",
        );
        refuses(b"a\nb\0", "line 2: a NUL byte, which Python source cannot hold");
        refuses(b"\xff\xfea\0", "line 1: UTF-16, which Python does not read; save it as UTF-8");
        refuses(b"# coding: klingon\n", "line 1: unknown encoding `klingon`; save it as UTF-8");
        refuses(b"\n# coding: ascii\n\xe9", "line 3: byte 0xe9 is not ASCII");
        refuses(b"# coding: euc-jp\n\xff", "line 2: byte 0xff is not EUC-JP");
        refuses(
            b"\xef\xbb\xbf# coding: latin-1\n",
            "line 1: the cookie says `latin-1`, the byte order mark UTF-8; remove one",
        );
    }

    fn cells(cells: &[&str]) -> String {
        let cell = |text: &&str| serde_json::json!({ "cell_type": "code", "source": text });
        let mut list: Vec<_> = cells.iter().map(cell).collect();
        list.insert(0, serde_json::json!({ "cell_type": "markdown", "source": ["# title"] }));
        serde_json::json!({ "cells": list, "metadata": {}, "nbformat": 4 }).to_string()
    }

    #[track_caller]
    fn python(cell: &str, expected: &str) {
        assert_eq!(notebook(&cells(&[cell])).unwrap().text, format!("{expected}\n"), "{cell}");
    }

    #[test]
    fn magics_are_blanked_and_python_is_not() {
        python("%matplotlib inline\nx = 1", "                  \nx = 1");
        python("!pip install x\n?help\nlen?", "              \n     \n    ");
        python("x = (7\n % 3)", "x = (7\n % 3)");
        python("s = '''\n%not magic\n'''", "s = '''\n%not magic\n'''");
        python("y = 7 \\\n % 3", "y = 7 \\\n % 3");
        python("%%bash\nls", "      \n  ");
        python("%%time\nf()", "      \nf()");
        python("files = !ls -l", "files = ...   ");
        python("a = x != y", "a = x != y");
        python("  # 100 % ?\nf()", "  # 100 % ?\nf()");
        python("%run \\\n  x\nf()", "      \n   \nf()");
    }

    #[test]
    fn rows_belong_to_cells() {
        let read = notebook(&cells(&["a\nb", "", "c"])).unwrap();
        assert_eq!(read.text, "a\nb\n\nc\n");
        let place = |row| Notebook::place(&read.cells, row);
        assert_eq!([place(1), place(2), place(3), place(4)], [Some((2, 1)), Some((2, 2)), Some((3, 1)), Some((4, 1))]);
    }

    #[test]
    fn what_is_no_notebook_is_said() {
        assert!(notebook("{").unwrap_err().to_string().starts_with("line 1: not a notebook"));
        assert!(notebook("{}").unwrap_err().to_string().contains("old format"));
        let julia =
            r#"{"cells": [{"cell_type": "code", "source": "x"}], "metadata": {"language_info": {"name": "julia"}}}"#;
        assert_eq!(notebook(julia).unwrap().text, "");
    }
}
