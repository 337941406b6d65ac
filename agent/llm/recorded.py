"""Completions that were recorded before: replay without a model, and the recorder itself.

A recording is a JSONL file with one object a line:

* ``text`` (required): what the model said. ``error`` may stand in its place, as
  ``{"kind": "infrastructure" | "refusal" | "empty", "message": ..., "retry_after_s": ...}``.
* ``prompt_hash`` and ``seed`` (optional): which request it answers.
* ``prompt_tokens``, ``completion_tokens``, ``cost_usd``, ``finish_reason``, ``delay_s``
  (optional): what the completion reports, and how long it takes to come.
* ``context_tokens`` (optional, of the first line that has it): how much the model could take, which
  decides how it is asked; see `agent.llm.contract.is_small`.

Which line answers a request depends on the request alone, never on the order of calls, so a
campaign that is killed and resumed sees the same completions:

1. the line with the request's ``prompt_hash``;
2. else the line with the request's ``seed``, since a campaign gives every proposal and every
   repair a seed of its own, and a prompt may differ in digits that another machine rounds
   differently;
3. else, among the lines with neither, number ``seed mod count``.

Of several lines with the same key the first one counts.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.llm.contract import (
    Completion,
    CompletionRequest,
    DeclinedError,
    prompt_hash,
)
from templates.errors import InfrastructureError, UserError

__all__ = ["RecordedModel", "write_answers"]


class _Failure(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["infrastructure", "refusal", "empty"]
    message: str
    retry_after_s: float | None = None


class _Entry(BaseModel):
    """One line; the fields that only describe the recording are accepted and not used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str = ""
    error: _Failure | None = None
    prompt_hash: str | None = None
    seed: int | None = None
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0)
    finish_reason: str = "stop"
    delay_s: float = Field(default=0.0, ge=0)
    context_tokens: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _says_something(self) -> _Entry:
        if not self.text and self.error is None:
            raise ValueError("a line needs 'text' or 'error'")
        return self


class RecordedModel:
    """Replays a recording; see the module for which line answers which request.

    Args:
        path: The JSONL file.
        slots: Completions in parallel; matters only where lines have a ``delay_s``.

    Raises:
        UserError: The file is missing, empty, or a line cannot be read.
    """

    def __init__(self, path: Path, *, slots: int = 4) -> None:
        self.name = f"recorded:{path}"
        self.slots = slots
        self.context_tokens: int | None = None
        self._closed = threading.Event()
        self._by_hash: dict[str, _Entry] = {}
        self._by_seed: dict[int, _Entry] = {}
        self._unkeyed: list[_Entry] = []
        for entry in _read(path):
            self.context_tokens = self.context_tokens or entry.context_tokens
            if entry.prompt_hash is not None:
                self._by_hash.setdefault(entry.prompt_hash, entry)
            if entry.seed is not None:
                self._by_seed.setdefault(entry.seed, entry)
            if entry.prompt_hash is None and entry.seed is None:
                self._unkeyed.append(entry)

    def complete(self, request: CompletionRequest) -> Completion:
        """See `agent.llm.contract.LanguageModel`; UserError where no line answers."""
        if self._closed.is_set():
            raise UserError(f"{self.name} was closed")
        started = time.monotonic()
        key = prompt_hash(request)
        entry, notes = self._find(key, request.seed)
        if entry.delay_s and self._closed.wait(min(entry.delay_s, request.timeout_s)):
            raise InfrastructureError(f"{self.name} was interrupted")
        if entry.delay_s > request.timeout_s:
            raise InfrastructureError(f"{self.name} took over {request.timeout_s:g} s")
        if entry.error is not None:
            if entry.error.kind == "infrastructure":
                raise InfrastructureError(
                    entry.error.message, retry_after_s=entry.error.retry_after_s
                )
            raise DeclinedError(
                entry.error.kind,
                entry.error.message,
                prompt_tokens=entry.prompt_tokens,
                completion_tokens=entry.completion_tokens,
                cost_usd=entry.cost_usd,
                notes=notes,
            )
        return Completion(
            text=entry.text,
            model=self.name,
            prompt_tokens=entry.prompt_tokens,
            completion_tokens=entry.completion_tokens,
            cost_usd=entry.cost_usd,
            latency_s=time.monotonic() - started,
            finish_reason=entry.finish_reason,
            seed=request.seed,
            prompt_hash=key,
            notes=notes,
        )

    def most_usd(self, request: CompletionRequest) -> float | None:
        """See `agent.llm.contract.LanguageModel`: what the recorded call cost."""
        return self._find(prompt_hash(request), request.seed)[0].cost_usd

    def close(self) -> None:
        """Stop waiting calls; further ones raise UserError."""
        self._closed.set()

    def _find(self, key: str, seed: int) -> tuple[_Entry, tuple[str, ...]]:
        if key in self._by_hash:
            return self._by_hash[key], ()
        if seed in self._by_seed:
            entry = self._by_seed[seed]
            return entry, (() if entry.prompt_hash is None else ("replayed for another prompt",))
        if self._unkeyed:
            return self._unkeyed[seed % len(self._unkeyed)], ()
        raise UserError(
            f"{self.name} has no completion for seed {seed} (prompt {key[:12]}): replay it with "
            "the template, seed and number of candidates it was recorded with"
        )


def _read(path: Path) -> list[_Entry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the recording {path} cannot be read: {error}") from error
    entries = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entries.append(_Entry.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            raise UserError(f"{path}:{number}: {where}: {first['msg']}") from error
    if not entries:
        raise UserError(f"the recording {path} is empty")
    return entries


class Answered(Protocol):
    """A call as an archive keeps it; see `agent.archive.ModelCallRecord`."""

    @property
    def prompt_hash(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def completion(self) -> str | None: ...
    @property
    def declined(self) -> tuple[str, str] | None: ...
    @property
    def prompt_tokens(self) -> int: ...
    @property
    def completion_tokens(self) -> int: ...
    @property
    def cost_usd(self) -> float: ...


def write_answers(calls: Iterable[Answered], path: Path) -> int:
    """Write calls that were answered as a recording.

    Failures of a provider are left out, since the call was made again; refusals are answers.

    Args:
        calls: Of one campaign.
        path: The JSONL file; what was in it is replaced, and as a whole.

    Returns:
        How many answers there are.

    Raises:
        UserError: There is none, or the file cannot be written.
    """
    lines = []
    for call in calls:
        line: dict[str, Any] = {"prompt_hash": call.prompt_hash, "seed": call.seed}
        if call.declined is not None:
            kind, message = call.declined
            line["error"] = {"kind": kind, "message": message}
        elif call.completion:
            line["text"] = call.completion
        else:
            continue
        line["prompt_tokens"] = call.prompt_tokens
        line["completion_tokens"] = call.completion_tokens
        line["cost_usd"] = call.cost_usd
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    if not lines:
        raise UserError("no language model answered anything in this campaign")
    begun = path.with_name(f".{path.name}.begun")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        begun.write_text("".join(lines), encoding="utf-8")
        begun.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    return len(lines)
