//! `gilcheck check`.

use super::cached;
use super::fix::{self, Asked, Place};
use super::settings::{self, BaselineChoice, Run};
use super::{Check, Color, Exit, Failure, edit, say, show, watch};
use crate::analysis::{Analysis, AnalysisHost, Change};
use crate::config::{Located, Settings, nearest};
use crate::diagnostic::Diagnostic;
use crate::discover::{current_folder, engine_folder};
use crate::render::{self, Context, Format, Style, statistics};
use crate::source;
use crate::walk::{self, Given, Listing, Tree, Trouble};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A project in memory.
pub(super) struct Loaded {
    pub host: AnalysisHost,
    pub analysis: Analysis,
    /// The engine's paths to those that people gave.
    pub shown: BTreeMap<String, String>,
    /// The folder that the engine's paths are relative to.
    pub base: PathBuf,
    /// How many files could not be read.
    pub troubles: usize,
    /// What holds.
    pub settings: Settings,
    /// Where the files that may be rewritten are, by the engine's path.
    pub places: BTreeMap<String, Place>,
}

pub(super) fn check(arguments: &Check, color: Color) -> Result<Exit, Failure> {
    if arguments.watch {
        return watch::watch(arguments, color);
    }
    let start = Instant::now();
    let progress = Progress::new(arguments.is_quiet());
    let run = find(arguments)?;
    if arguments.show_settings {
        return show::settings(&run.found);
    }
    if arguments.update_baseline && run.found.settings.baseline.is_none() {
        let example = "`--baseline .gilcheck-baseline.json --update-baseline`";
        return Err(format!("`--update-baseline` needs to know which file: {example}").into());
    }
    let asked = Asked::of(arguments, &run.found.settings);
    // Files that are to be written must be read.
    let is_for_show = !asked.rewrites() && !asked.diff && !asked.only && arguments.add_ignore.is_none();
    let given = given(arguments)?;
    let (loaded, kept) = match is_for_show && !arguments.show_files {
        true => cached::load(&given, arguments, &run, &progress)?,
        false => (load(&given, &run, &progress)?, None),
    };
    // The program ends with this: to give back what thousands of files take piece by piece would only take time.
    let mut loaded = ManuallyDrop::new(loaded);
    let files = loaded.analysis.reported_files().count();
    if files == 0 && loaded.troubles > 0 {
        return Err("none of the given files could be read".to_string().into());
    }
    if arguments.verbose {
        progress.aside(|| say_what_was_read(&run, &loaded, files, start.elapsed()));
    }
    if arguments.show_files {
        return show_files(&loaded);
    }
    progress.working();
    let fixed = if asked.rewrites() { Some(fix::fix(&mut loaded, arguments, asked)?) } else { None };
    if asked.diff || asked.only {
        progress.done();
        return fix::finish(&loaded, arguments, asked, fixed.unwrap_or_default());
    }
    let (_, gone) = loaded.analysis.split_by_baseline();
    let diagnostics = match shows_fixes(arguments, &loaded.settings) {
        false => loaded.analysis.diagnostics(),
        true => loaded.analysis.diagnostics_with_fixes(),
    };
    progress.done();
    if let Some(fixed) = &fixed
        && fixed.to_stdout(&loaded)?
    {
        return Ok(if diagnostics.is_empty() || arguments.exit_zero { Exit::Clean } else { Exit::Findings });
    }
    if arguments.update_baseline {
        return update_baseline(&loaded);
    }
    if let Some(reason) = &arguments.add_ignore {
        return edit::add_ignores(&loaded, &diagnostics, reason);
    }
    write(arguments, color, &loaded, &diagnostics)?;
    if let Some(kept) = kept {
        kept.keep(&loaded.analysis, arguments.verbose);
    }
    if files == 0 {
        say("warning: no Python files (*.py, *.pyw, *.ipynb) found under the given paths");
    } else if !arguments.is_quiet() && format(arguments, &loaded.settings).is_for_people() {
        say(&summary(diagnostics.len(), files));
        if gone > 0 {
            let count = count(gone, "finding");
            say(&format!("{count} of the baseline no longer found; `--update-baseline` takes them out."));
        }
        fix::say_offers(&diagnostics, asked);
    }
    if arguments.verbose {
        say(&format!("Took {:.2} s.", start.elapsed().as_secs_f64()));
    }
    if let Some(fixed) = &fixed {
        fixed.say(arguments);
        if fixed.refused > 0 {
            return Ok(Exit::Failed);
        }
        if let Some(exit) = fixed.exit(arguments) {
            return Ok(exit);
        }
    }
    if diagnostics.is_empty() || arguments.exit_zero { Ok(Exit::Clean) } else { Ok(Exit::Findings) }
}

/// The settings for what was given.
pub(super) fn find(arguments: &Check) -> Result<Run, Failure> {
    let baseline = BaselineChoice { file: arguments.baseline.clone(), may_be_missing: arguments.update_baseline };
    // Standard input stands where its file would.
    let given = |path: &PathBuf| match (path.as_os_str() == "-", &arguments.stdin_filename) {
        (true, Some(name)) => name.clone(),
        (true, None) => PathBuf::from("."),
        (false, _) => path.clone(),
    };
    let paths: Vec<PathBuf> = arguments.paths.iter().map(given).collect();
    settings::find(&arguments.options, &arguments.choice, &baseline, &paths)
}

/// The format that was asked for, here or in the settings.
pub(super) fn format(arguments: &Check, settings: &Settings) -> Format {
    let said = settings.output_format.as_deref().and_then(|word| Format::from_str(word, false).ok());
    arguments.output.output_format.or(said).unwrap_or(Format::Full)
}

/// One line a finding has no room for a fix.
pub(super) fn shows_fixes(arguments: &Check, settings: &Settings) -> bool {
    !matches!(format(arguments, settings), Format::Concise | Format::Grouped | Format::Pylint | Format::Azure)
}

/// Writes findings, or their numbers, to where they are wanted.
pub(super) fn write(
    arguments: &Check,
    color: Color,
    loaded: &Loaded,
    diagnostics: &[Diagnostic],
) -> Result<(), Failure> {
    let current = engine_folder(&current_folder());
    let context = Context { analysis: &loaded.analysis, shown: &loaded.shown, current: &current };
    say_oddities(&context);
    let format = format(arguments, &loaded.settings);
    let emit = |out: &mut dyn Write, style: Style| {
        if arguments.output.statistics {
            statistics::write(out, format, diagnostics)
        } else {
            render::write(out, format, style, &context, diagnostics)
        }
    };
    match &arguments.output.output_file {
        None if arguments.silent => {}
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            emit(&mut out, style(color))?;
            out.flush()?;
        }
        Some(file) => {
            let wrong =
                |error: io::Error| Failure::Message(format!("{}: cannot write the findings: {error}", file.display()));
            let mut out = BufWriter::new(File::create(file).map_err(wrong)?);
            let style = Style { color: color == Color::Always, unicode: true, width: 80 };
            emit(&mut out, style).and_then(|()| out.flush()).map_err(wrong)?;
        }
    }
    Ok(())
}

/// What stdout can show. A file gets the same bytes whatever the terminal.
fn style(color: Color) -> Style {
    let terminal = io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    Style {
        color: match color {
            Color::Auto => terminal && !plain,
            Color::Always => true,
            Color::Never => false,
        },
        unicode: !terminal || supports_unicode::on(supports_unicode::Stream::Stdout),
        width: if terminal { width.clamp(50, 120) } else { 80 },
    }
}

/// `1 file`, `2 files`.
pub(super) fn count(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// What a person wants to know at the end.
pub(super) fn summary(findings: usize, files: usize) -> String {
    match findings {
        0 => format!("All checks passed! ({})", count(files, "file")),
        _ => format!("Found {} in {}.", count(findings, "problem"), count(files, "file")),
    }
}

fn show_files(loaded: &Loaded) -> Result<Exit, Failure> {
    let path = |file| {
        let path = loaded.analysis.path(file);
        loaded.shown.get(path).map_or(path, String::as_str)
    };
    let lines: Vec<String> =
        loaded.analysis.reported_files().map(|file| render::harmless_line(path(file)) + "\n").collect();
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(lines.concat().as_bytes())?;
    out.flush()?;
    Ok(Exit::Clean)
}

/// Folders with settings of their own may have baselines of their own.
fn update_baseline(loaded: &Loaded) -> Result<Exit, Failure> {
    let remains = |folder: &str, path: &str| Path::new(folder).join(path).is_file();
    for (Located { folder, text }, baseline) in loaded.analysis.new_baselines(remains) {
        let file = Path::new(&folder).join(&text);
        let wrong = |error| Failure::Message(format!("{}: cannot write the baseline: {error}", file.display()));
        let new = baseline.to_text();
        if fs::read_to_string(&file).ok().as_ref() != Some(&new) {
            edit::replace(&file, new.as_bytes()).map_err(wrong)?;
        }
        say(&format!("{} in the baseline {text}.", count(baseline.len(), "finding")));
    }
    Ok(Exit::Clean)
}

/// Reads the files and hands them to the engine.
pub(super) fn load(given: &[Given], run: &Run, progress: &Progress) -> Result<Loaded, Failure> {
    let Plan { listing, settings, scopes } = plan(given, run)?;
    let tree = listing.read(&|_| None, &|| progress.tick());
    Ok(take(tree, settings, scopes, progress))
}

/// What is to be read, and what holds for it.
pub(super) struct Plan {
    pub listing: Listing,
    pub settings: Settings,
    pub scopes: Vec<(String, Settings)>,
}

/// Finds the files.
pub(super) fn plan(given: &[Given], run: &Run) -> Result<Plan, Failure> {
    let Run { found, resolver } = run;
    let listing = walk::list(given, &|folder| resolver.exclude(folder))?;
    let mut reported = listing.files.iter().filter(|file| file.reported);
    if let Some(broken) = reported.find_map(|file| resolver.broken_for(&file.place)) {
        return Err(broken.to_string().into());
    }
    let settings = found.settings_at(&listing.base);
    let scopes = resolver.scopes(&listing.base, &settings);
    Ok(Plan { listing, settings, scopes })
}

/// Says what could not be read.
pub(super) fn say_troubles(troubles: &[Trouble], progress: &Progress) {
    progress.aside(|| {
        for trouble in troubles {
            say(&format!("{}: {}", trouble.shown, trouble.reason));
        }
    });
}

/// Hands to the engine what was read.
pub(super) fn take(tree: Tree, settings: Settings, scopes: Vec<(String, Settings)>, progress: &Progress) -> Loaded {
    say_troubles(&tree.troubles, progress);
    let mut host = AnalysisHost::new(settings.clone());
    host.set_scopes(settings.clone(), scopes);
    let mut shown = BTreeMap::new();
    let mut places = BTreeMap::new();
    for file in tree.files {
        if file.reported && !source::is_notebook(&file.path) {
            let place = Place { place: file.on_disk.clone(), text: std::sync::Arc::clone(&file.text) };
            places.insert(file.path.clone(), place);
        }
        shown.insert(file.path.clone(), file.shown);
        host.apply_change(Change { path: file.path, text: Some(file.text), reported: file.reported });
    }
    let analysis = host.analysis();
    Loaded { host, analysis, shown, base: tree.base, troubles: tree.troubles.len(), settings, places }
}

/// What was given on the command line, standard input read.
pub(super) fn given(arguments: &Check) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .take(source::MOST_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::Message(format!("cannot read standard input: {error}")))?;
            given.push(Given::Text(arguments.stdin_filename.clone(), bytes));
        } else if let Some(command) = meant_command(path) {
            let path = path.display();
            return Err(format!("{path}: no such file or folder; did you mean `gilcheck {command}`?").into());
        } else {
            given.push(Given::Path(path.clone()));
        }
    }
    Ok(given)
}

/// `gilcheck chek` asks for a file of that name, but hardly means to.
fn meant_command(path: &Path) -> Option<&'static str> {
    let commands =
        ["check", "explain", "knowledge", "graph", "rule", "config", "report", "clean", "completions", "version"];
    if path.exists() { None } else { nearest(path.to_str()?, commands) }
}

/// What a person wants to know who wonders why a file is checked, or is not.
fn say_what_was_read(run: &Run, loaded: &Loaded, files: usize, took: Duration) {
    match run.resolver.files().as_slice() {
        [] => say("No settings file; the defaults hold."),
        files => files.iter().for_each(|file| say(&format!("Settings: {}", file.display()))),
    }
    say(&format!("Interpreter: Python {}", loaded.settings.target));
    let context = loaded.shown.len() - files;
    let base = loaded.base.display();
    say(&format!(
        "Read {} to check and {context} as context below {base} in {:.2} s.",
        count(files, "file"),
        took.as_secs_f64()
    ));
}

fn say_oddities(context: &Context<'_>) {
    for oddity in context.analysis.oddities() {
        let at = context.place(oddity.file, oddity.span.start);
        say(&format!("{}:{at}: {}", context.path(oddity.file), oddity.what));
    }
}
/// A bar on stderr, where that is a terminal and the run takes long enough to be wondered at.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    start: Instant,
}

impl Progress {
    const PATIENCE: Duration = Duration::from_millis(400);

    pub fn new(quiet: bool) -> Progress {
        let wanted = !quiet && io::stderr().is_terminal();
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} files, {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message("reading");
            bar
        });
        Progress { bar, start: Instant::now() }
    }

    /// One more file was read.
    pub fn tick(&self) {
        let Some(bar) = &self.bar else { return };
        bar.inc(1);
        if bar.is_hidden() && self.start.elapsed() > Progress::PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// The bar makes room for what is said meanwhile.
    pub fn aside(&self, say: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// All files were read.
    pub fn working(&self) {
        let Some(bar) = &self.bar else { return };
        bar.set_message("judging");
        if bar.position() > 200 {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    /// The bar goes away.
    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
