"""The training text: short clauses of the King James Bible over a vocabulary of 510 words.

Remake the shipped data (see data/NOTICE.md for the origin and licence of the text)::

    apt-get install bible-kjv
    bible -f -l1000 gen1:1-rev22:21 </dev/null > kjv.txt
    python -m templates.preference_loss.corpus kjv.txt
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "END",
    "LENGTH",
    "PROMPT_LENGTH",
    "START",
    "VOCABULARY_SIZE",
    "Corpus",
    "build",
    "decode",
    "load",
]

LENGTH = 12
"""Tokens of a text, the end token included."""
PROMPT_LENGTH = 3
"""Tokens at the start of a text that are given; a policy writes the rest."""
VOCABULARY_SIZE = 512
END = 0
"""Token that closes a text and fills what is left of it."""
START = 1
"""Token before the first word; only the language model sees it."""

_FREQUENT_WORDS = 410
_MINIMUM_WORDS = 5
# The letters of Paul: their prompts are never seen in pretraining or in preference pairs.
_HELD_OUT_BOOKS = frozenset(
    "Rom 1Cor 2Cor Gal Eph Phi Col 1Th 2Th 1Tim 2Tim Titus Phmn Heb".lower().split()
)
_VALIDATION_EVERY = 10


@dataclass(frozen=True)
class Corpus:
    """Token ids of the shipped texts.

    Attributes:
        vocabulary: Word of each token id; the first two are the end and the start token.
        train: Texts for pretraining and for prompts of preference pairs, ``[texts, LENGTH]``.
        validation: Texts of other verses of the same books, ``[texts, LENGTH]``.
        held_out: Texts of books that occur in neither, ``[texts, LENGTH]``.
    """

    vocabulary: tuple[str, ...]
    train: NDArray[np.int32]
    validation: NDArray[np.int32]
    held_out: NDArray[np.int32]


def load() -> Corpus:
    """Load the shipped corpus."""
    folder = resources.files("templates.preference_loss") / "data"
    vocabulary = tuple((folder / "vocabulary.txt").read_text(encoding="utf-8").split())
    with (folder / "texts.npz").open("rb") as file, np.load(file) as arrays:
        parts = {name: arrays[name].astype(np.int32) for name in arrays.files}
    return Corpus(vocabulary, parts["train"], parts["validation"], parts["held_out"])


def decode(tokens: Sequence[int] | NDArray[np.integer], vocabulary: Sequence[str]) -> str:
    """The words of one text up to its end token, joined by blanks."""
    words: list[str] = []
    for token in tokens:
        if int(token) == END:
            break
        words.append(vocabulary[int(token)])
    return " ".join(words)


def build(lines: Sequence[str], sentiment_words: frozenset[str]) -> Corpus:
    """Derive the corpus from the text of the Bible.

    Args:
        lines: One verse a line, ``Ge1:1 In the beginning ...``.
        sentiment_words: Words with a valence; the most frequent of them join the vocabulary
            however rare they are, so that there is a sentiment to control.

    Returns:
        Texts of at least 5 words that lie wholly within the vocabulary.
    """
    verses = [_Verse.parse(number, line) for number, line in enumerate(lines)]
    counts = Counter(word for verse in verses for clause in verse.clauses() for word in clause)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = ranked[:_FREQUENT_WORDS]
    words += [word for word in ranked[_FREQUENT_WORDS:] if word in sentiment_words][
        : VOCABULARY_SIZE - 2 - _FREQUENT_WORDS
    ]
    vocabulary = ("<end>", "<start>", *words)
    index = {word: token for token, word in enumerate(vocabulary)}
    parts: dict[str, dict[tuple[int, ...], None]] = {"train": {}, "validation": {}, "held_out": {}}
    for verse in verses:
        for text in _texts(verse, index):
            parts[verse.part][text] = None
    seen = parts["train"].keys()
    arrays = {
        name: np.array(
            [text for text in texts if name == "train" or text not in seen], dtype=np.int32
        )
        for name, texts in parts.items()
    }
    return Corpus(vocabulary, arrays["train"], arrays["validation"], arrays["held_out"])


@dataclass(frozen=True)
class _Verse:
    part: str
    text: str

    @classmethod
    def parse(cls, number: int, line: str) -> _Verse:
        reference, _, text = line.strip().partition(" ")
        book = re.sub(r"\d+:\d+$", "", reference).lower()
        if book in _HELD_OUT_BOOKS:
            part = "held_out"
        else:
            part = "validation" if number % _VALIDATION_EVERY == 0 else "train"
        return cls(part, text.lower())

    def clauses(self) -> Iterator[list[str]]:
        for clause in re.split(r"[.!?;:,()]+", self.text):
            words = re.findall(r"[a-z]+(?:'[a-z]+)?", clause)
            if words:
                yield words


def _texts(verse: _Verse, index: dict[str, int]) -> Iterator[tuple[int, ...]]:
    """From each clause on, the longest run of whole neighbouring clauses that fits."""
    clauses = list(verse.clauses())
    for start in range(len(clauses)):
        run: list[str] = []
        for clause in clauses[start:]:
            if len(run) + len(clause) >= LENGTH or any(word not in index for word in clause):
                break
            run += clause
        if len(run) >= _MINIMUM_WORDS:
            tokens = [index[word] for word in run]
            yield tuple(tokens + [END] * (LENGTH - len(tokens)))


def main(path: str) -> None:
    """Write data/vocabulary.txt and data/texts.npz from a file of verses."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    lexicon = frozenset(SentimentIntensityAnalyzer().lexicon)
    corpus = build(Path(path).read_text(encoding="utf-8").splitlines(), lexicon)
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    (folder / "vocabulary.txt").write_text("\n".join(corpus.vocabulary) + "\n", encoding="utf-8")
    np.savez_compressed(
        folder / "texts.npz",
        train=corpus.train.astype(np.int16),
        validation=corpus.validation.astype(np.int16),
        held_out=corpus.held_out.astype(np.int16),
    )
    print(f"{len(corpus.train)} + {len(corpus.validation)} + {len(corpus.held_out)} texts")


if __name__ == "__main__":
    main(sys.argv[1])
