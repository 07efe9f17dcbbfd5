//! What the client can do, and what its user wants.

use super::log::{self, Level};
use crate::text::Encoding;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What the client can do.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// What columns count.
    pub encoding: Encoding,
    /// It asks for findings; otherwise they are sent.
    pub pull: bool,
    /// It can be told to ask again.
    pub refresh_diagnostics: bool,
    /// It can be told to ask for code lenses again.
    pub refresh_lenses: bool,
    /// It can be told to ask for inlay hints again.
    pub refresh_hints: bool,
    /// It can be asked for settings.
    pub configuration: bool,
    /// It can be told that changes of settings are wanted.
    pub register_configuration: bool,
    /// It can be told which files to watch.
    pub register_watchers: bool,
    /// It shows progress.
    pub progress: bool,
    /// It shows the places that a finding rests on.
    pub related: bool,
    /// It shows where a code is described.
    pub code_description: bool,
    /// It takes actions that are more than a command.
    pub literal_actions: bool,
    /// It asks for an action's edit when it is chosen.
    pub resolve_edit: bool,
    /// It gives an action's data back when it asks for the edit.
    pub action_data: bool,
    /// It takes edits with document versions.
    pub versioned_edits: bool,
    /// It lets the server edit.
    pub apply_edit: bool,
    /// It shows Markdown on hover.
    pub markdown: bool,
    /// Its name and version.
    pub name: String,
}

impl Client {
    /// Reads the parameters of `initialize`; whatever is missing or odd in them is a thing it cannot do.
    pub fn read(params: &Value) -> Client {
        let flag = |path: &str| params.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        let has = |path: &str| params.pointer(path).is_some_and(|value| !value.is_null());
        let words = |path: &str| -> Vec<&str> {
            let list = params.pointer(path).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let encodings = words("/capabilities/general/positionEncodings");
        let encoding = if encodings.contains(&"utf-8") {
            Encoding::Utf8
        } else if encodings.contains(&"utf-32") {
            Encoding::Utf32
        } else {
            Encoding::Utf16
        };
        // The specification writes `diagnostics`; some clients follow an older one.
        let refresh = flag("/capabilities/workspace/diagnostics/refreshSupport")
            || flag("/capabilities/workspace/diagnostic/refreshSupport");
        let hover = words("/capabilities/textDocument/hover/contentFormat");
        let info = |key: &str| params.pointer(&format!("/clientInfo/{key}")).and_then(Value::as_str).unwrap_or("");
        let related = flag("/capabilities/textDocument/publishDiagnostics/relatedInformation")
            || flag("/capabilities/textDocument/diagnostic/relatedInformation");
        let described = flag("/capabilities/textDocument/publishDiagnostics/codeDescriptionSupport")
            || flag("/capabilities/textDocument/diagnostic/codeDescriptionSupport");
        Client {
            encoding,
            pull: has("/capabilities/textDocument/diagnostic"),
            refresh_diagnostics: refresh,
            refresh_lenses: flag("/capabilities/workspace/codeLens/refreshSupport"),
            refresh_hints: flag("/capabilities/workspace/inlayHint/refreshSupport"),
            configuration: flag("/capabilities/workspace/configuration"),
            register_configuration: flag("/capabilities/workspace/didChangeConfiguration/dynamicRegistration"),
            register_watchers: flag("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            progress: flag("/capabilities/window/workDoneProgress"),
            related,
            code_description: described,
            literal_actions: has("/capabilities/textDocument/codeAction/codeActionLiteralSupport"),
            resolve_edit: words("/capabilities/textDocument/codeAction/resolveSupport/properties").contains(&"edit"),
            action_data: flag("/capabilities/textDocument/codeAction/dataSupport"),
            versioned_edits: flag("/capabilities/workspace/workspaceEdit/documentChanges"),
            apply_edit: flag("/capabilities/workspace/applyEdit"),
            markdown: hover.contains(&"markdown"),
            name: format!("{} {}", info("name"), info("version")).trim().to_string(),
        }
    }
}

/// When findings are worked out anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Run {
    /// After each edit.
    #[default]
    OnType,
    /// After the file was saved.
    OnSave,
}

/// What the user wants, beside the settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Findings are wanted at all.
    pub enable: bool,
    /// The settings file, in place of the nearest one.
    pub configuration: Option<PathBuf>,
    /// When to work.
    pub run: Run,
    /// Findings in files that are not open, too.
    pub workspace: bool,
    /// A line above each function that says what it does with its time.
    pub code_lens: bool,
    /// The same behind the function's head.
    pub inlay_hints: bool,
    /// How much is logged.
    pub log_level: Option<Level>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            enable: true,
            configuration: None,
            run: Run::OnType,
            workspace: false,
            code_lens: false,
            inlay_hints: false,
            log_level: None,
        }
    }
}

impl Options {
    /// Reads what an editor sends: an object, perhaps below `gilcheck` or `settings`. What cannot be understood
    /// is left at its default and named in the second value.
    pub fn read(value: &Value) -> (Options, Vec<String>) {
        let mut value = value;
        for key in ["settings", "gilcheck"] {
            if let Some(inner) = value.get(key).filter(|inner| inner.is_object()) {
                value = inner;
            }
        }
        let mut options = Options::default();
        let mut odd = Vec::new();
        let Some(object) = value.as_object() else { return (options, odd) };
        for (key, value) in object {
            let flag = |target: &mut bool| value.as_bool().map(|value| *target = value).is_some();
            let understood = value.is_null()
                || match key.as_str() {
                    "enable" => flag(&mut options.enable),
                    "workspaceDiagnostics" => flag(&mut options.workspace),
                    "codeLens" => flag(&mut options.code_lens),
                    "inlayHints" => flag(&mut options.inlay_hints),
                    "configuration" => match value.as_str() {
                        Some("") => true,
                        Some(path) => {
                            options.configuration = Some(PathBuf::from(path));
                            true
                        }
                        None => false,
                    },
                    "run" => match value.as_str() {
                        Some("onType") => true,
                        Some("onSave") => {
                            options.run = Run::OnSave;
                            true
                        }
                        _ => false,
                    },
                    "logLevel" => {
                        options.log_level = value.as_str().and_then(log::level);
                        options.log_level.is_some()
                    }
                    // The editor's own business.
                    _ => true,
                };
            if !understood {
                odd.push(format!("gilcheck.{key}: {value} is not understood; the default holds"));
            }
        }
        (options, odd)
    }
}

/// What the server offers to this client.
pub fn capabilities(client: &Client, options: &Options) -> Value {
    let encoding = match client.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
        Encoding::Utf32 => "utf-32",
    };
    let mut offered = json!({
        "positionEncoding": encoding,
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "notebookDocumentSync": {
            "notebookSelector": [{ "notebook": { "notebookType": "jupyter-notebook" }, "cells": [{ "language": "python" }] }],
            "save": false,
        },
        "hoverProvider": true,
        "executeCommandProvider": { "commands": super::commands::COMMANDS },
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    });
    let Some(all) = offered.as_object_mut() else { return offered };
    if client.pull {
        let provider = json!({
            "identifier": "gilcheck",
            "interFileDependencies": true,
            "workspaceDiagnostics": options.workspace,
        });
        all.insert("diagnosticProvider".to_string(), provider);
    }
    all.insert(
        "codeActionProvider".to_string(),
        json!({
            "codeActionKinds": ["quickfix", "source.fixAll.gilcheck", "refactor.rewrite.gilcheck"],
            "resolveProvider": true,
        }),
    );
    all.insert("codeLensProvider".to_string(), json!({ "resolveProvider": false }));
    all.insert("inlayHintProvider".to_string(), json!(true));
    offered
}
