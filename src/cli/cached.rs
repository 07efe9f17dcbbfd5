//! What earlier runs found: looked up before files are read, and kept afterwards.

use super::check::{Loaded, Plan, Progress, plan, say_troubles, shows_fixes, take};
use super::settings::{self, BaselineChoice, Run};
use super::{Check, Clean, Exit, Failure, say};
use crate::analysis::{Analysis, AnalysisHost, Change};
use crate::cache::store::{self, Store};
use crate::cache::{Answer, Question, Terms, TextHash};
use crate::config::Settings;
use crate::discover::current_folder;
use crate::walk::Given;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run is to leave for those after it.
pub(super) struct Keeping {
    store: Store,
    question: Question,
    /// All that was listed.
    paths: Vec<String>,
    texts: Vec<TextHash>,
}

/// Reads the files, unless it is known what was found in them.
pub(super) fn load(
    given: &[Given],
    arguments: &Check,
    run: &Run,
    progress: &Progress,
) -> Result<(Loaded, Option<Keeping>), Failure> {
    let plan = plan(given, run)?;
    let note = |text: &str| {
        if arguments.verbose {
            progress.aside(|| say(text));
        }
    };
    let (folder, is_said) = run.resolver.cache_folder(&run.found);
    let store = match Store::open(&folder, &plan.listing.base, is_said) {
        _ if arguments.options.no_cache => None,
        Ok(store) => Some(store),
        Err(reason) => {
            note(&format!("Nothing is kept: {reason}"));
            None
        }
    };
    let question = store.as_ref().and_then(|store| question(store, arguments, &plan));
    let Some((store, question)) = store.zip(question) else {
        let Plan { listing, settings, scopes } = plan;
        let tree = listing.read(&|_| None, &|| progress.tick());
        return Ok((take(tree, settings, scopes, progress), None));
    };
    if let Some(mut answer) = question.recall(&store, &plan.listing) {
        let renewed = question.renew(&store, &mut answer);
        if let Some(loaded) = recalled(answer, &plan, progress) {
            note(&format!("Nothing that matters has changed since it was kept in {}.", store.folder().display()));
            if let Err(reason) = renewed {
                note(&format!("{}: cannot write: {reason}", store.folder().display()));
            }
            return Ok((loaded, None));
        }
    }
    let Plan { listing, settings, scopes } = plan;
    let paths = listing.files.iter().map(|file| file.path.clone()).collect();
    let tree = listing.read(&|_| None, &|| progress.tick());
    let texts = tree.files.par_iter().map(|file| TextHash::new(&store, &file.path, &file.text)).collect();
    let loaded = take(tree, settings, scopes, progress);
    Ok((loaded, Some(Keeping { store, question, paths, texts })))
}

fn question(store: &Store, arguments: &Check, plan: &Plan) -> Option<Question> {
    let current = current_folder();
    let given: Vec<&Path> =
        std::iter::once(current.as_path()).chain(arguments.paths.iter().map(PathBuf::as_path)).collect();
    let fixes = shows_fixes(arguments, &plan.settings);
    let terms = Terms { settings: &plan.settings, scopes: &plan.scopes, fixes, given: &given };
    Question::new(store, &plan.listing, &terms)
}

/// The state of a run that was answered before; only those files have a text of which something is said.
fn recalled(answer: Answer, plan: &Plan, progress: &Progress) -> Option<Loaded> {
    let Plan { listing, settings, scopes } = plan;
    let mut host = AnalysisHost::new(settings.clone());
    host.set_scopes(settings.clone(), scopes.clone());
    let mut shown = BTreeMap::new();
    let mut texts = answer.texts.into_iter().peekable();
    let nothing: Arc<str> = Arc::from("");
    for (place, index) in answer.files.into_iter().enumerate() {
        let file = listing.files.get(index)?;
        let text = texts.next_if(|(it, _)| *it == place).map_or_else(|| Arc::clone(&nothing), |(_, text)| text);
        shown.insert(file.path.clone(), file.shown.clone());
        host.apply_change(Change { path: file.path.clone(), text: Some(text), reported: file.reported });
        progress.tick();
    }
    let analysis = host.analysis().recalled(answer.verdicts)?;
    let mut troubles = [listing.troubles.clone(), answer.troubles].concat();
    troubles.sort();
    troubles.dedup();
    say_troubles(&troubles, progress);
    let settings: Settings = settings.clone();
    let (base, places) = (listing.base.clone(), BTreeMap::new());
    Some(Loaded { host, analysis, shown, base, troubles: troubles.len(), settings, places })
}

impl Keeping {
    /// Keeps what was found; where that cannot be, only whoever wants to know is told.
    pub fn keep(self, analysis: &Analysis, verbose: bool) {
        let Keeping { store, question, paths, texts } = self;
        let kept = question.keep(&store, &paths, &texts, analysis);
        if let (Err(reason), true) = (kept, verbose) {
            say(&format!("{}: cannot write: {reason}", store.folder().display()));
        }
    }
}

/// `gilcheck clean`.
pub(super) fn clean(arguments: &Clean) -> Result<Exit, Failure> {
    let Clean { paths, options } = arguments;
    let mut folders = BTreeSet::new();
    for path in paths {
        let choice = super::Choice::default();
        let run = settings::find(options, &choice, &BaselineChoice::default(), std::slice::from_ref(path))?;
        folders.insert(run.resolver.cache_folder(&run.found).0);
    }
    for folder in folders {
        let shown = folder.display();
        match store::remove(&folder) {
            Ok(true) => say(&format!("Removed what was kept in {shown}.")),
            Ok(false) => {}
            Err(error) => return Err(format!("{shown}: cannot remove it: {error}").into()),
        }
    }
    Ok(Exit::Clean)
}
