//! Edits over source spans: gathered for one rewrite, applied to texts, several rewrites put together.

use crate::diagnostic::{Edit, Fix};
use crate::id::FileId;
use crate::text::Span;
use std::collections::BTreeMap;

/// The edits of one rewrite.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// In the order in which they were made.
    pub all: Vec<Edit>,
    /// Texts around others: file, place, text, and whether it comes first.
    affixes: Vec<(FileId, u32, String, bool)>,
}

impl Edits {
    /// Puts a text in the place of a range.
    pub fn replace(&mut self, file: FileId, span: Span, text: impl Into<String>) {
        let edit = Edit { file, span, text: text.into() };
        if !self.all.contains(&edit) {
            self.all.push(edit);
        }
    }

    /// Puts a text before a byte.
    pub fn insert(&mut self, file: FileId, at: u32, text: impl Into<String>) {
        self.replace(file, Span { start: at, end: at }, text);
    }

    /// Puts a text before what begins at a byte, in front of what is to be inserted or replaced there.
    pub fn prefix(&mut self, file: FileId, at: u32, text: &str) {
        self.affixes.push((file, at, text.to_string(), true));
    }

    /// Puts a text behind what ends at a byte, after what is to be inserted there.
    pub fn suffix(&mut self, file: FileId, at: u32, text: &str) {
        self.affixes.push((file, at, text.to_string(), false));
    }

    /// Takes a range out.
    pub fn delete(&mut self, file: FileId, span: Span) {
        self.replace(file, span, "");
    }

    /// The edits in order; nothing where two of them overlap.
    pub fn finish(mut self) -> Option<Vec<Edit>> {
        for (file, at, text, first) in std::mem::take(&mut self.affixes) {
            let insertion = self.all.iter_mut().find(|e| e.file == file && e.span.start == at && e.span.end == at);
            let replacement = |e: &&mut Edit| e.file == file && e.span.end > e.span.start && e.span.start == at;
            match (insertion, first) {
                (Some(edit), true) => edit.text.insert_str(0, &text),
                (Some(edit), false) => edit.text.push_str(&text),
                (None, true) => match self.all.iter_mut().find(replacement) {
                    Some(edit) => edit.text.insert_str(0, &text),
                    None => self.insert(file, at, text),
                },
                (None, false) => self.insert(file, at, text),
            }
        }
        self.all.sort();
        let clash = self.all.windows(2).any(|pair| match pair {
            [a, b] => a.file == b.file && overlap(a, b),
            _ => false,
        });
        (!clash).then_some(self.all)
    }
}

/// True if two edits of one file cannot both be made.
fn overlap(a: &Edit, b: &Edit) -> bool {
    if a == b {
        return false;
    }
    // Two insertions at one place have no order of their own.
    let same_place = a.span.start == b.span.start && a.span.end == a.span.start && b.span.end == b.span.start;
    same_place || (a.span.start < b.span.end && b.span.start < a.span.end)
}

/// As many fixes as fit together, in the order given; equal edits are made once.
///
/// What does not fit now may fit in the next round.
pub fn compose<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> (BTreeMap<FileId, Vec<Edit>>, Vec<usize>) {
    let mut chosen: BTreeMap<FileId, BTreeMap<Span, Edit>> = BTreeMap::new();
    let mut applied = Vec::new();
    for (index, fix) in fixes.into_iter().enumerate() {
        let fits = fix.edits.iter().all(|edit| {
            let Some(others) = chosen.get(&edit.file) else { return true };
            // They do not overlap each other, so of those that begin before it only the last can reach it.
            let Span { start, end } = edit.span;
            let before = others.range(..Span { start, end: start }).next_back();
            let mut near = others.range(Span { start, end: start }..=Span { start: end, end: u32::MAX });
            before.is_none_or(|(_, other)| !overlap(other, edit)) && near.all(|(_, other)| !overlap(other, edit))
        });
        if !fits || fix.edits.is_empty() {
            continue;
        }
        for edit in &fix.edits {
            chosen.entry(edit.file).or_default().insert(edit.span, edit.clone());
        }
        applied.push(index);
    }
    (chosen.into_iter().map(|(file, edits)| (file, edits.into_values().collect())).collect(), applied)
}

/// A text with edits made; they are in order and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut result = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        let start = edit.span.start as usize;
        result.push_str(text.get(at..start).unwrap_or(""));
        result.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    result.push_str(text.get(at..).unwrap_or(""));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Applicability;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { file: FileId(0), span: Span { start, end }, text: text.into() }
    }

    fn fix(edits: Vec<Edit>) -> Fix {
        Fix { title: "t".into(), applicability: Applicability::Safe, edits, hazards: Vec::new() }
    }

    #[test]
    fn edits_are_made_in_order() {
        let edits = [edit(0, 0, "a"), edit(0, 3, "one"), edit(4, 7, "")];
        assert_eq!(apply("uno dos tres", &edits), "aone  tres");
    }

    #[test]
    fn fixes_that_touch_the_same_text_wait() {
        let fixes = [
            fix(vec![edit(0, 0, "import a\n"), edit(5, 8, "x")]),
            fix(vec![edit(0, 0, "import a\n"), edit(9, 9, "y")]),
            fix(vec![edit(6, 7, "z")]),
            fix(vec![edit(0, 0, "import b\n")]),
        ];
        let (edits, applied) = compose(&fixes);
        assert_eq!(applied, [0, 1]);
        assert_eq!(edits[&FileId(0)].len(), 3);
    }

    #[test]
    fn overlapping_edits_are_no_rewrite() {
        let mut edits = Edits::default();
        edits.replace(FileId(0), Span { start: 0, end: 4 }, "a");
        edits.replace(FileId(0), Span { start: 2, end: 3 }, "b");
        assert!(edits.finish().is_none());
    }
}
