//! What an earlier run found, where the edit since then changed no fact: a comment, a blank line, an indentation.
//!
//! The machine sees facts, names and places, never a text. So with the same facts it finds the same things at places
//! that have moved. What is told from the bytes of a file, which functions run among it, is asked again and must get
//! the same answers.

use super::evidence::{Operation, Step, Trail};
use super::report::{Event, Handover, Stall, steps};
use super::{Report, choose};
use crate::facts::ir::Moves;
use crate::id::FileId;
use crate::knowledge::Knowledge;
use crate::project::Project;
use crate::text::Span;
use std::sync::Arc;

/// The report of `project`, made of what was found in an `earlier` state of it; `None` where something that the
/// report rests on may be different now. Both states must have been judged with the same knowledge and settings.
pub fn after_edit(
    project: &Project,
    knowledge: &Knowledge,
    exhaustive: bool,
    earlier: &Project,
    found: &Report,
) -> Option<Report> {
    let file = earlier.only_edit(project)?;
    let moves = earlier.same_facts(project, file)?;
    let mut waves = found.waves.iter();
    let chosen = choose(project, knowledge, exhaustive, |roots| {
        waves.next().filter(|wave| wave.roots == roots).map(|wave| wave.names.clone())
    })?;
    if waves.next().is_some() {
        return None;
    }
    let moved = Moved { file, moves };
    let mut events: Vec<Event> = found.events.iter().map(|event| moved.event(event)).collect::<Option<_>>()?;
    events.sort_by(super::order);
    project.take_notes(earlier);
    Some(Report {
        events,
        roots: chosen.roots,
        cut: found.cut.clone(),
        words: chosen.words,
        waves: found.waves.clone(),
    })
}

/// Takes places in the edited file to where they are now.
struct Moved {
    file: FileId,
    moves: Moves,
}

impl Moved {
    fn span(&self, file: FileId, span: Span) -> Option<Span> {
        // What stands nowhere stays there.
        if file != self.file || span == Span::default() { Some(span) } else { self.moves.moved(span) }
    }

    fn event(&self, event: &Event) -> Option<Event> {
        let moved = match event {
            Event::Handover(it) => Event::Handover(Handover {
                span: self.span(it.file, it.span)?,
                bound_to: it.bound_to.map_or(Some(None), |span| self.span(it.file, span).map(Some))?,
                trail: self.trail(&it.trail)?,
                ..it.clone()
            }),
            Event::Stall(it) => Event::Stall(Stall {
                span: self.span(it.file, it.span)?,
                registered: it
                    .registered
                    .map_or(Some(None), |(file, span)| self.span(file, span).map(|span| Some((file, span))))?,
                trail: self.trail(&it.trail)?,
                ..it.clone()
            }),
        };
        Some(moved)
    }

    fn trail(&self, trail: &Trail) -> Option<Trail> {
        let operation = |it: &Operation| {
            Some(Operation { span: self.span(it.file, it.span)?, path: self.path(it.path.as_ref())?, ..it.clone() })
        };
        Some(Trail { operations: trail.operations.iter().map(operation).collect::<Option<_>>()? })
    }

    fn path(&self, path: Option<&Arc<Step>>) -> Option<Option<Arc<Step>>> {
        let mut moved = None;
        for step in steps(path).into_iter().rev() {
            let span = self.span(step.file, step.span)?;
            moved = Some(Arc::new(Step { span, next: moved, callee: Arc::clone(&step.callee), file: step.file }));
        }
        Some(moved)
    }
}
