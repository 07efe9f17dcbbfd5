//! The documents that the client has open, notebooks among them: what it sees, whatever is on disk.

use crate::text::{Encoding, LineIndex, Span};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tower_lsp_server::ls_types::Uri;

/// A place in a document, in the client's units.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Position {
    /// From 0.
    pub line: u32,
    /// From 0.
    pub character: u32,
}

/// A stretch of a document.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Range {
    /// In.
    pub start: Position,
    /// Not in.
    pub end: Position,
}

/// One change: of a stretch, or of everything.
#[derive(Debug, Clone, Deserialize)]
pub struct ContentChange {
    /// What is replaced; `None` for all.
    pub range: Option<Range>,
    /// By what.
    pub text: String,
}

/// An open document.
#[derive(Debug)]
pub struct Document {
    /// As the client writes it.
    pub uri: String,
    /// The client's number for this text.
    pub version: i64,
    /// The text when it was last saved or opened is this one.
    pub saved: bool,
    /// The text.
    pub text: Arc<str>,
    lines: OnceLock<LineIndex>,
}

impl Document {
    fn new(uri: String, version: i64, text: Arc<str>, saved: bool) -> Document {
        Document { uri, version, saved, text, lines: OnceLock::new() }
    }

    /// Where its lines start.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    fn changed(&self, version: i64, changes: &[ContentChange], encoding: Encoding) -> Document {
        let mut text = self.text.to_string();
        for change in changes {
            let Some(range) = change.range else {
                text.clone_from(&change.text);
                continue;
            };
            let lines = LineIndex::new(&text);
            let at = |place: Position| lines.offset(&text, place.line, place.character, encoding) as usize;
            let (start, end) = (at(range.start), at(range.end));
            text.replace_range(start.min(end)..end.max(start), &change.text);
        }
        Document::new(self.uri.clone(), version, text.into(), false)
    }
}

/// A notebook: its code cells read as one module.
#[derive(Debug, Clone)]
pub struct Notebook {
    /// As the client writes it.
    pub uri: String,
    /// The cells' documents, in order, text and code; what is no code has no document here.
    pub cells: Vec<String>,
}

/// Everything that is open. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    open: BTreeMap<String, Arc<Document>>,
    notebooks: BTreeMap<String, Arc<Notebook>>,
}

/// What is analysed as one file: a document, or a notebook.
#[derive(Debug, Clone)]
pub struct Source {
    /// The document's or the notebook's name.
    pub uri: String,
    /// Where it is, or would be; `None` for what was never saved.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: Arc<str>,
    /// Its parts: one for a document, the cells of a notebook.
    pub parts: Vec<Part>,
    /// Each part's text is what was last saved.
    pub saved: bool,
}

/// A document within a source.
#[derive(Debug, Clone)]
pub struct Part {
    /// The document.
    pub document: Arc<Document>,
    /// Where it begins in the source.
    pub start: u32,
}

impl Documents {
    /// A document was opened, perhaps again.
    pub fn open(&mut self, uri: String, version: i64, text: String) {
        let document = Document::new(uri.clone(), version, text.into(), true);
        self.open.insert(uri, Arc::new(document));
    }

    /// A document was edited; false if it is not open.
    pub fn change(&mut self, uri: &str, version: i64, changes: &[ContentChange], encoding: Encoding) -> bool {
        let Some(document) = self.open.get_mut(uri) else { return false };
        *document = Arc::new(document.changed(version, changes, encoding));
        true
    }

    /// A document was saved.
    pub fn save(&mut self, uri: &str) {
        if let Some(document) = self.open.get_mut(uri) {
            let saved = Document::new(document.uri.clone(), document.version, Arc::clone(&document.text), true);
            *document = Arc::new(saved);
        }
    }

    /// A document was closed.
    pub fn close(&mut self, uri: &str) {
        self.open.remove(uri);
    }

    /// A notebook was opened.
    pub fn open_notebook(&mut self, notebook: Notebook) {
        self.notebooks.insert(notebook.uri.clone(), Arc::new(notebook));
    }

    /// Cells of a notebook were replaced.
    pub fn splice_cells(&mut self, uri: &str, start: usize, gone: usize, new: Vec<String>) {
        if let Some(notebook) = self.notebooks.get_mut(uri) {
            let mut next = (**notebook).clone();
            let start = start.min(next.cells.len());
            let end = start.saturating_add(gone).min(next.cells.len());
            next.cells.splice(start..end, new);
            *notebook = Arc::new(next);
        }
    }

    /// A notebook was closed, with these cells and all others of it.
    pub fn close_notebook(&mut self, uri: &str) {
        if let Some(notebook) = self.notebooks.remove(uri) {
            for cell in &notebook.cells {
                self.open.remove(cell);
            }
        }
    }

    /// An open document.
    pub fn document(&self, uri: &str) -> Option<&Arc<Document>> {
        self.open.get(uri)
    }

    fn notebook_of(&self, cell: &str) -> Option<&Arc<Notebook>> {
        self.notebooks.values().find(|notebook| notebook.cells.iter().any(|other| other == cell))
    }

    /// What a document is analysed as: by itself, or the notebook that it is a cell of.
    pub fn source(&self, uri: &str) -> Option<Source> {
        if let Some(notebook) = self.notebooks.get(uri).or_else(|| self.notebook_of(uri)) {
            return Some(self.notebook_source(notebook));
        }
        let document = self.open.get(uri)?;
        Some(Source {
            uri: uri.to_string(),
            path: path_of(uri),
            text: Arc::clone(&document.text),
            saved: document.saved,
            parts: vec![Part { document: Arc::clone(document), start: 0 }],
        })
    }

    /// Everything that is open, each notebook once.
    pub fn sources(&self) -> Vec<Source> {
        let notebooks = self.notebooks.values().map(|notebook| self.notebook_source(notebook));
        let single = self.open.keys().filter(|uri| self.notebook_of(uri).is_none());
        notebooks.chain(single.filter_map(|uri| self.source(uri))).collect()
    }

    fn notebook_source(&self, notebook: &Notebook) -> Source {
        let mut text = String::new();
        let mut parts = Vec::new();
        let cells = notebook.cells.iter().filter_map(|cell| self.open.get(cell));
        for document in cells {
            parts.push(Part { document: Arc::clone(document), start: Span::new(text.len(), 0).start });
            push_without_magic(&mut text, &document.text);
            text.push('\n');
        }
        // As a file of another kind would hide a module of the same name.
        let path = path_of(&notebook.uri).map(|path| {
            let mut name = path.into_os_string();
            name.push(".py");
            PathBuf::from(name)
        });
        let saved = parts.iter().all(|part| part.document.saved);
        Source { uri: notebook.uri.clone(), path, text: text.into(), parts, saved }
    }
}

impl Source {
    /// The part that holds a byte.
    pub fn part_at(&self, offset: u32) -> Option<&Part> {
        self.parts.iter().rev().find(|part| part.start <= offset)
    }

    /// The part that is this document.
    pub fn part(&self, uri: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.document.uri == uri)
    }
}

impl Part {
    /// The source's byte at a place of the document.
    pub fn offset(&self, place: Position, encoding: Encoding) -> u32 {
        let document = &self.document;
        self.start + document.lines().offset(&document.text, place.line, place.character, encoding)
    }

    /// A stretch of the source as the client counts, cut to the document.
    pub fn range(&self, span: Span, encoding: Encoding) -> serde_json::Value {
        let document = &self.document;
        let within = |offset: u32| offset.saturating_sub(self.start).min(Span::new(document.text.len(), 0).start);
        range(&document.text, document.lines(), Span { start: within(span.start), end: within(span.end) }, encoding)
    }
}

/// A stretch of a text as the client counts.
pub fn range(text: &str, lines: &LineIndex, span: Span, encoding: Encoding) -> serde_json::Value {
    let place = |offset: u32| {
        let (line, character) = lines.place(text, offset, encoding);
        serde_json::json!({ "line": line, "character": character })
    };
    serde_json::json!({ "start": place(span.start), "end": place(span.end) })
}

/// Where a `file:` document is, whether it exists or not.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    let parsed: Result<Uri, _> = uri.parse();
    match parsed {
        Ok(uri) if uri.scheme().as_str().eq_ignore_ascii_case("file") => {
            uri.to_file_path().map(|path| path.into_owned()).filter(|path| path.is_absolute())
        }
        Ok(_) => None,
        // Some clients leave blanks and the like as they are.
        Err(_) => uri.strip_prefix("file://").map(PathBuf::from).filter(|path| path.is_absolute()),
    }
}

/// The name of a file for clients.
pub fn uri_of(path: &Path) -> String {
    Uri::from_file_path(path).map_or_else(|| format!("file://{}", path.display()), |uri| uri.as_str().to_string())
}

/// Adds a cell, with IPython's own lines blanked: `%time f()`, `!ls`, `%%bash`. Bytes stay where they are.
fn push_without_magic(text: &mut String, cell: &str) {
    let first = cell.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim_start();
    let timed = ["%%time", "%%timeit", "%%capture", "%%prun"].iter().any(|magic| first.starts_with(magic));
    let foreign = first.starts_with("%%") && !timed;
    for line in cell.split_inclusive('\n') {
        let start = line.trim_start();
        let magic = start.starts_with(['%', '!', '?']) || line.trim_end().ends_with('?');
        if foreign || (magic && !start.starts_with('#')) {
            let blank = |byte: u8| if byte == b'\n' || byte == b'\r' { char::from(byte) } else { ' ' };
            text.extend(line.bytes().map(blank));
        } else {
            text.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[track_caller]
    fn check(before: &str, (start, end): (Position, Position), text: &str, expected: &str) {
        let mut documents = Documents::default();
        documents.open("file:///a.py".to_string(), 1, before.to_string());
        let change = ContentChange { range: Some(Range { start, end }), text: text.to_string() };
        assert!(documents.change("file:///a.py", 2, &[change], Encoding::Utf16));
        assert_eq!(&*documents.document("file:///a.py").unwrap().text, expected);
    }

    #[test]
    fn edits_go_where_the_client_means() {
        check("a\nb\n", (at(0, 1), at(1, 1)), "-", "a-\n");
        check("x = '𝄞'\n", (at(0, 7), at(0, 7)), "!", "x = '𝄞!'\n");
        check("a\r\nb", (at(0, 9), at(0, 9)), "!", "a!\r\nb");
        check("a", (at(7, 0), at(7, 0)), "\nb", "a\nb");
        check("ab", (at(0, 2), at(0, 0)), "c", "c");
    }

    #[test]
    fn a_notebook_reads_as_one_module() {
        let mut documents = Documents::default();
        let cells = ["%matplotlib inline\nx = 1", "!ls é\ny = x", "%%bash\nfor f in *; do", "z = 1"];
        for (index, cell) in cells.iter().enumerate() {
            documents.open(format!("nb#{index}"), 1, (*cell).to_string());
        }
        let cells = (0..4).map(|index| format!("nb#{index}")).collect();
        documents.open_notebook(Notebook { uri: "file:///n.ipynb".to_string(), cells });
        let source = documents.source("nb#1").unwrap();
        assert_eq!(source.path.as_deref(), Some(Path::new("/n.ipynb.py")));
        let lines: Vec<&str> = source.text.lines().map(str::trim_end).collect();
        assert_eq!(lines, ["", "x = 1", "", "y = x", "", "", "z = 1"]);
        let y = Span::new(source.text.find('y').unwrap(), 0).start;
        let part = source.part_at(y).unwrap();
        assert_eq!(part.document.uri, "nb#1");
        assert_eq!(part.offset(at(1, 0), Encoding::Utf16), y);
    }

    #[test]
    fn paths_are_read_as_clients_write_them() {
        assert_eq!(path_of("file:///a/b%20c.py"), Some(PathBuf::from("/a/b c.py")));
        assert_eq!(path_of("file:///a/b c.py"), Some(PathBuf::from("/a/b c.py")));
        assert_eq!(path_of("untitled:Untitled-1"), None);
        assert_eq!(path_of("nonsense"), None);
        assert_eq!(uri_of(Path::new("/a/b c.py")), "file:///a/b%20c.py");
    }
}
