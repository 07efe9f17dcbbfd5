//! Requests: what each needs, taken down when it comes, and what answers it, off the message loop.

use super::documents::{Position, Range};
use super::server::{Server, Snapshot};
use super::{actions, commands, diagnostics, hover, workloads};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tower_lsp_server::jsonrpc::{Error, ErrorCode};

/// What answers a request.
pub type Job = Box<dyn FnOnce(&Arc<Server>) -> Result<Value, Error> + Send>;

#[derive(Deserialize)]
struct Named {
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    text_document: Named,
    #[serde(default)]
    previous_result_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullAll {
    #[serde(default)]
    previous_result_ids: Vec<Previous>,
}

#[derive(Deserialize)]
struct Previous {
    uri: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct At {
    text_document: Named,
    position: Position,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Concerned {
    text_document: Named,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Within {
    text_document: Named,
    range: Range,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Actions {
    text_document: Named,
    range: Range,
    context: ActionContext,
}

#[derive(Deserialize)]
struct ActionContext {
    #[serde(default)]
    only: Option<Vec<String>>,
    #[serde(default)]
    diagnostics: Vec<Value>,
}

#[derive(Deserialize)]
struct Command {
    command: String,
    #[serde(default)]
    arguments: Vec<Value>,
}

/// The job that a request asks for, with everything as it is now; `None` for a method that there is not.
pub fn prepare(server: &Arc<Server>, method: &str, params: Value) -> Option<Result<Job, serde_json::Error>> {
    let snapshot = server.snapshot();
    Some(match method {
        "textDocument/diagnostic" => read(params, |it: Pull| {
            let uri = it.text_document.uri;
            let number = server.begin_pull(&uri);
            Box::new(move |server| {
                if server.is_superseded(&uri, number, &snapshot.documents) {
                    return Err(superseded());
                }
                Ok(diagnostics::document(server, &snapshot, &uri, it.previous_result_id.as_deref()))
            })
        }),
        "workspace/diagnostic" => read(params, |it: PullAll| {
            let previous: BTreeMap<String, String> =
                it.previous_result_ids.into_iter().map(|id| (id.uri, id.value)).collect();
            Box::new(move |server| Ok(diagnostics::workspace(server, &snapshot, &previous)))
        }),
        "textDocument/hover" => read(params, |it: At| {
            Box::new(move |server| Ok(hover::at(server, &snapshot, &it.text_document.uri, it.position)))
        }),
        "textDocument/codeAction" => read(params, |it: Actions| {
            Box::new(move |server| {
                let wanted = actions::Wanted { only: it.context.only, diagnostics: it.context.diagnostics };
                Ok(actions::at(server, &snapshot, &it.text_document.uri, it.range, &wanted))
            })
        }),
        "codeAction/resolve" => {
            read(params, |action: Value| Box::new(move |server| Ok(actions::resolve(server, &snapshot, action))))
        }
        "textDocument/codeLens" => read(params, |it: Concerned| {
            Box::new(move |server| Ok(workloads::lenses(server, &snapshot, &it.text_document.uri)))
        }),
        "textDocument/inlayHint" => read(params, |it: Within| {
            Box::new(move |server| Ok(workloads::hints(server, &snapshot, &it.text_document.uri, it.range)))
        }),
        "workspace/executeCommand" => read(params, |it: Command| {
            Box::new(move |server| commands::run(server, &snapshot, &it.command, &it.arguments))
        }),
        "gilcheck/trial" if server.trials => read(params, |it: Trial| trial(it, snapshot)),
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(params: Value, job: impl FnOnce(T) -> Job) -> Result<Job, serde_json::Error> {
    serde_json::from_value(params).map(job)
}

/// The client asked again for a newer text: only that answer is worth working for.
fn superseded() -> Error {
    Error {
        code: ErrorCode::ServerError(-32802),
        message: "the document has changed, and was asked for again".into(),
        data: Some(json!({ "retriggerRequest": true })),
    }
}

/// What may go wrong in a request, on purpose, for the tests of the protocol.
#[derive(Deserialize)]
struct Trial {
    #[serde(default)]
    sleep: u64,
    #[serde(default)]
    panic: bool,
    /// The document whose version is the answer: what the server saw when the request came.
    #[serde(default)]
    version_of: Option<String>,
}

fn trial(it: Trial, snapshot: Snapshot) -> Job {
    Box::new(move |_| {
        std::thread::sleep(Duration::from_millis(it.sleep));
        assert!(!it.panic, "a trial of what a panic does");
        let document = it.version_of.and_then(|uri| snapshot.documents.document(&uri).cloned());
        Ok(document.map_or(Value::Null, |document| json!({ "version": document.version, "text": &*document.text })))
    })
}
