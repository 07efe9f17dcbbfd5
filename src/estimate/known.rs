//! What the knowledge says, remembered: the machine asks for the same names over and over.

use crate::knowledge::Knowledge;
use crate::knowledge::types::{Class, Entry, TypeExpression};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Names by class, then by attribute.
type ByClass<T> = RefCell<FxHashMap<Box<str>, FxHashMap<Box<str>, T>>>;

/// The knowledge, with the answers that it gave.
#[derive(Debug)]
pub struct Known<'k> {
    knowledge: &'k Knowledge,
    calls: RefCell<FxHashMap<Box<str>, Rc<[&'k Entry]>>>,
    ancestry: RefCell<FxHashMap<Box<str>, Rc<[&'k Class]>>>,
    canonical: RefCell<FxHashMap<Box<str>, Arc<str>>>,
    classes: RefCell<FxHashMap<Box<str>, Option<&'k Class>>>,
    owners: ByClass<Option<Arc<str>>>,
    builtin: ByClass<Arc<str>>,
}

impl<'k> Known<'k> {
    /// Nothing was asked yet.
    pub fn new(knowledge: &'k Knowledge) -> Known<'k> {
        Known {
            knowledge,
            calls: RefCell::default(),
            ancestry: RefCell::default(),
            canonical: RefCell::default(),
            classes: RefCell::default(),
            owners: RefCell::default(),
            builtin: RefCell::default(),
        }
    }

    /// See [`Knowledge::calls`].
    pub fn calls(&self, name: &str) -> Rc<[&'k Entry]> {
        if let Some(known) = self.calls.borrow().get(name) {
            return known.clone();
        }
        let found: Rc<[&Entry]> = self.knowledge.calls(name).into();
        self.calls.borrow_mut().insert(name.into(), found.clone());
        found
    }

    /// See [`Knowledge::canonical`].
    pub fn canonical(&self, name: &str) -> Arc<str> {
        if let Some(known) = self.canonical.borrow().get(name) {
            return known.clone();
        }
        let found: Arc<str> = Arc::from(&*self.knowledge.canonical(name));
        self.canonical.borrow_mut().insert(name.into(), found.clone());
        found
    }

    /// See [`Knowledge::class`].
    pub fn class(&self, name: &str) -> Option<&'k Class> {
        if let Some(known) = self.classes.borrow().get(name) {
            return *known;
        }
        let found = self.knowledge.class(name);
        self.classes.borrow_mut().insert(name.into(), found);
        found
    }

    /// See [`Knowledge::ancestry`].
    pub fn ancestry(&self, class: &str) -> Rc<[&'k Class]> {
        if let Some(known) = self.ancestry.borrow().get(class) {
            return known.clone();
        }
        let found: Rc<[&Class]> = self.knowledge.ancestry(class).into();
        self.ancestry.borrow_mut().insert(class.into(), found.clone());
        found
    }

    /// See [`Knowledge::attribute`].
    pub fn attribute(&self, class: &str, attribute: &str) -> Option<TypeExpression> {
        self.ancestry(class).iter().find_map(|class| class.attributes.get(attribute)).cloned()
    }

    /// See [`Knowledge::method_owner`].
    pub fn method_owner(&self, class: &str, method: &str) -> Option<Arc<str>> {
        by_class(&self.owners, class, method, || self.knowledge.method_owner(class, method).map(Arc::from))
    }

    /// The name under which a method of a built-in class is known. A list stands for its kin in `collections` too, and
    /// a dict for its own.
    pub fn builtin_method(&self, class: &str, method: &str) -> Arc<str> {
        by_class(&self.builtin, class, method, || {
            let kin: &[&str] = match class {
                "list" => &["collections.deque"],
                "dict" => &["collections.Counter", "collections.OrderedDict", "collections.defaultdict"],
                _ => &[],
            };
            let own = format!("builtins.{class}.{method}");
            let names = std::iter::once(own.clone()).chain(kin.iter().map(|other| format!("{other}.{method}")));
            Arc::from(names.into_iter().find(|name| !self.calls(name).is_empty()).unwrap_or(own))
        })
    }
}

fn by_class<T: Clone>(known: &ByClass<T>, class: &str, name: &str, find: impl FnOnce() -> T) -> T {
    if let Some(known) = known.borrow().get(class).and_then(|names| names.get(name)) {
        return known.clone();
    }
    let found = find();
    known.borrow_mut().entry(class.into()).or_default().insert(name.into(), found.clone());
    found
}
