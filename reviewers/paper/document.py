"""A paper as a reviewer may see it: a title and sections."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Document", "Section"]


@dataclass(frozen=True)
class Section:
    """One top-level section.

    Args:
        heading: Its heading without number; empty for what stands before the first one.
        text: Its text, paragraphs divided by empty lines where the file shows them.
    """

    heading: str
    text: str


@dataclass(frozen=True)
class Document:
    """A paper as read from a file.

    Args:
        format: ``pdf``, ``latex`` or ``text``.
        title: Its title; empty where none was found.
        sections: In order; what stands before the abstract is the first one, with no heading.
        notes: What of the file could not be read, in one line each.
    """

    format: str
    title: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
