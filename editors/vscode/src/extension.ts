// The VS Code side of `gilcheck server`: starts it, restarts it, and passes the settings on.
import * as vscode from "vscode";
import {
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type ServerOptions,
  TransportKind,
} from "vscode-languageclient/node";
import { find, type ImportStrategy } from "./program";

const SECTION = "gilcheck";
/** Settings that the server cannot take in while it runs. */
const NEED_RESTART = ["path", "importStrategy", "workspaceDiagnostics", "logFile"];
const DEBUG = "gilcheck.server.debugInformation";

let client: LanguageClient | undefined;
/** Starting and stopping one after the other. */
let work: Promise<void> = Promise.resolve();

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(SECTION);
}

async function start(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<void> {
  const found = find({
    path: settings().get<string>("path", ""),
    strategy: settings().get<ImportStrategy>("importStrategy", "fromEnvironment"),
    extension: context.extensionPath,
    searched: process.env["PATH"] ?? "",
  });
  if ("problem" in found) {
    log.error(found.problem);
    const open = "Open Settings";
    void vscode.window.showErrorMessage(found.problem, open).then((chosen) => {
      if (chosen === open) {
        void vscode.commands.executeCommand("workbench.action.openSettings", SECTION);
      }
    });
    return;
  }
  const logFile = settings().get<string>("logFile", "");
  const args = ["server", "--log-level", settings().get<string>("logLevel", "warning")];
  if (logFile) {
    args.push("--log-file", logFile);
  }
  log.info(`starting ${found.program} ${args.join(" ")}`);
  const server: ServerOptions = { command: found.program, args, transport: TransportKind.stdio };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "untitled", language: "python" },
      { scheme: "vscode-notebook-cell", language: "python" },
    ],
    initializationOptions: { ...settings() },
    synchronize: { configurationSection: SECTION },
    outputChannel: log,
    traceOutputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
  };
  client = new LanguageClient(SECTION, "gilcheck", server, options);
  await client.start();
}

async function stop(): Promise<void> {
  const stopping = client;
  client = undefined;
  if (stopping?.needsStop()) {
    await stopping.stop();
  }
  await stopping?.dispose();
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("gilcheck", { log: true });
  const restart = (): Promise<void> => {
    work = work.then(stop).then(() => start(context, log)).catch((error: unknown) => {
      log.error(`gilcheck server could not be started: ${String(error)}`);
      void vscode.window.showErrorMessage("The gilcheck server could not be started; its log says why.");
    });
    return work;
  };
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("gilcheck.restart", restart),
    vscode.commands.registerCommand("gilcheck.showLogs", () => log.show()),
    vscode.commands.registerCommand("gilcheck.debugInformation", async () => {
      const content = await client?.sendRequest<string>("workspace/executeCommand", { command: DEBUG });
      const document = await vscode.workspace.openTextDocument({ content: content ?? "The server does not run." });
      await vscode.window.showTextDocument(document);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (NEED_RESTART.some((key) => event.affectsConfiguration(`${SECTION}.${key}`))) {
        void restart();
      }
    }),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await work.then(stop);
}
