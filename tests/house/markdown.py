"""What a Markdown file holds that can be wrong: commands, links, variables, examples of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
_VARIABLE = re.compile(r"\bDISCOVER_[A-Z_]+\b")
_SHELL = ("sh", "bash", "shell", "console")


@dataclass(frozen=True)
class Markdown:
    """The text of one file.

    Args:
        text: All of it.
    """

    text: str

    @classmethod
    def of(cls, file: Path) -> Markdown:
        """That of a file."""
        return cls(file.read_text(encoding="utf-8"))

    @property
    def prose(self) -> str:
        """What stands outside of fenced blocks."""
        return _FENCE.sub("", self.text)

    def lines_of_shell(self) -> Iterator[str]:
        """The commands of fenced blocks, continued lines joined."""
        for language, body in _FENCE.findall(self.text):
            if language in _SHELL:
                yield from (line for line in body.replace("\\\n", " ").splitlines() if line.strip())

    def examples(self) -> list[str]:
        """The Python of fenced blocks."""
        return [body for language, body in _FENCE.findall(self.text) if language == "python"]

    def spans(self) -> list[str]:
        """Code within the running text and in tables, each on one line."""
        return [" ".join(span.split()) for span in _SPAN.findall(self.prose)]

    def links(self) -> list[str]:
        """Targets of links and pictures that are no addresses on the network."""
        found: list[str] = _LINK.findall(self.prose)
        return [target for target in found if not re.match(r"[a-z]+:", target)]

    def anchors(self) -> set[str]:
        """What a link to a heading may name, as hosts of repositories make it."""
        plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", one) for one in self.headings())
        return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in plain}

    def headings(self) -> list[str]:
        """The headings, in their order."""
        found: list[str] = _HEADING.findall(self.prose)
        return found

    def variables(self) -> set[str]:
        """Environment variables of ours that are named anywhere."""
        return set(_VARIABLE.findall(self.text))
