"""The server under the capabilities that real editors send."""

import asyncio

import pytest
import pytest_lsp
from programs import CALLER, COUNTS, SLEEPS
from lsprotocol import types as t
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from raw import binary

EDITORS = ["visual-studio-code", "neovim", "emacs"]


def make_client():
    client = pytest_lsp.make_test_lsp_client()
    client.registered = []

    @client.feature(t.CLIENT_REGISTER_CAPABILITY)
    def register(params: t.RegistrationParams):
        client.registered.extend(registration.method for registration in params.registrations)

    @client.feature(t.CLIENT_UNREGISTER_CAPABILITY)
    def unregister(_):
        return None

    return client


class Editor:
    """A client that shows findings as its editor does: it asks, or is told."""

    def __init__(self, client: LanguageClient, capabilities, project):
        self.client, self.project = client, project
        self.pulls = capabilities.text_document.diagnostic is not None
        self.capabilities = capabilities
        self.versions = {}

    def open(self, path, text):
        uri = path.as_uri()
        self.versions[uri] = 1
        document = t.TextDocumentItem(uri=uri, language_id="python", version=1, text=text)
        self.client.text_document_did_open(t.DidOpenTextDocumentParams(text_document=document))
        return uri

    def change(self, uri, text):
        self.versions[uri] += 1
        document = t.VersionedTextDocumentIdentifier(uri=uri, version=self.versions[uri])
        whole = t.TextDocumentContentChangeWholeDocument(text=text)
        params = t.DidChangeTextDocumentParams(text_document=document, content_changes=[whole])
        self.client.text_document_did_change(params)

    async def findings(self, uri, wanted):
        """The findings once `wanted` holds for their codes."""
        for _ in range(200):
            if self.pulls:
                params = t.DocumentDiagnosticParams(text_document=t.TextDocumentIdentifier(uri=uri))
                found = list((await self.client.text_document_diagnostic_async(params)).items)
            else:
                found = list(self.client.diagnostics.get(uri, []))
            if [item.code for item in found] == wanted:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{wanted} expected, shown: {found}")


@pytest_lsp.fixture(
    params=EDITORS,
    config=ClientServerConfig(client_factory=make_client, server_command=[binary(), "server"]),
)
async def client(request, lsp_client: LanguageClient, project):
    capabilities = client_capabilities(request.param)
    folder = t.WorkspaceFolder(uri=project.root.as_uri(), name="project")
    await lsp_client.initialize_session(
        t.InitializeParams(
            capabilities=capabilities, root_uri=folder.uri, process_id=None, workspace_folders=[folder]
        )
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client, project):
    return Editor(client, client.capabilities, project)


async def test_findings_with_their_chain(editor):
    uri = editor.open(editor.project.caller, CALLER)
    [found] = await editor.findings(uri, ["GIL101"])
    assert found.severity == t.DiagnosticSeverity.Warning
    assert found.source == "gilcheck"
    assert found.range.start == t.Position(line=5, character=15)
    if editor.capabilities.text_document.publish_diagnostics.related_information:
        places = [(link.location.uri, link.message) for link in found.related_information]
        assert (editor.project.helper.as_uri(), True) in [(uri, "10,000,000 turns" in text) for uri, text in places]


async def test_an_edit_in_a_helper_updates_the_open_caller(editor):
    caller = editor.open(editor.project.caller, CALLER)
    await editor.findings(caller, ["GIL101"])
    helper = editor.open(editor.project.helper, COUNTS)
    editor.change(helper, SLEEPS)
    await editor.findings(caller, [])
    editor.change(helper, COUNTS)
    await editor.findings(caller, ["GIL101"])


async def test_ignoring_on_the_line(editor):
    uri = editor.open(editor.project.caller, CALLER)
    [found] = await editor.findings(uri, ["GIL101"])
    params = t.CodeActionParams(
        text_document=t.TextDocumentIdentifier(uri=uri),
        range=found.range,
        context=t.CodeActionContext(diagnostics=[found], only=[t.CodeActionKind.QuickFix]),
    )
    actions = await editor.client.text_document_code_action_async(params)
    action = next(action for action in actions if action.title.startswith("Ignore GIL101"))
    assert action.diagnostics[0].code == "GIL101"
    if action.edit is None:
        action = await editor.client.code_action_resolve_async(action)
    if action.edit.document_changes:
        [edit] = action.edit.document_changes[0].edits
    else:
        [edit] = action.edit.changes[uri]
    assert edit.new_text == "  # gilcheck: ignore[GIL101]"
    lines = CALLER.splitlines(keepends=True)
    line = lines[edit.range.start.line]
    assert edit.range.start == edit.range.end
    assert edit.range.start.character == len(line) - 1
    lines[edit.range.start.line] = line[:-1] + edit.new_text + "\n"
    editor.change(uri, "".join(lines))
    await editor.findings(uri, [])


async def test_hover_on_a_function_and_on_a_hand_over(editor):
    uri = editor.open(editor.project.caller, CALLER)
    document = t.TextDocumentIdentifier(uri=uri)
    at = lambda line, character: t.HoverParams(document, t.Position(line=line, character=character))
    head = await editor.client.text_document_hover_async(at(4, 6))
    assert "caller.main" in head.contents.value
    spawn = await editor.client.text_document_hover_async(at(5, 25))
    assert "`work`, handed to a thread: cpu work" in spawn.contents.value
    assert "helper.py:3" in spawn.contents.value
    assert await editor.client.text_document_hover_async(at(6, 9)) is None


async def test_what_is_registered(editor):
    uri = editor.open(editor.project.caller, CALLER)
    await editor.findings(uri, ["GIL101"])
    wanted = set()
    workspace = editor.capabilities.workspace
    if workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration:
        wanted.add("workspace/didChangeWatchedFiles")
    if workspace.did_change_configuration and workspace.did_change_configuration.dynamic_registration:
        wanted.add("workspace/didChangeConfiguration")
    assert set(editor.client.registered) == wanted


async def test_a_notebook(editor):
    path = editor.project.root / "notes.ipynb"
    cells = ["%matplotlib inline\nimport threading\nfrom helper import work\n", "# no code\n"]
    cells.append("😀 = 1; ts = [threading.Thread(target=work) for _ in range(4)]\nfor t in ts: t.start()\n")
    uris = [f"{path.as_uri()}#cell{index}" for index in range(3)]
    item = lambda index: t.TextDocumentItem(uris[index], "python", 1, cells[index])
    notebook = t.NotebookDocument(
        uri=path.as_uri(),
        notebook_type="jupyter-notebook",
        version=1,
        cells=[t.NotebookCell(t.NotebookCellKind.Code, uri) for uri in uris],
    )
    params = t.DidOpenNotebookDocumentParams(notebook, [item(index) for index in range(3)])
    editor.client.notebook_document_did_open(params)
    [found] = await editor.findings(uris[2], ["GIL101"])
    assert found.range.start.line == 0
    await editor.findings(uris[0], [])
    change = t.NotebookDocumentCellChanges(
        structure=t.NotebookDocumentCellChangeStructure(
            array=t.NotebookCellArrayChange(start=0, delete_count=1, cells=[]),
            did_close=[t.TextDocumentIdentifier(uris[0])],
        )
    )
    version = t.VersionedNotebookDocumentIdentifier(version=2, uri=path.as_uri())
    event = t.NotebookDocumentChangeEvent(cells=change)
    editor.client.notebook_document_did_change(t.DidChangeNotebookDocumentParams(version, event))
    await editor.findings(uris[2], [])
    closed = [t.TextDocumentIdentifier(uri) for uri in uris[1:]]
    identifier = t.NotebookDocumentIdentifier(path.as_uri())
    editor.client.notebook_document_did_close(t.DidCloseNotebookDocumentParams(identifier, closed))
