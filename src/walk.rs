//! Folders to texts: the only reader of source files. `ignore` finds them, rayon reads them.
//!
//! Files that were asked for are *reported*; the rest of their project is read as context, because
//! what they call may stand there (pre-commit passes only the changed files).

use crate::config::Located;
use crate::source;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, Match, WalkBuilder, WalkState};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files that are taken from folders.
pub const EXTENSIONS: &[&str] = &["py", "pyw", "ipynb"];

/// What to read.
#[derive(Debug, Clone)]
pub enum Given {
    /// A file or a folder.
    Path(PathBuf),
    /// Text from standard input, perhaps with the name of the file that it is to stand for.
    Text(Option<PathBuf>, Vec<u8>),
}

/// What is left out.
#[derive(Debug, Default)]
pub struct Exclude {
    excluded: Vec<Excluded>,
    /// It is left out even where it was named, not only where it is found in folders.
    pub forced: bool,
    /// What `.gitignore` and its like name is left out too.
    pub gitignore: bool,
}

impl Exclude {
    /// `.gitignore` patterns, each with the folder that it is relative to. An error is one that is no pattern.
    pub fn new(patterns: &[Located], forced: bool, gitignore: bool) -> Result<Exclude, String> {
        let current = current_folder();
        Ok(Exclude { excluded: Excluded::new(patterns, &current)?, forced, gitignore })
    }

    /// Whether the file or folder at a real path, itself, is left out. Of patterns that disagree the last counts.
    fn holds(&self, place: &Path, is_dir: bool) -> bool {
        let decided = self.excluded.iter().rev().map(|it| it.matched(place, is_dir)).find(|it| !it.is_none());
        decided.is_some_and(|it| it.is_ignore())
    }
}

/// What is left out of what lies directly in a folder: its settings may say so.
pub type ExcludeIn<'a> = dyn Fn(&Path) -> Arc<Exclude> + Sync + 'a;

/// Patterns of one folder.
#[derive(Debug)]
struct Excluded {
    folder: PathBuf,
    patterns: Gitignore,
}

impl Excluded {
    /// One for each run of patterns with the same folder; those of no folder are relative to `current`.
    fn new(patterns: &[Located], current: &Path) -> Result<Vec<Excluded>, String> {
        let groups = patterns.chunk_by(|a, b| a.folder == b.folder);
        let group = |group: &[Located]| {
            let folder = group.first().map_or("", |it| &it.folder);
            let folder = if folder.is_empty() { current.to_path_buf() } else { PathBuf::from(folder) };
            let mut builder = GitignoreBuilder::new(&folder);
            for pattern in group {
                let text = &pattern.text;
                let added = builder.add_line(None, text);
                added.map_err(|error| format!("cannot exclude `{text}`: {error}; write it as in a .gitignore"))?;
            }
            let patterns = builder.build().map_err(|error| format!("cannot exclude: {error}"))?;
            Ok(Excluded { folder, patterns })
        };
        groups.map(group).collect()
    }

    fn matched(&self, place: &Path, is_dir: bool) -> Match<()> {
        // What lies elsewhere is matched by its name alone.
        let inside = place.strip_prefix(&self.folder).ok();
        let inside = inside.or_else(|| place.file_name().map(Path::new)).filter(|path| !path.as_os_str().is_empty());
        inside.map_or(Match::None, |path| self.patterns.matched(path, is_dir).map(drop))
    }
}

/// What was read.
#[derive(Debug, Default)]
pub struct Tree {
    /// In path order.
    pub files: Vec<File>,
    /// Files and folders that could not be read, in path order.
    pub troubles: Vec<Trouble>,
    /// The folder that [`File::path`] is relative to.
    pub base: PathBuf,
    /// Folders below which the module names begin, relative to `base`, sorted.
    pub roots: Vec<String>,
}

/// One source file.
#[derive(Debug)]
pub struct File {
    /// Relative to the tree's base, with `/`: the same whatever the current folder.
    pub path: String,
    /// As given on the command line.
    pub shown: String,
    /// Where it really is.
    pub place: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// Asked for, not only context.
    pub reported: bool,
    /// The file to write to; nothing for standard input.
    pub on_disk: Option<PathBuf>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// As given on the command line.
    pub shown: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Reads what was given and the projects around it. `tick` is called for each file read.
///
/// An error is a path that does not exist, with the remedy.
pub fn read(given: &[Given], exclude: &ExcludeIn<'_>, tick: &(dyn Fn() + Sync)) -> Result<Tree, String> {
    read_unless(given, exclude, &|_| None, tick)
}

/// The same, but asks first whether the text at a real path is at hand.
pub fn read_unless(
    given: &[Given],
    exclude: &ExcludeIn<'_>,
    known: &(dyn Fn(&Path) -> Option<Arc<str>> + Sync),
    tick: &(dyn Fn() + Sync),
) -> Result<Tree, String> {
    Ok(list(given, exclude)?.read(known, tick))
}

/// What [`read`] would read.
pub fn list(given: &[Given], exclude: &ExcludeIn<'_>) -> Result<Listing, String> {
    let mut finder = Finder::new(exclude);
    for item in given {
        finder.find(item)?;
    }
    for context in std::mem::take(&mut finder.contexts) {
        finder.find_context(&context);
    }
    Ok(finder.into_listing())
}

/// Files that are to be read.
#[derive(Debug, Default)]
pub struct Listing {
    /// In path order.
    pub files: Vec<Listed>,
    /// What could not be looked at.
    pub troubles: Vec<Trouble>,
    /// See [`Tree::base`].
    pub base: PathBuf,
    /// See [`Tree::roots`].
    pub roots: Vec<String>,
}

/// A file that is to be read.
#[derive(Debug)]
pub struct Listed {
    /// See [`File::path`].
    pub path: String,
    /// See [`File::shown`].
    pub shown: String,
    /// See [`File::place`].
    pub place: PathBuf,
    /// See [`File::reported`].
    pub reported: bool,
    /// Its bytes, if it is no file on a disk.
    pub text: Option<Vec<u8>>,
}

impl Listing {
    /// Reads the files but for those whose text `known` has at hand, by the real path. `tick` is called for each.
    pub fn read(self, known: &(dyn Fn(&Path) -> Option<Arc<str>> + Sync), tick: &(dyn Fn() + Sync)) -> Tree {
        let load = |listed: Listed| {
            let file = load(listed, known);
            tick();
            file
        };
        let read: Vec<Result<File, Option<Trouble>>> = self.files.into_par_iter().map(load).collect();
        let mut tree = Tree { base: self.base, troubles: self.troubles, roots: self.roots, ..Tree::default() };
        for result in read {
            match result {
                Ok(file) => tree.files.push(file),
                Err(trouble) => tree.troubles.extend(trouble),
            }
        }
        // Two names that differ only in bytes that are not UTF-8 read the same: one file is enough.
        tree.files.dedup_by(|a, b| a.path == b.path);
        tree.troubles.sort();
        tree.troubles.dedup();
        tree
    }
}

/// The folder of the project that a file belongs to, whether the file exists or not: what is read with it.
pub fn home(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    project_root(folder).or_else(|| outermost_package(folder)).unwrap_or_else(|| folder.to_path_buf())
}

/// True if the folder holds a project or is a package: all of it is read.
pub fn is_project(folder: &Path) -> bool {
    project_root(folder).as_deref() == Some(folder) || folder.join("__init__.py").is_file()
}

/// The folder that the engine's paths of a project are relative to.
pub fn base_of(folder: &Path) -> PathBuf {
    let beside = outermost_package(folder).and_then(|package| package.parent().map(Path::to_path_buf));
    beside.unwrap_or_else(|| folder.to_path_buf())
}

/// The text of a Python file; an error says why there is none.
pub fn read_file(place: &Path) -> Result<Arc<str>, String> {
    text_of(place, bytes_of(place).map_err(|error| reason(&error))?)
}

/// The bytes of a file, and of one that is too large as many as show that it is.
///
/// What is no regular file is not opened: a pipe would never end, and nor would some devices.
pub fn bytes_of(place: &Path) -> io::Result<Vec<u8>> {
    bytes_up_to(place, source::MOST_BYTES)
}

/// The same with another limit.
pub fn bytes_up_to(place: &Path, most: usize) -> io::Result<Vec<u8>> {
    let no_file = || io::Error::other("not a regular file");
    if !fs::metadata(place)?.is_file() {
        return Err(no_file());
    }
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // It may have become a pipe meanwhile: then opening it must not wait for a writer.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(place)?;
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text in a file's bytes; of a notebook, which must be one, its JSON.
fn text_of(place: &Path, bytes: Vec<u8>) -> Result<Arc<str>, String> {
    let text = source::decode(bytes).map_err(|error| error.to_string())?;
    if source::is_notebook(&place.to_string_lossy()) {
        source::notebook(&text).map_err(|error| error.to_string())?;
    }
    Ok(Arc::from(text))
}

/// Which files around the given ones are read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Context {
    folder: PathBuf,
    extent: Extent,
    absolute: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    /// All of a project.
    Everything,
    /// What a script can import: its neighbours, and packages among them.
    Packages,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Relative,
    Absolute,
}

/// Python files, their paths from where it began and where they really are, and what could not be read.
type Walked = (Vec<(PathBuf, PathBuf)>, Vec<Trouble>);

/// A file to be read.
struct Candidate {
    shown: String,
    reported: bool,
    text: Option<Vec<u8>>,
}

struct Finder<'a> {
    exclude: &'a ExcludeIn<'a>,
    current: PathBuf,
    /// By real paths; comparing these part by part would take longer than looking for the files.
    candidates: BTreeMap<OsString, Candidate>,
    contexts: Vec<Context>,
    roots: Vec<PathBuf>,
    troubles: Vec<Trouble>,
}

impl<'a> Finder<'a> {
    fn new(exclude: &'a ExcludeIn<'a>) -> Finder<'a> {
        Finder {
            exclude,
            current: current_folder(),
            candidates: BTreeMap::new(),
            contexts: Vec::new(),
            roots: Vec::new(),
            troubles: Vec::new(),
        }
    }

    fn trouble(&mut self, shown: &Path, reason: String) {
        self.troubles.push(Trouble { shown: show(shown), reason });
    }

    fn find(&mut self, given: &Given) -> Result<(), String> {
        match given {
            Given::Text(None, bytes) => {
                let candidate = Candidate { shown: "-".to_string(), reported: true, text: Some(bytes.clone()) };
                self.roots.push(self.current.clone());
                self.candidates.insert(self.current.join("stdin.py").into_os_string(), candidate);
            }
            Given::Text(Some(path), bytes) => {
                let place = real(path);
                let candidate = Candidate { shown: show(path), reported: true, text: Some(bytes.clone()) };
                self.add_file(path, place, candidate);
            }
            Given::Path(path) => self.find_path(path)?,
        }
        Ok(())
    }

    fn find_path(&mut self, path: &Path) -> Result<(), String> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(path)),
            Err(error) => {
                self.trouble(path, reason(&error));
                return Ok(());
            }
        };
        let place = real(path);
        if metadata.is_dir() {
            self.find_folder(path, &place);
        } else if metadata.is_file() {
            let candidate = Candidate { shown: show(path), reported: true, text: None };
            self.add_file(path, place, candidate);
        } else {
            let remedy = "; give `-` to read standard input";
            self.trouble(path, format!("{}, not a regular file{remedy}", kind(&metadata)));
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, place: PathBuf, candidate: Candidate) {
        let folder = place.parent().unwrap_or(&place).to_path_buf();
        if (self.exclude)(&folder).forced && self.is_excluded(&place) {
            return;
        }
        let absolute = if path.is_absolute() { Shown::Absolute } else { Shown::Relative };
        let context = match project_root(&folder) {
            Some(root) => Context { folder: root, extent: Extent::Everything, absolute },
            None => match outermost_package(&folder) {
                Some(package) => Context { folder: package, extent: Extent::Everything, absolute },
                None => Context { folder, extent: Extent::Packages, absolute },
            },
        };
        self.add_context(context);
        self.candidates.insert(place.into_os_string(), candidate);
    }

    fn find_folder(&mut self, path: &Path, place: &Path) {
        let absolute = if path.is_absolute() { Shown::Absolute } else { Shown::Relative };
        match project_root(place).or_else(|| outermost_package(place)) {
            Some(folder) if folder != place => {
                self.add_context(Context { folder, extent: Extent::Everything, absolute });
            }
            Some(_) | None => self.add_root(place),
        }
        let (found, troubles) = self.walk(path, place, Extent::Everything);
        for (relative, place) in found {
            let shown = show(&path.join(relative));
            let candidate = self.candidates.entry(place.into_os_string());
            candidate.or_insert(Candidate { shown, reported: true, text: None });
        }
        self.troubles.extend(troubles);
    }

    fn add_context(&mut self, context: Context) {
        self.add_root(&context.folder);
        if !self.contexts.contains(&context) {
            self.contexts.push(context);
        }
    }

    /// Notes where module names begin: at a project's root, beside a package.
    fn add_root(&mut self, folder: &Path) {
        self.roots.push(base_of(folder));
    }

    fn find_context(&mut self, context: &Context) {
        // Troubles of files that nobody asked for are nobody's concern.
        let (found, _) = self.walk(&context.folder, &context.folder, context.extent);
        for (_, place) in found {
            let shown = match context.absolute {
                Shown::Absolute => show(&place),
                Shown::Relative => show(&relative_to(&self.current, &place)),
            };
            let candidate = self.candidates.entry(place.into_os_string());
            candidate.or_insert(Candidate { shown, reported: false, text: None });
        }
    }

    /// Whether a named file is left out, itself or by a folder above it.
    fn is_excluded(&self, place: &Path) -> bool {
        let by = |exclude: &Exclude, above: usize, part: &Path| {
            let reaches = above == 0 || exclude.excluded.iter().any(|it| part.starts_with(&it.folder));
            reaches && exclude.holds(part, above > 0)
        };
        let mut parts = place.ancestors().enumerate();
        parts.any(|(above, part)| part.parent().is_some_and(|folder| by(&(self.exclude)(folder), above, part)))
    }

    /// The Python files below a folder: their paths from there, and where they really are.
    fn walk(&self, path: &Path, place: &Path, extent: Extent) -> Walked {
        let gitignore = (self.exclude)(place).gitignore;
        let odd = place.ancestors().find_map(odd_ignore_file).filter(|_| gitignore);
        let odd = match odd {
            Some(odd) => odd,
            None => match self.walk_with(path, place, extent, gitignore) {
                Ok(found) => return found,
                Err(odd) => odd,
            },
        };
        let (found, mut troubles) = self.walk_with(path, place, extent, false).unwrap_or_default();
        let reason = "not a file that can be read, so that no `.gitignore` is followed; remove it".to_string();
        troubles.push(Trouble { shown: show(&relative_to(&self.current, &odd)), reason });
        (found, troubles)
    }

    /// The same; an error is a file like `.gitignore` that must not be opened.
    fn walk_with(&self, path: &Path, place: &Path, extent: Extent, gitignore: bool) -> Result<Walked, PathBuf> {
        let odd: Arc<Mutex<Option<PathBuf>>> = Arc::default();
        let noted = Arc::clone(&odd);
        // The walker's own filter must outlive it, and what is left out where is only borrowed.
        let keep = |entry: &DirEntry, place: &Path, last: &mut Option<(PathBuf, Arc<Exclude>)>| {
            if entry.depth() == 0 {
                return true;
            }
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            let wanted = extent == Extent::Everything || !is_dir || entry.path().join("__init__.py").exists();
            let Some(folder) = place.parent().filter(|_| wanted) else { return wanted };
            // Most entries stand beside the one before.
            let exclude = match last {
                Some((known, exclude)) if known.as_os_str() == folder.as_os_str() => exclude,
                _ => &mut last.insert((folder.to_path_buf(), (self.exclude)(folder))).1,
            };
            !exclude.holds(place, is_dir)
        };
        let found = Mutex::new(Vec::new());
        let troubles = Mutex::new(Vec::new());
        let mut builder = WalkBuilder::new(path);
        builder.hidden(false).require_git(false).threads(rayon::current_num_threads());
        let filter = move |entry: &DirEntry| {
            // Before `ignore` opens what lies in a folder.
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            if !gitignore || !is_dir {
                return true;
            }
            let Some(file) = odd_ignore_file(entry.path()) else { return true };
            // Of several the same one is named each time, as far as they are seen.
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            *noted = noted.take().map_or(Some(file.clone()), |other| Some(other.min(file)));
            false
        };
        builder.filter_entry(filter);
        builder.ignore(gitignore).git_ignore(gitignore).git_global(gitignore).git_exclude(gitignore);
        builder.build_parallel().run(|| {
            let (found, troubles, keep) = (&found, &troubles, &keep);
            let mut last = None;
            Box::new(move |entry| {
                match entry {
                    // Of most files nobody wants to know.
                    Ok(entry) if !is_dir_or_python(&entry) => {}
                    Ok(entry) => {
                        let relative = entry.path().strip_prefix(path).unwrap_or(entry.path());
                        let place = place.join(relative);
                        if !keep(&entry, &place, &mut last) {
                            return WalkState::Skip;
                        }
                        if let Some(real) = python_file(&entry, &place) {
                            push(found, (relative.to_path_buf(), real));
                        }
                    }
                    Err(error) => {
                        if let Some(trouble) = walk_trouble(&error) {
                            push(troubles, trouble);
                        }
                    }
                }
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|a: &(PathBuf, PathBuf), b| a.0.as_os_str().cmp(b.0.as_os_str()));
        match odd.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(file) => Err(file),
            None => Ok((found, troubles.into_inner().unwrap_or_else(PoisonError::into_inner))),
        }
    }

    fn into_listing(self) -> Listing {
        let base = common_ancestor(&self.roots).unwrap_or_default();
        let listed = |(place, candidate): (OsString, Candidate)| {
            let place = PathBuf::from(place);
            let Candidate { shown, reported, text } = candidate;
            Listed { path: engine_path(&base, &place), shown, place, reported, text }
        };
        let mut files: Vec<Listed> = self.candidates.into_iter().map(listed).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut roots: Vec<String> = self.roots.iter().map(|root| engine_path(&base, root)).collect();
        roots.sort();
        roots.dedup();
        Listing { files, troubles: self.troubles, base, roots }
    }
}

/// Where a path really is; for one that does not exist, where it would be.
pub fn real(path: &Path) -> PathBuf {
    let whole = current_folder().join(path);
    let real = |above: &Path| Some(fs::canonicalize(above).ok()?.join(whole.strip_prefix(above).ok()?));
    // Joined with nothing, a path would end in a `/`.
    fs::canonicalize(&whole).ok().or_else(|| whole.ancestors().skip(1).find_map(real)).unwrap_or(whole)
}

fn current_folder() -> PathBuf {
    std::env::current_dir().and_then(fs::canonicalize).unwrap_or_default()
}

/// A file of ignored names in a folder that is no file of a usual size: `ignore` would read from a pipe, or from a
/// link to `/dev/zero`, for ever.
fn odd_ignore_file(folder: &Path) -> Option<PathBuf> {
    let is_odd = |file: &PathBuf| match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => metadata.len() > source::MOST_BYTES as u64,
        Ok(metadata) => !metadata.is_dir(),
        Err(_) => false,
    };
    [".gitignore", ".ignore", ".git/info/exclude"].into_iter().map(|name| folder.join(name)).find(is_odd)
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(item);
}

/// Reads one file. An error without a trouble is one that nobody needs to hear of.
fn load(listed: Listed, known: &(dyn Fn(&Path) -> Option<Arc<str>> + Sync)) -> Result<File, Option<Trouble>> {
    let Listed { path, shown, place, reported, text } = listed;
    let on_disk = text.is_none().then(|| place.clone());
    let text = match text {
        Some(bytes) => text_of(&place, bytes),
        None => known(&place).map_or_else(|| read_file(&place), Ok),
    };
    match text {
        Ok(text) => Ok(File { path, shown, place, on_disk, text, reported }),
        Err(reason) => Err(reported.then_some(Trouble { shown, reason })),
    }
}

fn is_dir_or_python(entry: &DirEntry) -> bool {
    let is_python = entry.path().extension().is_some_and(|extension| EXTENSIONS.iter().any(|it| extension == *it));
    is_python || entry.depth() == 0 || entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Where the file really is, if the entry is a regular Python file or a link to one.
fn python_file(entry: &DirEntry, place: &Path) -> Option<PathBuf> {
    let extension = entry.path().extension()?;
    if !EXTENSIONS.iter().any(|it| extension == *it) {
        return None;
    }
    let kind = entry.file_type()?;
    if kind.is_file() {
        Some(place.to_path_buf())
    } else if kind.is_symlink() {
        // A link in a circle or to nothing is no file.
        let real = fs::canonicalize(place).ok()?;
        fs::metadata(&real).ok()?.is_file().then_some(real)
    } else {
        None
    }
}

fn walk_trouble(error: &ignore::Error) -> Option<Trouble> {
    match error {
        ignore::Error::WithPath { path, err } => {
            let reason = match err.io_error() {
                Some(error) => reason(error),
                None => err.to_string(),
            };
            Some(Trouble { shown: show(path), reason })
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => walk_trouble(err),
        // Patterns of a `.gitignore` that cannot be read, and loops of links, concern no file.
        ignore::Error::Partial(_)
        | ignore::Error::Loop { .. }
        | ignore::Error::Io(_)
        | ignore::Error::Glob { .. }
        | ignore::Error::UnrecognizedFileType(_)
        | ignore::Error::InvalidDefinition => None,
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it vanished before it could be read".to_string(),
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    }
}

fn kind(metadata: &fs::Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a named pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    let _ = metadata;
    "something special"
}

fn missing(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    let word = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match crate::config::nearest(&word, names.iter().map(String::as_str)) {
        Some(near) => {
            format!("{}: no such file or folder; did you mean `{}`?", show(path), show(&folder.join(near)))
        }
        None => {
            format!("{}: no such file or folder; give the path of a Python file or of a folder", show(path))
        }
    }
}

/// The nearest folder at or above this one that holds a project. The home folder and the file
/// system's root are none, whatever they hold: too much lies below them.
fn project_root(folder: &Path) -> Option<PathBuf> {
    let home = std::env::home_dir().and_then(|home| fs::canonicalize(home).ok());
    let nearest = |markers: &[&str]| {
        let mut above =
            folder.ancestors().take_while(|folder| folder.parent().is_some() && Some(*folder) != home.as_deref());
        above.find(|folder| markers.iter().any(|marker| folder.join(marker).exists())).map(Path::to_path_buf)
    };
    // Settings of our own may be those of a part of a project.
    nearest(&["pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg"])
        .or_else(|| nearest(&["gilcheck.toml", ".gilcheck.toml"]))
}

/// The outermost of the packages that the folder and its parents make without a break.
fn outermost_package(folder: &Path) -> Option<PathBuf> {
    let chain = folder.ancestors().take_while(|folder| folder.join("__init__.py").is_file());
    chain.last().map(Path::to_path_buf)
}

/// The engine's path of a folder or file, if the base holds it.
pub fn path_below(base: &Path, place: &Path) -> Option<String> {
    let place = fs::canonicalize(place).ok()?;
    place.starts_with(base).then(|| engine_path(base, &place))
}

/// The engine's path of a file. `base` and `place` are real paths, and `base` holds `place` unless the two are on different drives.
pub fn engine_path(base: &Path, place: &Path) -> String {
    // What holds nearly always, without looking at the parts.
    if std::path::MAIN_SEPARATOR == '/'
        && let Some((base, place)) = base.to_str().zip(place.to_str())
        && let Some(inside) = place.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'))
    {
        return inside.to_string();
    }
    let relative = place.strip_prefix(base).unwrap_or(place);
    let parts: Vec<_> = relative
        .components()
        .filter(|part| !matches!(part, Component::RootDir | Component::Prefix(_)))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn common_ancestor(folders: &[PathBuf]) -> Option<PathBuf> {
    let (first, rest) = folders.split_first()?;
    let common = first.ancestors().find(|ancestor| rest.iter().all(|folder| folder.starts_with(ancestor)));
    common.map(Path::to_path_buf)
}

/// The way from one real folder to another.
fn relative_to(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// A path for people: without `./` before it.
fn show(path: &Path) -> String {
    let is_odd = |text: &str| {
        text.is_empty()
            || text.starts_with('.')
            || text.ends_with(['/', '.'])
            || text.contains("//")
            || text.contains("/./")
    };
    if std::path::MAIN_SEPARATOR == '/'
        && let Some(text) = path.to_str().filter(|text| !is_odd(text))
    {
        return text.to_string();
    }
    let shown: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    let shown = if shown.as_os_str().is_empty() { path.to_path_buf() } else { shown };
    shown.to_string_lossy().into_owned()
}
