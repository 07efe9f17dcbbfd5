//! Holds the knowledge to order, citations and consistency, and the loader to its promises.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files on disk, with their stems, in order of stems.
fn files() -> BTreeMap<String, PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/knowledge");
    let mut found = BTreeMap::new();
    for folder in ["std", "lib"] {
        for entry in std::fs::read_dir(home.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(found.insert(stem.clone(), path).is_none(), "two files for {stem}");
        }
    }
    found
}

fn data() -> Vec<(&'static str, schema::Library)> {
    let parse = |text| toml::from_str(text).unwrap_or_default();
    LIBRARIES.iter().map(|(stem, text)| (*stem, parse(text))).collect()
}

/// What is on disk, whether compiled in or not.
fn data_on_disk() -> BTreeMap<String, schema::Library> {
    let read = |path: &PathBuf| toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_default();
    files().iter().map(|(stem, path)| (stem.clone(), read(path))).collect()
}

fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

#[track_caller]
fn check(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// The three lists in `table.rs` follow from the files; `GILCHECK_UPDATE=1 cargo test` writes them.
#[test]
fn the_table_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/knowledge/table.rs");
    let old = std::fs::read_to_string(&path).unwrap();
    let data = data_on_disk();
    let file = |(stem, path): (String, PathBuf)| {
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        format!("(\"{stem}\", include_str!(\"{folder}/{stem}.toml\"))")
    };
    let mut new = with_list(&old, "LIBRARIES", files().into_iter().map(file));
    let roots = alias_roots(&data);
    new = with_list(&new, "ALIAS_ROOTS", roots.iter().map(|(root, stem)| format!("(\"{root}\", \"{stem}\")")));
    let spawn = |(root, word, is_method): (&str, &str, bool)| format!("(\"{root}\", \"{word}\", {is_method})");
    new = with_list(&new, "SPAWNS", spawns(&data).into_iter().map(spawn));
    let classes = data.values().flat_map(|library| library.types.values());
    let hooks: BTreeSet<&String> = classes.flat_map(|data| &data.on_loop).collect();
    new = with_list(&new, "ON_LOOP", hooks.into_iter().map(|name| format!("\"{name}\"")));
    if old != new && std::env::var_os("GILCHECK_UPDATE").is_some() {
        std::fs::write(&path, new).unwrap();
    } else {
        let remedy = "run `GILCHECK_UPDATE=1 cargo test --lib the_table_is_true`, which writes it, and test again";
        assert!(old == new, "src/knowledge/table.rs is behind the files: {remedy}");
    }
}

/// `text` with the elements of the constant `name` in the place of what stood there.
fn with_list(text: &str, name: &str, elements: impl Iterator<Item = String>) -> String {
    let (before, rest) = text.split_once(&format!("const {name}: ")).unwrap();
    let (head, rest) = rest.split_once(" = &[").unwrap();
    let (_, after) = rest.split_once("];").unwrap();
    let lines: String = elements.map(|element| format!("    {element},\n")).collect();
    format!("{before}const {name}: {head} = &[\n{lines}];{after}")
}

fn alias_roots(data: &BTreeMap<String, schema::Library>) -> BTreeMap<String, String> {
    let mut roots = BTreeMap::new();
    let mut problems = Vec::new();
    for (stem, library) in data {
        for alias in library.aliases.keys() {
            let root = root(alias);
            if root == stem {
                continue;
            }
            if data.contains_key(root) {
                problems.push(format!("{stem}: the alias {alias} belongs into {root}'s file"));
            } else if roots.entry(root.to_owned()).or_insert_with(|| stem.clone()) != stem {
                problems.push(format!("{stem}: aliases of {root} stand in two files"));
            }
        }
    }
    check(&problems);
    roots
}

/// Root package, last segment, and whether it is a method's: for what hands work over and its aliases.
fn spawns(data: &BTreeMap<String, schema::Library>) -> BTreeSet<(&str, &str, bool)> {
    let mut names = BTreeSet::new();
    let mut classes = BTreeSet::new();
    for library in data.values() {
        for call in library.call.iter().filter(|call| call.spawn.is_some()) {
            names.extend(call.names.iter().map(String::as_str));
        }
        let vehicles = library.types.iter().filter(|(_, data)| data.vehicle.is_some() || !data.on_loop.is_empty());
        names.extend(vehicles.map(|(name, _)| name.as_str()));
        classes.extend(library.types.keys().map(String::as_str));
    }
    let is_method = |name: &str| name.rsplit_once('.').is_some_and(|(owner, _)| classes.contains(owner));
    let mut found: BTreeSet<(&str, &str, bool)> =
        names.iter().map(|name| (root(name), last_segment(name), is_method(name))).collect();
    for library in data.values() {
        let aliases = library.aliases.iter().filter(|(_, name)| names.contains(name.as_str()));
        found.extend(aliases.map(|(alias, name)| (root(alias), last_segment(alias), is_method(name))));
        // A class by another package's name has its methods there too.
        for (alias, name) in &library.aliases {
            let prefix = format!("{}.", name.strip_suffix(".*").unwrap_or(name));
            let inside = names.iter().filter(|it| it.starts_with(&prefix));
            found.extend(inside.map(|it| (root(alias), last_segment(it), is_method(it))));
        }
    }
    // What a package derives from another's classes, or gives out, has their methods.
    for (stem, library) in data {
        let own = library.call.iter().filter_map(|call| call.returns.as_deref());
        let types = library.types.values();
        let attributes = types.clone().flat_map(|data| data.attributes.values().map(String::as_str));
        let bases = types.flat_map(|data| data.bases.iter().map(String::as_str));
        let mentioned: BTreeSet<&str> = own
            .chain(attributes)
            .chain(bases)
            .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')))
            .filter(|name| root(name) != stem && classes.contains(name))
            .collect();
        let roots: BTreeSet<&str> = library.call.iter().flat_map(|call| &call.names).map(|name| root(name)).collect();
        for class in mentioned {
            let methods = names.iter().filter(|name| name.rsplit_once('.').is_some_and(|(owner, _)| owner == class));
            found.extend(methods.flat_map(|it| roots.iter().map(|root| (*root, last_segment(it), true))));
        }
    }
    found.retain(|(_, word, _)| *word != "*");
    found
}

/// What the data calls intrinsic, the engine implements: the texts in its `match` arms.
#[test]
fn every_intrinsic_is_implemented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/estimate");
    let read = |file: &str| std::fs::read_to_string(path.join(file)).unwrap();
    let code = ["intrinsics.rs", "options.rs", "passed.rs"].map(read).concat();
    let arms = code.lines().filter(|line| line.trim_start_matches([' ', '|']).starts_with('"'));
    // Rust: "any" | "all" => …
    let implemented: BTreeSet<&str> = arms
        .map(|line| line.split("=>").next().unwrap_or(line))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect();
    let mut problems = Vec::new();
    for (stem, library) in data() {
        let intrinsics = library.call.iter().filter_map(|call| call.intrinsic.as_deref());
        let unknown = intrinsics.filter(|name| !implemented.contains(name));
        problems.extend(unknown.map(|name| format!("{stem}: {} does not implement {name}", path.display())));
    }
    check(&problems);
}

#[test]
fn every_text_can_be_read() {
    let mut problems = Vec::new();
    for (stem, text) in LIBRARIES {
        let (_, found) = Library::parse(text);
        problems.extend(found.into_iter().map(|problem| format!("{stem}: {problem}")));
    }
    check(&problems);
}

#[test]
fn every_group_is_whole() {
    let mut problems = Vec::new();
    for (stem, library) in data() {
        for call in &library.call {
            let first = call.names.first().map_or("", String::as_str);
            let mut object = |holds: bool, what: &str| {
                if !holds {
                    problems.push(format!("{stem}: {first}: {what}"));
                }
            };
            object(!call.names.is_empty(), "no names");
            // Upper case may stand before lower case or among it.
            let folded = |name: &String| (name.to_lowercase(), name.clone());
            let sorted = call.names.is_sorted_by(|a, b| a < b) || call.names.is_sorted_by(|a, b| folded(a) < folded(b));
            object(sorted, "names not sorted, or twice");
            object(!call.source.trim().is_empty(), "no source");
            object(call.clock.is_some() != call.split.is_some(), "not one of clock and split");
            object(call.per.is_some() == call.size.is_some(), "per and size go together");
            let split = call.split.unwrap_or_default();
            let sum = split.bytecode + split.atomic + split.native + split.wait;
            object(call.split.is_none() || (sum - 1.0).abs() < 1e-6, "shares do not add up to 1");
            let waits = call.clock == Some(Clock::Wait) || split.wait > 0.0;
            object(!waits || call.wait.is_some(), "no kind of wait");
            object(waits || call.wait.is_none(), "a kind of wait, but no wait");
            object(call.below.is_some() || call.below_clock.is_none(), "below_clock without below");
        }
    }
    check(&problems);
}

#[test]
fn every_name_is_at_home_and_said_once() {
    let knowledge = Knowledge::default();
    let mut problems = Vec::new();
    for (stem, library) in data() {
        let mut roots: BTreeSet<&str> = library.aliases.keys().map(|name| root(name)).collect();
        roots.insert(stem);
        let mut seen = BTreeSet::new();
        for call in &library.call {
            for name in &call.names {
                if !roots.contains(root(name)) {
                    problems.push(format!("{stem}: {name} belongs into another file"));
                }
                if call.when.is_empty() && !seen.insert(name) {
                    problems.push(format!("{stem}: {name} stands in two groups"));
                }
                let path = name.trim_end_matches(".*");
                if library.aliases.contains_key(name) || knowledge.canonical(path) != path {
                    let canonical = knowledge.canonical(path);
                    problems.push(format!("{stem}: {name} is an alias of {canonical}"));
                }
            }
        }
        for (name, data) in &library.types {
            let loose = data.lengths.keys().filter(|attribute| !data.attributes.contains_key(*attribute));
            problems.extend(loose.map(|attribute| format!("{stem}: {name}: a length of no attribute {attribute}")));
            if !roots.contains(root(name)) {
                problems.push(format!("{stem}: type {name} belongs into another file"));
            }
            if library.aliases.contains_key(name) {
                problems.push(format!("{stem}: type {name} is an alias"));
            }
        }
    }
    check(&problems);
}

#[test]
fn every_class_named_exists() {
    let knowledge = Knowledge::default();
    let mut problems = BTreeSet::new();
    let mut look = |stem: &str, place: &str, class: &str| {
        let canonical = knowledge.canonical(class);
        // A class of a package that has no file says at least that it is no built-in one.
        let built = library_of(&canonical).is_none_or(|file| file.names.contains_key(canonical.as_ref()));
        if class_of(&canonical).is_none() && !built {
            problems.insert(format!("{stem}: {place}: no type {class}"));
        }
    };
    for (stem, text) in LIBRARIES {
        let library = Library::parse(text).0;
        for entry in &library.entries {
            let first = entry.names.first().map_or("", String::as_str);
            for class in entry.returns.iter().flat_map(TypeExpression::classes) {
                look(stem, first, class);
            }
        }
        let names: BTreeSet<&String> = library.classes.keys().collect();
        for class in names.into_iter().filter_map(|name| library.classes.get(name)) {
            let parts = [&class.item, &class.subscript, &class.enter].into_iter().flatten();
            for expression in class.attributes.values().chain(parts) {
                for named in expression.classes() {
                    look(stem, &class.name, named);
                }
            }
            for base in &class.bases {
                look(stem, &class.name, base);
            }
        }
    }
    check(&problems.into_iter().collect::<Vec<_>>());
}

#[test]
fn answers_follow_aliases_and_the_user() {
    let knowledge = Knowledge::new(UserKnowledge {
        cpu: vec!["requests.get".to_owned(), "corp.model.*".to_owned()],
        spawns: vec![UserSpawn {
            name: "corp.later".to_owned(),
            vehicle: Vehicle::Thread,
            target: "0:func".to_owned(),
        }],
        ..UserKnowledge::default()
    });
    let cases = [
        ("requests.get", "cpu"),
        ("requests.api.get", "cpu"),
        ("requests.api.post", "io"),
        ("requests.sessions.Session.post", "io"),
        ("requests.sessions.Session", "neutral"),
        ("corp.model.fit", "cpu"),
        ("corp.later", "neutral"),
        ("asyncio.sleep", "io"),
        ("bytes.join", "cpu"),
        ("corp.other", "unknown"),
        ("nothing", "unknown"),
    ];
    for (name, expected) in cases {
        assert_eq!(knowledge.answer(name).class, expected, "{name}");
    }
    assert!(knowledge.user_spawn_words().contains(&"later".to_owned()));
    assert!(knowledge.calls("corp.later").first().is_some_and(|entry| entry.spawn.is_some()));
}
