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

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::facts;
use crate::facts::ir::{BindingValue, Facts, Spans};
use crate::id::FileId;

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

/// All files together.
#[derive(Debug)]
pub struct Project {
    files: Vec<File>,
    folders: Folders,
    parsed: AtomicUsize,
    /// Every dotted name that an import statement of any file mentions, for [`Project::module_name`].
    mentioned: OnceLock<rustc_hash::FxHashSet<Box<str>>>,
}

#[derive(Debug)]
struct File {
    input: SourceInput,
    name: OnceLock<Box<str>>,
    parsed: OnceLock<Parsed>,
}

impl Project {
    /// Puts files together. They are numbered in the order of their paths; of two with one path the first counts.
    pub fn new(inputs: Vec<SourceInput>) -> Project {
        Project::with_roots(inputs, &[])
    }

    /// Like [`Project::new`], with folders that hold top-level modules: `lib`, or `` for where all paths begin.
    pub fn with_roots(mut inputs: Vec<SourceInput>, roots: &[String]) -> Project {
        inputs.sort_by(|a, b| a.path.cmp(&b.path));
        inputs.dedup_by(|later, earlier| later.path == earlier.path);
        let folders = Folders::new(inputs.iter().map(|input| input.path.as_str()), roots);
        let file = |input| File { input, name: OnceLock::new(), parsed: OnceLock::new() };
        Project {
            files: inputs.into_iter().map(file).collect(),
            folders,
            parsed: AtomicUsize::new(0),
            mentioned: OnceLock::new(),
        }
    }

    /// Every file, in path order.
    pub fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len()).map(FileId::new)
    }

    /// Its path as given.
    pub fn path(&self, file: FileId) -> &str {
        self.files.get(file.index()).map_or("", |file| &file.input.path)
    }

    /// Its text.
    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.index()).map_or("", |file| &file.input.text)
    }

    /// Findings in it are wanted.
    pub fn reported(&self, file: FileId) -> bool {
        self.files.get(file.index()).is_some_and(|file| file.input.reported)
    }

    /// Its facts, extracted when first asked for.
    pub fn parsed(&self, file: FileId) -> &Parsed {
        static NOTHING: OnceLock<Parsed> = OnceLock::new();
        let Some(file) = self.files.get(file.index()) else {
            return NOTHING.get_or_init(|| Parsed::new(""));
        };
        file.parsed.get_or_init(|| {
            self.parsed.fetch_add(1, Ordering::Relaxed);
            Parsed::new(&file.input.text)
        })
    }

    /// Its facts, if anybody asked for them before.
    pub fn parsed_already(&self, file: FileId) -> Option<&Parsed> {
        self.files.get(file.index())?.parsed.get()
    }

    /// How many files were parsed.
    pub fn parsed_count(&self) -> usize {
        self.parsed.load(Ordering::Relaxed)
    }

    /// Its dotted name, as other files import it.
    ///
    /// From the outermost folder with an `__init__.py` downwards; `pkg/__init__.py` is `pkg`. A script outside
    /// packages is its stem. Where files import it by a longer name, through folders without `__init__.py`
    /// (`import tools.build`), it is the shortest such name. Below a root of the settings it is the way from there.
    pub fn module_name(&self, file: FileId) -> &str {
        let Some(entry) = self.files.get(file.index()) else { return "" };
        entry.name.get_or_init(|| {
            if let Some(name) = self.folders.name_from_root(file, &entry.input.path) {
                return name;
            }
            let mut candidates = self.folders.module_names(file, &entry.input.path);
            let Some(first) = candidates.next() else { return Box::default() };
            let Some(second) = candidates.next() else { return first };
            let mentioned =
                self.mentioned.get_or_init(|| folders::mentioned(self.files.iter().map(|f| &*f.input.text)));
            if mentioned.contains(&first) {
                return first;
            }
            let longer = std::iter::once(second).chain(candidates).find(|name| mentioned.contains(name));
            longer.unwrap_or(first)
        })
    }
}

impl Parsed {
    fn new(text: &str) -> Parsed {
        let (facts, spans) = facts::extract(text);
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
        Parsed { facts, spans, bound, stars: stars.into_boxed_slice() }
    }
}
