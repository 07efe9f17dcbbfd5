"""What goes wrong on the wire: order, floods, cancelling, ends. PRODUCT 2.1's table, row by row."""

import os
import subprocess
import sys
import time

import pytest
from programs import COUNTS, SLEEPS
from raw import Server, binary, insert

PULLS = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}}
CONFIGURED = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def test_changes_are_taken_in_order_with_requests_between(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.root / "new.py", "")
        asked = {}
        text = ""
        for version in range(2, 502):
            piece = f"x{version} = {version}\n"
            text += piece
            server.change(uri, version, insert(version - 2, 0, piece))
            if version % 10 == 0:
                asked[server.begin("gilcheck/trial", {"version_of": uri})] = (version, text)
        for identifier, (version, expected) in asked.items():
            result = server.end(identifier)["result"]
            assert result["version"] == version
            assert result["text"] == expected
        assert server.request("gilcheck/trial", {"version_of": uri}) == {"version": 501, "text": text}


def test_findings_are_those_of_the_text_that_was_asked_about(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.root / "new.py", "")
        nap = "import time\nasync def f():\n    time.sleep(1)\n"
        for version in range(2, 42):
            server.change(uri, version, nap if version % 2 else "")
            items = server.pull(uri)["items"]
            assert [item["code"] for item in items] == (["GIL302"] if version % 2 else [])


def test_a_refresh_that_nobody_answers_stops_nothing(project):
    with Server() as server:
        server.answer_requests = False
        server.start(project.root, PULLS)
        caller = server.open(project.caller)
        helper = server.open(project.helper)
        assert server.pull(caller)["items"]
        refreshes = 0
        for version in range(2, 7):
            server.change(helper, version, SLEEPS if version % 2 == 0 else COUNTS)
            server.until(lambda m: m.get("method") == "workspace/diagnostic/refresh")
            refreshes += 1
            begun = time.monotonic()
            assert bool(server.pull(caller)["items"]) == (version % 2 == 1)
            assert time.monotonic() - begun < 5
        assert refreshes == 5


def test_a_request_can_be_cancelled_behind_six_slow_ones(project):
    with Server() as server:
        server.start(project.root)
        slow = [server.begin("gilcheck/trial", {"sleep": 4000}) for _ in range(6)]
        begun = time.monotonic()
        for identifier in slow:
            server.notify("$/cancelRequest", {"id": identifier})
        for identifier in slow:
            assert server.end(identifier)["error"]["code"] == -32800
        assert time.monotonic() - begun < 2
        # What was answered, or never asked, can be cancelled without harm.
        for identifier in [slow[0], 12345, "never"]:
            server.notify("$/cancelRequest", {"id": identifier})
        assert server.request("gilcheck/trial", {}) is None


def test_slow_requests_keep_nothing_else_waiting(project):
    with Server() as server:
        server.start(project.root, PULLS)
        uri = server.open(project.caller)
        for _ in range(6):
            server.begin("gilcheck/trial", {"sleep": 3000})
        begun = time.monotonic()
        assert server.pull(uri)["items"]
        assert time.monotonic() - begun < 2


def test_changes_queued_behind_a_configuration_request(project):
    with Server() as server:
        server.answer_requests = False
        server.start(project.root, CONFIGURED)
        uri = server.open(project.root / "new.py", "")
        for version in range(2, 302):
            server.notify("workspace/didChangeConfiguration", {"settings": None})
            server.change(uri, version, f"x = {version}\n")
        result = server.request("gilcheck/trial", {"version_of": uri})
        assert result == {"version": 301, "text": "x = 301\n"}


def test_many_open_requests_do_not_block_the_reader(project):
    with Server() as server:
        server.start(project.root)
        asked = [server.begin("gilcheck/trial", {"sleep": 1}) for _ in range(1000)]
        assert all("error" not in server.end(identifier) for identifier in asked)


def test_exit_ends_the_server_with_its_input_open(project):
    with Server() as server:
        server.start(project.root)
        server.begin("gilcheck/trial", {"sleep": 20000})
        begun = time.monotonic()
        assert server.leave() == 0
        assert time.monotonic() - begun < 3


def test_exit_without_shutdown_is_an_error(project):
    with Server() as server:
        server.start(project.root)
        server.notify("exit")
        assert server.process.wait(5) == 1


def test_exit_before_anything_was_said():
    with Server() as server:
        server.notify("exit")
        assert server.process.wait(5) == 1


@pytest.mark.parametrize("slow", [False, True])
def test_an_abrupt_disconnect_ends_the_server(project, slow):
    with Server() as server:
        server.start(project.root)
        if slow:
            server.begin("gilcheck/trial", {"sleep": 20000})
        server.process.stdin.close()
        assert server.process.wait(5) == 1
        assert b"panic" not in server.errors


def test_a_reader_that_is_gone_ends_the_server():
    pipe = subprocess.PIPE
    process = subprocess.Popen([binary(), "server"], stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        process.stdout.close()
        for identifier in range(3):
            process.stdin.write(Server.frame({"jsonrpc": "2.0", "id": identifier, "method": "initialize", "params": {}}))
            process.stdin.flush()
        process.stdin.close()
        assert process.wait(5) == 1
        assert b"panic" not in process.stderr.read()
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="there, stdin ends with the process that holds it")
def test_the_server_does_not_outlive_its_parent(project):
    parent = subprocess.Popen(["sleep", "60"])
    with Server() as server:
        server.start(project.root, processId=parent.pid)
        time.sleep(2.5)
        assert server.process.poll() is None
        parent.kill()
        parent.wait()
        assert server.process.wait(8) == 1


MALFORMED = {
    "cut JSON": (b'Content-Length: 5\r\n\r\n{"a":', -32700),
    "no UTF-8": (b"Content-Length: 2\r\n\r\n\xff\xfe", -32700),
    "no length": (b"Content-Length: many\r\n\r\n", -32700),
    "no body": (b"Content-Length: 0\r\n\r\n", -32700),
    "no message": (Server.frame({"a": 1}), -32600),
    "a batch": (Server.frame([1]), -32600),
    "another version": (Server.frame({"jsonrpc": "1.0", "id": 1, "method": "shutdown"}), -32600),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_message_is_answered_and_stops_nothing(project, name):
    data, code = MALFORMED[name]
    with Server() as server:
        server.start(project.root)
        server.raw(data)
        assert server.end(None)["error"]["code"] == code
        assert server.request("gilcheck/trial", {}) is None


@pytest.mark.parametrize("data", [b"Hello\r\n\r\n", b"\x00\xff\r\n", b"X-Header: 1\r\n\r\n"])
def test_what_is_no_message_is_skipped(project, data):
    with Server() as server:
        server.start(project.root)
        server.raw(data)
        assert server.request("gilcheck/trial", {}) is None


def test_headers_are_read_as_the_protocol_allows(project):
    with Server() as server:
        server.start(project.root)
        body = b'{"jsonrpc":"2.0","id":77,"method":"gilcheck/trial","params":{}}'
        kind = b"Content-Type: application/vscode-jsonrpc; charset=utf-8"
        server.raw(b"%s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body))
        assert server.end(77)["result"] is None


def test_a_panic_is_answered_and_stops_nothing(project, tmp_path):
    log = tmp_path / "server.log"
    with Server("--log-file", str(log)) as server:
        server.start(project.root, PULLS)
        uri = server.open(project.caller)
        error = server.end(server.begin("gilcheck/trial", {"panic": True}))["error"]
        assert error["code"] == -32603
        assert server.pull(uri)["items"]
        assert server.leave() == 0
    assert "a trial of what a panic does" in log.read_text()


def test_trials_are_for_tests_alone(project):
    with Server(trials=False) as server:
        server.start(project.root)
        assert server.end(server.begin("gilcheck/trial", {"panic": True}))["error"]["code"] == -32601


def test_parameters_that_are_none(project):
    with Server() as server:
        server.start(project.root, PULLS)
        for method in ["textDocument/hover", "textDocument/codeAction", "textDocument/diagnostic"]:
            for params in [None, {}, [], {"textDocument": {"uri": 5}}]:
                assert server.end(server.begin(method, params))["error"]["code"] == -32602
        for method in ["textDocument/didOpen", "textDocument/didChange", "workspace/didChangeWatchedFiles"]:
            server.notify(method, {"textDocument": 1})
        server.notify("textDocument/didChange", {"textDocument": {"uri": "file:///none.py", "version": 2}, "contentChanges": []})
        server.notify("unknown/notification", {})
        assert server.end(server.begin("unknown/request", {}))["error"]["code"] == -32601
        assert server.request("gilcheck/trial", {}) is None


def test_the_beginning_and_the_end_are_kept(project):
    with Server() as server:
        assert server.end(server.begin("textDocument/hover", {}))["error"]["code"] == -32002
        server.open(project.caller)
        server.start(project.root)
        assert server.end(server.begin("initialize", {"capabilities": {}}))["error"]["code"] == -32600
        server.request("shutdown")
        assert server.end(server.begin("gilcheck/trial", {}))["error"]["code"] == -32600
        server.notify("exit")
        assert server.process.wait(5) == 0


def test_nothing_but_messages_goes_to_stdout(project):
    with Server("--log-level", "debug") as server:
        server.start(project.root)
        uri = server.open(project.caller)
        server.published(uri)
        assert server.leave() == 0
        assert b"textDocument/didOpen" in server.errors
        assert all(message["jsonrpc"] == "2.0" for message in server.seen)


def test_a_log_file_that_cannot_be_written():
    arguments = ["--log-file", os.path.join("no", "such", "folder", "log")]
    with Server(*arguments) as server:
        assert server.process.wait(5) == 2
        assert b"cannot write the log file" in server.process.stderr.read() + server.errors
