"""The texts: Genesis and Exodus, the gospels and Acts, of the King James Bible, as symbols.

Remake the shipped data (see data/NOTICE.md for the origin and licence of the text)::

    apt-get install bible-kjv bible-kjv-text
    bible -f -l1000 gen1:1-rev22:21 </dev/null > kjv.txt
    python -m templates.char_lm.corpus kjv.txt
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHABET", "TEXTS", "build", "load"]

ALPHABET = "\n !'(),-.:;?abcdefghijklmnopqrstuvwxyz"
TEXTS = {"law": ("Ge", "Exo"), "gospels": ("Mat", "Mark", "Luke", "John", "Acts")}
_FILE = Path(__file__).parent / "data" / "text.npz"


@cache
def load(name: str) -> NDArray[np.uint8]:
    """A text as symbols, ``[characters]``; each is a place in `ALPHABET`.

    Args:
        name: One of `TEXTS`.
    """
    with np.load(_FILE) as archive:
        return np.asarray(archive[name], np.uint8)


def build(verses: str, books: tuple[str, ...]) -> NDArray[np.uint8]:
    """Symbols of some books, a verse a line.

    Args:
        verses: A verse a line, each after the name of its book, chapter and number.
        books: Names of the books.
    """
    lines = []
    for line in verses.splitlines():
        found = re.fullmatch(r"(\d?[A-Za-z]+)\d+:\d+ (.*)", line.strip())
        if found and found[1] in books:
            lines.append("".join(c for c in found[2].lower() if c in ALPHABET))
    place = {character: number for number, character in enumerate(ALPHABET)}
    return np.array([place[character] for character in "\n".join(lines)], np.uint8)


if __name__ == "__main__":
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    law, gospels = (build(source, books) for books in TEXTS.values())
    np.savez_compressed(_FILE, law=law, gospels=gospels)
