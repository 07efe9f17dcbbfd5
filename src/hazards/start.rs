//! Where a program starts what leads to a hand-over: the statements of module bodies, guarded or not.

use super::effects::Reader;
use super::to_process::is_guarded;
use crate::estimate::machine::Node;
use crate::estimate::trace::Seen;
use crate::facts::ir::Expression;
use crate::id::{ExpressionId, FileId, StatementId};
use std::collections::BTreeSet;

/// See [`starts`].
#[derive(Debug, Default)]
pub struct Starts {
    /// Some way leads through `if __name__ == "__main__":`.
    pub guarded: bool,
    /// The statements of module bodies that lead to it when the module is imported.
    pub open: Vec<(FileId, StatementId)>,
}

/// The ways from module bodies to a hand-over.
pub fn starts(reader: &mut Reader<'_>, site: Node, call: ExpressionId) -> Starts {
    let mut leading: BTreeSet<Node> = BTreeSet::from([site]);
    let mut work = vec![site];
    while let Some(node) = work.pop() {
        for caller in reader.trace.callers(node).collect::<Vec<_>>() {
            if leading.insert(caller) {
                work.push(caller);
            }
        }
    }
    let modules: Vec<FileId> = leading.iter().filter(|(_, function)| function.is_none()).map(|(f, _)| *f).collect();
    let mut found = Starts::default();
    for file in modules {
        for (statement, is_safe) in of_module(reader, file, site, call, &leading) {
            if is_safe {
                found.guarded = true;
            } else {
                found.open.push((file, statement));
            }
        }
    }
    found
}

/// The statements of a module's body that lead to the hand-over, and whether they are guarded.
fn of_module(
    reader: &mut Reader<'_>,
    file: FileId,
    site: Node,
    call: ExpressionId,
    leading: &BTreeSet<Node>,
) -> Vec<(StatementId, bool)> {
    let facts = reader.facts(file);
    let shape = reader.shape(file);
    let path = reader.project.path(file);
    // `python -m package` does not import `__main__.py` again.
    let is_main_file = path.ends_with("/__main__.py");
    let mut found = Vec::new();
    for id in shape.expressions_in(None).collect::<Vec<_>>() {
        let Some(Expression::Call { callee, arguments }) = facts.expressions.get(id.index()) else { continue };
        let is_site = (file, None) == site && id == call;
        let leads = |seen: &Seen| {
            seen.alternatives().iter().any(|one| match one {
                Seen::Function(at, function) | Seen::Method(_, at, function) => {
                    leading.contains(&(*at, Some(*function)))
                }
                // Making an object leads there only through the class's own `__init__`.
                Seen::Class(at, class) => {
                    reader.own_method(*at, *class, "__init__").is_some_and(|init| leading.contains(&(*at, Some(init))))
                }
                Seen::Instance(at, class) => {
                    reader.own_method(*at, *class, "__call__").is_some_and(|call| leading.contains(&(*at, Some(call))))
                }
                _ => false,
            })
        };
        let through_callee = reader.trace.seen(file, *callee).is_some_and(leads);
        // `asyncio.run(main())` has `main()` as an argument of its own; `run(main)` gives the function.
        let through_argument = arguments.iter().any(|a| {
            matches!(reader.trace.seen(file, a.value), Some(seen @ (Seen::Function(..) | Seen::Method(..))) if leads(seen))
        });
        if !is_site && !through_callee && !through_argument {
            continue;
        }
        let Some(statement) = shape.statement_of(id) else { continue };
        let is_safe = is_main_file || is_guarded(facts, reader, file, &shape, statement);
        let top = shape.top_statement(statement);
        if !found.contains(&(top, is_safe)) {
            found.push((top, is_safe));
        }
    }
    found
}
