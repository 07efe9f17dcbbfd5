//! What a program keeps in an object of a library that all its code gets to see, and finds there again.
//!
//! ```python
//! app["vault"] = Vault(rounds=1_200_000)
//!
//! async def login(request):
//!     request.app["vault"].check(await request.text())
//! ```

use super::machine::{Answer, Machine, Question};
use super::value::Value;
use crate::facts::ir::{BindingValue, Expression, Facts, Statement};
use crate::id::{ExpressionId, FileId, NameId, StatementId};
use crate::project::Parsed;
use std::rc::Rc;
use std::sync::Arc;

/// How many files are looked at for who keeps something.
const MOST_FILES: usize = 12;

/// Statements that keep something under a name, one a file.
pub type Keepers = Rc<[(FileId, StatementId)]>;

/// A name under which something is kept: a key, or an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Under<'a> {
    /// `app["vault"] = …`
    Key(&'a str),
    /// `app.state.vault = …`
    Attribute(&'a str),
}

impl<'a> Under<'a> {
    fn name(self) -> &'a str {
        match self {
            Under::Key(name) | Under::Attribute(name) => name,
        }
    }
}

impl<'p> Machine<'p> {
    /// What the program keeps under this name in the one object of a class that is `shared`, if one place tells.
    pub(super) fn kept_in_shared(&mut self, class: &Arc<str>, under: Under<'_>, here: FileId) -> Option<Value> {
        let importers = self.known.ancestry(class).iter().map(|it| &it.shared).find(|it| !it.is_empty())?.as_slice();
        let is_key = matches!(under, Under::Key(_));
        let key = (class.clone(), is_key, Box::from(under.name()), here);
        let keepers = match self.keepers.get(&key) {
            Some(known) => known.clone(),
            None => {
                let found: Keepers = self.keepers_of(class, under, importers, here).into();
                self.keepers.insert(key, found.clone());
                found
            }
        };
        keepers.iter().find_map(|&(file, statement)| {
            match self
                .ask(Question::Kept(file, statement), |machine| Answer::Value(machine.kept_value(file, statement)))
            {
                Some(Answer::Value(value)) if !value.is_unknown() => Some(value.copied(false)),
                _ => None,
            }
        })
    }

    /// The statements of the program that keep something under this name, one a file.
    fn keepers_of(
        &self,
        class: &str,
        under: Under<'_>,
        importers: &[String],
        here: FileId,
    ) -> Vec<(FileId, StatementId)> {
        let word = class.rsplit('.').next().unwrap_or_default();
        for package in importers {
            self.project.note_look(under.name(), package);
        }
        let project = self.project;
        let keeps = |file: &FileId| {
            project.glance(*file).contains(under.name())
                && (*file == here || importers.iter().any(|package| project.imports_word(*file, package)))
        };
        let files = project.files().filter(keeps).take(MOST_FILES);
        files.filter_map(|file| Some((file, kept_by(&project.parsed(file).facts, under, word)?))).collect()
    }

    /// What a framework passes as a parameter of this name: `request`, where `aiohttp.web` is imported.
    pub(super) fn passed_by_framework(&mut self, file: FileId, parameter: NameId) -> Value {
        let classes = crate::knowledge::passed_as(self.name(file, parameter));
        if classes.is_empty() {
            return Value::Unknown;
        }
        let class = match self.passed_as.get(&(file, parameter)) {
            Some(known) => *known,
            None => {
                let class = classes.iter().find(|class| self.imports_module_of(file, class)).copied();
                self.passed_as.insert((file, parameter), class);
                class
            }
        };
        class.map_or(Value::Unknown, |class| self.library_instance(class))
    }

    /// True if a file imports the module that a class is in, or something of it.
    fn imports_module_of(&self, file: FileId, class: &str) -> bool {
        let Some((module, _)) = class.rsplit_once('.') else { return false };
        let bindings = &self.project.parsed(file).facts.bindings;
        bindings.iter().any(|binding| match &binding.value {
            BindingValue::Import { module: imported, .. } => self.name(file, *imported) == module,
            BindingValue::ImportFrom { module: imported, level: 0, member } => {
                let imported = self.name(file, *imported);
                imported == module
                    || module.strip_prefix(imported).and_then(|it| it.strip_prefix('.'))
                        == Some(self.name(file, *member))
            }
            _ => false,
        })
    }

    /// The value that a statement keeps, from what the module and the statements before it in its function tell.
    fn kept_value(&mut self, file: FileId, statement: StatementId) -> Value {
        let parsed = self.project.parsed(file);
        let Some(Statement::Assign { value, .. }) = parsed.facts.statements.get(statement.index()) else {
            return Value::Unknown;
        };
        let value = made_before(parsed, statement, *value).unwrap_or(*value);
        let mut frame = self.module_frame(file);
        self.evaluate(&mut frame, value).copied(true)
    }
}

/// The statement that keeps something under a name.
fn kept_by(facts: &Facts, under: Under<'_>, class: &str) -> Option<StatementId> {
    let text = |name: NameId| facts.names.get(name.index()).map_or("", |it| &**it);
    let is_target = |target: &ExpressionId| match (facts.expressions.get(target.index()), under) {
        (Some(Expression::Subscript { index, .. }), Under::Key(key)) => {
            matches!(facts.expressions.get(index.index()),
                Some(Expression::String { value: Some(it), .. }) if text(*it) == key)
        }
        (Some(Expression::Attribute { value, attribute }), Under::Attribute(name)) => {
            // The object goes by the name of its class: `app.state` is a `State`.
            text(*attribute) == name
                && matches!(facts.expressions.get(value.index()),
                    Some(Expression::Attribute { attribute: owner, .. }) if text(*owner).eq_ignore_ascii_case(class))
        }
        _ => false,
    };
    let kept = facts.statements.iter().position(|statement| {
        let Statement::Assign { targets, value } = statement else { return false };
        !matches!(facts.expressions.get(value.index()), Some(Expression::None)) && targets.iter().any(is_target)
    });
    kept.map(StatementId::new)
}

/// What a statement before gave the local variable that is kept: `pool = Pool(4)`, and then `app["pool"] = pool`.
fn made_before(parsed: &Parsed, statement: StatementId, kept: ExpressionId) -> Option<ExpressionId> {
    let facts = &parsed.facts;
    let Some(Expression::Name(name)) = facts.expressions.get(kept.index()) else { return None };
    let at = *parsed.spans.statements.get(statement.index())?;
    let function = parsed.outermost(at)?;
    let around = *parsed.spans.functions.get(function.index())?;
    let all = facts.statements.iter().zip(&parsed.spans.statements);
    let before = all.filter(|(_, span)| around.start <= span.start && span.end <= at.start);
    let mut made = before.filter_map(|(it, _)| match it {
        Statement::Assign { targets, value } => {
            let is_it = |id: &ExpressionId| {
                matches!(facts.expressions.get(id.index()), Some(Expression::Name(target)) if target == name)
            };
            targets.iter().any(is_it).then_some(*value)
        }
        _ => None,
    });
    made.next_back()
}
