//! What one machine made and others may share: taken apart when the machine is gone.
//!
//! Objects and environments are counted references, and those of Python programs often lead back to themselves
//! (`self.parent.child = self`, a function that calls itself), so counting alone would never free them.

use super::value::{Environment, Fields, Object, Reference, Value, Variables};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// So many are made before those that are gone are looked for; then twice as many as were left.
const FIRST_SWEEP: usize = 1 << 12;

#[derive(Debug, Default)]
struct Heap {
    objects: Vec<Weak<RefCell<Object>>>,
    environments: Vec<Weak<Environment>>,
    next_sweep: usize,
}

thread_local! {
    /// One for each machine that lives on this thread, the newest last.
    static HEAPS: RefCell<Vec<Heap>> = const { RefCell::new(Vec::new()) };
}

/// Takes everything apart that was made while it lived.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// From now on what is made is noted.
    pub fn new() -> Guard {
        HEAPS.with_borrow_mut(|heaps| heaps.push(Heap { next_sweep: FIRST_SWEEP, ..Heap::default() }));
        Guard(())
    }
}

impl Default for Guard {
    fn default() -> Guard {
        Guard::new()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(heap) = HEAPS.with_borrow_mut(Vec::pop) else { return };
        // What is taken out is dropped at the end, when nothing leads back any more.
        let mut taken: Vec<Value> = Vec::new();
        let mut fields: Vec<Fields> = Vec::new();
        let mut variables: Vec<Variables> = Vec::new();
        for object in heap.objects.iter().filter_map(Weak::upgrade) {
            let Ok(mut object) = object.try_borrow_mut() else { continue };
            let object = &mut *object;
            for value in [&mut object.item, &mut object.key] {
                if !value.is_leaf() {
                    taken.push(std::mem::replace(value, Value::Unknown));
                }
            }
            taken.extend(object.elements.take().into_iter().flatten().filter(|value| !value.is_leaf()));
            fields.push(std::mem::take(&mut object.fields));
        }
        for environment in heap.environments.iter().filter_map(Weak::upgrade) {
            let Ok(mut here) = environment.variables.try_borrow_mut() else { continue };
            variables.push(std::mem::take(&mut *here));
        }
    }
}

/// A new shared object. What it is made of was there before it, so it cannot lead back to itself yet.
pub fn object(object: Object) -> Reference {
    Reference(Rc::new(RefCell::new(Object { noted: false, ..object })))
}

/// Notes an object that is changed, or copied with what leads back to it: from now on it may lead back to itself.
pub fn note_object(reference: &Reference, object: &mut Object) {
    if !std::mem::replace(&mut object.noted, true) {
        note(|heap| heap.objects.push(Rc::downgrade(&reference.0)));
    }
}

/// Notes an environment that a function or a class keeps: its variables may hold them.
pub fn note_environment(environment: &Rc<Environment>) {
    if !environment.noted.replace(true) {
        note(|heap| heap.environments.push(Rc::downgrade(environment)));
    }
}

fn note(push: impl FnOnce(&mut Heap)) {
    HEAPS.with_borrow_mut(|heaps| {
        let Some(heap) = heaps.last_mut() else { return };
        push(heap);
        if heap.objects.len() + heap.environments.len() >= heap.next_sweep {
            heap.objects.retain(|object| object.strong_count() > 0);
            heap.environments.retain(|environment| environment.strong_count() > 0);
            heap.next_sweep = FIRST_SWEEP.max(2 * (heap.objects.len() + heap.environments.len()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Interval;
    use crate::estimate::value::Kind;

    fn list() -> Object {
        Object {
            kind: Kind::List,
            length: Interval::ONE,
            guessed: false,
            item: Value::Unknown,
            key: Value::Unknown,
            elements: None,
            fields: Fields::default(),
            weight: 1.0,
            doubt: 1.0,
            serial: 0,
            frozen: false,
            noted: false,
            digested: Default::default(),
        }
    }

    #[test]
    fn what_leads_back_to_itself_is_freed() {
        let guard = Guard::new();
        let one = object(list());
        let other = object(Object { item: Value::Object(one.clone()), ..list() });
        one.0.borrow_mut().elements = Some(vec![Value::Object(other.clone())]);
        note_object(&one, &mut one.0.borrow_mut());
        let Value::Object(copy) = Value::Object(one.clone()).copied(true) else { panic!("a copy of an object is one") };
        let weak_copy = Rc::downgrade(&copy.0);
        drop(copy);
        let (weak_one, weak_other) = (Rc::downgrade(&one.0), Rc::downgrade(&other.0));
        drop((one, other));
        let counts = || [&weak_one, &weak_other, &weak_copy].map(Weak::strong_count);
        assert_eq!(counts(), [1, 1, 1]);
        drop(guard);
        assert_eq!(counts(), [0, 0, 0]);
    }
}
