//! Which project a document belongs to, and each project's files as the engine sees them: what is on disk, with
//! the open documents laid over it.
//!
//! A document gets the findings that `gilcheck check FILE` gives, because it gets the same files and the same
//! settings: both come from `walk` and `discover`.

use super::documents::{Documents, Source, path_of};
use super::lock;
use super::log::Level;
use super::reach;
use super::server::Server;
use crate::analysis::{Analysis, AnalysisHost, Change};
use crate::config::{Settings, Target};
use crate::discover::{Overrides, Resolver};
use crate::id::FileId;
use crate::walk::{self, Given, Tree, real};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// So long an answer waits for a project to be read; then it is given by what the document's imports reach.
const PATIENCE: Duration = Duration::from_millis(200);

/// All projects that documents were opened in, by their folders.
#[derive(Debug, Default)]
pub struct Projects {
    all: Mutex<BTreeMap<PathBuf, Arc<Project>>>,
}

/// One project.
#[derive(Debug)]
pub struct Project {
    folder: PathBuf,
    inner: Mutex<Inner>,
    reading: Mutex<Reading>,
    read: Condvar,
    news: Mutex<News>,
    /// One analysis at a time: they would only take the cores from each other.
    pub turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Reading {
    begun: bool,
    tree: Option<(Resolver, Tree)>,
    is_done: bool,
}

/// What happened on disk since the files were last read.
#[derive(Debug, Default)]
struct News {
    files: BTreeSet<PathBuf>,
    /// Files may have come or gone.
    list: bool,
    settings: bool,
}

#[derive(Debug)]
struct Inner {
    host: AnalysisHost,
    resolver: Resolver,
    base: PathBuf,
    /// Real paths to the engine's.
    places: BTreeMap<PathBuf, String>,
    /// Texts of open documents, by the engine's paths.
    laid_over: BTreeMap<String, Arc<str>>,
    /// Open documents that no list of files has, because the settings leave them out.
    left_out: BTreeSet<PathBuf>,
}

/// A source's project at one moment.
#[derive(Debug)]
pub struct View {
    /// With findings wanted in the source alone.
    pub analysis: Analysis,
    /// The source; `None` where the settings leave it out.
    pub file: Option<FileId>,
    /// The folder that the engine's paths are relative to.
    pub base: PathBuf,
    /// The project was not read yet: only what the imports reach.
    pub partial: bool,
    /// Its project; `None` for what was never saved.
    pub project: Option<Arc<Project>>,
}

impl Projects {
    fn at(&self, folder: PathBuf) -> Arc<Project> {
        let mut all = lock(&self.all);
        let new = || Arc::new(Project::new(folder.clone()));
        Arc::clone(all.entry(folder.clone()).or_insert_with(new))
    }

    /// Forgets everything; it is read again when asked for.
    pub fn clear(&self) {
        lock(&self.all).clear();
    }

    /// Something happened to these paths; `list` says whether files may have come or gone.
    pub fn heard(&self, paths: &[(PathBuf, bool)]) {
        for project in lock(&self.all).values() {
            let mut news = lock(&project.news);
            for (path, list) in paths {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                match name.as_str() {
                    "pyproject.toml" | "gilcheck.toml" | ".gilcheck.toml" => {
                        news.settings = true;
                        news.list = true;
                    }
                    ".gitignore" | ".ignore" => news.list = true,
                    _ => {
                        news.list |= list;
                        news.files.insert(path.clone());
                    }
                }
            }
        }
    }

    /// The settings are to be read again, and the files listed again.
    pub fn read_settings_again(&self) {
        for project in lock(&self.all).values() {
            let mut news = lock(&project.news);
            news.settings = true;
            news.list = true;
        }
    }

    /// How many files each project holds, for people.
    pub fn describe(&self) -> Vec<String> {
        let all: Vec<Arc<Project>> = lock(&self.all).values().cloned().collect();
        let line = |project: Arc<Project>| {
            let inner = lock(&project.inner);
            let folder = project.folder.display();
            let target = inner.resolver.settings(&project.folder).map_or(Target::NEWEST, |found| found.settings.target);
            format!("{folder}: {} files, Python {target}", inner.places.len())
        };
        all.into_iter().map(line).collect()
    }

    /// The project around a source, as it is now.
    pub fn view(&self, server: &Arc<Server>, source: &Source, documents: &Documents) -> View {
        let Some(path) = &source.path else { return alone(source) };
        let folder = home(path);
        let project = self.at(folder.clone());
        if !project.wait(server, documents) {
            return project.partial(server, source, path);
        }
        let mut inner = lock(&project.inner);
        project.bring_up_to_date(server, &mut inner, documents);
        let place = real(path);
        let engine_path = inner.places.get(&place).cloned();
        let analysis = match &engine_path {
            Some(path) => inner.host.analysis_of(&[path]),
            None => inner.host.analysis_of(&[]),
        };
        let file = engine_path.and_then(|path| analysis.file_at(&path));
        let base = inner.base.clone();
        drop(inner);
        View { analysis, file, base, partial: false, project: Some(project) }
    }

    /// The project of a folder, with findings wanted in all files below it.
    pub fn view_of_folder(&self, server: &Arc<Server>, folder: &Path, documents: &Documents) -> View {
        let folder = real(folder);
        let project = self.at(home(&folder.join("x.py")));
        while !project.wait(server, documents) {}
        let mut inner = lock(&project.inner);
        project.bring_up_to_date(server, &mut inner, documents);
        let below: Vec<&str> = inner
            .places
            .iter()
            .filter(|(place, _)| place.starts_with(&folder))
            .map(|(_, path)| path.as_str())
            .collect();
        let analysis = inner.host.analysis_of(&below);
        let base = inner.base.clone();
        drop(inner);
        View { analysis, file: None, base, partial: false, project: Some(project) }
    }
}

impl Project {
    fn new(folder: PathBuf) -> Project {
        Project {
            inner: Mutex::new(Inner {
                host: AnalysisHost::new(Settings::default()),
                resolver: Resolver::default(),
                base: folder.clone(),
                places: BTreeMap::new(),
                laid_over: BTreeMap::new(),
                left_out: BTreeSet::new(),
            }),
            folder,
            reading: Mutex::new(Reading::default()),
            read: Condvar::new(),
            news: Mutex::new(News::default()),
            turn: Mutex::new(()),
        }
    }

    /// Begins to read the project, and waits a little; true if it was read.
    fn wait(self: &Arc<Project>, server: &Arc<Server>, documents: &Documents) -> bool {
        let mut reading = lock(&self.reading);
        if !reading.begun {
            reading.begun = true;
            let (project, server) = (Arc::clone(self), Arc::clone(server));
            let given = self.given(documents);
            let read = move || {
                let work = std::panic::AssertUnwindSafe(|| project.read_all(&server, given));
                if std::panic::catch_unwind(work).is_err() {
                    server.log.say(Level::Error, "reading the project failed inside");
                    lock(&project.reading).is_done = true;
                    project.read.notify_all();
                }
            };
            if std::thread::Builder::new().name("reader".to_string()).spawn(read).is_err() {
                return false;
            }
        }
        let is_reading = |reading: &mut Reading| !reading.is_done;
        let waited = self.read.wait_timeout_while(reading, PATIENCE, is_reading);
        let (mut reading, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        if !reading.is_done {
            return false;
        }
        if let Some((resolver, tree)) = reading.tree.take() {
            let mut inner = lock(&self.inner);
            inner.resolver = resolver;
            inner.take(&self.folder, tree);
        }
        true
    }

    /// What the command line would be given.
    fn given(&self, documents: &Documents) -> Vec<Given> {
        let is_project = walk::is_project(&self.folder);
        let open = documents.sources().into_iter().filter_map(|source| source.path);
        let here = open.filter(|path| home(path) == self.folder).map(|path| Given::Text(Some(path), Vec::new()));
        let folder = is_project.then(|| Given::Path(self.folder.clone()));
        folder.into_iter().chain(here).collect()
    }

    fn read_all(&self, server: &Arc<Server>, given: Vec<Given>) {
        let progress = server.progress("gilcheck: reading the project");
        let resolver = Resolver::new(self.overrides(server));
        let tree = walk::read(&given, &|folder| resolver.exclude(folder), &|| {});
        let tree = tree.unwrap_or_else(|error| {
            server.log.say(Level::Error, &format!("{}: {error}", self.folder.display()));
            Tree { base: self.folder.clone(), ..Tree::default() }
        });
        server.log.say(Level::Info, &format!("{}: {} files", self.folder.display(), tree.files.len()));
        self.say_what_is_broken(server, &resolver);
        let mut reading = lock(&self.reading);
        reading.tree = Some((resolver, tree));
        reading.is_done = true;
        drop(reading);
        self.read.notify_all();
        drop(progress);
        server.something_changed(None);
    }

    /// What the user says besides the settings files. An editor opens whatever there is, and does not name it.
    fn overrides(&self, server: &Arc<Server>) -> Overrides {
        let named = server.options().configuration.clone();
        let file = named.map(|file| self.folder.join(file));
        Overrides { file, always_exclude: true, ..Overrides::default() }
    }

    /// Settings files that cannot be read are told so themselves.
    fn say_what_is_broken(&self, server: &Arc<Server>, resolver: &Resolver) {
        // Where nothing was found the settings of the folder were not asked for yet.
        let _ = resolver.settings(&self.folder);
        server.settings_are_broken(&self.folder, &resolver.broken());
    }

    /// What the source's imports reach, read at once.
    fn partial(self: &Arc<Project>, server: &Arc<Server>, source: &Source, path: &Path) -> View {
        let resolver = Resolver::new(self.overrides(server));
        let place = real(path);
        let base = walk::base_of(&self.folder);
        let settings = resolver.settings(&place).map(|found| found.settings_at(&base)).unwrap_or_default();
        self.say_what_is_broken(server, &resolver);
        let mut host = AnalysisHost::new(settings);
        for (place, text) in reach::read(&place, &source.text, &base) {
            let path = walk::engine_path(&base, &place);
            host.apply_change(Change { path, text: Some(text), reported: false });
        }
        let engine_path = walk::engine_path(&base, &place);
        let text = Some(Arc::clone(&source.text));
        host.apply_change(Change { path: engine_path.clone(), text, reported: true });
        let analysis = host.analysis();
        let file = analysis.file_at(&engine_path);
        View { analysis, file, base, partial: true, project: Some(Arc::clone(self)) }
    }

    /// Takes in what happened on disk, and lays the open documents over it.
    fn bring_up_to_date(&self, server: &Arc<Server>, inner: &mut Inner, documents: &Documents) {
        let mut news = std::mem::take(&mut *lock(&self.news));
        let open: Vec<(PathBuf, Source)> = documents
            .sources()
            .into_iter()
            .filter_map(|source| source.path.clone().map(|path| (real(&path), source)))
            .filter(|(place, _)| home(place) == self.folder)
            .collect();
        // What was never saved, or opened in a folder without a project, stands in no list yet.
        let is_new = |place: &PathBuf| !inner.places.contains_key(place) && !inner.left_out.contains(place);
        news.list |= open.iter().any(|(place, _)| is_new(place));
        if news.settings {
            inner.resolver = inner.resolver.again(self.overrides(server));
        }
        if news.list {
            self.list_again(server, inner, &news, documents);
            let left_out = open.iter().map(|(place, _)| place).filter(|place| !inner.places.contains_key(*place));
            inner.left_out = left_out.cloned().collect();
        } else {
            for place in &news.files {
                let Some(path) = inner.places.get(place).cloned() else { continue };
                match walk::read_file(place) {
                    Ok(text) => inner.set(path, text),
                    Err(_) if !place.exists() => inner.remove(place),
                    Err(error) => server.log.say(Level::Warning, &format!("{}: {error}", place.display())),
                }
            }
        }
        let mut laid_over = BTreeMap::new();
        for (place, source) in open {
            let Some(path) = inner.places.get(&place).cloned() else { continue };
            let change = Change { path: path.clone(), text: Some(Arc::clone(&source.text)), reported: true };
            inner.host.apply_edit(change);
            laid_over.insert(path, source.text);
        }
        let was = std::mem::replace(&mut inner.laid_over, laid_over);
        let closed: BTreeSet<&String> = was.keys().filter(|path| !inner.laid_over.contains_key(*path)).collect();
        let closed: Vec<(PathBuf, String)> = inner
            .places
            .iter()
            .filter(|(_, path)| closed.contains(path))
            .map(|(place, path)| (place.clone(), path.clone()))
            .collect();
        for (place, path) in closed {
            match walk::read_file(&place) {
                Ok(text) => inner.set(path, text),
                Err(_) => inner.remove(&place),
            }
        }
    }

    fn list_again(&self, server: &Arc<Server>, inner: &mut Inner, news: &News, documents: &Documents) {
        let known = |place: &Path| {
            let path = inner.places.get(place).filter(|_| !news.files.contains(place))?;
            let is_open = inner.laid_over.contains_key(path);
            if is_open { None } else { inner.host.text(path).cloned() }
        };
        let exclude = |folder: &Path| inner.resolver.exclude(folder);
        let tree = walk::read_unless(&self.given(documents), &exclude, &known, &|| {});
        self.say_what_is_broken(server, &inner.resolver);
        match tree {
            Ok(tree) => inner.take(&self.folder, tree),
            Err(error) => server.log.say(Level::Error, &format!("{}: {error}", self.folder.display())),
        }
    }
}

impl Inner {
    /// The files as they were just read.
    fn take(&mut self, folder: &Path, tree: Tree) {
        let settings = self.resolver.settings(folder).map(|found| found.settings_at(&tree.base)).unwrap_or_default();
        let scopes = self.resolver.scopes(&tree.base, &settings);
        self.host.set_scopes(settings, scopes);
        if self.base != tree.base {
            for path in std::mem::take(&mut self.places).into_values() {
                self.host.apply_change(Change { path, text: None, reported: false });
            }
            self.laid_over.clear();
        }
        self.base = tree.base;
        let places: BTreeMap<PathBuf, String> =
            tree.files.iter().map(|file| (file.place.clone(), file.path.clone())).collect();
        let gone: Vec<String> = self
            .places
            .iter()
            .filter(|(place, _)| !places.contains_key(*place))
            .map(|(_, path)| path.clone())
            .collect();
        for path in gone {
            self.host.apply_change(Change { path, text: None, reported: false });
        }
        self.places = places;
        for file in tree.files {
            // An open document's text is laid over what was read anyway.
            if !self.laid_over.contains_key(&file.path) {
                self.set(file.path, file.text);
            }
        }
    }

    fn set(&mut self, path: String, text: Arc<str>) {
        if !self.laid_over.contains_key(&path) {
            self.host.apply_change(Change { path, text: Some(text), reported: true });
        }
    }

    fn remove(&mut self, place: &Path) {
        let is_open = self.places.get(place).is_some_and(|path| self.laid_over.contains_key(path));
        if !is_open && let Some(path) = self.places.remove(place) {
            self.host.apply_change(Change { path, text: None, reported: false });
        }
    }
}

impl View {
    /// Where a file of the project is.
    pub fn place(&self, file: FileId) -> PathBuf {
        self.base.join(self.analysis.path(file))
    }
}

/// The view of a document that has no place.
fn alone(source: &Source) -> View {
    let mut host = AnalysisHost::new(Settings::default());
    let path = "untitled.py".to_string();
    host.apply_change(Change { path: path.clone(), text: Some(Arc::clone(&source.text)), reported: true });
    let analysis = host.analysis();
    let file = analysis.file_at(&path);
    View { analysis, file, base: PathBuf::new(), partial: false, project: None }
}

/// The folder of the project that a file belongs to.
fn home(path: &Path) -> PathBuf {
    walk::home(&real(path))
}

/// The real path of a `file:` document.
pub fn real_path_of(uri: &str) -> Option<PathBuf> {
    path_of(uri).map(|path| real(&path))
}
