//! Which functions must run as roots: those that hand work over, coroutines, and what in the same file calls them.
//!
//! All the rest only matter as far as these reach them. Decided from names alone, so that it costs little: what is
//! not mentioned by name can hardly be called. `--exhaustive` runs everything, and each spec compares the two.

use crate::facts::ir::{BindingValue, Expression, Facts, Statement};
use crate::id::{FileId, FunctionId, NameId};
use crate::knowledge::Knowledge;
use crate::project::scan::{Scanner, has_coroutine};
use crate::project::{Parsed, Project};
use crate::text::Span;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// The words that make a function worth running.
#[derive(Debug)]
pub struct Words {
    /// Names that count wherever they stand, and names that count as attributes only.
    words: FxHashMap<Box<str>, bool>,
    scanner: Scanner,
    /// Coroutines count as well.
    coroutines: bool,
}

impl Words {
    /// What hands work over, of the libraries that the project names at all.
    pub fn of_knowledge(project: &Project, knowledge: &Knowledge) -> Words {
        let packages = knowledge.spawning_packages();
        let scanner = Scanner::new(&packages);
        let files: Vec<FileId> = project.files().collect();
        let named = files
            .par_iter()
            .map(|file| scanner.named(project.text(*file).as_bytes(), packages.len()))
            .reduce(|| vec![false; packages.len()], |a, b| a.iter().zip(&b).map(|(a, b)| *a || *b).collect());
        let present: FxHashSet<&str> =
            packages.iter().zip(&named).filter(|(_, named)| **named).map(|(package, _)| *package).collect();
        let words = knowledge.spawn_words(&present);
        let patterns: Vec<String> =
            words.iter().map(|(word, method)| if *method { format!(".{word}") } else { (*word).to_string() }).collect();
        Words {
            words: words.iter().map(|(word, method)| (Box::from(*word), *method)).collect(),
            scanner: Scanner::new(&patterns),
            coroutines: true,
        }
    }

    /// Names of the project: of functions that hand over what they are given, of workers' classes.
    pub fn of_names(names: &[String]) -> Words {
        Words {
            words: names.iter().map(|name| (Box::from(name.as_str()), false)).collect(),
            scanner: Scanner::new(names),
            coroutines: false,
        }
    }

    /// True if a file may hold a function that counts; told from its bytes.
    pub fn may_matter(&self, text: &[u8]) -> bool {
        self.coroutines && has_coroutine(text) || self.scanner.names_any(text)
    }
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
pub fn roots(parsed: &Parsed, words: &Words) -> Roots {
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
    let mut is_word: Vec<Option<bool>> = facts.names.iter().map(|name| words.words.get(name).copied()).collect();
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
    if words.coroutines {
        for (function, span) in facts.functions.iter().zip(&spans.functions) {
            if function.is_async
                && let Some(relevant) = relevant.get_mut(owner(*span))
            {
                *relevant = true;
            }
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
