"""Documents, settings and folders as clients change them."""

import shutil
import time

import pytest
from programs import CALLER, COUNTS, SLEEPS
from raw import Server, insert, replace

PULLS = {
    "textDocument": {"diagnostic": {}, "codeAction": {"codeActionLiteralSupport": {}}},
    "workspace": {"diagnostics": {"refreshSupport": True}, "didChangeWatchedFiles": {"dynamicRegistration": True}},
}
NAP = "import time\n\nasync def nap():\n    {}time.sleep(1)\n"
CREATED, CHANGED, DELETED = 1, 2, 3


def codes(report):
    return [item["code"] for item in report["items"]]


def watched(server, *events):
    changes = [{"uri": path.as_uri(), "type": kind} for path, kind in events]
    server.notify("workspace/didChangeWatchedFiles", {"changes": changes})


@pytest.mark.parametrize(
    "offered, chosen, column",
    [
        (None, "utf-16", 18),
        (["utf-16"], "utf-16", 18),
        (["utf-8", "utf-16"], "utf-8", 22),
        (["utf-32", "utf-16"], "utf-32", 16),
        (["utf-7"], "utf-16", 18),
    ],
)
def test_columns_count_what_was_agreed(project, offered, chosen, column):
    # Two characters beyond the basic plane before the finding.
    text = NAP.format("x = '𝄞😀'; ")
    capabilities = {**PULLS, "general": {"positionEncodings": offered}} if offered else PULLS
    with Server() as server:
        result = server.start(project.root, capabilities)
        assert result["capabilities"]["positionEncoding"] == chosen
        uri = server.open(project.write("nap.py", text))
        [found] = server.pull(uri)["items"]
        assert found["range"]["start"] == {"line": 3, "character": column - 2}
        # An edit behind them goes where the client means.
        server.change(uri, 2, replace(3, column - 2, column - 2 + len("time.sleep(1)"), "await x()"))
        assert server.request("gilcheck/trial", {"version_of": uri})["text"] == text.replace("time.sleep(1)", "await x()")
        assert codes(server.pull(uri)) == []


def test_edits_of_all_kinds(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.root / "new.py", "a\r\nb\r\n")
        text = lambda: server.request("gilcheck/trial", {"version_of": uri})["text"]
        server.change(uri, 2, insert(0, 1, "1"), insert(1, 0, "2"))
        assert text() == "a1\r\n2b\r\n"
        server.change(uri, 3, insert(9, 9, "end"))
        assert text() == "a1\r\n2b\r\nend"
        server.change(uri, 4, insert(0, 99, "!"))
        assert text() == "a1!\r\n2b\r\nend"
        server.change(uri, 5, "all", insert(0, 3, " new"))
        assert text() == "all new"
        server.change(uri, 6)
        assert text() == "all new"


def test_close_and_open_again_with_a_lower_version(project):
    with Server() as server:
        server.start(project.root, PULLS)
        nap = project.write("nap.py", NAP.format(""))
        uri = server.open(nap, version=50)
        assert codes(server.pull(uri)) == ["GIL302"]
        server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        server.open(nap, "x = 1\n", version=1)
        assert codes(server.pull(uri)) == []
        server.change(uri, 2, NAP.format(""))
        assert codes(server.pull(uri)) == ["GIL302"]


def test_closing_gives_the_text_on_disk_back_to_others(project):
    with Server() as server:
        server.start(project.root, PULLS)
        caller = server.open(project.caller)
        helper = server.open(project.helper, SLEEPS)
        assert codes(server.pull(caller)) == []
        server.notify("textDocument/didClose", {"textDocument": {"uri": helper}})
        assert codes(server.pull(caller)) == ["GIL101"]


def test_findings_are_sent_to_those_who_do_not_ask(project):
    with Server() as server:
        server.start(project.root)
        uri = server.open(project.caller)
        told = server.published(uri)
        assert told["version"] == 1
        assert codes({"items": told["diagnostics"]}) == ["GIL101"]
        server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert server.published(uri)["diagnostics"] == []


def test_nothing_old_is_sent_over_something_new(project):
    with Server() as server:
        server.start(project.root)
        nap = project.write("nap.py", NAP.format(""))
        uri = server.open(nap)
        for version in range(2, 200):
            server.change(uri, version, NAP.format("") if version % 2 else "x = 1\n")
            if version % 7 == 0:
                time.sleep(0.02)
        server.change(uri, 200, NAP.format("pass; "))
        last = 0
        while last < 200:
            told = server.published(uri)
            assert told["version"] > last
            last = told["version"]
            wanted = ["GIL302"] if last % 2 or last == 200 else []
            assert codes({"items": told["diagnostics"]}) == wanted


def test_result_ids(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.caller)
        report = server.pull(uri)
        assert report["kind"] == "full"
        again = server.pull(uri, report["resultId"])
        assert again == {"kind": "unchanged", "resultId": report["resultId"]}
        server.change(uri, 2, "\n" + CALLER)
        moved = server.pull(uri, report["resultId"])
        assert moved["kind"] == "full"
        assert moved["items"][0]["range"]["start"]["line"] == 6
        assert server.pull("file:///not/open.py")["items"] == []


def test_the_fields_of_a_finding(project):
    support = {"relatedInformation": True, "codeDescriptionSupport": True, "dataSupport": True}
    capabilities = {"textDocument": {"diagnostic": {}, "publishDiagnostics": support}}
    with Server() as server:
        server.start(project.root, capabilities)
        [found] = server.pull(server.open(project.caller))["items"]
        assert found["code"] == "GIL101"
        assert found["codeDescription"]["href"].endswith("cpu-in-threads.md")
        assert found["data"]["scope"] == "caller.main"
        assert [link["location"]["uri"] for link in found["relatedInformation"]][-1] == project.helper.as_uri()
        assert found["message"].splitlines()[0].startswith("threads do not speed up `work`")


def test_another_file_is_renamed_created_and_deleted(project):
    with Server() as server:
        server.start(project.root, PULLS)
        caller = server.open(project.caller)
        assert codes(server.pull(caller)) == ["GIL101"]
        project.helper.unlink()
        watched(server, (project.helper, DELETED))
        assert codes(server.pull(caller)) == []
        other = project.write("other.py", COUNTS)
        server.change(caller, 2, CALLER.replace("helper", "other"))
        watched(server, (other, CREATED))
        assert codes(server.pull(caller)) == ["GIL101"]
        other.write_text(SLEEPS)
        watched(server, (other, CHANGED))
        assert codes(server.pull(caller)) == []
        package = project.write("package/__init__.py", COUNTS)
        server.change(caller, 3, CALLER.replace("helper", "package"))
        watched(server, (package.parent, CREATED))
        assert codes(server.pull(caller)) == ["GIL101"]
        shutil.rmtree(package.parent)
        watched(server, (package.parent, DELETED))
        assert codes(server.pull(caller)) == []


def test_an_unsaved_file_is_seen_by_others(project):
    with Server() as server:
        server.start(project.root, PULLS)
        caller = server.open(project.root / "unsaved_caller.py", CALLER.replace("helper", "unsaved"))
        assert codes(server.pull(caller)) == []
        server.open(project.root / "unsaved.py", COUNTS)
        assert codes(server.pull(caller)) == ["GIL101"]


def test_a_document_without_a_place(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open("untitled:Untitled-1", NAP.format(""))
        assert codes(server.pull(uri)) == ["GIL302"]


def test_a_file_outside_of_all_folders(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "helper.py").write_text(COUNTS)
    (elsewhere / "caller.py").write_text(CALLER)
    with Server() as server:
        server.start(project.root, PULLS)
        assert codes(server.pull(server.open(elsewhere / "caller.py"))) == ["GIL101"]


def test_a_client_without_folders(project):
    with Server() as server:
        server.request("initialize", {"processId": None, "capabilities": PULLS, "rootUri": None})
        server.notify("initialized", {})
        assert codes(server.pull(server.open(project.caller))) == ["GIL101"]


def test_several_folders_and_their_changes(project, tmp_path_factory):
    second = tmp_path_factory.mktemp("second")
    (second / "pyproject.toml").write_text('[tool.gilcheck]\nignore = ["GIL302"]\n')
    (second / "nap.py").write_text(NAP.format(""))
    first = project.write("nap.py", NAP.format(""))
    with Server() as server:
        server.start(project.root, PULLS)
        event = {"added": [{"uri": second.as_uri(), "name": "second"}], "removed": []}
        server.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        assert codes(server.pull(server.open(first))) == ["GIL302"]
        assert codes(server.pull(server.open(second / "nap.py"))) == []
        event = {"added": [], "removed": [{"uri": second.as_uri(), "name": "second"}]}
        server.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        assert codes(server.pull((second / "nap.py").as_uri())) == []


def test_excluded_files_are_left_alone(project):
    project.write("pyproject.toml", '[tool.gilcheck]\nextend-exclude = ["generated/"]\n')
    with Server() as server:
        server.start(project.root, PULLS)
        assert codes(server.pull(server.open(project.write("generated/nap.py", NAP.format(""))))) == []
        assert codes(server.pull(server.open(project.write(".venv/nap.py", NAP.format(""))))) == []
        assert codes(server.pull(server.open(project.write("nap.py", NAP.format(""))))) == ["GIL302"]


def test_broken_settings_are_said_where_they_stand(project):
    with Server() as server:
        settings = project.write("pyproject.toml", '[tool.gilcheck]\nignore = ["GIL302"]\n')
        nap = project.write("nap.py", NAP.format(""))
        server.start(project.root, PULLS)
        uri = server.open(nap)
        assert codes(server.pull(uri)) == []
        settings.write_text('[tool.gilcheck]\nignroe = ["GIL302"]\n')
        watched(server, (settings, CHANGED))
        # The last good settings stay in force.
        assert codes(server.pull(uri)) == []
        told = server.published(settings.as_uri())
        [trouble] = told["diagnostics"]
        assert "did you mean `ignore`" in trouble["message"]
        assert trouble["range"]["start"] == {"line": 1, "character": 0}
        settings.write_text('[tool.gilcheck]\nignore = ["GIL101"]\n')
        watched(server, (settings, CHANGED))
        assert codes(server.pull(uri)) == ["GIL302"]
        assert server.published(settings.as_uri())["diagnostics"] == []


def test_settings_that_are_broken_from_the_start(project):
    settings = project.write("gilcheck.toml", 'select = ["GIL999"]\n')
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.write("nap.py", NAP.format("")))
        assert codes(server.pull(uri)) == ["GIL302"]
        told = server.published(settings.as_uri())
        assert "unknown rule `GIL999`" in told["diagnostics"][0]["message"]


def test_folders_with_settings_of_their_own(project):
    inner = project.write("inner/gilcheck.toml", 'ignore = ["GIL302"]\n')
    nap, below = project.write("nap.py", NAP.format("")), project.write("inner/deep/nap.py", NAP.format(""))
    left_out = project.write("inner/generated/nap.py", NAP.format(""))
    with Server() as server:
        server.start(project.root, PULLS, {"workspaceDiagnostics": True})
        assert codes(server.pull(server.open(nap))) == ["GIL302"]
        uri = server.open(below)
        assert codes(server.pull(uri)) == []
        inner.write_text('select = ["GIL302"]\nexclude = ["generated"]\n')
        watched(server, (inner, CHANGED))
        assert codes(server.pull(uri)) == ["GIL302"]
        assert codes(server.pull(server.open(left_out))) == []
        inner.write_text("selct = []\n")
        watched(server, (inner, CHANGED))
        assert codes(server.pull(uri)) == ["GIL302"]
        assert codes(server.pull(left_out.as_uri())) == []
        assert "did you mean `select`" in server.published(inner.as_uri())["diagnostics"][0]["message"]
        report = server.request("workspace/diagnostic", {"previousResultIds": []})
        assert {item["uri"] for item in report["items"]} == {place.as_uri() for place in (nap, below, project.caller)}
        inner.unlink()
        watched(server, (inner, DELETED))
        assert codes(server.pull(left_out.as_uri())) == ["GIL302"]
        assert server.published(inner.as_uri())["diagnostics"] == []


def test_the_editor_configures_while_it_runs(project):
    elsewhere = project.write("other/settings.toml", 'ignore = ["GIL302"]\n')
    nap = project.write("nap.py", NAP.format(""))
    with Server() as server:
        server.configuration = [{"configuration": str(elsewhere)}]
        server.start(project.root, {**PULLS, "workspace": {"configuration": True}})
        server.until(lambda m: m.get("method") == "workspace/configuration")
        uri = server.open(nap)
        deadline = time.monotonic() + 5
        while codes(server.pull(uri)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert codes(server.pull(uri)) == []
        server.notify("workspace/didChangeConfiguration", {"settings": {"gilcheck": {"enable": True}}})
        assert codes(server.pull(uri)) == ["GIL302"]
        server.notify("workspace/didChangeConfiguration", {"settings": {"gilcheck": {"enable": False}}})
        assert codes(server.pull(uri)) == []


def test_working_on_save_only(project):
    nap = project.write("nap.py", NAP.format(""))
    with Server() as server:
        server.start(project.root, PULLS, {"run": "onSave"})
        uri = server.open(nap)
        assert codes(server.pull(uri)) == ["GIL302"]
        server.change(uri, 2, "x = 1\n")
        assert codes(server.pull(uri)) == ["GIL302"]
        server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        assert codes(server.pull(uri)) == []


def test_the_whole_workspace_if_wanted(project):
    with Server() as server:
        result = server.start(project.root, PULLS, {"workspaceDiagnostics": True})
        assert result["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"] is True
        project.write("package/nap.py", NAP.format(""))
        report = server.request("workspace/diagnostic", {"previousResultIds": []})
        found = {item["uri"]: item for item in report["items"]}
        assert set(found) == {project.caller.as_uri(), (project.root / "package/nap.py").as_uri()}
        previous = [{"uri": uri, "value": item["resultId"]} for uri, item in found.items()]
        again = server.request("workspace/diagnostic", {"previousResultIds": previous})
        assert {item["kind"] for item in again["items"]} == {"unchanged"}
        project.helper.write_text(SLEEPS)
        watched(server, (project.helper, CHANGED))
        after = server.request("workspace/diagnostic", {"previousResultIds": previous})
        kinds = {item["uri"]: (item["kind"], len(item.get("items", []))) for item in after["items"]}
        assert kinds[project.caller.as_uri()] == ("full", 0)


def test_the_whole_workspace_is_not_looked_at_unasked(project):
    with Server() as server:
        result = server.start(project.root, PULLS)
        assert result["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"] is False
        assert server.request("workspace/diagnostic", {"previousResultIds": []}) == {"items": []}


def test_workloads_above_functions_if_wanted(project):
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    with Server() as server:
        server.start(project.root, PULLS)
        document = {"textDocument": {"uri": server.open(project.helper)}}
        assert server.request("textDocument/codeLens", document) == []
        assert server.request("textDocument/inlayHint", {**document, "range": whole}) == []
    with Server() as server:
        server.start(project.root, PULLS, {"codeLens": True, "inlayHints": True})
        document = {"textDocument": {"uri": server.open(project.helper)}}
        [lens] = server.request("textDocument/codeLens", document)
        assert lens["command"]["title"].startswith("cpu, about 0.")
        assert lens["range"]["start"] == {"line": 0, "character": 4}
        [hint] = server.request("textDocument/inlayHint", {**document, "range": whole})
        assert hint["position"] == {"line": 0, "character": 11}
        assert hint["label"] == lens["command"]["title"]


def test_a_rule_on_hover_over_the_comment_that_silences_it(project):
    text = CALLER.replace("range(4)]", "range(4)]  # gilcheck: ignore[GIL101]")
    with Server() as server:
        server.start(project.root, {"textDocument": {"hover": {"contentFormat": ["markdown"]}, "diagnostic": {}}})
        uri = server.open(project.caller, text)
        place = {"line": 5, "character": text.splitlines()[5].index("GIL101")}
        hover = server.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
        assert hover["contents"]["value"].startswith("# cpu-in-threads (GIL101)")


def test_actions_are_of_the_kinds_that_were_asked_for(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.caller)
        [found] = server.pull(uri)["items"]

        def titles(**context):
            params = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [], **context}}
            return [action["title"] for action in server.request("textDocument/codeAction", params)]

        ignore = "Ignore GIL101 (cpu-in-threads) on this line"
        assert ignore in titles()
        assert ignore in titles(only=["quickfix"])
        assert ignore not in titles(only=["source.organizeImports"])
        assert ignore not in titles(only=["refactor"])


def test_safe_fixes_one_by_one_and_all_at_once(project):
    text = "import asyncio\nimport time\n\n\nasync def nap():\n    time.sleep(1)\n    time.sleep(2)\n\n\nasyncio.run(nap())\n"
    fixed = text.replace("    time.sleep", "    await asyncio.sleep")
    edits_with_versions = {"workspaceEdit": {"documentChanges": True}, "applyEdit": True}
    with Server() as server:
        server.start(project.root, {**PULLS, "workspace": edits_with_versions})
        uri = server.open(project.write("nap.py", text), version=7)
        first, second = server.pull(uri)["items"]
        context = {"diagnostics": [first], "only": ["quickfix"]}
        params = {"textDocument": {"uri": uri}, "range": first["range"], "context": context}
        [fix] = [action for action in server.request("textDocument/codeAction", params) if action.get("isPreferred")]
        [change] = fix["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": 7}
        assert applied(text, change["edits"]) == text.replace("    time.sleep(1)", "    await asyncio.sleep(1)")
        params["context"] = {"diagnostics": [], "only": ["source.fixAll"]}
        [everything] = server.request("textDocument/codeAction", params)
        assert everything["kind"] == "source.fixAll.gilcheck"
        assert applied(text, everything["edit"]["documentChanges"][0]["edits"]) == fixed
        command = {"command": "gilcheck.server.fixAll", "arguments": [uri]}
        server.request("workspace/executeCommand", command)
        asked = server.until(lambda m: m.get("method") == "workspace/applyEdit")
        assert asked["params"]["edit"] == everything["edit"]
        server.change(uri, 8, fixed)
        assert codes(server.pull(uri)) == []


def test_unsafe_fixes_are_refactorings_that_say_why(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.caller)
        [found] = server.pull(uri)["items"]
        params = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
        rewrite, ignore = server.request("textDocument/codeAction", params)
        assert rewrite["kind"] == "refactor.rewrite.gilcheck"
        # Nobody waits for the workers.
        assert "(unsafe: nobody waits" in rewrite["title"]
        assert not rewrite["isPreferred"]
        assert "Process" in applied(CALLER, rewrite["edit"]["changes"][uri])
        assert ignore["kind"] == "quickfix"


def applied(text, edits):
    lines = text.splitlines(keepends=True)
    offset = lambda place: sum(map(len, lines[: place["line"]])) + place["character"]
    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


def test_an_offer_for_an_older_text_is_not_carried_out(project):
    action = {"codeActionLiteralSupport": {}, "dataSupport": True, "resolveSupport": {"properties": ["edit"]}}
    with Server() as server:
        server.start(project.root, {"textDocument": {"diagnostic": {}, "codeAction": action}})
        uri = server.open(project.caller)
        [found] = server.pull(uri)["items"]
        params = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
        offered = server.request("textDocument/codeAction", params)
        [ignore] = [action for action in offered if action["title"].startswith("Ignore")]
        assert "edit" not in ignore
        assert "edit" in server.request("codeAction/resolve", ignore)
        server.change(uri, 2, "\n" + CALLER)
        assert "edit" not in server.request("codeAction/resolve", ignore)


def test_commands(project):
    with Server() as server:
        result = server.start(project.root, PULLS)
        uri = server.open(project.caller)
        assert codes(server.pull(uri)) == ["GIL101"]
        commands = result["capabilities"]["executeCommandProvider"]["commands"]
        assert "gilcheck.server.debugInformation" in commands
        text = server.request("workspace/executeCommand", {"command": "gilcheck.server.debugInformation"})
        assert f"{project.root}: 2 files" in text
        server.request("workspace/executeCommand", {"command": "gilcheck.server.restartAnalysis"})
        assert codes(server.pull(uri)) == ["GIL101"]
        error = server.end(server.begin("workspace/executeCommand", {"command": "rm -rf"}))["error"]
        assert error["code"] == -32602


def test_progress_is_shown_while_much_is_read(project):
    for index in range(3000):
        project.write(f"many/module_{index}.py", "x = 1\n" * 200)
    capabilities = {**PULLS, "window": {"workDoneProgress": True}}
    with Server() as server:
        server.start(project.root, capabilities)
        uri = server.open(project.caller)
        begun = time.monotonic()
        assert codes(server.pull(uri)) == ["GIL101"]
        took = time.monotonic() - begun
        kinds = [m["params"]["value"]["kind"] for m in server.seen if m.get("method") == "$/progress"]
        # A fast disk leaves nothing to show; what begins also ends.
        if took > 0.5 and "begin" in kinds:
            server.until(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end")
