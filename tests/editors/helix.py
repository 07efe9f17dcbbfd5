"""What a user of Helix does, in a terminal that is none: open, look, take the quick fix, save.

python3 helix.py COMMAND …     with `pyte` installed; DEMO names the file
"""

import os
import pty
import select
import struct
import sys
import termios
import time
from fcntl import ioctl

import pyte

ROWS, COLUMNS = 40, 140
PATIENCE = 30


class Screen(pyte.Screen):
    def report_device_status(self, mode, **_):
        """Helix asks for more than pyte knows."""


class Terminal:
    def __init__(self, command):
        self.screen = Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        child, self.file = pty.fork()
        if child == 0:
            os.execvp(command[0], command)
        self.child = child
        ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.file], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self.file, 65536)
            except OSError:
                return
            # Helix asks what the terminal can do, and waits for the answer.
            if b"\x1b[c" in data:
                self.type("\x1b[?62;c")
            self.stream.feed(data)

    def text(self):
        return "\n".join(self.screen.display)

    def type(self, keys):
        os.write(self.file, keys.encode())

    def wait(self, what, done):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read(0.2)
            if done(self.text()):
                return
        sys.exit(f"FAILED: {what}\n{self.text()}")

    def press(self, keys, what, done):
        self.type(keys)
        self.wait(what, done)


def main():
    demo = os.environ["DEMO"]
    terminal = Terminal(sys.argv[1:])

    def shows(*words):
        return lambda text: all(word in text for word in words)

    terminal.wait("both findings at their lines", shows("threads do not speed up `count`", "blocks the event loop"))
    terminal.press(" d", "the list of findings", shows("gilcheck GIL101", "gilcheck GIL302"))
    print(next(line for line in terminal.text().splitlines() if "GIL101" in line).split("│")[1].strip())
    terminal.press("\x1b", "the text again", lambda text: "gilcheck GIL101" not in text)
    # To the call in row 8.
    terminal.press(":8\r", "row 8", shows(" 8:1 "))
    terminal.press("f(;", "the call", shows(" 8:32 "))
    terminal.press(" k", "what the work does", shows("count, handed to a thread: cpu work", "demo.py:8 calls count"))
    terminal.press("\x1b", "the text again", lambda text: "demo.py:8 calls count" not in text)
    terminal.press(" a", "the quick fixes", shows("Ignore GIL101", "Use `Process`"))
    terminal.press("\r", "the comment", shows("# gilcheck: ignore[GIL101]"))
    terminal.press(":w\r", "the file written", lambda _: "# gilcheck: ignore[GIL101]" in open(demo).read())
    terminal.wait("one finding left", lambda text: "threads do not speed up" not in text and "blocks the event loop" in text)
    terminal.type(":q!\r")
    terminal.read(2)
    print("done")


if __name__ == "__main__":
    main()
