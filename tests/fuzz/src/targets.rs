//! What must hold, one function for each door that hostile input comes through.

use super::choices::Choices;
use super::programs::{self, Module};
use futures::channel::mpsc;
use gilcheck::analysis::{Analysis, AnalysisHost, Change};
use gilcheck::baseline::Baseline;
use gilcheck::config::layer::Layer;
use gilcheck::config::{FORMATS, FileIgnores, Settings, Target};
use gilcheck::diagnostic::{Applicability, Confidence, Diagnostic};
use gilcheck::facts;
use gilcheck::fix::edits::{apply, compose};
use gilcheck::lsp::log::{Level, Log};
use gilcheck::lsp::outbox::Outbox;
use gilcheck::lsp::server::Server;
use gilcheck::lsp::stdio;
use gilcheck::lsp::wire::Wire;
use gilcheck::render::{self, Format, Style};
use gilcheck::source;
use gilcheck::syntax::{self, Earlier};
use gilcheck::text::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tower_lsp_server::jsonrpc::Request;
use tower_service::Service;

/// A target: its name, and what is run on bytes.
pub type Named = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: &[Named] = &[
    ("facts", facts),
    ("project", project),
    ("fixes", fixes),
    ("edits", edits),
    ("configuration", configuration),
    ("suppressions", suppressions),
    ("messages", messages),
];

/// Words that make noise look like Python.
const NOISE: &[&str] = &[
    "def ", "async ", "await ", "class ", "(", ")", "[", "]", "{", "}", ":", "\n", "    ", "\t", "'", "\"\"\"", "f'",
    "\\", "#", "lambda ", "x", "=", ",", "*", "import ", "from ", ".", "é", "\r", "0", "1e999", "yield ", "if ",
    "else ", "match ", "case ", "with ", "try:", "@", "->", ":=", "\u{c}", "\u{feff}", "𝄞", "print ", "exec ", "`",
    "<>", "%", "!", "?",
];

fn noise(choices: &mut Choices<'_>, most: usize) -> String {
    let mut text = String::new();
    for _ in 0..choices.below(most) {
        if choices.one_in(4) {
            text.push_str(&String::from_utf8_lossy(choices.some(8)));
        } else {
            text.push_str(choices.pick(NOISE));
        }
    }
    // No file has one: reading it says so.
    text.replace('\0', " ")
}

/// A text with something in it replaced.
fn mutated(choices: &mut Choices<'_>, text: &str) -> String {
    let place = |choices: &mut Choices<'_>| {
        let mut at = choices.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (one, other) = (place(choices), place(choices));
    let (start, mut end) = (one.min(other), one.max(other));
    if end - start > 40 && !choices.one_in(8) {
        end = start;
    }
    format!("{}{}{}", &text[..start], noise(choices, 6), &text[end..])
}

#[track_caller]
fn lies_in(text: &str, span: Span) {
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(start <= end && end <= text.len(), "{span:?} is beyond the text of {} bytes", text.len());
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{span:?} cuts a character");
}

/// Facts of arbitrary bytes: places lie in the text, twice is the same, and parsing after an edit is parsing.
pub fn facts(bytes: &[u8]) {
    let text = match source::decode(bytes.to_vec()) {
        Ok(text) => text,
        Err(error) => {
            assert!(error.row >= 1 && !error.to_string().contains('\n'), "{error}");
            return;
        }
    };
    let (found, spans) = facts::extract(&text);
    let all = [&spans.expressions, &spans.statements, &spans.functions, &spans.function_names];
    let all = all.into_iter().chain([&spans.classes, &spans.class_names, &spans.comments, &spans.errors]);
    for span in all.flatten() {
        lies_in(&text, *span);
    }
    assert_eq!(spans.expressions.len(), found.expressions.len());
    assert_eq!(spans.statements.len(), found.statements.len());
    assert!(found.body.iter().all(|id| id.index() < found.statements.len()));
    let half: Arc<str> = text.chars().take(text.chars().count() / 2).collect::<String>().into();
    let text: Arc<str> = text.into();
    let mut earlier: Option<Earlier> = None;
    for text in [&half, &text, &text, &half, &text] {
        let (tree, next) = syntax::parse_after(text, earlier.as_ref());
        let (again, places) = facts::lower(text, &tree);
        if Arc::ptr_eq(text, &half) {
            earlier = next;
            continue;
        }
        // Numbers that are no number are not equal to themselves; what is written of them is.
        if again != found {
            assert_eq!(format!("{again:?}"), format!("{found:?}"), "parsed after an edit");
        }
        assert_eq!(places, spans, "parsed after an edit");
        earlier = next;
    }
    if let Ok(notebook) = source::notebook(&text) {
        let rows = notebook.text.matches('\n').count() + 1;
        assert!(notebook.cells.iter().all(|cell| cell.row as usize <= rows));
    }
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let mut settings =
        Settings { select: Some(vec!["ALL".to_string()]), confidence: Confidence::Low, ..Settings::default() };
    if choices.one_in(4) {
        settings = Settings::default();
    }
    if choices.one_in(4) {
        settings.target = Target::parse(choices.pick(&["3.8", "3.12", "3.14t"])).expect("it is one");
    }
    settings
}

fn host(settings: &Settings, modules: &[Module]) -> AnalysisHost {
    let mut host = AnalysisHost::new(settings.clone());
    for (path, text) in modules {
        set(&mut host, path, Some(text));
    }
    host
}

fn set(host: &mut AnalysisHost, path: &str, text: Option<&str>) {
    host.apply_change(Change { path: path.to_string(), text: text.map(Arc::from), reported: true });
}

/// All that is said of a finding, without numbers of files.
fn shown(analysis: &Analysis) -> Vec<String> {
    let place = |file, span: Span| format!("{} {}..{}", analysis.path(file), span.start, span.end);
    let one = |it: &Diagnostic| {
        let evidence: Vec<String> =
            it.evidence.iter().map(|link| format!("{} {}", place(link.file, link.span), link.what)).collect();
        format!(
            "{} {} {} {:?} {:?} {evidence:?}",
            place(it.file, it.span),
            it.code,
            it.message,
            it.confidence,
            it.estimate
        )
    };
    analysis.diagnostics().iter().map(one).collect()
}

/// Everything that is written about a project, and that it is well-formed.
fn written(analysis: &Analysis) {
    let found = analysis.diagnostics_with_fixes();
    for it in &found {
        lies_in(analysis.text(it.file), it.span);
        for link in &it.evidence {
            lies_in(analysis.text(link.file), link.span);
        }
        for edit in it.fix.iter().flat_map(|fix| &fix.edits) {
            lies_in(analysis.text(edit.file), edit.span);
        }
    }
    let names = BTreeMap::new();
    let context = render::Context { analysis, shown: &names, current: "" };
    let style = Style { color: false, unicode: true, width: 80 };
    for format in [Format::Full, Format::Concise, Format::Grouped, Format::Github, Format::Azure, Format::Junit] {
        let mut out = Vec::new();
        render::write(&mut out, format, style, &context, &found).expect("memory can be written");
        let text = String::from_utf8(out).expect("it is text");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text}");
    }
    for format in [Format::Json, Format::Sarif, Format::Gitlab, Format::Rdjson] {
        let mut out = Vec::new();
        render::write(&mut out, format, style, &context, &found).expect("memory can be written");
        serde_json::from_slice::<Value>(&out).expect("it is JSON");
    }
}

/// A project of generated modules that import each other, noise among them.
pub fn project(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let settings = settings(&mut choices);
    let mut modules = programs::project(&mut choices, 5);
    for (_, text) in &mut modules {
        while choices.one_in(3) && !choices.is_empty() {
            *text = mutated(&mut choices, text);
        }
    }
    let cold = host(&settings, &modules).analysis();
    let expected = shown(&cold);
    modules.reverse();
    assert_eq!(shown(&host(&settings, &modules).analysis()), expected, "in another order");
    let all = Settings { exhaustive: true, ..settings };
    assert_eq!(shown(&host(&all, &modules).analysis()), expected, "with every file parsed");
    written(&cold);
    for (path, text) in &modules {
        let row = 1 + choices.below(text.lines().count() + 1);
        cold.explain(path, u32::try_from(row).unwrap_or(1));
    }
    cold.sites();
    cold.graph();
}

/// Fixes of valid programs: the result parses, and a second run changes nothing.
pub fn fixes(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let least = if choices.one_in(2) { Applicability::Safe } else { Applicability::Unsafe };
    let settings = settings(&mut choices);
    let modules = programs::project(&mut choices, 3);
    let parses = |text: &str| facts::extract(text).1.errors.is_empty();
    let before: Vec<bool> = modules.iter().map(|(_, text)| parses(text)).collect();
    let once = fixed(&settings, modules.clone(), least);
    for (((path, text), (_, old)), parsed) in once.iter().zip(&modules).zip(before) {
        assert!(!parsed || parses(text), "{path} does not parse after fixes:\n{text}\n\nbefore:\n{old}");
    }
    let twice = fixed(&settings, once.clone(), least);
    assert_eq!(twice, once, "a second run changes something");
}

/// All fixes made, round by round.
fn fixed(settings: &Settings, mut modules: Vec<Module>, least: Applicability) -> Vec<Module> {
    for _ in 0..30 {
        let analysis = host(settings, &modules).analysis();
        let found = analysis.diagnostics_with_fixes();
        let wanted = found.iter().filter_map(|it| it.fix.as_deref());
        let wanted = wanted.filter(|fix| fix.applicability >= least && !fix.edits.is_empty());
        let (edits, applied) = compose(wanted);
        if applied.is_empty() {
            return modules;
        }
        for (file, edits) in &edits {
            let path = analysis.path(*file);
            for (other, text) in &mut modules {
                if other == path {
                    *text = apply(analysis.text(*file), edits);
                }
            }
        }
    }
    let texts: Vec<String> = modules.iter().map(|(path, text)| format!("# {path}\n{text}")).collect();
    panic!("fixes never end:\n{}", texts.join("\n"));
}

/// A sequence of edits gives what the texts give that come out of it.
pub fn edits(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let settings = settings(&mut choices);
    let mut modules = programs::project(&mut choices, 4);
    let mut warm = host(&settings, &modules);
    let mut before = warm.analysis();
    before.diagnostics();
    for _ in 0..1 + choices.below(6) {
        let at = choices.below(modules.len());
        match choices.below(10) {
            0 if modules.len() > 1 => {
                let (path, _) = modules.remove(at);
                set(&mut warm, &path, None);
            }
            1 => {
                let path = format!("new{}.py", modules.len());
                let paths: Vec<String> = modules.iter().map(|(path, _)| path.clone()).collect();
                let text = programs::module(&mut choices, &paths);
                set(&mut warm, &path, Some(&text));
                modules.retain(|(other, _)| *other != path);
                modules.push((path, text));
            }
            kind => {
                let Some((path, text)) = modules.get_mut(at) else { continue };
                *text = if kind >= 8 { with_remark(&mut choices, text) } else { mutated(&mut choices, text) };
                warm.apply_edit(Change { path: path.clone(), text: Some(text.as_str().into()), reported: true });
            }
        }
        if choices.one_in(2) {
            let next = warm.analysis();
            next.follow(&before);
            next.diagnostics();
            before = next;
        }
    }
    let expected = shown(&host(&settings, &modules).analysis());
    assert_eq!(shown(&warm.analysis()), expected, "after edits");
    let last = warm.analysis();
    last.follow(&before);
    assert_eq!(shown(&last), expected, "after edits, with what was found before");
}

/// The text with a comment or an empty line more, or one less: nothing that a program does.
fn with_remark(choices: &mut Choices<'_>, text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = choices.below(lines.len() + 1);
    let is_remark = lines.get(at).is_some_and(|line| line.trim().is_empty() || line.starts_with('#'));
    if is_remark && choices.one_in(2) {
        lines.remove(at);
    } else {
        let remarks =
            ["", "# threading.Thread", "    ", "#", "# from a import *", "# __all__ = ['run']", "# gilcheck: ignore"];
        lines.insert(at, remarks.get(choices.below(remarks.len())).copied().unwrap_or_default());
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Settings from arbitrary text: an error has a place in it, and what is read can be used.
pub fn configuration(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let text =
        if choices.one_in(2) { String::from_utf8_lossy(choices.rest()).into_owned() } else { toml(&mut choices) };
    for result in [Settings::from_toml(&text).map(Some), Layer::from_pyproject(&text, "/a b").map(laid_over)] {
        match result {
            Ok(Some(settings)) => used(&settings),
            Ok(None) => {}
            Err(error) => {
                let shown = error.to_string();
                assert!(!shown.is_empty());
            }
        }
    }
    if let Err((place, _)) = Baseline::parse(&text) {
        assert!(place.row >= 1 && place.column >= 1);
    }
}

fn laid_over(read: gilcheck::config::layer::Pyproject) -> Option<Settings> {
    let mut settings = Settings::default();
    settings.apply(&read.section?);
    Some(settings)
}

fn used(settings: &Settings) {
    assert!(settings.output_format.as_deref().is_none_or(|word| FORMATS.contains(&word)));
    let ignores = FileIgnores::new(settings);
    ignores.holds("a/b.py", "GIL101", "cpu-in-threads");
    settings.runs("GIL101", "cpu-in-threads", true);
    settings.severity("GIL101", "cpu-in-threads");
    settings.unknown_selector(&[("GIL101", "cpu-in-threads")]);
    let modules = [("a.py".to_string(), "import time\nasync def nap():\n    time.sleep(1)\n".to_string())];
    host(settings, &modules).analysis().diagnostics();
}

fn toml(choices: &mut Choices<'_>) -> String {
    let keys: Vec<&str> = gilcheck::config::key::KEYS.iter().map(|key| key.name).collect();
    let mut text = choices
        .pick(&[
            "",
            "[tool.gilcheck]\n",
            "[tool]\ngilcheck = 1\n",
            "[project]\nrequires-python = '>=3.9'\n[tool.gilcheck]\n",
        ])
        .to_string();
    for _ in 0..choices.below(6) {
        let key = if choices.one_in(10) { "nonsense" } else { keys[choices.below(keys.len())] };
        let value = value(choices, 0);
        text.push_str(&format!("{key} = {value}\n"));
    }
    text
}

fn value(choices: &mut Choices<'_>, depth: usize) -> String {
    let words = [
        "ALL",
        "GIL1",
        "GIL101",
        "cpu-in-threads",
        "!a/**",
        "a/*.py",
        "[",
        "{a,b",
        "**/",
        "3.12",
        "3.14t",
        "high",
        "json",
        "error",
        "a.b",
        "thread",
        "../..",
        "/",
        "~",
        "",
        "\u{202e}",
        "\\\\",
        "gilcheck.toml",
    ];
    match choices.below(if depth > 2 { 4 } else { 7 }) {
        0 | 1 => format!("'{}'", choices.pick(&words.map(|word| word))),
        2 => choices
            .pick(&["true", "false", "1", "1e400", "-9223372036854775808", "1979-05-27", "inf", "''''''"])
            .to_string(),
        3 => format!("{:?}", String::from_utf8_lossy(choices.some(6))),
        4 => {
            let items: Vec<String> = (0..choices.below(4)).map(|_| value(choices, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        5 => {
            let pairs: Vec<String> = (0..choices.below(3))
                .map(|index| {
                    format!("'{}{index}' = {}", choices.pick(&words.map(|word| word)), value(choices, depth + 1))
                })
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        _ => format!(
            "[{{ name = {}, vehicle = {}, target = {} }}]",
            value(choices, 3),
            choices.pick(&["'thread'", "'process'", "'event-loop'", "'x'", "1"]),
            value(choices, 3)
        ),
    }
}

/// Comments that silence: written for all findings, they silence those that they can, and change no code.
pub fn suppressions(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let words = [
        "# gilcheck: ",
        "ignore",
        "file-ignore",
        "disable",
        "enable",
        "[",
        "]",
        "GIL302",
        "gil302",
        ",",
        " ",
        "# noqa",
        ":",
        "blocking-io-on-event-loop",
        "GIL901",
        "#",
        "é",
        "\t",
        "reason",
        "ALL",
        "[[",
        "gilcheck:",
    ];
    let mut text = String::from("import time\n");
    for number in 0..1 + choices.below(4) {
        let comment = |choices: &mut Choices<'_>| {
            let mut text = String::new();
            for _ in 0..choices.below(9) {
                text.push_str(choices.pick(&words.map(|word| word)));
            }
            text.replace('\n', " ")
        };
        let (above, beside, below) = (comment(&mut choices), comment(&mut choices), comment(&mut choices));
        let call = choices.pick(&[
            "time.sleep(1)",
            "x = [time.sleep(1),\n        2]",
            "'''\n# gilcheck: ignore\n'''; time.sleep(1)",
            "for i in [time.sleep(1)]: pass",
        ]);
        text.push_str(&format!("#{above}\nasync def nap{number}():  #{beside}\n    #{above}\n    {call}  #{below}\n"));
    }
    if choices.one_in(4) {
        text = text.replace('\n', "\r\n");
    }
    if choices.one_in(4) {
        text.truncate(text.trim_end().len());
    }
    let settings = Settings { select: Some(vec!["GIL302".into(), "GIL901".into()]), ..Settings::default() };
    let silent = |text: &str| host(&settings, &[("a.py".to_string(), text.to_string())]).analysis();
    let analysis = silent(&text);
    let found = analysis.diagnostics();
    let file = analysis.file_at("a.py").expect("it was given");
    let own: Vec<&Diagnostic> = found.iter().filter(|it| it.code == "GIL302").collect();
    let new = analysis.with_ignores(file, &own, choices.pick(&["", "because", "# noqa", "]"]));
    let (old_facts, new_facts) = (facts::extract(&text).0, facts::extract(&new).0);
    assert_eq!(format!("{old_facts:?}"), format!("{new_facts:?}"), "comments changed the code of\n{text}\nto\n{new}");
    let analysis = silent(&new);
    let rest = analysis.diagnostics();
    let rest: Vec<&Diagnostic> = rest.iter().filter(|it| it.code == "GIL302").collect();
    assert!(rest.len() <= own.len(), "comments made findings:\n{new}");
    let file = analysis.file_at("a.py").expect("it was given");
    let again = analysis.with_ignores(file, &[], "");
    assert_eq!(again, new, "nothing was to be silenced");
    // What GIL901 removes was of no use, so nothing comes back.
    let modules = fixed(&settings, vec![("a.py".to_string(), new.clone())], Applicability::Safe);
    let cleaned = silent(&modules[0].1);
    let left = cleaned.diagnostics().iter().filter(|it| it.code == "GIL302").count();
    assert_eq!(left, rest.len(), "comments of no use were of use:\n{new}\n{}", modules[0].1);
}

/// A folder with a few files, for the server to look around in.
fn workspace() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("gilcheck-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room for a folder");
        let folder = folder.canonicalize().expect("it was just made");
        for (name, text) in [
            ("gilcheck.toml", "select = ['ALL']\n"),
            ("a.py", "import time\nfrom b import work\nasync def nap():\n    time.sleep(1)\n    work()\n"),
            ("b.py", "def work():\n    for i in range(10 ** 8): pass\n"),
        ] {
            std::fs::write(folder.join(name), text).expect("there is room for a file");
        }
        folder
    })
}

/// Takes the folder of [`messages`] away.
pub fn clean_up() {
    let _ = std::fs::remove_dir_all(workspace());
}

/// Messages to the language server, well-formed and not: each request is answered, and nothing fails inside.
pub fn messages(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let raw = choices.some(200);
    runtime.block_on(async {
        let mut input = raw;
        while let Ok(Some(body)) = stdio::next(&mut input).await {
            // Whatever stands for it can be read as a message.
            serde_json::from_slice::<Value>(&body).expect("it is JSON");
        }
    });
    let log_file = workspace().join(format!("log-{:?}", std::thread::current().id()));
    let _ = std::fs::remove_file(&log_file);
    let log = Log::new(Level::Error, Some(&log_file)).expect("it can be written");
    let (sender, _asked) = mpsc::unbounded();
    let server = Arc::new(Server::new(Outbox::new(sender), log, false));
    let mut wire = Wire::new(Arc::clone(&server));
    runtime.block_on(async {
        let mut answers = Vec::new();
        for number in 0..2 + choices.below(12) {
            let message = match number {
                0 if !choices.one_in(16) => initialize(&mut choices),
                1 if !choices.one_in(8) => opened(&mut choices),
                _ => message(&mut choices),
            };
            let mut whole = json!({ "jsonrpc": "2.0", "method": message.0, "params": message.1 });
            let is_request = message.2;
            if is_request {
                whole["id"] = if choices.one_in(6) { json!("text") } else { json!(number) };
            }
            let Ok(request) = serde_json::from_value::<Request>(whole) else { continue };
            let answer = wire.call(request);
            answers.push((is_request, message.0, tokio::spawn(answer)));
        }
        for (is_request, method, answer) in answers {
            let answer = tokio::time::timeout(std::time::Duration::from_secs(60), answer).await;
            let answer = answer.unwrap_or_else(|_| panic!("{method} is not answered")).expect("it does not panic");
            let Ok(answer) = answer;
            assert_eq!(answer.is_some(), is_request, "{method}");
            let text = answer.map(|answer| format!("{answer:?}")).unwrap_or_default();
            assert!(!text.contains("failed inside"), "{method}: {text}");
        }
    });
    server.stop();
    let log = std::fs::read_to_string(&log_file).unwrap_or_default();
    assert!(!log.contains("failed inside"), "{log}");
}

type Message = (String, Value, bool);

fn uri(choices: &mut Choices<'_>) -> String {
    let folder = workspace().display().to_string();
    match choices.below(9) {
        0..=3 => format!("file://{folder}/a.py"),
        4 | 5 => format!("file://{folder}/b.py"),
        6 => format!("file://{folder}/new%20{}.py", choices.below(3)),
        7 => choices
            .pick(&[
                "untitled:Untitled-1",
                "file:///%ff",
                "",
                "file://host/x.py",
                "a b",
                "vscode-notebook-cell:a#1",
                "file:",
            ])
            .to_string(),
        _ => format!("file://{folder}/n.ipynb"),
    }
}

fn position(choices: &mut Choices<'_>) -> Value {
    let number = |choices: &mut Choices<'_>| match choices.below(8) {
        0 => json!(u32::MAX),
        1 => json!(-1),
        2 => json!(1.5),
        _ => json!(choices.below(12)),
    };
    json!({ "line": number(choices), "character": number(choices) })
}

fn range(choices: &mut Choices<'_>) -> Value {
    json!({ "start": position(choices), "end": position(choices) })
}

fn initialize(choices: &mut Choices<'_>) -> Message {
    let folder = format!("file://{}", workspace().display());
    let encoding = choices.pick(&["utf-8", "utf-16", "utf-32", "x"]);
    let capabilities = match choices.below(3) {
        0 => json!({}),
        1 => {
            json!({ "general": { "positionEncodings": [encoding] }, "textDocument": { "diagnostic": {} }, "workspace": { "configuration": true } })
        }
        _ => anything(choices, 0),
    };
    let options = if choices.one_in(2) { Value::Null } else { anything(choices, 0) };
    let params = json!({ "processId": null, "capabilities": capabilities, "workspaceFolders": [{ "uri": folder, "name": "w" }], "initializationOptions": options });
    ("initialize".into(), params, true)
}

fn opened(choices: &mut Choices<'_>) -> Message {
    let paths = ["a.py".to_string(), "b.py".to_string()];
    let text = programs::module(choices, &paths);
    let text = if choices.one_in(3) { mutated(choices, &text) } else { text };
    let item = json!({ "uri": uri(choices), "languageId": "python", "version": 1, "text": text });
    ("textDocument/didOpen".into(), json!({ "textDocument": item }), false)
}

fn message(choices: &mut Choices<'_>) -> Message {
    let uri = uri(choices);
    let document = json!({ "uri": uri });
    let (method, params, is_request) = match choices.below(20) {
        0 => return opened(choices),
        1..=4 => {
            let mut changes = Vec::new();
            for _ in 0..1 + choices.below(3) {
                let text = noise(choices, 5);
                changes.push(if choices.one_in(6) {
                    json!({ "text": text })
                } else {
                    json!({ "range": range(choices), "text": text })
                });
            }
            let document = json!({ "uri": uri, "version": choices.below(9) });
            ("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }), false)
        }
        5 => ("textDocument/didSave", json!({ "textDocument": document }), false),
        6 => ("textDocument/didClose", json!({ "textDocument": document }), false),
        7 | 8 => (
            "textDocument/diagnostic",
            json!({ "textDocument": document, "previousResultId": choices.pick(&["", "1", "x"]) }),
            true,
        ),
        9 => ("textDocument/hover", json!({ "textDocument": document, "position": position(choices) }), true),
        10 => {
            let context = json!({ "diagnostics": [anything(choices, 1)], "only": [choices.pick(&["quickfix", "source.fixAll", "source.fixAll.gilcheck", ""])] });
            (
                "textDocument/codeAction",
                json!({ "textDocument": document, "range": range(choices), "context": context }),
                true,
            )
        }
        11 => ("codeAction/resolve", anything(choices, 0), true),
        12 => ("textDocument/inlayHint", json!({ "textDocument": document, "range": range(choices) }), true),
        13 => ("textDocument/codeLens", json!({ "textDocument": document }), true),
        14 => ("workspace/diagnostic", json!({ "previousResultIds": [] }), true),
        15 => (
            "workspace/executeCommand",
            json!({ "command": choices.pick(&["gilcheck.explain", "gilcheck.restart", "x"]), "arguments": [anything(choices, 0)] }),
            true,
        ),
        16 => ("$/cancelRequest", json!({ "id": choices.below(9) }), false),
        17 => {
            let cell = json!({ "uri": "cell:1", "languageId": "python", "version": 1, "text": noise(choices, 20) });
            let notebook = json!({ "uri": uri, "cells": [{ "kind": 2, "document": "cell:1" }] });
            ("notebookDocument/didOpen", json!({ "notebookDocument": notebook, "cellTextDocuments": [cell] }), false)
        }
        18 => {
            let array = json!({ "start": choices.below(4), "deleteCount": choices.below(4), "cells": [{ "kind": 2, "document": "cell:2" }] });
            let change = json!({ "cells": { "structure": { "array": array } } });
            ("notebookDocument/didChange", json!({ "notebookDocument": document, "change": change }), false)
        }
        _ => {
            let method = choices.pick(&[
                "shutdown",
                "initialized",
                "workspace/didChangeWatchedFiles",
                "workspace/didChangeWorkspaceFolders",
                "workspace/didChangeConfiguration",
                "$/setTrace",
                "textDocument/didOpen",
                "textDocument/didChange",
                "textDocument/definition",
                "notebookDocument/didClose",
            ]);
            (method, anything(choices, 0), choices.one_in(2))
        }
    };
    (method.into(), params, is_request)
}

/// Any JSON, often of the shape that is expected.
fn anything(choices: &mut Choices<'_>, depth: usize) -> Value {
    match choices.below(if depth > 3 { 6 } else { 11 }) {
        0 => Value::Null,
        1 => json!(choices.one_in(2)),
        2 => json!(choices.below(100)),
        3 => json!(choices.pick(&["", "GIL302", "off", "/", "error", "x", "textDocument/didOpen"])),
        4 => json!(uri(choices)),
        5 => json!(-1.5e300),
        6 => (0..choices.below(4)).map(|_| anything(choices, depth + 1)).collect(),
        7 => position(choices),
        8 => range(choices),
        _ => {
            let keys = [
                "textDocument",
                "uri",
                "range",
                "position",
                "settings",
                "gilcheck",
                "data",
                "code",
                "changes",
                "event",
                "added",
                "removed",
                "type",
                "notebookDocument",
                "command",
                "arguments",
                "kind",
                "title",
                "select",
                "path",
                "logLevel",
                "config",
            ];
            (0..choices.below(5))
                .map(|_| (choices.pick(&keys.map(|key| key)).to_string(), anything(choices, depth + 1)))
                .collect()
        }
    }
}
