"""Weights from the Hugging Face hub, over plain HTTP with Range requests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx

from agent.llm.catalog import LocalModelEntry

__all__ = ["SourceUnavailableError", "fetch_from_hub", "hub_url"]

_DEFAULT_ENDPOINT = "https://huggingface.co"
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class SourceUnavailableError(Exception):
    """This source cannot give the file; another may. The text says why, in one line."""


def hub_url(entry: LocalModelEntry) -> str:
    """Where the hub has the file; ``HF_ENDPOINT`` names a mirror."""
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or _DEFAULT_ENDPOINT
    return f"{endpoint}/{entry.repository}/resolve/main/{entry.file_name}"


def fetch_from_hub(entry: LocalModelEntry, partial: Path, show_done: Callable[[int], None]) -> None:
    """Download into ``partial``, going on where an earlier try stopped.

    A connection that drops is taken up again as long as each try brings more bytes.

    Args:
        entry: What to fetch.
        partial: File that grows; kept when this raises, complete when it returns.
        show_done: Called with the number of bytes that are there so far.

    Raises:
        SourceUnavailableError: No network, no such file, offline mode, or a connection that keeps
            dropping.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceUnavailableError("HF_HUB_OFFLINE is set")
    while True:
        before = _size(partial)
        if before == entry.size_bytes:
            return
        if before > entry.size_bytes:
            partial.unlink()
            before = 0
        try:
            _continue_download(hub_url(entry), entry, partial, show_done)
        except httpx.HTTPError as error:
            if _size(partial) <= before:
                raise SourceUnavailableError(f"{type(error).__name__}: {error}") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _continue_download(
    url: str, entry: LocalModelEntry, partial: Path, show_done: Callable[[int], None]
) -> None:
    done = _size(partial)
    headers = {"Range": f"bytes={done}-"} if done else {}
    # Compressed transfer would break the byte count that resuming rests on.
    headers["Accept-Encoding"] = "identity"
    with httpx.stream(
        "GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
    ) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.unlink()
            raise SourceUnavailableError(f"{url} has another size than expected")
        if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise SourceUnavailableError(f"{url} answered with status {response.status_code}")
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT and response.headers.get(
            "Content-Range", ""
        ).startswith(f"bytes {done}-")
        if not resumed:
            done = 0
        with partial.open("ab" if resumed else "wb") as stream:
            # As received: a chunk size would hold back bytes that a dropped connection then loses.
            for chunk in response.iter_raw():
                stream.write(chunk)
                done += len(chunk)
                if done > entry.size_bytes:
                    break
                show_done(done)
    if done != entry.size_bytes:
        partial.unlink()
        raise SourceUnavailableError(f"{url} has another size than expected ({done} bytes)")
