//! Names followed through imports, to what they stand for.

use rustc_hash::FxHashMap;

use crate::facts::ir::{Binding, BindingValue};
use crate::id::{FileId, NameId};

use super::folders::{FolderId, Place};
use super::names::{is_builtin, is_standard_module};
use super::{Entity, Project, scan};

/// More imports behind one another than this lead nowhere: a bound for the stack.
const LONGEST_CHAIN: usize = 200;
/// More names than this are not met for one question: a bound for modules that all import each other's stars.
const MOST_STEPS: usize = 5_000;

/// Which bindings of a name count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum View {
    /// Those that run.
    Running,
    /// Those of `if TYPE_CHECKING:` too: for annotations.
    Typing,
}

/// One question's way through the imports.
struct Trail {
    /// Names met, for star imports lead to the same modules again and again.
    met: FxHashMap<(FileId, Box<str>, View), Met>,
    /// How many imports deep it is.
    depth: usize,
    /// The least depth that it came back to since the name in hand was met.
    back: usize,
    steps: usize,
}

/// What is known of a name on the trail.
#[derive(Debug, Clone)]
enum Met {
    /// It is being followed, from this depth: a cycle, which ends here with nothing.
    Open(usize),
    /// It leads here, whichever way one comes.
    Known(Vec<Entity>),
}

impl Trail {
    fn new() -> Trail {
        Trail { met: FxHashMap::default(), depth: 0, back: usize::MAX, steps: 0 }
    }
}

impl Project {
    /// The module that `module` with `level` dots before it is, in an import statement of `from`.
    ///
    /// Relative imports go by folders; one that leads nowhere is [`Entity::Unknown`]. For absolute ones see the
    /// roots in `folders.rs`; what they do not hold is a library.
    pub fn import(&self, from: FileId, module: &str, level: u32) -> Entity {
        if level == 0 { self.import_absolute(from, module) } else { self.import_relative(from, module, level) }
    }

    fn import_absolute(&self, from: FileId, module: &str) -> Entity {
        let top = module.split('.').next().unwrap_or(module);
        let standard = is_standard_module(top);
        for root in self.layout.folders.roots(from) {
            let Some(place) = self.layout.folders.child(root.folder, top) else { continue };
            // `random.py` that imports `random` means the library, and so does a folder `json` far up.
            let itself = place == Place::Module(from);
            let hidden = standard && (!root.first || matches!(place, Place::Namespace(_)));
            if itself || hidden {
                continue;
            }
            if let Some(found) = self.layout.folders.descend(root.folder, module) {
                return self.entity(found, root.folder, module);
            }
            // A namespace may go on under the next root; a package or module may not.
            if !matches!(place, Place::Namespace(_)) {
                break;
            }
        }
        self.import_of_script(from, module, top, standard).unwrap_or_else(|| Entity::Library(module.into()))
    }

    /// A module of the package that `from` stands in, imported by the name that it has for a script in there: Python puts the
    /// script's folder on its path, `__init__.py` or not. A library's name stays the library's, and so does what the module of
    /// that name imports by it.
    ///
    /// ```text
    /// app/__init__.py
    /// app/main.py         from jobs.sync import update
    /// app/jobs/sync.py
    /// ```
    fn import_of_script(&self, from: FileId, module: &str, top: &str, standard: bool) -> Option<Entity> {
        if standard || crate::knowledge::is_known_package(top) {
            return None;
        }
        let folders = &self.layout.folders;
        let within = folders.packages_around(from);
        within.clone().find_map(|folder| {
            let own = match folders.child(folder, top)? {
                Place::Module(own) if own != from => own,
                Place::Package(package, own) if !within.clone().any(|it| it == package) => own,
                _ => return None,
            };
            let found = folders.descend(folder, module)?;
            self.touch(own);
            (!self.imports_word(own, top)).then(|| self.entity(found, folder, module))
        })
    }

    fn import_relative(&self, from: FileId, module: &str, level: u32) -> Entity {
        let mut folder = self.layout.folders.of_file(from);
        for _ in 1..level {
            folder = folder.and_then(|folder| self.layout.folders.parent(folder));
        }
        let Some(folder) = folder else { return Entity::Unknown };
        if module.is_empty() {
            return match self.layout.folders.init(folder) {
                Some(init) => Entity::Module(init),
                None => Entity::Namespace(format!("{}|", self.layout.folders.path(folder)).into()),
            };
        }
        match self.layout.folders.descend(folder, module) {
            Some(Place::Module(file) | Place::Package(_, file)) => Entity::Module(file),
            Some(Place::Namespace(folder)) => {
                Entity::Namespace(format!("{}|", self.layout.folders.path(folder)).into())
            }
            None => Entity::Unknown,
        }
    }

    fn entity(&self, place: Place, root: FolderId, dotted: &str) -> Entity {
        match place {
            Place::Module(file) | Place::Package(_, file) => Entity::Module(file),
            Place::Namespace(_) => Entity::Namespace(format!("{}|{dotted}", self.layout.folders.path(root)).into()),
        }
    }

    /// What attribute `name` of a module, namespace or library is; nothing where it has none that can be seen.
    ///
    /// Several where it is bound several times, the last first to count.
    pub fn member(&self, of: &Entity, name: &str) -> Vec<Entity> {
        self.member_of(of, name, View::Running, &mut Trail::new())
    }

    /// What `name` is at module level of `file`, imports followed; nothing where it is not bound there.
    pub fn global(&self, file: FileId, name: &str) -> Vec<Entity> {
        self.global_of(file, name, View::Running, &mut Trail::new())
    }

    /// Like [`Project::global`], for annotations: what is bound only under `if TYPE_CHECKING:` counts too.
    pub fn typing_global(&self, file: FileId, name: &str) -> Vec<Entity> {
        self.global_of(file, name, View::Typing, &mut Trail::new())
    }

    fn member_of(&self, of: &Entity, name: &str, view: View, trail: &mut Trail) -> Vec<Entity> {
        match of {
            Entity::Module(file) => {
                let mut found = self.global_of(*file, name, view, trail);
                found.retain(|entity| *entity != Entity::Unknown);
                // What a module hands out by `__getattr__` it names under `if TYPE_CHECKING:`.
                if found.is_empty() && view == View::Running {
                    found = self.global_of(*file, name, View::Typing, trail);
                    found.retain(|entity| *entity != Entity::Unknown);
                }
                if found.is_empty()
                    && let Some(folder) = self.layout.folders.of_file(*file)
                    && self.layout.folders.init(folder) == Some(*file)
                    && let Some(place) = self.layout.folders.child(folder, name)
                {
                    found.push(match place {
                        Place::Module(file) | Place::Package(_, file) => Entity::Module(file),
                        Place::Namespace(below) => {
                            Entity::Namespace(format!("{}|", self.layout.folders.path(below)).into())
                        }
                    });
                }
                found
            }
            Entity::Namespace(namespace) => {
                let (root, dotted) = namespace.split_once('|').unwrap_or((namespace, ""));
                let longer = if dotted.is_empty() { name.to_owned() } else { format!("{dotted}.{name}") };
                let place = self
                    .layout
                    .folders
                    .at(root)
                    .and_then(|root| Some((root, self.layout.folders.descend(root, &longer)?)));
                match place {
                    Some((_, Place::Namespace(below))) if dotted.is_empty() => {
                        vec![Entity::Namespace(format!("{}|", self.layout.folders.path(below)).into())]
                    }
                    Some((root, place)) => vec![self.entity(place, root, &longer)],
                    // `google.cloud` of a library, beside a folder `google` of the project.
                    None if !dotted.is_empty() => vec![Entity::Library(longer.into())],
                    None => Vec::new(),
                }
            }
            Entity::Library(library) => vec![Entity::Library(format!("{library}.{name}").into())],
            Entity::Binding(..) | Entity::Unknown => Vec::new(),
        }
    }

    fn global_of(&self, file: FileId, name: &str, view: View, trail: &mut Trail) -> Vec<Entity> {
        let key = (file, Box::from(name), view);
        match trail.met.get(&key) {
            Some(Met::Known(entities)) => return entities.clone(),
            Some(&Met::Open(depth)) => {
                trail.back = trail.back.min(depth);
                return Vec::new();
            }
            None => {}
        }
        trail.steps += 1;
        if trail.depth >= LONGEST_CHAIN || trail.steps > MOST_STEPS {
            return Vec::new();
        }
        let depth = trail.depth;
        let back = std::mem::replace(&mut trail.back, usize::MAX);
        trail.met.insert(key.clone(), Met::Open(depth));
        trail.depth += 1;
        let found = self.follow(file, name, view, trail);
        trail.depth = depth;
        if trail.back < depth {
            // Part of a cycle that is not closed yet: coming from elsewhere it may lead further.
            trail.met.remove(&key);
            trail.back = trail.back.min(back);
        } else {
            trail.met.insert(key, Met::Known(found.clone()));
            trail.back = back;
        }
        found
    }

    /// What the bindings of a name and the star imports of its module lead to.
    fn follow(&self, file: FileId, name: &str, view: View, trail: &mut Trail) -> Vec<Entity> {
        if !self.may_bind(file, name) {
            return Vec::new();
        }
        let parsed = self.parsed(file);
        let bindings = &parsed.facts.bindings;
        let text = |id: NameId| parsed.facts.names.get(id.index()).map_or("", |name| &**name);
        let mut found = Vec::new();
        let mut certain = false;
        for index in self.counting(file, name, view) {
            let Some(binding) = bindings.get(index as usize) else { continue };
            certain |= !binding.conditional && !binding.typing_only;
            let entities = match &binding.value {
                BindingValue::Import { module, aliased } => {
                    let module = text(*module);
                    let bound = if *aliased { module } else { module.split('.').next().unwrap_or(module) };
                    vec![self.import(file, bound, 0)]
                }
                BindingValue::ImportFrom { module, level, member } => {
                    let base = self.import(file, text(*module), *level);
                    let mut entities = self.member_of(&base, text(*member), view, trail);
                    if entities.is_empty() {
                        entities.push(Entity::Unknown);
                    }
                    entities
                }
                BindingValue::ImportStar { .. } => continue,
                BindingValue::Assigned(_)
                | BindingValue::Unpacked(..)
                | BindingValue::Annotated(_)
                | BindingValue::Augmented(_)
                | BindingValue::Iterated(_)
                | BindingValue::Entered(_)
                | BindingValue::Function(_)
                | BindingValue::Class(_)
                | BindingValue::Other => vec![Entity::Binding(file, index)],
            };
            for entity in entities {
                if !found.contains(&entity) {
                    found.push(entity);
                }
            }
        }
        if !certain {
            self.starred(file, name, view, trail, &mut found);
        }
        found
    }

    /// False if a module cannot have a name, which its bytes tell without parsing: neither does the name stand in it
    /// nor does it import what others have.
    fn may_bind(&self, file: FileId, name: &str) -> bool {
        // Letters that look alike may be the same name.
        if self.parsed_already(file).is_some() || !name.is_ascii() {
            return true;
        }
        self.touch(file);
        let text = self.text(file).as_bytes();
        self.imports_star(file) || scan::names(text, name)
    }

    /// False if `from … import *` cannot take a name from a module: it has no such name, or its only `__all__` is a
    /// list that does not have it.
    fn may_export(&self, file: FileId, name: &str) -> bool {
        if self.parsed_already(file).is_some() || !name.is_ascii() {
            return true;
        }
        self.touch(file);
        self.lists(file, name) != Some(false) && self.may_bind(file, name)
    }

    /// The bindings of a name that count: the last that surely runs and those that may after it.
    fn counting(&self, file: FileId, name: &str, view: View) -> Vec<u32> {
        let parsed = self.parsed(file);
        let mut counting = Vec::new();
        let Some(group) = parsed.bound.get(name) else { return counting };
        for &index in group.iter().rev() {
            let Some(binding) = parsed.facts.bindings.get(index as usize) else { continue };
            if binding.typing_only && view == View::Running {
                continue;
            }
            // `from pkg.a import f` in pkg/a.py leaves `f` what it was.
            if group.len() > 1 && self.imports_itself(file, binding) {
                continue;
            }
            counting.push(index);
            // `x += 1` and `x: int` leave what `x` was; the rest replaces it, unless it may not run.
            let adds = matches!(binding.value, BindingValue::Augmented(_) | BindingValue::Annotated(_));
            if !binding.conditional && !binding.typing_only && !adds {
                break;
            }
        }
        counting.reverse();
        counting
    }

    /// True for an import of a name of the module from the module.
    fn imports_itself(&self, file: FileId, binding: &Binding) -> bool {
        let facts = &self.parsed(file).facts;
        let BindingValue::ImportFrom { module, level, member } = &binding.value else { return false };
        let Some(module) = facts.names.get(module.index()) else { return false };
        binding.name == *member && self.import(file, module, *level) == Entity::Module(file)
    }

    /// What `name` is by `from … import *`: the last one that has it; all libraries that may.
    fn starred(&self, file: FileId, name: &str, view: View, trail: &mut Trail, found: &mut Vec<Entity>) {
        let parsed = self.parsed(file);
        let text = |id: NameId| parsed.facts.names.get(id.index()).map_or("", |name| &**name);
        for &star in parsed.stars.iter().rev() {
            let Some(binding) = parsed.facts.bindings.get(star as usize) else { continue };
            if binding.typing_only && view == View::Running {
                continue;
            }
            let BindingValue::ImportStar { module, level } = &binding.value else { continue };
            match self.import(file, text(*module), *level) {
                Entity::Module(source) => {
                    if !self.may_export(source, name) {
                        continue;
                    }
                    let entities = match self.exports(source, name) {
                        Some(true) => self.member_of(&Entity::Module(source), name, view, trail),
                        None if !name.starts_with('_') => self.global_of(source, name, view, trail),
                        Some(false) | None => continue,
                    };
                    let entities: Vec<Entity> = entities.into_iter().filter(|e| *e != Entity::Unknown).collect();
                    let ends = !entities.is_empty() && !binding.conditional && !binding.typing_only;
                    for entity in entities {
                        if !found.contains(&entity) {
                            found.push(entity);
                        }
                    }
                    if ends {
                        return;
                    }
                }
                // Nothing says what a library exports; a builtin stays one.
                Entity::Library(library) => {
                    if !name.starts_with('_') && !is_builtin(name) {
                        let entity = Entity::Library(format!("{library}.{name}").into());
                        if !found.contains(&entity) {
                            found.push(entity);
                        }
                    }
                }
                Entity::Namespace(_) | Entity::Binding(..) | Entity::Unknown => {}
            }
        }
    }

    /// True if `__all__` of a module has `name`; nothing where it has no `__all__` that can be read.
    fn exports(&self, module: FileId, name: &str) -> Option<bool> {
        let facts = &self.parsed(module).facts;
        let exports = facts.exports.as_ref()?;
        Some(exports.iter().any(|id| facts.names.get(id.index()).is_some_and(|export| **export == *name)))
    }
}
