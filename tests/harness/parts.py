"""The parts of the level full: what each covers, and whether it has passed for what is there now.

``tests/full.toml`` declares the parts with their inputs, the files that decide whether their tests
pass. A pass writes the digest of the inputs to ``tests/full.json``, which is committed. Where the
digest is not that of the tree, the part is due: `make test` and `.ci/run` then run it as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["ROOT", "Part", "due", "parts", "record"]

ROOT = Path(__file__).resolve().parents[2]
_DECLARED = Path("tests") / "full.toml"
_PASSED = Path("tests") / "full.json"


@dataclass(frozen=True)
class Part:
    """A part of the level full.

    Args:
        name: What ``--part`` and the marker call it.
        about: What its tests show.
        inputs: Folders, with a slash at their end, and glob patterns, relative to the checkout.
    """

    name: str
    about: str
    inputs: tuple[str, ...]

    def files(self, root: Path = ROOT) -> list[str]:
        """The files that the digest covers, sorted; what git ignores is none of them.

        Raises:
            ValueError: An input names no file.
        """
        there = _files(root)
        found: set[str] = set()
        for pattern in self.inputs:
            if pattern.endswith("/"):
                matching = {file for file in there if file.startswith(pattern)}
            else:
                matching = {file.relative_to(root).as_posix() for file in root.glob(pattern)}
                matching &= there
            if not matching:
                raise ValueError(f"{_DECLARED}: input {pattern!r} of part {self.name} is no file")
            found |= matching
        return sorted(found)

    def digest(self, root: Path = ROOT) -> str:
        """SHA-256 of the names and contents of the files that it covers, and of its declaration."""
        joined = hashlib.sha256(repr(sorted(self.inputs)).encode())
        for name in self.files(root):
            content = hashlib.sha256((root / name).read_bytes()).hexdigest()
            joined.update(f"{name}\0{content}\0".encode())
        return joined.hexdigest()


def parts(root: Path = ROOT) -> list[Part]:
    """All parts, in the order in which they are declared."""
    declared = tomllib.loads((root / _DECLARED).read_text(encoding="utf-8"))
    return [Part(name, entry["about"], tuple(entry["inputs"])) for name, entry in declared.items()]


def due(root: Path = ROOT) -> dict[str, str]:
    """The parts that have not passed for what the tree holds, each with the reason."""
    passed = _passes(root)
    found = {}
    for part in parts(root):
        if part.name not in passed:
            found[part.name] = "it has not passed yet"
        elif passed[part.name]["digest"] != part.digest(root):
            found[part.name] = f"what it covers has changed since {passed[part.name]['date']}"
    return found


def record(name: str, digest: str, *, tests: int, seconds: int, root: Path = ROOT) -> None:
    """Write down that a part has passed.

    Args:
        name: Of the part.
        digest: Of what it passed for.
        tests: How many tests passed.
        seconds: How long the run took, with whatever else it ran.
        root: The checkout.
    """
    passed = _passes(root)
    passed[name] = {
        "digest": digest,
        "date": datetime.now(UTC).date().isoformat(),
        "tests": tests,
        "seconds": seconds,
    }
    text = json.dumps(dict(sorted(passed.items())), indent=2) + "\n"
    unfinished = root / f"{_PASSED}.unfinished"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(root / _PASSED)


def _passes(root: Path) -> dict[str, dict[str, str | int]]:
    file = root / _PASSED
    if not file.exists():
        return {}
    found: dict[str, dict[str, str | int]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _files(root: Path) -> frozenset[str]:
    """What git tracks or would track; without git, what Python did not make."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
        )
        names = (os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
        return frozenset(name for name in names if (root / name).is_file())
    return frozenset(
        file.relative_to(root).as_posix()
        for file in root.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and ".venv" not in file.parts
    )
