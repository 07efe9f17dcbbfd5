//! Names followed through imports, to what they stand for.

use crate::facts::ir::BindingValue;
use crate::id::{FileId, NameId};

use super::folders::{FolderId, Place};
use super::names::{is_builtin, is_standard_module};
use super::{Entity, Project};

/// Which bindings of a name count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// Those that run.
    Running,
    /// Those of `if TYPE_CHECKING:` too: for annotations.
    Typing,
}

/// Names being followed: a cycle of imports ends where it comes back.
type Followed = Vec<(FileId, Box<str>)>;

impl Project {
    /// The module that `module` with `level` dots before it is, in an import statement of `from`.
    ///
    /// Relative imports go by folders; one that leads nowhere is [`Entity::Unknown`]. For absolute ones see the
    /// roots in `folders.rs`; what they do not hold is a library.
    pub fn import(&self, from: FileId, module: &str, level: u32) -> Entity {
        if level == 0 {
            self.import_absolute(from, module)
        } else {
            self.import_relative(from, module, level)
        }
    }

    fn import_absolute(&self, from: FileId, module: &str) -> Entity {
        let top = module.split('.').next().unwrap_or(module);
        let standard = is_standard_module(top);
        for root in self.folders.roots(from) {
            let Some(place) = self.folders.child(root.folder, top) else { continue };
            // `random.py` that imports `random` means the library, and so does a folder `json` far up.
            let itself = place == Place::Module(from);
            let hidden = standard && (!root.first || matches!(place, Place::Namespace(_)));
            if itself || hidden {
                continue;
            }
            if let Some(found) = self.folders.descend(root.folder, module) {
                return self.entity(found, root.folder, module);
            }
            // A namespace may go on under the next root; a package or module may not.
            if !matches!(place, Place::Namespace(_)) {
                break;
            }
        }
        Entity::Library(module.into())
    }

    fn import_relative(&self, from: FileId, module: &str, level: u32) -> Entity {
        let mut folder = self.folders.of_file(from);
        for _ in 1..level {
            folder = folder.and_then(|folder| self.folders.parent(folder));
        }
        let Some(folder) = folder else { return Entity::Unknown };
        if module.is_empty() {
            return match self.folders.init(folder) {
                Some(init) => Entity::Module(init),
                None => Entity::Namespace(format!("{}|", self.folders.path(folder)).into()),
            };
        }
        match self.folders.descend(folder, module) {
            Some(Place::Module(file) | Place::Package(_, file)) => Entity::Module(file),
            Some(Place::Namespace(folder)) => {
                Entity::Namespace(format!("{}|", self.folders.path(folder)).into())
            }
            None => Entity::Unknown,
        }
    }

    fn entity(&self, place: Place, root: FolderId, dotted: &str) -> Entity {
        match place {
            Place::Module(file) | Place::Package(_, file) => Entity::Module(file),
            Place::Namespace(_) => Entity::Namespace(format!("{}|{dotted}", self.folders.path(root)).into()),
        }
    }

    /// What attribute `name` of a module, namespace or library is; nothing where it has none that can be seen.
    ///
    /// Several where it is bound several times, the last first to count.
    pub fn member(&self, of: &Entity, name: &str) -> Vec<Entity> {
        self.member_of(of, name, View::Running, &mut Vec::new())
    }

    /// What `name` is at module level of `file`, imports followed; nothing where it is not bound there.
    pub fn global(&self, file: FileId, name: &str) -> Vec<Entity> {
        self.global_of(file, name, View::Running, &mut Vec::new())
    }

    /// Like [`Project::global`], for annotations: what is bound only under `if TYPE_CHECKING:` counts too.
    pub fn typing_global(&self, file: FileId, name: &str) -> Vec<Entity> {
        self.global_of(file, name, View::Typing, &mut Vec::new())
    }

    fn member_of(&self, of: &Entity, name: &str, view: View, followed: &mut Followed) -> Vec<Entity> {
        match of {
            Entity::Module(file) => {
                let mut found = self.global_of(*file, name, view, followed);
                found.retain(|entity| *entity != Entity::Unknown);
                if found.is_empty()
                    && let Some(folder) = self.folders.of_file(*file)
                    && self.folders.init(folder) == Some(*file)
                    && let Some(place) = self.folders.child(folder, name)
                {
                    found.push(match place {
                        Place::Module(file) | Place::Package(_, file) => Entity::Module(file),
                        Place::Namespace(below) => {
                            Entity::Namespace(format!("{}|", self.folders.path(below)).into())
                        }
                    });
                }
                found
            }
            Entity::Namespace(namespace) => {
                let (root, dotted) = namespace.split_once('|').unwrap_or((namespace, ""));
                let longer = if dotted.is_empty() { name.to_owned() } else { format!("{dotted}.{name}") };
                let place =
                    self.folders.at(root).and_then(|root| Some((root, self.folders.descend(root, &longer)?)));
                match place {
                    Some((root, Place::Namespace(below))) if dotted.is_empty() => {
                        let _ = root;
                        vec![Entity::Namespace(format!("{}|", self.folders.path(below)).into())]
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

    fn global_of(&self, file: FileId, name: &str, view: View, followed: &mut Followed) -> Vec<Entity> {
        if followed.iter().any(|(seen, known)| *seen == file && **known == *name) {
            return Vec::new();
        }
        followed.push((file, name.into()));
        let parsed = self.parsed(file);
        let bindings = &parsed.facts.bindings;
        let text = |id: NameId| parsed.facts.names.get(id.index()).map_or("", |name| &**name);
        let mut found = Vec::new();
        let mut certain = false;
        let mut group = parsed.bindings_of(name).to_vec();
        if view == View::Typing && group.is_empty() {
            let typing = |(index, binding): (usize, &crate::facts::ir::Binding)| {
                let index = u32::try_from(index).ok()?;
                (binding.typing_only && text(binding.name) == name).then_some(index)
            };
            group.extend(bindings.iter().enumerate().filter_map(typing));
        }
        for &index in &group {
            let Some(binding) = bindings.get(index as usize) else { continue };
            certain |= !binding.conditional;
            let entities = match &binding.value {
                BindingValue::Import { module, aliased } => {
                    let module = text(*module);
                    let bound = if *aliased { module } else { module.split('.').next().unwrap_or(module) };
                    vec![self.import(file, bound, 0)]
                }
                BindingValue::ImportFrom { module, level, member } => {
                    let base = self.import(file, text(*module), *level);
                    let mut entities = self.member_of(&base, text(*member), view, followed);
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
            self.starred(file, name, view, followed, &mut found);
        }
        followed.pop();
        found
    }

    /// What `name` is by `from … import *`: the last one that has it; all libraries that may.
    fn starred(
        &self,
        file: FileId,
        name: &str,
        view: View,
        followed: &mut Followed,
        found: &mut Vec<Entity>,
    ) {
        let parsed = self.parsed(file);
        let text = |id: NameId| parsed.facts.names.get(id.index()).map_or("", |name| &**name);
        for &star in parsed.stars.iter().rev() {
            let Some(binding) = parsed.facts.bindings.get(star as usize) else { continue };
            let BindingValue::ImportStar { module, level } = &binding.value else { continue };
            match self.import(file, text(*module), *level) {
                Entity::Module(source) => {
                    if !self.exports(source, name) {
                        continue;
                    }
                    let entities = self.member_of(&Entity::Module(source), name, view, followed);
                    let ends = !entities.is_empty() && !binding.conditional;
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

    /// True if `from module import *` brings `name` along, where the module has it.
    fn exports(&self, module: FileId, name: &str) -> bool {
        let facts = &self.parsed(module).facts;
        match &facts.exports {
            Some(exports) => {
                exports.iter().any(|id| facts.names.get(id.index()).is_some_and(|export| **export == *name))
            }
            None => !name.starts_with('_'),
        }
    }
}
