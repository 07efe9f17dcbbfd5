//! Commands that a client may run.

use super::actions::fix_all;
use super::diagnostics::answer;
use super::server::{Server, Snapshot};
use serde_json::{Value, json};
use std::sync::Arc;
use tower_lsp_server::jsonrpc::Error;

/// Says what the server knows, for reports of faults.
const DEBUG: &str = "gilcheck.server.debugInformation";
/// Forgets everything and reads it again.
const RESTART: &str = "gilcheck.server.restartAnalysis";

/// Applies the safe fixes of a document: its name is the first argument, or stands below `uri` in it.
const FIX_ALL: &str = "gilcheck.server.fixAll";

/// All commands.
pub const COMMANDS: [&str; 3] = [DEBUG, RESTART, FIX_ALL];

/// Runs one.
pub fn run(server: &Arc<Server>, snapshot: &Snapshot, command: &str, arguments: &[Value]) -> Result<Value, Error> {
    match command {
        DEBUG => Ok(json!(debug_information(server, snapshot))),
        RESTART => {
            server.projects.clear();
            super::lock(&server.answers).clear();
            server.something_changed(None);
            if snapshot.client.refresh_diagnostics {
                server.refresh("workspace/diagnostic/refresh");
            }
            Ok(Value::Null)
        }
        FIX_ALL => {
            let first = arguments.first().unwrap_or(&Value::Null);
            let Some(uri) = first.as_str().or_else(|| first.get("uri")?.as_str()) else {
                return Err(Error::invalid_params(format!("`{FIX_ALL}` needs the document's name")));
            };
            let edit = answer(server, snapshot, uri).and_then(|answer| fix_all(server, snapshot, &answer));
            if let Some(edit) = edit.filter(|_| snapshot.client.apply_edit) {
                let label = "Apply all safe fixes of gilcheck";
                server.outbox.request("workspace/applyEdit", Some(json!({ "label": label, "edit": edit })), |_| {});
            }
            Ok(Value::Null)
        }
        _ => Err(Error::invalid_params(format!("there is no command `{command}`"))),
    }
}

fn debug_information(server: &Arc<Server>, snapshot: &Snapshot) -> String {
    let mut lines = vec![
        format!("gilcheck {}", env!("CARGO_PKG_VERSION")),
        format!("client: {}", snapshot.client.name),
        format!("{:?}", snapshot.client),
        format!("{:?}", snapshot.options),
    ];
    lines.extend(snapshot.folders.keys().map(|folder| format!("folder: {folder}")));
    lines.extend(snapshot.documents.sources().iter().map(|source| format!("open: {}", source.uri)));
    lines.extend(server.projects.describe());
    lines.join("\n")
}
