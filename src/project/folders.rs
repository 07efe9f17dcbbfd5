//! Folders and the modules in them: where Python would look for an import.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::id::FileId;

/// The folder table.
#[derive(Debug)]
pub(super) struct Folders {
    folders: Vec<Folder>,
    /// The folder of each file.
    of_file: Vec<FolderId>,
    by_path: FxHashMap<Box<str>, FolderId>,
    /// Folders that the settings say hold top-level modules.
    roots: Vec<FolderId>,
}

/// A folder that holds Python files, itself or below.
#[derive(Debug)]
struct Folder {
    path: Box<str>,
    parent: Option<FolderId>,
    init: Option<FileId>,
    modules: FxHashMap<Box<str>, FileId>,
    folders: FxHashMap<Box<str>, FolderId>,
}

/// The place of a folder in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FolderId(u32);

/// What a name in a folder leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A module that is no package.
    Module(FileId),
    /// A folder with `__init__.py`.
    Package(FolderId, FileId),
    /// A folder without.
    Namespace(FolderId),
}

/// A folder that Python's path may name, seen from one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    pub(super) folder: FolderId,
    /// The folder of the script, or the one above the outermost package: surely on the path, and before the
    /// standard library.
    pub(super) first: bool,
}

impl Folders {
    /// The folders of `paths`, which are in file order; `roots` hold top-level modules.
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p str>, roots: &[String]) -> Folders {
        let mut table =
            Folders { folders: Vec::new(), of_file: Vec::new(), by_path: FxHashMap::default(), roots: Vec::new() };
        for (index, path) in paths.enumerate() {
            let file = FileId::new(index);
            let path = path.strip_prefix("./").unwrap_or(path);
            let (folder, stem) = split(path);
            let folder = table.ensure(folder);
            table.of_file.push(folder);
            let Some(entry) = table.folders.get_mut(folder.0 as usize) else { continue };
            if stem == "__init__" {
                entry.init = Some(file);
            } else if !path.ends_with(".ipynb") {
                // Nobody imports a notebook.
                entry.modules.entry(stem.into()).or_insert(file);
            }
        }
        table.roots = roots.iter().filter_map(|root| table.at(root)).collect();
        table
    }

    /// The folder at `path`, made with those above it where missing.
    fn ensure(&mut self, path: &str) -> FolderId {
        let mut missing: Vec<&str> = Vec::new();
        let mut at = Some(path);
        let mut parent = None;
        while let Some(path) = at {
            if let Some(&known) = self.by_path.get(path) {
                parent = Some(known);
                break;
            }
            missing.push(path);
            at = above(path);
        }
        for path in missing.into_iter().rev() {
            let id = FolderId(u32::try_from(self.folders.len()).unwrap_or(u32::MAX));
            let name = path.rsplit('/').next().unwrap_or(path);
            if let Some(FolderId(parent)) = parent
                && let Some(parent) = self.folders.get_mut(parent as usize)
            {
                parent.folders.insert(name.into(), id);
            }
            self.folders.push(Folder {
                path: path.into(),
                parent,
                init: None,
                modules: FxHashMap::default(),
                folders: FxHashMap::default(),
            });
            self.by_path.insert(path.into(), id);
            parent = Some(id);
        }
        parent.unwrap_or(FolderId(0))
    }

    fn get(&self, folder: FolderId) -> Option<&Folder> {
        self.folders.get(folder.0 as usize)
    }

    /// The path of a folder.
    pub(super) fn path(&self, folder: FolderId) -> &str {
        self.get(folder).map_or("", |folder| &folder.path)
    }

    /// The folder above.
    pub(super) fn parent(&self, folder: FolderId) -> Option<FolderId> {
        self.get(folder)?.parent
    }

    /// The `__init__.py` of a folder.
    pub(super) fn init(&self, folder: FolderId) -> Option<FileId> {
        self.get(folder)?.init
    }

    /// The folder that a file stands in.
    pub(super) fn of_file(&self, file: FileId) -> Option<FolderId> {
        self.of_file.get(file.index()).copied()
    }

    /// The folder at a path.
    pub(super) fn at(&self, path: &str) -> Option<FolderId> {
        self.by_path.get(path).copied()
    }

    /// What `name` in `folder` is: a package before a module before a bare folder, as Python has it.
    pub(super) fn child(&self, folder: FolderId, name: &str) -> Option<Place> {
        let entry = self.get(folder)?;
        let below = entry.folders.get(name).copied();
        if let Some(below) = below
            && let Some(init) = self.init(below)
        {
            return Some(Place::Package(below, init));
        }
        if let Some(&module) = entry.modules.get(name) {
            return Some(Place::Module(module));
        }
        below.map(Place::Namespace)
    }

    /// What the dotted `name` in `folder` leads to.
    pub(super) fn descend(&self, folder: FolderId, name: &str) -> Option<Place> {
        let mut parts = name.split('.');
        let mut place = self.child(folder, parts.next()?)?;
        for part in parts {
            let folder = match place {
                Place::Module(_) => return None,
                Place::Package(folder, _) | Place::Namespace(folder) => folder,
            };
            place = self.child(folder, part)?;
        }
        Some(place)
    }

    /// The first folder above `file` that is no package.
    fn script_folder(&self, file: FileId) -> Option<FolderId> {
        let mut folder = self.of_file(file)?;
        while self.init(folder).is_some() {
            folder = self.parent(folder)?;
        }
        Some(folder)
    }

    /// Where absolute imports of `file` are looked up, in order: the script's folder or the one above the
    /// outermost package; the roots of the settings; then each folder above, with its `src` and `lib`. Folders
    /// beside those on the way up are other projects.
    pub(super) fn roots(&self, file: FileId) -> impl Iterator<Item = Root> + '_ {
        let start = self.script_folder(file);
        let ancestors = std::iter::successors(start, |&folder| self.parent(folder));
        let outside_packages = ancestors.filter(|&folder| self.init(folder).is_none());
        let said = self.roots.iter().map(|&folder| Root { folder, first: false });
        let found = outside_packages.flat_map(move |folder| {
            let itself = Root { folder, first: Some(folder) == start };
            let sources = ["src", "lib"].into_iter().filter_map(move |name| {
                let below = self.get(folder)?.folders.get(name).copied()?;
                (self.init(below).is_none()).then_some(Root { folder: below, first: false })
            });
            std::iter::once(itself).chain(sources)
        });
        let (mut first, rest): (Vec<Root>, Vec<Root>) = found.partition(|root| root.first);
        first.extend(said);
        first.extend(rest);
        first.into_iter()
    }

    /// The packages that `file` stands in, the innermost first.
    pub(super) fn packages_around(&self, file: FileId) -> impl Iterator<Item = FolderId> + Clone + '_ {
        std::iter::successors(self.of_file(file), |&folder| self.parent(folder))
            .take_while(|&folder| self.init(folder).is_some())
    }

    /// The dotted way from the nearest root of the settings above `file`, if there is one.
    pub(super) fn name_from_root(&self, file: FileId, path: &str) -> Option<Box<str>> {
        let (_, stem) = split(path);
        let mut name = if stem == "__init__" { String::new() } else { stem.to_owned() };
        let mut folder = self.of_file(file)?;
        while !self.roots.contains(&folder) {
            prefix(&mut name, self.name(folder));
            folder = self.parent(folder)?;
        }
        (!name.is_empty()).then(|| name.into_boxed_str())
    }

    /// What `file` may be imported as, the shortest name first.
    pub(super) fn module_names<'f>(&'f self, file: FileId, path: &str) -> impl Iterator<Item = Box<str>> + 'f {
        let (_, stem) = split(path);
        let mut name = if stem == "__init__" { String::new() } else { stem.to_owned() };
        let mut folder = self.of_file(file);
        while let Some(at) = folder
            && self.init(at).is_some()
        {
            prefix(&mut name, self.name(at));
            folder = self.parent(at);
        }
        let longer = move |name: &str, at: Option<FolderId>| {
            let at = at?;
            let folder = self.name(at);
            let is_name = !folder.is_empty()
                && !folder.starts_with(|c: char| c.is_ascii_digit())
                && folder.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !matches!(folder, "src" | "lib");
            is_name.then(|| {
                let mut name = name.to_owned();
                prefix(&mut name, folder);
                (name.into_boxed_str(), self.parent(at))
            })
        };
        let first = (name.into_boxed_str(), folder);
        std::iter::successors(Some(first), move |(name, at)| longer(name, *at)).map(|(name, _)| name)
    }

    /// The last part of a folder's path.
    fn name(&self, folder: FolderId) -> &str {
        let path = self.path(folder);
        path.rsplit('/').next().unwrap_or(path)
    }
}

/// `b.c` becomes `a.b.c`.
fn prefix(name: &mut String, first: &str) {
    if !name.is_empty() {
        name.insert(0, '.');
    }
    name.insert_str(0, first);
}

/// `a/b.py` is `a` and `b`.
fn split(path: &str) -> (&str, &str) {
    let (folder, file) = match path.rfind('/') {
        Some(0) => ("/", path.get(1..).unwrap_or("")),
        Some(at) => (path.get(..at).unwrap_or(""), path.get(at + 1..).unwrap_or("")),
        None => ("", path),
    };
    let stem = file.rfind('.').and_then(|dot| file.get(..dot)).unwrap_or(file);
    (folder, stem)
}

/// The folder above `path`: above `a` stands the folder that was given, above that nothing known.
fn above(path: &str) -> Option<&str> {
    match path.rfind('/') {
        Some(0) if path.len() > 1 => Some("/"),
        Some(0) => None,
        Some(at) => path.get(..at),
        None if path.is_empty() => None,
        None => Some(""),
    }
}

/// Every dotted name, and each beginning of one, that import statements in `texts` mention.
pub(super) fn mentioned<'t>(texts: impl Iterator<Item = &'t str>) -> FxHashSet<Box<str>> {
    let mut names = FxHashSet::default();
    let finder = memchr::memmem::Finder::new(b"import ");
    for text in texts {
        for at in finder.find_iter(text.as_bytes()) {
            let before = text.get(..at).unwrap_or("");
            let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or("").trim();
            let after = text.get(at + "import ".len()..).unwrap_or("");
            let after = after.get(..after.find(['\n', '#']).unwrap_or(after.len())).unwrap_or("");
            if line.is_empty() {
                for name in after.split(',').filter_map(|item| item.split_whitespace().next()) {
                    mention(&mut names, name);
                }
            } else if let Some(module) = line.strip_prefix("from ").map(str::trim)
                && !module.starts_with('.')
                && !module.contains(char::is_whitespace)
            {
                mention(&mut names, module);
                for member in after.split([',', '(', ')']).filter_map(|item| item.split_whitespace().next()) {
                    names.insert(format!("{module}.{member}").into_boxed_str());
                }
            }
        }
    }
    names
}

fn mention(names: &mut FxHashSet<Box<str>>, dotted: &str) {
    /// No module lies deeper, and no name is longer, in bytes: each beginning of it is kept.
    const DEEPEST: usize = 100;
    const LONGEST: usize = 1000;
    if dotted.len() > LONGEST || dotted.bytes().filter(|byte| *byte == b'.').count() > DEEPEST {
        return;
    }
    let mut at = Some(dotted);
    while let Some(name) = at {
        if !names.insert(name.into()) {
            return;
        }
        at = name.rfind('.').and_then(|dot| name.get(..dot));
    }
}
