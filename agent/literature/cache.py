"""Answers of catalogues on disk, so that no question is asked twice within a month."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["AnswerCache"]

_KEPT_S = 30 * 24 * 3600.0


class AnswerCache:
    """JSON answers by address and parameters, one file each; keys and headers are no part of it.

    Args:
        folder: Where the files lie; made at the first answer.
        kept_s: Age in seconds from which on an answer is asked for anew.
        notify: Told once, in one line, if answers cannot be kept; searches go on without.
    """

    def __init__(
        self,
        folder: Path,
        kept_s: float = _KEPT_S,
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._folder = folder
        self._kept_s = kept_s
        self._notify = notify
        self._guard = threading.Lock()
        self._complained = False

    def get(self, address: str, parameters: Mapping[str, str]) -> Any | None:
        """The answer that was kept; None where there is none, or an old or damaged one."""
        file = self._file(address, parameters)
        try:
            if time.time() - file.stat().st_mtime > self._kept_s:
                return None
            kept = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept.get("answer") if isinstance(kept, dict) else None

    def put(self, address: str, parameters: Mapping[str, str], answer: Any) -> None:
        """Keep an answer; a reader sees all of it or nothing."""
        content = {"address": address, "parameters": dict(parameters), "answer": answer}
        try:
            self._write(self._file(address, parameters), json.dumps(content, ensure_ascii=False))
        except OSError as error:
            self._complain(error)

    def _write(self, file: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _complain(self, error: OSError) -> None:
        with self._guard:
            first, self._complained = not self._complained, True
        if first:
            self._notify(
                f"answers of catalogues are not kept, so each is asked for again: {error}; "
                f"make {self._folder} a folder that can be written"
            )

    def _file(self, address: str, parameters: Mapping[str, str]) -> Path:
        asked = json.dumps([address, sorted(parameters.items())], ensure_ascii=False)
        return self._folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:40]}.json"
