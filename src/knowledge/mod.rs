//! What library functions cost, what they return and what they spawn: cited data.
//!
//! A file is parsed when a name with its root package is first asked for. Malformed data is left
//! out here and fails the tests below.

pub mod schema;
mod table;
pub mod types;

use rustc_hash::FxHashMap;
use schema::{Clock, Split, Vehicle, WaitKind};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use table::{ALIAS_ROOTS, LIBRARIES, ON_LOOP, SPAWNS};
use types::{Class, Entry, Selector, Spawn, TypeExpression, split_of};

/// Aliases of aliases are followed so far, base classes so deep.
const LONGEST_CHAIN: usize = 16;

/// Below this many seconds a call is not worth counting.
const NEUTRAL_SECONDS: f64 = 50e-6;

/// What is known of libraries: the files compiled in, and what the user adds.
#[derive(Debug, Default)]
pub struct Knowledge {
    user: Library,
    user_spawn_words: Vec<String>,
}

/// What the user's configuration says of names; a name may end in `.*`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct UserKnowledge {
    /// Names that wait.
    pub io: Vec<String>,
    /// Names that hold the GIL.
    pub cpu: Vec<String>,
    /// Names that compute without it.
    pub native: Vec<String>,
    /// Names that take no time.
    pub neutral: Vec<String>,
    /// Names that hand work to a vehicle.
    pub spawns: Vec<UserSpawn>,
}

/// A callable that hands an argument to a vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct UserSpawn {
    /// Its qualified name.
    pub name: String,
    /// What runs the work.
    pub vehicle: Vehicle,
    /// The argument that is run: `0`, `func` or `0:func`.
    pub target: String,
}

/// What the knowledge says of one name, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name as it was asked for.
    pub name: String,
    /// `io`, `cpu`, `cpu-nogil`, `neutral` or `unknown`, at a size where a call takes long.
    pub class: &'static str,
    /// The same for a small size.
    pub small_class: &'static str,
    /// Whether the two differ, or the time grows with the size.
    pub size_dependent: bool,
    /// What the fact rests on; empty for an unknown name.
    pub source: String,
}

/// One file, parsed, with its names indexed.
#[derive(Debug, Default)]
struct Library {
    aliases: FxHashMap<String, String>,
    /// Without the `.*` on either side.
    alias_patterns: FxHashMap<String, String>,
    classes: FxHashMap<String, Class>,
    entries: Vec<Entry>,
    /// Indices into `entries`, those with conditions first.
    names: FxHashMap<String, Vec<usize>>,
    /// The same, for names that end in `.*`, which is left out.
    patterns: FxHashMap<String, Vec<usize>>,
}

impl Knowledge {
    /// The knowledge compiled in, with the user's on top.
    pub fn new(user: UserKnowledge) -> Knowledge {
        let library: Arc<str> = Arc::from("tool.gilcheck");
        let mut entries = Vec::new();
        let lists = [
            (user.io, Clock::Wait, 0.1),
            (user.cpu, Clock::Bytecode, 0.1),
            (user.native, Clock::Native, 0.1),
            (user.neutral, Clock::None, 0.0),
        ];
        for (names, clock, seconds) in lists {
            entries.push(user_entry(&library, names, clock, seconds));
        }
        let mut user_spawn_words = Vec::new();
        for spawn in user.spawns {
            let Some(target) = Selector::parse(&spawn.target) else { continue };
            user_spawn_words.push(last_segment(&spawn.name).to_owned());
            let mut entry = user_entry(&library, vec![spawn.name], Clock::None, 0.0);
            entry.spawn = Some(Spawn {
                vehicle: Some(spawn.vehicle),
                target,
                arguments: schema::Arguments::Rest,
                from: None,
                keywords: None,
                executor: None,
                offload: false,
                deferred: false,
                workers: None,
            });
            entries.push(entry);
        }
        let user = Library { entries, ..Library::default() };
        Knowledge { user: user.indexed(), user_spawn_words }
    }

    /// Whether the user added names, which may be the project's own.
    pub fn has_user_names(&self) -> bool {
        self.user.entries.iter().any(|entry| !entry.names.is_empty())
    }

    /// Whether the user's own configuration says something of a name.
    pub fn is_users(&self, name: &str) -> bool {
        self.user.names.contains_key(name)
    }

    /// Whether there is a file for a root package.
    pub fn knows_package(&self, root: &str) -> bool {
        is_known_package(root)
    }

    /// The name under which the data speaks of `name`; an unknown name stays as it is.
    pub fn canonical<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let mut current = Cow::Borrowed(name);
        for _ in 0..LONGEST_CHAIN {
            let Some(next) = library_of(&current).and_then(|library| library.unalias(&current)) else {
                break;
            };
            current = Cow::Owned(next);
        }
        current
    }

    /// What is known of calling `name`: a function, a constructor or a method (`pkg.Class.method`).
    ///
    /// In order of preference: the user's entries, the name's own, those inherited from base
    /// classes, those of patterns. The first whose conditions hold is meant.
    pub fn calls(&self, name: &str) -> Vec<&Entry> {
        let canonical = self.canonical(name);
        let mut found = Vec::new();
        for asked in [name, &canonical] {
            self.user.named(asked, &mut found);
        }
        for asked in [name, &canonical] {
            self.user.matched(asked, None, &mut found);
        }
        if is_settled(&found) {
            return found;
        }
        let Some(library) = library_of(&canonical) else { return found };
        library.named(&canonical, &mut found);
        if is_settled(&found) {
            return found;
        }
        if library.classes.contains_key(canonical.as_ref()) {
            // Python:
            //     class Timer(Thread): ...    # Timer(…) is built as Thread(…) is
            for base in self.ancestry(&canonical).iter().skip(1) {
                named_anywhere(&base.name, &mut found);
            }
            return found;
        }
        if let Some((owner, method)) = canonical.rsplit_once('.') {
            let ancestry = self.owner(owner).map(|class| self.ancestry(&class)).unwrap_or_default();
            for class in &ancestry {
                named_anywhere(&format!("{}.{method}", class.name), &mut found);
            }
            for class in &ancestry {
                if is_settled(&found) {
                    break;
                }
                let Some(library) = library_of(&class.name) else { continue };
                library.pattern(&class.name, &mut found);
            }
        }
        if !is_settled(&found) {
            library.matched(&canonical, Some(name), &mut found);
        }
        found
    }

    /// What is known of a class's instances, without what it inherits.
    pub fn class(&self, name: &str) -> Option<&Class> {
        class_of(&self.canonical(name))
    }

    /// The class and its base classes, nearest first.
    pub fn ancestry(&self, class: &str) -> Vec<&Class> {
        let mut found: Vec<&Class> = Vec::new();
        let mut open = vec![(self.canonical(class).into_owned(), 0)];
        while let Some((name, depth)) = open.pop() {
            if depth > LONGEST_CHAIN || found.iter().any(|known| known.name == name) {
                continue;
            }
            let Some(class) = class_of(&name) else { continue };
            found.push(class);
            for base in class.bases.iter().rev() {
                open.push((self.canonical(base).into_owned(), depth + 1));
            }
        }
        found
    }

    /// The type of an attribute or property, inherited ones too.
    pub fn attribute(&self, class: &str, attribute: &str) -> Option<TypeExpression> {
        let ancestry = self.ancestry(class);
        ancestry.iter().find_map(|class| class.attributes.get(attribute)).cloned()
    }

    /// How long an attribute's text or collection presumably is.
    pub fn attribute_length(&self, class: &str, attribute: &str) -> Option<f64> {
        self.ancestry(class).iter().find_map(|class| class.lengths.get(attribute)).copied()
    }

    /// How many parts an instance presumably has, if this attribute gives its height or width, or both.
    pub fn side_of(&self, class: &str, attribute: &str) -> Option<f64> {
        let ancestry = self.ancestry(class);
        let owner = ancestry.iter().find(|class| class.sides.iter().any(|side| side == attribute))?;
        owner.prior
    }

    /// Whether `class` is `of` or derives from it.
    pub fn is_subclass(&self, class: &str, of: &str) -> bool {
        let (class, of) = (self.canonical(class), self.canonical(of));
        class == of
            || self
                .ancestry(&class)
                .iter()
                .any(|known| known.name == of || known.bases.iter().any(|base| self.canonical(base) == of))
    }

    /// The qualified name of the method that `class` has or inherits.
    pub fn method_owner(&self, class: &str, method: &str) -> Option<String> {
        let ancestry = self.ancestry(class);
        let own = self.canonical(class);
        let names = std::iter::once(own.as_ref()).chain(ancestry.iter().map(|c| c.name.as_str()));
        for class in names {
            let name = format!("{class}.{method}");
            if library_of(&name).is_some_and(|library| library.names.contains_key(&name)) {
                return Some(name);
            }
        }
        let covered = ancestry
            .iter()
            .find(|class| library_of(&class.name).is_some_and(|library| library.patterns.contains_key(&class.name)))?;
        Some(format!("{}.{method}", covered.name))
    }

    /// The root packages that can hand work to a vehicle: what a project that names none of them cannot do.
    pub fn spawning_packages(&self) -> Vec<&'static str> {
        let mut roots: Vec<&str> = SPAWNS.iter().map(|(root, ..)| *root).collect();
        roots.dedup();
        roots
    }

    /// The names without which a function neither hands work to a vehicle nor makes one, each with its root package
    /// and whether it is a method's.
    pub fn spawn_words(&self) -> &'static [(&'static str, &'static str, bool)] {
        SPAWNS
    }

    /// True for what a method is called that an event loop calls itself, in a class of some library.
    pub fn may_be_on_loop(method: &str) -> bool {
        ON_LOOP.binary_search(&method).is_ok()
    }

    /// The last parts of the names that the user's configuration says hand work over.
    pub fn user_spawn_words(&self) -> &[String] {
        &self.user_spawn_words
    }

    /// Every name that the files compiled in say something of, sorted; with `.*` where it stands for all below.
    pub fn names() -> Vec<String> {
        let libraries = LIBRARIES.iter().filter_map(|(root, _)| library_of(root));
        let mut names: Vec<String> = libraries
            .flat_map(|library| {
                let patterns = library.patterns.keys().map(|name| format!("{name}.*"));
                library.names.keys().cloned().chain(patterns)
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is said of `name`, for people.
    pub fn answer(&self, name: &str) -> Answer {
        let mut entries = self.calls(name);
        let built_in = format!("builtins.{name}");
        if entries.is_empty() {
            // Python: `print` and `str.join` need no import.
            entries = self.calls(&built_in);
        }
        let usual = entries.iter().find(|entry| entry.when.is_empty());
        if let Some(entry) = usual.or_else(|| entries.first()) {
            let (class, small_class) = match class_of_split(entry.split) {
                // What suspends a coroutine waits, if for long, while others go on.
                "neutral" if entry.suspends => ("io", "neutral"),
                class => (class, small_class(entry, class)),
            };
            return Answer {
                name: name.to_owned(),
                class,
                small_class,
                size_dependent: class != small_class || entry.per.is_some() && class != "neutral",
                source: entry.source.clone(),
            };
        }
        let canonical = self.canonical(name);
        let mut class = class_of(&canonical);
        if class.is_none()
            && let Some((owner, attribute)) = canonical.rsplit_once('.')
        {
            let owners = self.owner(owner).map(|owner| self.ancestry(&owner)).unwrap_or_default();
            class = owners.into_iter().find(|class| class.attributes.contains_key(attribute));
        }
        let said = if class.is_some() { "neutral" } else { "unknown" };
        Answer {
            name: name.to_owned(),
            class: said,
            small_class: said,
            size_dependent: false,
            source: class.and_then(|class| class.source.clone()).unwrap_or_default(),
        }
    }

    /// The class whose methods are reached through the dotted name `owner`.
    ///
    /// Python: `sys.stdout.write` has the owner `sys.stdout`, a value of a known class.
    fn owner<'a>(&self, owner: &'a str) -> Option<Cow<'a, str>> {
        if class_of(owner).is_some() {
            return Some(Cow::Borrowed(owner));
        }
        let (holder, attribute) = owner.rsplit_once('.')?;
        class_of(holder)?;
        let name = match self.attribute(holder, attribute)? {
            TypeExpression::Class(name) => name,
            TypeExpression::Str | TypeExpression::Literal(_) => "builtins.str".to_owned(),
            TypeExpression::Bytes => "builtins.bytes".to_owned(),
            TypeExpression::Int => "builtins.int".to_owned(),
            TypeExpression::Float => "builtins.float".to_owned(),
            TypeExpression::List(_) => "builtins.list".to_owned(),
            TypeExpression::Tuple(_) => "builtins.tuple".to_owned(),
            TypeExpression::Set(_) => "builtins.set".to_owned(),
            TypeExpression::Dict(..) => "builtins.dict".to_owned(),
            TypeExpression::Known(..)
            | TypeExpression::Any
            | TypeExpression::Bool
            | TypeExpression::None
            | TypeExpression::Iterator(_)
            | TypeExpression::Awaitable(_)
            | TypeExpression::Future(_)
            | TypeExpression::Promise(..)
            | TypeExpression::Callable
            | TypeExpression::Union(_)
            | TypeExpression::Receiver
            | TypeExpression::Argument(_)
            | TypeExpression::Element(_)
            | TypeExpression::Result(_)
            | TypeExpression::Decorator => return None,
        };
        Some(Cow::Owned(self.canonical(&name).into_owned()))
    }
}

impl Library {
    /// Parses a file; what cannot be read is left out and told.
    fn parse(text: &str) -> (Library, Vec<String>) {
        let data: schema::Library = match toml::from_str(text) {
            Ok(data) => data,
            Err(error) => return (Library::default(), vec![error.to_string()]),
        };
        let mut problems = Vec::new();
        let mut library = Library::default();
        for (alias, canonical) in data.aliases {
            match (alias.strip_suffix(".*"), canonical.strip_suffix(".*")) {
                (Some(alias), Some(canonical)) => {
                    library.alias_patterns.insert(alias.to_owned(), canonical.to_owned());
                }
                (None, None) => {
                    library.aliases.insert(alias, canonical);
                }
                (Some(_), None) | (None, Some(_)) => problems.push(format!("alias {alias}")),
            }
        }
        for (name, data) in data.types {
            match Class::new(name.clone(), data) {
                Ok(class) => {
                    library.classes.insert(name, class);
                }
                Err(problem) => problems.push(format!("{name}: {problem}")),
            }
        }
        let name: Arc<str> = Arc::from(data.library);
        for call in data.call {
            let first = call.names.first().cloned().unwrap_or_default();
            match Entry::new(&name, call) {
                Ok(entry) => library.entries.push(entry),
                Err(problem) => problems.push(format!("{first}: {problem}")),
            }
        }
        (library.indexed(), problems)
    }

    fn indexed(mut self) -> Library {
        let indices = 0..self.entries.len();
        let (last, first): (Vec<_>, Vec<_>) =
            indices.partition(|&index| self.entries.get(index).is_some_and(|entry| entry.when.is_empty()));
        for index in first.into_iter().chain(last) {
            let Some(entry) = self.entries.get(index) else { continue };
            for name in &entry.names {
                match name.strip_suffix(".*") {
                    Some(prefix) => self.patterns.entry(prefix.to_owned()).or_default().push(index),
                    None => self.names.entry(name.clone()).or_default().push(index),
                }
            }
        }
        self
    }

    /// One step from an alias towards the canonical name.
    fn unalias(&self, name: &str) -> Option<String> {
        let mut prefix = name;
        let mut rest = "";
        loop {
            if self.names.contains_key(prefix) || self.classes.contains_key(prefix) {
                return None;
            }
            if let Some(canonical) = self.aliases.get(prefix) {
                return Some(format!("{canonical}{rest}"));
            }
            if let Some(canonical) = self.alias_patterns.get(prefix) {
                return Some(format!("{canonical}{rest}"));
            }
            let dot = prefix.rfind('.')?;
            prefix = name.get(..dot)?;
            rest = name.get(dot..)?;
        }
    }

    /// Adds the entries that name `name` itself.
    fn named<'a>(&'a self, name: &str, found: &mut Vec<&'a Entry>) {
        self.add(self.names.get(name), found);
    }

    /// Adds the entries of the pattern `prefix.*`.
    fn pattern<'a>(&'a self, prefix: &str, found: &mut Vec<&'a Entry>) {
        self.add(self.patterns.get(prefix), found);
    }

    /// Adds the entries of the patterns that cover `name`, or else `other`, the longest first.
    fn matched<'a>(&'a self, name: &str, other: Option<&str>, found: &mut Vec<&'a Entry>) {
        for name in std::iter::once(name).chain(other) {
            let mut prefix = name;
            while let Some((shorter, _)) = prefix.rsplit_once('.') {
                prefix = shorter;
                self.pattern(prefix, found);
                if is_settled(found) {
                    return;
                }
            }
        }
    }

    fn add<'a>(&'a self, indices: Option<&Vec<usize>>, found: &mut Vec<&'a Entry>) {
        for &index in indices.into_iter().flatten() {
            let Some(entry) = self.entries.get(index) else { continue };
            if !found.iter().any(|known| std::ptr::eq(*known, entry)) {
                found.push(entry);
            }
        }
    }
}

/// Whether an entry is there that always holds, so that none behind it counts.
fn is_settled(found: &[&Entry]) -> bool {
    found.iter().any(|entry| entry.when.is_empty())
}

/// Where the file for a root package stands in [`LIBRARIES`].
/// Whether there is a file for a root package.
pub fn is_known_package(root: &str) -> bool {
    file_index(root).is_some()
}

fn file_index(root: &str) -> Option<usize> {
    // Asked for with each name that the machine meets.
    static PLACES: OnceLock<FxHashMap<&str, usize>> = OnceLock::new();
    let places = PLACES.get_or_init(|| {
        let own: FxHashMap<&str, usize> = LIBRARIES.iter().enumerate().map(|(at, (root, _))| (*root, at)).collect();
        let aliases = ALIAS_ROOTS.iter().filter_map(|(alias, root)| Some((*alias, *own.get(root)?)));
        let mut places: FxHashMap<&str, usize> = aliases.collect();
        places.extend(own);
        places
    });
    places.get(root).copied()
}

/// The parsed file for the root package of `name`.
fn library_of(name: &str) -> Option<&'static Library> {
    static PARSED: [OnceLock<Library>; LIBRARIES.len()] = [const { OnceLock::new() }; LIBRARIES.len()];
    let root = name.split('.').next()?;
    let index = file_index(root)?;
    let (_, text) = LIBRARIES.get(index)?;
    Some(PARSED.get(index)?.get_or_init(|| Library::parse(text).0))
}

/// The classes of which frameworks pass an instance as a parameter of this name, where nothing else is said of it.
pub fn passed_as(parameter: &str) -> &'static [&'static str] {
    static PASSED: OnceLock<BTreeMap<&str, Vec<&str>>> = OnceLock::new();
    let passed = PASSED.get_or_init(|| {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        // Few libraries have such a class, and the others need not be parsed.
        for (root, _) in LIBRARIES.iter().filter(|(_, text)| text.contains("\nparameter = ")) {
            for class in library_of(root).iter().flat_map(|library| library.classes.values()) {
                if let Some(parameter) = &class.parameter {
                    found.entry(parameter).or_default().push(&class.name);
                }
            }
        }
        found
    });
    passed.get(parameter).map_or(&[], |classes| classes)
}

fn class_of(canonical: &str) -> Option<&'static Class> {
    library_of(canonical)?.classes.get(canonical)
}

/// Adds what the file of `name` says of it, unless enough is found.
fn named_anywhere(name: &str, found: &mut Vec<&Entry>) {
    if is_settled(found) {
        return;
    }
    if let Some(library) = library_of(name) {
        library.named(name, found);
    }
}

fn last_segment(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Python: `io = ["corp.fetch"]` in `[tool.gilcheck]`.
fn user_entry(library: &Arc<str>, names: Vec<String>, clock: Clock, seconds: f64) -> Entry {
    let split = split_of(clock);
    Entry {
        library: Arc::clone(library),
        names,
        source: "pyproject.toml".to_owned(),
        split,
        wait: (split.wait > 0.0).then_some(WaitKind::Network),
        seconds,
        per: None,
        size: None,
        prior: None,
        usual: None,
        least: None,
        power: None,
        below: None,
        below_clock: None,
        lazy: false,
        suspends: false,
        serves: false,
        returns: None,
        length: None,
        calls: None,
        overrides: None,
        spawn: None,
        opens: None,
        writes: None,
        when: Vec::new(),
        sets: BTreeMap::new(),
        if_true: BTreeMap::new(),
        if_false: BTreeMap::new(),
        intrinsic: None,
        measured: None,
        note: None,
        instead: None,
    }
}

/// The class where the size is small: most calls are then over before they count.
fn small_class(entry: &Entry, class: &'static str) -> &'static str {
    match entry.below_clock {
        _ if class == "neutral" => class,
        Some(clock) => class_of_split(split_of(clock)),
        None if entry.seconds < NEUTRAL_SECONDS => "neutral",
        None => class,
    }
}

/// The oracle's reading: held for half of the time is `cpu`, of the rest the larger part decides.
fn class_of_split(split: Split) -> &'static str {
    let held = split.bytecode + split.atomic;
    let total = held + split.native + split.wait;
    if total <= 0.0 {
        "neutral"
    } else if held >= total / 2.0 {
        "cpu"
    } else if split.wait >= split.native {
        "io"
    } else {
        "cpu-nogil"
    }
}

#[cfg(test)]
mod tests;
