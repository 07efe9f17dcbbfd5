"""A client that says exactly what a test wants, well-formed or not."""

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    """The program under test: `GILCHECK`, or what cargo built last."""
    given = os.environ.get("GILCHECK")
    if given:
        return str(Path(given).resolve())
    built = [ROOT / "target" / profile / "gilcheck" for profile in ("release", "quick", "debug")]
    built = [path for path in built if path.exists()]
    assert built, "build gilcheck first (cargo build --release), or name it in GILCHECK"
    return str(max(built, key=lambda path: path.stat().st_mtime))


class Server:
    """A server and the client's side of its wire."""

    def __init__(self, *arguments: str, trials: bool = True, **popen):
        environment = dict(os.environ)
        if trials:
            environment["GILCHECK_SERVER_TRIALS"] = "1"
        self.process = subprocess.Popen(
            [binary(), "server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            **popen,
        )
        self.next_id = 0
        self.messages: queue.Queue = queue.Queue()
        self.responses: dict = {}
        self.seen: list = []
        self.configuration: list | None = None
        self.answer_requests = True
        self.errors = b""
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _drain(self):
        for line in self.process.stderr:
            self.errors += line

    def _read(self):
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                break
            self.messages.put(json.loads(stream.read(length)))
        self.messages.put(None)

    # Writing.

    def raw(self, data: bytes):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    @staticmethod
    def frame(message) -> bytes:
        body = json.dumps(message).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    def notify(self, method: str, params=None):
        self.raw(self.frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def begin(self, method: str, params=None) -> int:
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}
        if params is None:
            del message["params"]
        self.raw(self.frame(message))
        return self.next_id

    # Reading.

    def take(self, timeout: float = 20.0):
        """The next message; requests of the server are answered on the way."""
        message = self.messages.get(timeout=timeout)
        assert message is not None, f"the server closed its output: {self.errors.decode()}"
        self.seen.append(message)
        if "method" in message and "id" in message and self.answer_requests:
            result = None
            if message["method"] == "workspace/configuration":
                result = self.configuration or [None] * len(message["params"]["items"])
            self.raw(self.frame({"jsonrpc": "2.0", "id": message["id"], "result": result}))
        if "method" not in message:
            self.responses[message["id"]] = message
        return message

    def end(self, identifier: int, timeout: float = 20.0):
        """The response to a request."""
        deadline = time.monotonic() + timeout
        while identifier not in self.responses:
            self.take(max(0.01, deadline - time.monotonic()))
        return self.responses.pop(identifier)

    def request(self, method: str, params=None, timeout: float = 20.0):
        response = self.end(self.begin(method, params), timeout)
        assert "error" not in response, response
        return response["result"]

    def until(self, wanted, timeout: float = 20.0):
        """The first message that `wanted` holds for."""
        deadline = time.monotonic() + timeout
        while True:
            message = self.take(max(0.01, deadline - time.monotonic()))
            if wanted(message):
                return message

    # What every conversation says.

    def start(self, folder: Path, capabilities=None, options=None, **more):
        params = {
            "processId": os.getpid(),
            "rootUri": folder.as_uri(),
            "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
            "capabilities": capabilities or {},
            "initializationOptions": options,
            **more,
        }
        result = self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, path, text: str | None = None, version: int = 1):
        uri = path if isinstance(path, str) else path.as_uri()
        text = Path(path).read_text() if text is None else text
        item = {"uri": uri, "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes):
        changes = [change if isinstance(change, dict) else {"text": change} for change in changes]
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def pull(self, uri: str, previous: str | None = None, timeout: float = 20.0):
        params = {"textDocument": {"uri": uri}, "previousResultId": previous}
        return self.request("textDocument/diagnostic", params, timeout)

    def published(self, uri: str, timeout: float = 20.0):
        wanted = "textDocument/publishDiagnostics"
        return self.until(lambda m: m.get("method") == wanted and m["params"]["uri"] == uri, timeout)["params"]

    def leave(self, timeout: float = 10.0) -> int:
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(timeout)


def insert(line: int, character: int, text: str):
    place = {"line": line, "character": character}
    return {"range": {"start": place, "end": place}, "text": text}


def replace(line: int, start: int, end: int, text: str):
    stretch = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"range": stretch, "text": text}
