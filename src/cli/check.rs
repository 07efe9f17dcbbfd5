//! `gilcheck check`.

use super::fix::{self, Asked, Place};
use super::settings::{self, Found};
use super::{Check, Color, Exit, Failure, Options, say};
use crate::analysis::{Analysis, AnalysisHost, Change};
use crate::config::{Settings, nearest};
use crate::render::{self, Context, Format, Style};
use crate::walk::{self, Given};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A project in memory.
pub(super) struct Loaded {
    pub analysis: Analysis,
    /// The engine's paths to those that people gave.
    pub shown: BTreeMap<String, String>,
    /// How many files could not be read.
    pub troubles: usize,
    /// What `analysis` is a state of.
    pub host: AnalysisHost,
    /// Where the files that may be rewritten are, by the engine's path.
    pub places: BTreeMap<String, Place>,
}

pub(super) fn check(arguments: &Check, color: Color) -> Result<Exit, Failure> {
    let progress = Progress::new(arguments.quiet);
    let found = settings::find(&arguments.options, &arguments.choice, &arguments.paths)?;
    let mut loaded = load(given(arguments)?, &arguments.options, found, &progress)?;
    progress.working();
    let asked = Asked::of(arguments);
    let fixed = if asked.rewrites() { Some(fix::fix(&mut loaded, arguments, asked)?) } else { None };
    if asked.diff || asked.only {
        progress.done();
        return fix::finish(&loaded, arguments, asked, fixed.unwrap_or_default());
    }
    // One line a finding has no room for a fix, so none is looked for.
    let diagnostics = match arguments.output_format {
        Format::Concise => loaded.analysis.diagnostics(),
        _ => loaded.analysis.diagnostics_with_fixes(),
    };
    progress.done();
    if let Some(fixed) = &fixed
        && fixed.to_stdout(&loaded)?
    {
        return Ok(if diagnostics.is_empty() || arguments.exit_zero { Exit::Clean } else { Exit::Findings });
    }
    let context = Context { analysis: &loaded.analysis, shown: &loaded.shown };
    say_oddities(&context);

    let mut out = BufWriter::new(io::stdout().lock());
    render::write(&mut out, arguments.output_format, style(color), &context, &diagnostics)?;
    out.flush()?;

    let files = loaded.analysis.reported_files().count();
    if files == 0 && loaded.troubles > 0 {
        return Err("none of the given files could be read".to_string().into());
    }
    if files == 0 {
        say("warning: no Python files (*.py, *.pyw) found under the given paths");
    } else if !arguments.quiet && arguments.output_format != Format::Json {
        say(&summary(diagnostics.len(), files));
        fix::say_offers(&diagnostics, arguments);
    }
    if let Some(fixed) = &fixed {
        fixed.say(arguments);
        if fixed.refused > 0 {
            return Ok(Exit::Failed);
        }
    }
    if diagnostics.is_empty() || arguments.exit_zero { Ok(Exit::Clean) } else { Ok(Exit::Findings) }
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

fn summary(findings: usize, files: usize) -> String {
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match findings {
        0 => format!("All checks passed! ({})", count(files, "file")),
        _ => format!("Found {} in {}.", count(findings, "problem"), count(files, "file")),
    }
}

/// Reads the files and hands them to the engine.
pub(super) fn load(given: Vec<Given>, options: &Options, found: Found, progress: &Progress) -> Result<Loaded, Failure> {
    let exclude = found.exclude(options.force_exclude);
    let tree = walk::read(&given, &exclude, &|| progress.tick())?;
    progress.aside(|| {
        for trouble in &tree.troubles {
            say(&format!("{}: {}", trouble.shown, trouble.reason));
        }
    });
    let mut host = AnalysisHost::new(for_tree(found, &tree));
    let mut shown = BTreeMap::new();
    let mut places = BTreeMap::new();
    for file in tree.files {
        if file.reported {
            let place = Place { place: file.on_disk.clone(), text: std::sync::Arc::clone(&file.text) };
            places.insert(file.path.clone(), place);
        }
        shown.insert(file.path.clone(), file.shown);
        host.apply_change(Change { path: file.path, text: Some(file.text), reported: file.reported });
    }
    Ok(Loaded { analysis: host.analysis(), shown, troubles: tree.troubles.len(), host, places })
}

/// The settings in the terms of what was read.
pub(crate) fn for_tree(found: Found, tree: &walk::Tree) -> Settings {
    let mut settings = found.settings;
    settings.src = roots(&settings.src, &found.folder, tree);
    settings
}

/// Where module names begin: the `src` of the settings first, then what the walk found.
fn roots(src: &[String], folder: &Path, tree: &walk::Tree) -> Vec<String> {
    let mut roots: Vec<String> = src.iter().filter_map(|src| walk::path_below(&tree.base, &folder.join(src))).collect();
    for root in &tree.roots {
        if !roots.contains(root) {
            roots.push(root.clone());
        }
    }
    roots
}

fn given(arguments: &Check) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
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
    let commands = ["check", "explain", "knowledge", "graph", "rule", "version"];
    if path.exists() { None } else { nearest(path.to_str()?, commands) }
}

fn say_oddities(context: &Context<'_>) {
    for oddity in context.analysis.oddities() {
        let text = context.analysis.text(oddity.file);
        let at = context.analysis.lines(oddity.file).position(text, oddity.span.start);
        say(&format!("{}:{}:{}: {}", context.path(oddity.file), at.row, at.column, oddity.what));
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
    fn aside(&self, say: impl FnOnce()) {
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
