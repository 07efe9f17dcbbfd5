//! All files together: which module a file is, and what a name in it stands for.
//!
//! Modules are found by folders alone, so asking for one parses nothing; a file is parsed when its facts are
//! first asked for, and never again. After [`Project::new`] nothing changes, so threads may share it.

mod folders;
mod names;
mod resolve;
pub mod scan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use crate::facts;
use crate::facts::ir::{BindingValue, Facts, Moves, Spans};
use crate::id::{FileId, FunctionId};
use crate::syntax::{self, Earlier};
use crate::text::{LineIndex, Nesting, Shift, Span};

use folders::Folders;

/// A file as it is given.
#[derive(Debug, Clone)]
pub struct SourceInput {
    /// As it is shown, with `/` between folders.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// Findings in it are wanted; else it is read for what others import from it.
    pub reported: bool,
}

/// What a file says.
#[derive(Debug)]
pub struct Parsed {
    /// Without positions.
    pub facts: Facts,
    /// Positions.
    pub spans: Spans,
    /// Module-level names and their bindings, in order.
    bound: FxHashMap<Box<str>, Box<[u32]>>,
    /// `from … import *` at module level, in order.
    stars: Box<[u32]>,
    /// Of the functions that lie in no other.
    outer: OnceLock<Nesting>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A module of the project; a package is its `__init__.py`.
    Module(FileId),
    /// A folder without `__init__.py`: `root|dotted.name`, where the name is empty if only relative imports lead
    /// to it.
    Namespace(Arc<str>),
    /// Index into the `bindings` of a file's facts; never an import, those are followed to the end.
    Binding(FileId, u32),
    /// A dotted name outside the project: `requests.get`, `os.path`.
    Library(Arc<str>),
    /// Bound, but nothing says to what.
    Unknown,
}

/// What was asked with [`Project::note_look`] and [`Project::users`], with the files of which it is true where all are known.
type Looks = BTreeMap<(String, String), Option<Arc<[FileId]>>>;

/// All files together.
#[derive(Debug)]
pub struct Project {
    layout: Arc<Layout>,
    contents: Vec<Arc<Content>>,
    reported: Vec<bool>,
    /// Files whose text something rests on.
    used: Vec<AtomicBool>,
    /// The first file that has a word, where that was asked.
    mentioned: Mutex<FxHashMap<&'static str, Option<FileId>>>,
    /// See [`Project::note_look`].
    looks: Mutex<Looks>,
}

/// Where the files stand, and what they are called: the same for all states of a project with the same files
/// that mention the same modules.
#[derive(Debug)]
pub struct Layout {
    paths: Vec<Arc<str>>,
    folders: Arc<Folders>,
    names: Vec<OnceLock<Box<str>>>,
    /// Every dotted name that an import statement of any file mentions, for [`Project::module_name`].
    mentioned: OnceLock<rustc_hash::FxHashSet<Box<str>>>,
}

/// One text, and what was made of it: several states of a project may share it.
#[derive(Debug)]
pub struct Content {
    text: Arc<str>,
    lines: OnceLock<LineIndex>,
    parsed: OnceLock<Parsed>,
    /// The spawning packages that its import statements name.
    packages: OnceLock<Option<Box<[u16]>>>,
    /// See [`scan::import_words`].
    import_words: OnceLock<Box<[u32]>>,
    /// See [`scan::plain_exports`].
    plain_exports: OnceLock<Option<Box<[u32]>>>,
    /// See [`scan::imports_star`].
    imports_star: OnceLock<bool>,
    /// See [`Project::made`].
    made: Mutex<Option<(u64, Option<Vec<u16>>)>>,
    /// For files that are being edited.
    history: Option<History>,
}

/// What makes parsing after an edit fast.
#[derive(Debug)]
struct History {
    before: Mutex<Option<Arc<Earlier>>>,
    own: OnceLock<Option<Arc<Earlier>>>,
}

impl Content {
    /// A text of which nothing is known.
    pub fn new(text: Arc<str>) -> Content {
        Content {
            text,
            lines: OnceLock::new(),
            parsed: OnceLock::new(),
            packages: OnceLock::new(),
            import_words: OnceLock::new(),
            plain_exports: OnceLock::new(),
            imports_star: OnceLock::new(),
            made: Mutex::default(),
            history: None,
        }
    }

    /// The next version of a text that is being edited: it is parsed with what is known of this one, and
    /// keeps its syntax tree for the version after.
    pub fn edited(&self, text: Arc<str>) -> Content {
        let before = self.history.as_ref().and_then(History::latest);
        let history = History { before: Mutex::new(before), own: OnceLock::new() };
        Content { history: Some(history), ..Content::new(text) }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where its lines start.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    fn parsed(&self) -> &Parsed {
        self.parsed.get_or_init(|| match &self.history {
            None => Parsed::new(facts::extract(&self.text)),
            Some(history) => {
                let before = history.before.lock().unwrap_or_else(PoisonError::into_inner).take();
                let (tree, own) = syntax::parse_after(&self.text, before.as_deref());
                let _ = history.own.set(own.map(Arc::new));
                Parsed::new(facts::lower(&self.text, &tree))
            }
        })
    }
}

impl History {
    /// The newest tree: of this version, or where that was never parsed, of one before.
    fn latest(&self) -> Option<Arc<Earlier>> {
        match self.own.get() {
            Some(own) => own.clone(),
            None => self.before.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Layout {
    /// The layout of files with these paths, which are sorted and unique. `roots` are folders that hold top-level
    /// modules: `lib`, or `` for where all paths begin.
    pub fn new(paths: Vec<Arc<str>>, roots: &[String]) -> Layout {
        let folders = Arc::new(Folders::new(paths.iter().map(|path| &**path), roots));
        let names = paths.iter().map(|_| OnceLock::new()).collect();
        Layout { paths, folders, names, mentioned: OnceLock::new() }
    }

    /// The same files; what they mention may have changed.
    pub fn with_other_mentions(&self) -> Layout {
        let names = self.paths.iter().map(|_| OnceLock::new()).collect();
        Layout { paths: self.paths.clone(), folders: Arc::clone(&self.folders), names, mentioned: OnceLock::new() }
    }
}

/// True if two texts mention the same modules in their imports.
pub fn mention_the_same(one: &str, other: &str) -> bool {
    folders::mentioned(std::iter::once(one)) == folders::mentioned(std::iter::once(other))
}

impl Project {
    /// Puts files together. They are numbered in the order of their paths; of two with one path the first counts.
    pub fn new(mut inputs: Vec<SourceInput>) -> Project {
        inputs.sort_by(|a, b| a.path.cmp(&b.path));
        inputs.dedup_by(|later, earlier| later.path == earlier.path);
        let layout = Layout::new(inputs.iter().map(|input| Arc::from(input.path.as_str())).collect(), &[]);
        let files = inputs.into_iter().map(|input| (Arc::new(Content::new(input.text)), input.reported));
        Project::with_layout(Arc::new(layout), files)
    }

    /// A state of the files of a layout: their contents in its order, and whether findings in them are wanted.
    pub fn with_layout(layout: Arc<Layout>, files: impl Iterator<Item = (Arc<Content>, bool)>) -> Project {
        let (contents, reported): (Vec<_>, Vec<_>) = files.unzip();
        let used = contents.iter().map(|_| AtomicBool::new(false)).collect();
        Project { layout, contents, reported, used, mentioned: Mutex::default(), looks: Mutex::default() }
    }

    /// Every file, in path order.
    pub fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.contents.len()).map(FileId::new)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The file at a path.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.layout.paths.binary_search_by(|known| (**known).cmp(path)).ok().map(FileId::new)
    }

    /// Its path as given.
    pub fn path(&self, file: FileId) -> &str {
        self.layout.paths.get(file.index()).map_or("", |path| path)
    }

    /// Its text; what is worked out here rests on it from now on.
    pub fn text(&self, file: FileId) -> &str {
        self.touch(file);
        self.glance(file)
    }

    /// Its text, for a question that most files answer with no. Who gets a yes asks for the text or the facts as
    /// well; and so that an edit can be known to matter to nobody, the question must be one that
    /// [`crate::analysis::Looks`] asks again.
    pub fn glance(&self, file: FileId) -> &str {
        self.contents.get(file.index()).map_or("", |content| &content.text)
    }

    /// The packages of `scanner`, always the same one, that a file's import statements name, by their place in its
    /// list; `None` where there is no telling.
    pub fn imported_packages(&self, file: FileId, scanner: &scan::Scanner) -> Option<&[u16]> {
        let content = self.contents.get(file.index())?;
        content.packages.get_or_init(|| scanner.imported(content.text.as_bytes())).as_deref()
    }

    /// False if no import statement of a file has a `*`.
    pub fn imports_star(&self, file: FileId) -> bool {
        let content = self.contents.get(file.index());
        content.is_some_and(|it| *it.imports_star.get_or_init(|| scan::imports_star(it.text.as_bytes())))
    }

    /// Whether the only `__all__` of a file, which is a list, may have a name; `None` where it has another or none.
    fn lists(&self, file: FileId, name: &str) -> Option<bool> {
        let content = self.contents.get(file.index())?;
        let listed = content.plain_exports.get_or_init(|| scan::plain_exports(content.text.as_bytes()));
        Some(listed.as_ref()?.binary_search(&scan::hash(name)).is_ok())
    }

    /// The packages with which a file makes what hands work over, where that was told for the same `key`, a number of
    /// the words that were looked for; else what `tell` says: `None` if nothing of
    /// the kind stands in it.
    pub fn made(&self, file: FileId, key: u64, tell: impl FnOnce() -> Option<Vec<u16>>) -> Option<Vec<u16>> {
        let content = self.contents.get(file.index())?;
        let lock = || content.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().as_ref().filter(|(asked, _)| *asked == key).map(|(_, made)| made.clone());
        let made = known.unwrap_or_else(|| {
            let made = tell();
            *lock() = Some((key, made.clone()));
            made
        });
        if made.is_some() {
            self.touch(file);
        }
        made
    }

    /// True if a line of a file that begins with `import` or `from` has the word.
    pub fn imports_word(&self, file: FileId, word: &str) -> bool {
        let Some(content) = self.contents.get(file.index()) else { return false };
        let words = content.import_words.get_or_init(|| scan::import_words(&content.text));
        (word.is_empty() || words.binary_search(&scan::hash(word)).is_ok()) && scan::imports_word(&content.text, word)
    }

    /// The first file whose text has the word; what rests on the answer rests on that file.
    pub fn first_mention(&self, word: &'static str) -> Option<FileId> {
        let mut known = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        let finder = memchr::memmem::Finder::new(word);
        let has_word = |file: &FileId| finder.find(self.glance(*file).as_bytes()).is_some();
        let first = *known.entry(word).or_insert_with(|| self.files().find(has_word));
        first.inspect(|file| self.touch(*file))
    }

    /// Where its lines start.
    pub fn lines(&self, file: FileId) -> &LineIndex {
        self.touch(file);
        static EMPTY: OnceLock<LineIndex> = OnceLock::new();
        match self.contents.get(file.index()) {
            Some(content) => content.lines(),
            None => EMPTY.get_or_init(|| LineIndex::new("")),
        }
    }

    /// Findings in it are wanted.
    pub fn reported(&self, file: FileId) -> bool {
        self.reported.get(file.index()).copied().unwrap_or(false)
    }

    /// Its facts, extracted when first asked for.
    pub fn parsed(&self, file: FileId) -> &Parsed {
        static NOTHING: OnceLock<Parsed> = OnceLock::new();
        let Some(content) = self.contents.get(file.index()) else {
            return NOTHING.get_or_init(|| Parsed::new(facts::extract("")));
        };
        self.touch(file);
        content.parsed()
    }

    /// Notes that what is worked out here rests on a file's text.
    pub fn touch(&self, file: FileId) {
        if let Some(used) = self.used.get(file.index())
            && !used.load(Ordering::Relaxed)
        {
            used.store(true, Ordering::Relaxed);
        }
    }

    /// True if something that was worked out here rests on the file's text.
    pub fn rests_on(&self, file: FileId) -> bool {
        self.used.get(file.index()).is_none_or(|used| used.load(Ordering::Relaxed))
    }

    /// Notes that of all files it is asked whether they have a word in their text and another in an import
    /// statement.
    pub fn note_look(&self, word: &str, imported: &str) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.entry((word.to_string(), imported.to_string())).or_default();
    }

    /// The file itself, then those of the others that import it and have the word, `most` at most, in their order.
    pub fn users(&self, file: FileId, word: &str, most: usize) -> Vec<FileId> {
        let module = self.module_name(file);
        let stem = module.rsplit('.').next().unwrap_or(module);
        if word.is_empty() || stem.is_empty() {
            return vec![file];
        }
        let all = self.mentioning(word, stem);
        std::iter::once(file).chain(all.iter().copied().filter(|other| *other != file).take(most)).collect()
    }

    /// All files that have a word in their text and another in an import statement. Looked up once: a project of ten
    /// thousand files is asked tens of thousands of times, mostly for the same.
    fn mentioning(&self, word: &str, imported: &str) -> Arc<[FileId]> {
        let key = (word.to_string(), imported.to_string());
        let known = self.looks.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned().flatten();
        if let Some(known) = known {
            return known;
        }
        let finder = memchr::memmem::Finder::new(word);
        let has_word = |file: &FileId| finder.find(self.glance(*file).as_bytes()).is_some();
        let found: Arc<[FileId]> =
            self.files().filter(|file| has_word(file) && self.imports_word(*file, imported)).collect();
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.insert(key, Some(Arc::clone(&found)));
        found
    }

    /// What was noted with [`Project::note_look`].
    pub fn looks(&self) -> BTreeSet<(String, String)> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Its facts, if anybody asked for them before.
    pub fn parsed_already(&self, file: FileId) -> Option<&Parsed> {
        self.contents.get(file.index())?.parsed.get()
    }

    /// How many files were parsed, or taken from an earlier state that had parsed them.
    pub fn parsed_count(&self) -> usize {
        self.contents.iter().filter(|content| content.parsed.get().is_some()).count()
    }

    /// True if what was worked out here holds for `later` too: the files are the same, and so is the text of
    /// each that findings are wanted in or that something rests on.
    pub fn holds_for(&self, later: &Project) -> bool {
        let is_same = |index: usize| match (self.contents.get(index), later.contents.get(index)) {
            (Some(here), Some(there)) => Arc::ptr_eq(here, there) || here.text == there.text,
            _ => false,
        };
        Arc::ptr_eq(&self.layout, &later.layout)
            && self.reported == later.reported
            && self
                .used
                .iter()
                .zip(&self.reported)
                .enumerate()
                .all(|(index, (used, reported))| (!reported && !used.load(Ordering::Relaxed)) || is_same(index))
    }

    /// The one file of which `later` has another text, where all else is the same.
    pub fn only_edit(&self, later: &Project) -> Option<FileId> {
        if !Arc::ptr_eq(&self.layout, &later.layout) || self.reported != later.reported {
            return None;
        }
        let is_other = |(_, (here, there)): &(usize, (&Arc<Content>, &Arc<Content>))| {
            !Arc::ptr_eq(here, there) && here.text != there.text
        };
        let mut others = self.contents.iter().zip(&later.contents).enumerate().filter(is_other);
        let (index, _) = others.next()?;
        others.next().is_none().then_some(FileId::new(index))
    }

    /// How places have moved from here to `later` in a file whose facts are the same in both, and which answers
    /// the same to all questions about its text that were asked here; `None` for any other.
    pub fn same_facts(&self, later: &Project, file: FileId) -> Option<Moves> {
        let (here, there) = (self.contents.get(file.index())?, later.contents.get(file.index())?);
        let shift = Shift::between(&here.text, &there.text);
        let (old, new) = (here.parsed(), there.parsed());
        let same_answers = || {
            let exports = |content: &Content| scan::plain_exports(content.text.as_bytes());
            let has = |content: &Content, word: &str| content.text.contains(word);
            let is_found = |content: &Content, word: &str, imported: &str| {
                has(content, word) && scan::imports_word(&content.text, imported)
            };
            let mentioned = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
            exports(here) == exports(there)
                && scan::imports_star(here.text.as_bytes()) == scan::imports_star(there.text.as_bytes())
                && mentioned.keys().all(|word| has(here, word) == has(there, word))
                && self.looks().iter().all(|(word, from)| is_found(here, word, from) == is_found(there, word, from))
        };
        if old.facts != new.facts || !same_answers() {
            return None;
        }
        new.spans.follow(&old.spans, shift)
    }

    /// Notes that what is worked out here rests on all that something in `earlier`, with the same files, rests on.
    pub fn take_notes(&self, earlier: &Project) {
        for file in earlier.files().filter(|file| earlier.rests_on(*file)) {
            self.touch(file);
        }
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        for look in earlier.looks() {
            looks.entry(look).or_default();
        }
        let earlier = earlier.mentioned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).extend(earlier);
    }

    /// True if `later` is the same state of the same files.
    pub fn is_same_as(&self, later: &Project) -> bool {
        let same = |(here, there): (&Arc<Content>, &Arc<Content>)| Arc::ptr_eq(here, there);
        Arc::ptr_eq(&self.layout, &later.layout) && self.contents.iter().zip(&later.contents).all(same)
    }

    /// Its dotted name, as other files import it.
    ///
    /// From the outermost folder with an `__init__.py` downwards; `pkg/__init__.py` is `pkg`. A script outside
    /// packages is its stem. Where files import it by a longer name, through folders without `__init__.py`
    /// (`import tools.build`), it is the shortest such name. Below a root of the settings it is the way from there.
    pub fn module_name(&self, file: FileId) -> &str {
        let layout = &self.layout;
        let Some(name) = layout.names.get(file.index()) else { return "" };
        name.get_or_init(|| {
            if let Some(name) = layout.folders.name_from_root(file, self.path(file)) {
                return name;
            }
            let mut candidates = layout.folders.module_names(file, self.path(file));
            let Some(first) = candidates.next() else { return Box::default() };
            let Some(second) = candidates.next() else { return first };
            let mentioned =
                layout.mentioned.get_or_init(|| folders::mentioned(self.contents.iter().map(|content| &*content.text)));
            if mentioned.contains(&first) {
                return first;
            }
            let longer = std::iter::once(second).chain(candidates).find(|name| mentioned.contains(name));
            longer.unwrap_or(first)
        })
    }
}

impl Parsed {
    /// The outermost function around a range; a lambda in a default or a decorator lies in none.
    pub fn outermost(&self, range: Span) -> Option<FunctionId> {
        let outer = self.outer.get_or_init(|| {
            let all = self.facts.functions.iter().zip(&self.spans.functions);
            // In its place, so that the index is the function's; what holds nothing is never found.
            let nothing = Span { start: u32::MAX, end: 0 };
            let spans: Vec<Span> = all.map(|(it, span)| if it.parent.is_none() { *span } else { nothing }).collect();
            Nesting::new(&spans)
        });
        outer.outermost(range).map(FunctionId::new)
    }

    fn new((facts, spans): (Facts, Spans)) -> Parsed {
        let mut groups: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        let mut stars = Vec::new();
        for (index, binding) in facts.bindings.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if matches!(binding.value, BindingValue::ImportStar { .. }) {
                stars.push(index);
            } else if let Some(name) = facts.names.get(binding.name.index()) {
                groups.entry(name).or_default().push(index);
            }
        }
        let bound = groups.into_iter().map(|(name, group)| (name.into(), group.into_boxed_slice())).collect();
        Parsed { facts, spans, bound, stars: stars.into_boxed_slice(), outer: OnceLock::new() }
    }
}
