//! The command line: arguments in, an exit code out.

mod cached;
mod check;
mod edit;
mod fix;
mod report;
mod settings;
mod show;
mod watch;

use crate::config::Target;
use crate::diagnostic::Confidence;
use crate::render::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing was found, or the question was answered.
    Clean = 0,
    /// Something was found.
    Findings = 1,
    /// It could not work.
    Failed = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a run could not work: one line with the remedy.
#[derive(Debug)]
enum Failure {
    Message(String),
    Output(io::Error),
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Message(message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// How much the language server logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What the user should look at.
    Warning,
    /// What the server does.
    Info,
    /// Every message.
    Debug,
}

/// Runs gilcheck with these arguments, the program's name first. `serve` is the language server, the other caller
/// of the engine.
pub fn run(arguments: impl IntoIterator<Item = OsString>, serve: fn(&Serve) -> Exit) -> Exit {
    // `@FILE` stands for the arguments in its lines: more files may be given than a command line holds.
    let arguments = match argfile::expand_args_from(arguments.into_iter(), argfile::parse_fromfile, argfile::PREFIX) {
        Ok(arguments) => arguments,
        Err(error) => {
            say(&format!("error: cannot read the arguments in an `@FILE`: {error}"));
            return Exit::Failed;
        }
    };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone away is no concern of ours.
            let _ = error.print();
            return if error.use_stderr() { Exit::Failed } else { Exit::Clean };
        }
    };
    let command = cli.command.unwrap_or(Command::Check(Box::new(cli.check)));
    let result = match command {
        Command::Check(arguments) => check::check(&arguments, cli.color),
        Command::Explain(arguments) => show::explain(&arguments),
        Command::Knowledge(arguments) => show::knowledge(&arguments),
        Command::Graph(arguments) => show::graph(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Rule(arguments) => show::rule(&arguments),
        Command::Config(arguments) => show::config(&arguments),
        Command::Completions { shell } => show::completions(shell),
        Command::Clean(arguments) => cached::clean(&arguments),
        Command::Man => show::man(),
        Command::Server(arguments) => Ok(serve(&arguments)),
        Command::Version { output_format } => show::version(output_format),
    };
    match result {
        Ok(exit) => exit,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(Failure::Output(error)) => {
            say(&format!("error: cannot write the output: {error}"));
            Exit::Failed
        }
        Err(Failure::Message(message)) => {
            say(&format!("error: {message}"));
            Exit::Failed
        }
    }
}

/// Writes a line to stderr; where nobody listens, it is lost.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::render::harmless_line(line));
}

/// Says where Python threads, processes and event loops do not fit the work they are given.
#[derive(Debug, Parser)]
#[command(
    name = "gilcheck",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    // The README shows the help, so it must not depend on the terminal.
    term_width = 80
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: Check,
    /// When to colour the output.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Print help.
    #[arg(short, long, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check files and folders (the default).
    Check(Box<Check>),
    /// Say why the function or the spawn site in a line is judged as it is.
    Explain(Explain),
    /// Say what the knowledge base holds of a qualified name.
    Knowledge(Knowledge),
    /// Print the call graph that was resolved.
    Graph(Graph),
    /// Write a page on which a project's concurrency can be seen and explored.
    Report(Box<Report>),
    /// Print a rule's page.
    Rule(Rule),
    /// List the settings, or say what one is for.
    Config(Config),
    /// Remove what was kept of earlier runs.
    Clean(Box<Clean>),
    /// Print a script that completes gilcheck's arguments in a shell.
    // ruff's name for it.
    #[command(alias = "generate-shell-completion")]
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, in roff.
    Man,
    /// Serve an editor over stdin and stdout (the Language Server Protocol).
    Server(Serve),
    /// Print the version.
    Version {
        /// How the answer is written.
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = AnswerFormat::Text)]
        output_format: AnswerFormat,
    },
}

#[derive(Debug, Args)]
struct Check {
    /// Files and folders to check; `-` for standard input, `@FILE` for those that the file's lines name.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// The name of the file that standard input stands for.
    #[arg(long, value_name = "FILE")]
    stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    output: Output,
    /// Leave out findings that this file knows.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the baseline anew, with all that is found now.
    #[arg(long)]
    update_baseline: bool,
    /// Write a comment that silences it beside each finding, with this reason.
    #[arg(long, alias = "add-noqa", value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with_all = ["update_baseline", "statistics", "fix", "diff", "fix_only"])]
    add_ignore: Option<String>,
    /// Check again whenever a file changes.
    #[arg(short, long, conflicts_with_all = ["update_baseline", "add_ignore", "output_file", "fix", "diff", "fix_only"])]
    watch: bool,
    /// Print the files that would be checked.
    #[arg(long)]
    show_files: bool,
    /// Print the settings that would hold.
    #[arg(long)]
    show_settings: bool,
    /// Apply the fixes that keep the program's meaning.
    #[arg(long, overrides_with = "no_fix")]
    fix: bool,
    #[arg(long, overrides_with = "fix", hide = true)]
    no_fix: bool,
    /// Apply also those that could not be proved to keep it.
    #[arg(long, overrides_with = "no_unsafe_fixes")]
    unsafe_fixes: bool,
    #[arg(long, overrides_with = "unsafe_fixes", hide = true)]
    no_unsafe_fixes: bool,
    /// Print what the fixes would change, and change nothing.
    #[arg(long, conflicts_with_all = ["output_format", "statistics", "output_file"])]
    diff: bool,
    /// Apply fixes and report nothing else.
    #[arg(long, conflicts_with = "diff")]
    fix_only: bool,
    /// List the fixes that were applied.
    #[arg(long)]
    show_fixes: bool,
    /// Exit with 0 even if something was found.
    #[arg(short, long)]
    exit_zero: bool,
    /// Exit with 1 if something was fixed, even if nothing is left.
    #[arg(long)]
    exit_non_zero_on_fix: bool,
    /// Say also which settings hold where, what was read, and how long it took.
    #[arg(short, long, conflicts_with_all = ["quiet", "silent"])]
    verbose: bool,
    /// Print findings and errors only.
    #[arg(short, long)]
    quiet: bool,
    /// Print nothing but errors; the exit code says whether something was found.
    #[arg(short, long)]
    silent: bool,
}

impl Check {
    /// Nothing is said but findings and errors, or errors alone.
    fn is_quiet(&self) -> bool {
        self.quiet || self.silent
    }
}

/// How and where findings are written.
#[derive(Debug, Args)]
struct Output {
    /// How findings are written [default: full].
    #[arg(long, value_enum, value_name = "FORMAT", env = "GILCHECK_OUTPUT_FORMAT", hide_env = true)]
    output_format: Option<Format>,
    /// Write the findings to this file.
    #[arg(short, long, value_name = "FILE", env = "GILCHECK_OUTPUT_FILE", hide_env = true)]
    output_file: Option<PathBuf>,
    /// Count the findings of each rule instead.
    #[arg(long)]
    statistics: bool,
}

/// Which findings are wanted.
#[derive(Debug, Default, Args)]
struct Choice {
    /// Run these rules only: codes, beginnings of codes, names, or ALL.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Option<Vec<String>>,
    /// Run these rules too.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    extend_select: Vec<String>,
    /// Leave these rules out.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Fix findings of these rules only.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    fixable: Option<Vec<String>>,
    /// Fix findings of these rules too.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    extend_fixable: Vec<String>,
    /// Fix no finding of these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    unfixable: Vec<String>,
    /// Leave rules out of files: `tests/**:GIL101`.
    #[arg(long, value_name = "PATTERN:RULE", value_delimiter = ',')]
    per_file_ignores: Option<Vec<String>>,
    /// The same, besides what the settings say.
    #[arg(long, value_name = "PATTERN:RULE", value_delimiter = ',')]
    extend_per_file_ignores: Vec<String>,
    /// The least confidence that a finding must have to be shown.
    #[arg(long, value_enum, value_name = "LEVEL")]
    confidence: Option<Level>,
}

/// What decides how the engine sees a project.
#[derive(Debug, Args)]
struct Options {
    /// The interpreter to judge for: 3.8 to 3.15, with `t` for free-threaded builds (3.14t).
    #[arg(long, value_name = "VERSION", value_parser = Target::parse)]
    target_version: Option<Target>,
    /// Leave out files and folders that match these `.gitignore` patterns, in place of the default ones.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    exclude: Option<Vec<String>>,
    /// The same, besides the default ones.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    extend_exclude: Vec<String>,
    /// Leave excluded files out even where they are named.
    #[arg(long, overrides_with = "no_force_exclude")]
    force_exclude: bool,
    #[arg(long, overrides_with = "force_exclude", hide = true)]
    no_force_exclude: bool,
    /// Leave out what `.gitignore` names, even where the settings do not.
    #[arg(long, overrides_with = "no_respect_gitignore")]
    respect_gitignore: bool,
    #[arg(long, overrides_with = "respect_gitignore", hide = true)]
    no_respect_gitignore: bool,
    /// A settings file in place of the nearest one, or a setting: `confidence = 'low'`.
    #[arg(long, value_name = "FILE|SETTING")]
    config: Vec<String>,
    /// Read no settings file.
    #[arg(long)]
    isolated: bool,
    /// Neither look up nor keep what was found.
    #[arg(short, long, env = "GILCHECK_NO_CACHE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new())]
    no_cache: bool,
    /// Keep what was found in this folder [default: .gilcheck_cache beside the settings].
    #[arg(long, value_name = "FOLDER", env = "GILCHECK_CACHE_DIR", hide_env = true)]
    cache_dir: Option<PathBuf>,
    /// Parse every file, also those that nothing seems to need.
    #[arg(long)]
    exhaustive: bool,
}

/// How the language server runs.
#[derive(Debug, Args)]
pub struct Serve {
    /// Also write what is logged to this file.
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// How much is logged.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Over stdin and stdout, as some clients say; there is no other way.
    #[arg(long)]
    stdio: bool,
}

#[derive(Debug, Args)]
struct Explain {
    /// The line, as FILE:LINE.
    #[arg(value_name = "FILE:LINE")]
    place: String,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Knowledge {
    /// Qualified names: `requests.get`, `queue.Queue.get`.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "NAME")]
    names: Vec<String>,
    /// Say it of every name that is known.
    #[arg(long)]
    all: bool,
    /// How the answer is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = AnswerFormat::Text)]
    output_format: AnswerFormat,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Graph {
    /// Files and folders.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// How the graph is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = GraphFormat::Json)]
    output_format: GraphFormat,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Report {
    /// Files and folders.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Write this HTML file.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The project's name on the page; the folder's where it is left out.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Clean {
    /// Files and folders; it is removed for the settings that hold there.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Rule {
    /// Its code or its name; without it, the list of rules.
    #[arg(value_name = "CODE|NAME", conflicts_with = "all")]
    rule: Option<String>,
    /// Print all pages.
    #[arg(long)]
    all: bool,
    /// How the answer is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = AnswerFormat::Text)]
    output_format: AnswerFormat,
}

#[derive(Debug, Args)]
struct Config {
    /// The setting's name; without it, the list of all.
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// How the answer is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ConfigFormat::Text)]
    output_format: ConfigFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    Text,
    /// Names, kinds, defaults, examples and purposes.
    Json,
    /// The JSON schema of a settings file.
    JsonSchema,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AnswerFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Json,
    Dot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    fn confidence(self) -> Confidence {
        match self {
            Level::Low => Confidence::Low,
            Level::Medium => Confidence::Medium,
            Level::High => Confidence::High,
        }
    }
}
