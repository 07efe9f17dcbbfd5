"""The version stands in Cargo.toml; wherever else it has to be written, it is the same.

python3 tests/consumers/versions.py [VERSION]    exits with 1 where one differs
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACES = {
    "Cargo.toml": r'(?m)^version = "(.+)"$',
    "Cargo.lock": r'name = "gilcheck"\nversion = "(.+)"',
    "pre-commit/pyproject.toml": r'(?m)^version = "(.+)"$|gilcheck==([0-9.]+)"',
    "pre-commit/README.md": r"rev: v(.+)",
}


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    wrong = []
    for path, pattern in PLACES.items():
        found = [next(filter(None, match.groups())) for match in re.finditer(pattern, (ROOT / path).read_text())]
        wanted = wanted or found[0]
        if not found or any(version != wanted for version in found):
            wrong.append(f"{path}: {', '.join(found) or 'no version'}, expected {wanted}")
    if not re.search(rf"(?m)^## {re.escape(wanted)}$", (ROOT / "CHANGELOG.md").read_text()):
        wrong.append(f"CHANGELOG.md: no section {wanted}")
    print("\n".join(wrong) or f"{wanted} everywhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
