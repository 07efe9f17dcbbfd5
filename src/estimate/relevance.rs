//! Which functions must run as roots: those that hand work over, coroutines, and what in the same file calls them.
//!
//! All the rest only matter as far as these reach them. Decided from names alone, so that it costs little: what is
//! not mentioned by name can hardly be called. `--exhaustive` runs everything, and each spec compares the two.

use crate::facts::ir::{BindingValue, Expression, Facts, Statement};
use crate::id::{ExpressionId, FileId, FunctionId, NameId};
use crate::knowledge::Knowledge;
use crate::project::scan::{self, Scanner, has_coroutine, imports};
use crate::project::{Parsed, Project};
use crate::text::Span;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// A name that is hardly anything else than a library's: `run_in_executor`, not `map`.
const TELLING: usize = 9;

/// The words that make a function worth running.
#[derive(Debug)]
pub struct Words {
    /// What each word stands for.
    words: FxHashMap<Box<str>, Vec<Meaning>>,
    /// The meaning of each pattern of the scanner.
    meanings: Vec<Meaning>,
    scanner: Scanner,
    /// Absent where words count in any file.
    ties: Option<Ties>,
    /// Coroutines count as well.
    coroutines: bool,
    /// What it was made of.
    recipe: Recipe,
}

/// What [`Words::may_matter`] goes by, to be kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    patterns: Vec<(String, Meaning)>,
    coroutines: bool,
    ties: Option<TiesRecipe>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct TiesRecipe {
    packages: Vec<String>,
    makers: Vec<(String, Vec<u16>)>,
    plain: Vec<String>,
}

impl Recipe {
    /// Words that tell as the former ones did whether a file may matter, but not where in it.
    pub fn words(&self) -> Words {
        let (patterns, meanings): (Vec<&str>, Vec<Meaning>) =
            self.patterns.iter().map(|(pattern, meaning)| (pattern.as_str(), *meaning)).unzip();
        let ties = self.ties.as_ref().map(|ties| Ties {
            importing: Scanner::new(&ties.packages),
            makers: Scanner::new(&ties.makers.iter().map(|(stem, _)| stem).collect::<Vec<_>>()),
            made_by: ties.makers.iter().map(|(_, packages)| packages.clone()).collect(),
            plain: Scanner::new(&ties.plain),
        });
        Words {
            words: FxHashMap::default(),
            meanings,
            scanner: Scanner::new(&patterns),
            ties,
            coroutines: self.coroutines,
            recipe: self.clone(),
        }
    }
}

/// What ties a file to what an ordinary word in it may mean.
#[derive(Debug)]
struct Ties {
    /// Finds the spawning packages.
    importing: Scanner,
    /// Finds the modules of the project that use them.
    makers: Scanner,
    /// What each of these uses.
    made_by: Vec<Vec<u16>>,
    /// Finds the words themselves.
    plain: Scanner,
}

/// What a word may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Hash, Serialize, Deserialize)]
struct Meaning {
    /// It counts only as an attribute.
    method: bool,
    /// The root package that it is of; `None` where it counts in any file.
    package: Option<u16>,
}

/// What a file can get at, told from its import statements.
#[derive(Debug, Clone)]
struct Reach<'a> {
    /// Spawning root packages; `None` where there is no telling.
    packages: Option<&'a [u16]>,
    /// Those with which modules of the project that it imports make workers, pools or loops.
    made: Vec<u16>,
    /// It imports from them a name that is a word.
    word: bool,
}

impl Reach<'_> {
    /// Whether a word with this meaning may mean it here.
    fn allows(&self, meaning: Meaning) -> bool {
        let (Some(packages), Some(package)) = (self.packages, meaning.package) else { return true };
        self.word || meaning.method && self.made.contains(&package) || packages.contains(&package)
    }
}

impl Words {
    /// What hands work over, of the libraries that the project names at all.
    ///
    /// Ordinary words (`run`, `map`) count in files alone that import their library, or a module of the project that
    /// does and makes what has them.
    pub fn of_knowledge(project: &Project, knowledge: &Knowledge) -> Words {
        let packages = knowledge.spawning_packages();
        let importing = Scanner::new(&packages);
        let files: Vec<FileId> = project.files().collect();
        files.par_iter().for_each(|file| {
            project.imported_packages(*file, &importing);
        });
        let mut present: Vec<bool> = vec![false; packages.len()];
        for file in &files {
            match project.imported_packages(*file, &importing) {
                Some(places) => {
                    for place in places {
                        if let Some(present) = present.get_mut(usize::from(*place)) {
                            *present = true;
                        }
                    }
                }
                None => present.fill(true),
            }
        }
        let mut words: FxHashMap<Box<str>, Vec<Meaning>> = FxHashMap::default();
        let mut patterns: Vec<(String, Meaning)> = Vec::new();
        for (root, word, method) in knowledge.spawn_words() {
            let Ok(place) = packages.binary_search(root) else { continue };
            if present.get(place) != Some(&true) {
                continue;
            }
            let package = if word.len() < TELLING { u16::try_from(place).ok() } else { None };
            let meaning = Meaning { method: *method, package };
            words.entry(Box::from(*word)).or_default().push(meaning);
            patterns.push((if *method { format!(".{word}") } else { (*word).to_string() }, meaning));
        }
        for word in knowledge.user_spawn_words() {
            let meaning = Meaning { method: false, package: None };
            words.entry(Box::from(word.as_str())).or_default().push(meaning);
            patterns.push((word.clone(), meaning));
        }
        let scanner = Scanner::new(&patterns.iter().map(|(pattern, _)| pattern).collect::<Vec<_>>());
        let meanings = patterns.iter().map(|(_, meaning)| *meaning).collect();
        let mut plain: Vec<String> = words.keys().map(ToString::to_string).collect();
        plain.sort_unstable();
        let plain_scanner = Scanner::new(&plain);
        let recipe = Recipe { patterns, coroutines: true, ties: None };
        let mut found = Words { words, meanings, scanner, ties: None, coroutines: true, recipe };
        let makers = found.makers(project, &files, &importing);
        let makers: Vec<(String, Vec<u16>)> =
            makers.into_iter().map(|(stem, packages)| (stem.to_string(), packages)).collect();
        let makers_scanner = Scanner::new(&makers.iter().map(|(stem, _)| stem).collect::<Vec<_>>());
        let made_by = makers.iter().map(|(_, packages)| packages.clone()).collect();
        found.ties = Some(Ties { importing, makers: makers_scanner, made_by, plain: plain_scanner });
        let packages = packages.iter().map(ToString::to_string).collect();
        found.recipe.ties = Some(TiesRecipe { packages, makers, plain });
        found
    }

    /// The names of the modules in which a function or a class stands that hands work over or makes what does, and
    /// the packages that it is of.
    fn makers<'a>(&self, project: &'a Project, files: &[FileId], importing: &Scanner) -> Vec<(&'a str, Vec<u16>)> {
        // Only what the reported files import can matter: with one open document that is little.
        let reported: Vec<&FileId> = files.iter().filter(|file| project.reported(**file)).collect();
        let named: FxHashSet<&[u8]> = reported
            .par_iter()
            .flat_map_iter(|file| imports(project.glance(**file).as_bytes()).flat_map(scan::words))
            .collect();
        let mut hasher = FxHasher::default();
        self.recipe.patterns.hash(&mut hasher);
        let key = hasher.finish();
        let makes = |file: &FileId| {
            let packages = project.imported_packages(*file, importing);
            let is_imported = || named.contains(module_stem(project.path(*file)).as_bytes());
            if packages.is_some_and(<[u16]>::is_empty) || !is_imported() {
                return None;
            }
            let made = project.made(*file, key, || {
                let reach = Reach { packages, made: Vec::new(), word: false };
                let counts = |word: usize| self.meanings.get(word).is_some_and(|it| !it.method && reach.allows(*it));
                // Comments and strings make nothing.
                let made = self.scanner.in_code(project.glance(*file).as_bytes(), counts)?;
                let made = made.into_iter().filter_map(|word| self.meanings.get(word));
                // A telling word is of any package.
                Some(match made.map(|meaning| meaning.package).collect::<Option<Vec<u16>>>() {
                    Some(made) => made,
                    None => packages.unwrap_or_default().to_vec(),
                })
            })?;
            (!made.is_empty()).then(|| (module_stem(project.path(*file)), made))
        };
        files.par_iter().filter_map(makes).collect()
    }

    fn reach<'a>(&self, project: &'a Project, file: FileId) -> Reach<'a> {
        let Some(ties) = &self.ties else { return Reach { packages: None, made: Vec::new(), word: false } };
        // What a star brings along, nothing here tells.
        let packages = project.imported_packages(file, &ties.importing).filter(|_| !project.imports_star(file));
        let text = project.glance(file).as_bytes();
        let (made, all) = match ties.makers.imported(text) {
            Some(makers) => {
                let made_by = makers.iter().filter_map(|maker| ties.made_by.get(usize::from(*maker)));
                (made_by.flatten().copied().collect::<Vec<u16>>(), packages)
            }
            None => (Vec::new(), None),
        };
        let word = !made.is_empty() && imports(text).any(|statement| ties.plain.names_any(statement));
        Reach { packages: all, made, word }
    }

    /// Names of the project: of functions that hand over what they are given, of workers' classes.
    pub fn of_names(names: &[String]) -> Words {
        let meaning = Meaning { method: false, package: None };
        Words {
            words: names.iter().map(|name| (Box::from(name.as_str()), vec![meaning])).collect(),
            meanings: vec![meaning; names.len()],
            scanner: Scanner::new(names),
            ties: None,
            coroutines: false,
            recipe: Recipe {
                patterns: names.iter().map(|name| (name.clone(), meaning)).collect(),
                ..Recipe::default()
            },
        }
    }

    /// What it goes by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// True if a file may hold a function that counts; told from its bytes.
    pub fn may_matter(&self, project: &Project, file: FileId) -> bool {
        let text = project.glance(file).as_bytes();
        let reach = self.reach(project, file);
        let counts = |word: usize| self.meanings.get(word).is_none_or(|meaning| reach.allows(*meaning));
        self.coroutines && has_coroutine(text) || self.scanner.names_one_of(text, counts)
    }

    /// Whether a name counts in a file: as an attribute alone, or wherever it stands.
    fn counts(&self, reach: &Reach<'_>, name: &str) -> Option<bool> {
        let meanings = self.words.get(name)?.iter().filter(|meaning| reach.allows(**meaning));
        meanings.map(|meaning| meaning.method).min()
    }
}

/// What a module's name ends in: of `a/b.py` `b`, of `a/b/__init__.py` also.
fn module_stem(path: &str) -> &str {
    let path = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

/// The roots of one file that matter: functions and methods outside of functions, and perhaps the module's body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Roots {
    /// The body of the module.
    pub body: bool,
    /// In source order.
    pub functions: Vec<FunctionId>,
}

impl Roots {
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        !self.body && self.functions.is_empty()
    }

    /// Those and these.
    pub fn add(&mut self, others: &Roots) {
        self.body |= others.body;
        self.functions.extend(&others.functions);
        self.functions.sort_unstable();
        self.functions.dedup();
    }

    /// Those that are not among the others.
    pub fn remove(&mut self, others: &Roots) {
        self.body &= !others.body;
        self.functions.retain(|function| others.functions.binary_search(function).is_err());
    }
}

/// All roots of a file.
pub fn all(parsed: &Parsed) -> Roots {
    Roots { body: true, functions: outermost(&parsed.facts) }
}

/// The roots of a file in which one of the words stands, and those that mention them by name.
pub fn roots(project: &Project, file: FileId, words: &Words) -> Roots {
    let parsed = project.parsed(file);
    let reach = words.reach(project, file);
    let (facts, spans) = (&parsed.facts, &parsed.spans);
    let candidates = outermost(facts);
    let ranges: Vec<Span> =
        candidates.iter().map(|f| spans.functions.get(f.index()).copied().unwrap_or_default()).collect();
    // Candidates stand one behind the other; the last place is the module's body.
    let owner = |span: Span| {
        let at = ranges.partition_point(|range| range.end < span.end);
        match ranges.get(at) {
            Some(range) if range.start <= span.start => at,
            _ => candidates.len(),
        }
    };
    let mut is_word: Vec<Option<bool>> = facts.names.iter().map(|name| words.counts(&reach, name)).collect();
    // Python: from threading import Thread as Worker
    let imports = facts.statements.iter().filter_map(|statement| match statement {
        Statement::Import(bindings) => Some(bindings),
        _ => None,
    });
    for binding in imports.flatten().chain(&facts.bindings) {
        if let BindingValue::ImportFrom { member, .. } = &binding.value
            && let Some(Some(_)) = is_word.get(member.index())
            && let Some(word) = is_word.get_mut(binding.name.index())
        {
            *word = Some(false);
        }
    }
    let mut relevant = vec![false; candidates.len() + 1];
    let mut mentions: Vec<FxHashSet<NameId>> = vec![FxHashSet::default(); candidates.len() + 1];
    let mut mentioned_at: Vec<u32> = Vec::new();
    for (expression, span) in facts.expressions.iter().zip(&spans.expressions) {
        let (name, is_attribute) = match expression {
            Expression::Name(name) => (*name, false),
            Expression::Attribute { attribute, .. } => (*attribute, true),
            _ => continue,
        };
        let place = owner(*span);
        if is_word.get(name.index()).copied().flatten().is_some_and(|method| is_attribute || !method)
            && let Some(relevant) = relevant.get_mut(place)
        {
            *relevant = true;
            mentioned_at.push(span.start);
        }
        if let Some(mentioned) = mentions.get_mut(place) {
            mentioned.insert(name);
        }
    }
    // By what name others reach a candidate.
    let reached_by = |place: usize| -> Vec<NameId> {
        let Some(function) = candidates.get(place).and_then(|f| facts.functions.get(f.index())) else {
            return Vec::new();
        };
        let class = function.class.and_then(|class| facts.classes.get(class.index()));
        let is_special = facts.names.get(function.name.index()).is_some_and(|n| n.starts_with("__"));
        match class {
            Some(class) if is_special => vec![class.name],
            // The methods of a class run on its instances: who makes one, decides what they hold.
            Some(class) => vec![function.name, class.name],
            None => vec![function.name],
        }
    };
    let mut fresh: Vec<usize> = (0..candidates.len()).filter(|at| relevant.get(*at) == Some(&true)).collect();
    mentioned_at.sort_unstable();
    let mut renamed: Vec<NameId> = renamed(parsed, &mentioned_at);
    let mut names: FxHashSet<NameId> = FxHashSet::default();
    while !fresh.is_empty() || !renamed.is_empty() {
        let reached = fresh.drain(..).flat_map(reached_by).chain(renamed.drain(..));
        let added: Vec<NameId> = reached.filter(|name| names.insert(*name)).collect();
        for (place, (relevant, mentioned)) in relevant.iter_mut().zip(&mentions).enumerate() {
            if !*relevant && added.iter().any(|name| mentioned.contains(name)) {
                *relevant = true;
                fresh.push(place);
            }
        }
    }
    // A coroutine runs on the loop whoever calls it, and so does what the loop itself calls.
    if words.coroutines {
        let is_base = |base: &ExpressionId| match facts.expressions.get(base.index()) {
            Some(Expression::Name(name) | Expression::Attribute { attribute: name, .. }) => {
                is_word.get(name.index()).copied().flatten().is_some()
            }
            _ => false,
        };
        for (function, relevant) in candidates.iter().zip(&mut relevant) {
            let Some(function) = facts.functions.get(function.index()) else { continue };
            let class = function.class.and_then(|class| facts.classes.get(class.index()));
            *relevant |= class.is_some_and(|class| class.bases.iter().any(is_base))
                && facts.names.get(function.name.index()).is_some_and(|name| Knowledge::may_be_on_loop(name));
        }
        for (function, span) in facts.functions.iter().zip(&spans.functions) {
            if function.is_async
                && let Some(relevant) = relevant.get_mut(owner(*span))
            {
                *relevant = true;
            }
        }
    }
    let body = relevant.last().copied().unwrap_or_default();
    let functions =
        candidates.iter().zip(&relevant).filter(|(_, relevant)| **relevant).map(|(function, _)| *function).collect();
    Roots { body, functions }
}

/// What is assigned from expressions in which a word stands at one of these places, in order.
///
/// Python: `executor_class = ThreadPoolExecutor`
fn renamed(parsed: &Parsed, mentioned_at: &[u32]) -> Vec<NameId> {
    let facts = &parsed.facts;
    let mut names = Vec::new();
    for statement in &facts.statements {
        let Statement::Assign { targets, value } = statement else { continue };
        let Some(span) = parsed.spans.expressions.get(value.index()) else { continue };
        let next = mentioned_at.partition_point(|at| *at < span.start);
        if mentioned_at.get(next).is_none_or(|at| *at >= span.end) {
            continue;
        }
        for target in targets {
            match facts.expressions.get(target.index()) {
                Some(Expression::Name(name)) => names.push(*name),
                Some(Expression::Attribute { attribute, .. }) => names.push(*attribute),
                _ => {}
            }
        }
    }
    names
}

/// Functions and methods that are not nested in a function: nested ones run with what encloses them.
fn outermost(facts: &Facts) -> Vec<FunctionId> {
    let class_is_root = |mut class: Option<crate::id::ClassId>| {
        while let Some(here) = class.and_then(|c| facts.classes.get(c.index())) {
            if here.parent.is_some() {
                return false;
            }
            class = here.outer;
        }
        true
    };
    facts
        .functions
        .iter()
        .enumerate()
        .filter(|(_, f)| {
            f.parent.is_none()
                && class_is_root(f.class)
                && facts.names.get(f.name.index()).is_none_or(|n| &**n != "<lambda>")
        })
        .map(|(index, _)| FunctionId::new(index))
        .collect()
}
