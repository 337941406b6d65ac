"""What a text says, whichever form it has: words, facts, citations and pointers to figures.

The same rules judge what a model wrote and what stands in the final LaTeX; this is what they read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact
from agent.papers.claims.language import parse
from agent.papers.claims.ledger import OTHER_FUNCTIONS
from agent.papers.claims.typeset import plain_of

__all__ = ["MACRO", "Token", "paragraphs_of", "tokens_of_latex", "tokens_of_source"]

TokenKind: TypeAlias = Literal["text", "fact", "cite", "figure", "table"]

_INNER = r"((?:[^{}\\]|\\[a-zA-Z]+(?:\{[^{}]*\})?|\\.|\{[^{}]*\})*)"
MACRO = re.compile(
    rf"\\(?P<name>prov|who)\{{(?P<number>\d+)\}}\{{(?P<shown>{_INNER[1:-1]})\}}"
    r"|\\(?P<other>cite|figureref|tableref)\{(?P<keys>[^{}]*)\}"
)
"""A fact, a citation or a pointer as `Ledger` writes them."""


_END = re.compile(r"((?<=[.!?])\s+|\n\s*\n)")
_PARAGRAPH_END = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Token:
    """A part of a text.

    Args:
        kind: What it is.
        text: Words of a text; what is shown of a fact, as LaTeX, where it was read from LaTeX.
        fact: The fact; None where it leads nowhere.
        keys: Of a citation or a pointer.
        name: Whether a fact names somebody.
    """

    kind: TokenKind
    text: str = ""
    fact: Fact | None = None
    keys: tuple[str, ...] = ()

    @property
    def is_mention(self) -> bool:
        """Whether it names somebody whom numbers may be about."""
        return self.fact is not None and self.fact.kind == "name"


def tokens_of_source(source: str, book: FactBook) -> list[Token]:
    """Tokens of a text of the closed language.

    Raises:
        CandidateError: It is not in the language, or a reference leads nowhere.
    """
    tokens = []
    for segment in parse(source):
        reference = segment.reference
        if reference is None:
            tokens.append(Token("text", segment.text))
        elif reference.function in OTHER_FUNCTIONS:
            tokens.append(Token(reference.function, keys=reference.arguments))  # type: ignore[arg-type]
        else:
            tokens.append(Token("fact", fact=book.fact(reference)))
    return tokens


def tokens_of_latex(latex: str, rows: Sequence[Fact]) -> list[Token]:
    """Tokens of prose in LaTeX.

    Args:
        latex: What `Ledger.prose` wrote, or what became of it.
        rows: The facts by their numbers, from 1.
    """
    tokens = []
    position = 0
    for found in MACRO.finditer(latex):
        tokens.append(Token("text", plain_of(latex[position : found.start()])))
        position = found.end()
        if found["other"]:
            kind = found["other"].removesuffix("ref")
            keys = tuple(key.strip() for key in found["keys"].split(","))
            tokens.append(Token(kind, keys=keys))  # type: ignore[arg-type]
        else:
            number = int(found["number"])
            fact = rows[number - 1] if 0 < number <= len(rows) else None
            tokens.append(Token("fact", found["shown"], fact))
    tokens.append(Token("text", plain_of(latex[position:])))
    return tokens


def paragraphs_of(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """The sentences of each paragraph, which are the parts of a text between its ends."""
    sentence: list[Token] = []
    paragraph = [sentence]
    for token in tokens:
        if token.kind != "text":
            sentence.append(token)
            continue
        for place, part in enumerate(_END.split(token.text)):
            if place % 2 == 0:
                sentence.append(Token("text", part))
                continue
            if _PARAGRAPH_END.search(part):
                yield paragraph
                paragraph = []
            sentence = []
            paragraph.append(sentence)
    yield paragraph
