//! Commands that a client may run.

use super::server::{Server, Snapshot};
use serde_json::{Value, json};
use std::sync::Arc;
use tower_lsp_server::jsonrpc::Error;

/// Says what the server knows, for reports of faults.
const DEBUG: &str = "gilcheck.server.debugInformation";
/// Forgets everything and reads it again.
const RESTART: &str = "gilcheck.server.restartAnalysis";

/// All commands.
pub const COMMANDS: [&str; 2] = [DEBUG, RESTART];

/// Runs one.
pub fn run(server: &Arc<Server>, snapshot: &Snapshot, command: &str, _arguments: &[Value]) -> Result<Value, Error> {
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
