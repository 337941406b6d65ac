"""SHA-256 of weight files, checked in full once and cheaply afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

__all__ = ["forget", "is_verified", "remember", "sha256_of"]

_CHUNK_BYTES = 4 * 2**20


def sha256_of(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits.

    Args:
        path: The file.
        advance: Called with the number of bytes read since the last call.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            if advance is not None:
                advance(len(chunk))
    return digest.hexdigest()


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def _state(path: Path, sha256: str) -> dict[str, object]:
    stat = path.stat()
    return {"sha256": sha256, "size_bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


def remember(path: Path, sha256: str) -> None:
    """Note beside the file that its content has this digest, as it is now."""
    sidecar = _sidecar(path)
    temporary = sidecar.with_name(sidecar.name + ".new")
    temporary.write_text(json.dumps(_state(path, sha256)), encoding="utf-8")
    temporary.replace(sidecar)


def is_verified(path: Path, sha256: str) -> bool:
    """Whether the digest was checked before and size and modification time are unchanged.

    Reading a gigabyte takes seconds, so an unchanged file is not read again. This guards against
    damage and mix-ups; whoever can write the cache can write the note as well.
    """
    try:
        noted = json.loads(_sidecar(path).read_text(encoding="utf-8"))
        return bool(noted == _state(path, sha256))
    except (OSError, ValueError):
        return False


def forget(path: Path) -> None:
    """Remove the file and the note about it."""
    path.unlink(missing_ok=True)
    _sidecar(path).unlink(missing_ok=True)
