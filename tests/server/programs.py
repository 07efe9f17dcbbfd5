"""The programs that the server is shown: in its own tests, and by the editors that are driven."""


def counts(function: str) -> str:
    """A function that counts, for a tenth of a second or more."""
    return f"""\
def {function}():
    total = 0
    for number in range(10**7):
        total += number
    return total
"""


def threads(imports: str, function: str) -> str:
    """A program that hands the function to four threads."""
    return f"""\
{imports}

def main():
    threads = [threading.Thread(target={function}) for _ in range(4)]
    for thread in threads:
        thread.start()
"""


CALLER = threads("import threading\nfrom helper import work\n", "work")
COUNTS = counts("work")
SLEEPS = """\
import time


def work():
    time.sleep(3)
"""
