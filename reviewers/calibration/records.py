"""Recorded reviews: who gave which paper which numbers, and what became of the paper.

A recording is a CSV file, one review a line. Its columns are ``setup`` (the reviewer: model and
prompting), ``paper_id``, the numbers of the form (`reviewers.paper.form.SCALES`) and ``outcome``
(``Reject``, or anything that begins with ``Accept``). ``human_ratings`` (numbers joined by
semicolons) and ``anonymous`` (0 or 1: whether the text that was reviewed hid its authors) may be
there too, the same in every line of a paper. An empty number is a missing one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reviewers.paper.form import SCALES
from templates.errors import UserError

__all__ = ["FIELDS", "OVERALL", "Recording", "read_recording"]

FIELDS = tuple(SCALES)
OVERALL = FIELDS.index("overall")
_REQUIRED = ("setup", "paper_id", *FIELDS, "outcome")
_OPTIONAL = ("human_ratings", "anonymous")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Recording:
    """Reviews of many papers by the same reviewers.

    Args:
        source: Name of the file.
        digest: SHA-256 of the file.
        papers: Identifiers, in the order of the file; length P.
        reviewers: Names, sorted; length R.
        scores: ``[P, R, F]`` in the order of `FIELDS`; NaN where missing.
        accepted: ``[P]``, whether the paper was accepted.
        human: ``[P]``, mean human rating, NaN where unknown.
        anonymous: ``[P]``, 1 where the reviewed text hid its authors, NaN where unknown.
        clipped: How many numbers lay beyond the form's scale and were set to its end.
    """

    source: str
    digest: str
    papers: tuple[str, ...]
    reviewers: tuple[str, ...]
    scores: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    human: NDArray[np.float64]
    anonymous: NDArray[np.float64]
    clipped: int = 0

    def select(self, rows: NDArray[np.intp]) -> Recording:
        """Some of the papers, also several times."""
        return Recording(
            self.source,
            self.digest,
            tuple(self.papers[row] for row in rows),
            self.reviewers,
            self.scores[rows],
            self.accepted[rows],
            self.human[rows],
            self.anonymous[rows],
            self.clipped,
        )

    def overall(self, reviewer: str) -> NDArray[np.float64]:
        """The overall ratings ``[P]`` of one reviewer; NaN for papers that it did not review."""
        return self.scores[:, self.reviewers.index(reviewer), OVERALL]


def read_recording(path: Path) -> Recording:
    """Read and check a recording.

    Raises:
        UserError: The file cannot be read, is empty, lacks a column or has one twice, has a number
            that is none, holds a review twice, knows no outcome or two outcomes of a paper, or all
            papers have the same outcome. Where a line is at fault the message names it.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the recorded reviews {path} cannot be read: {error}") from error
    # Without a choice of its own the stream would not end lines at a carriage return alone.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: not CSV: {error}") from error
    if reader.fieldnames is None:
        raise UserError(f"{path} is empty: it needs the columns {', '.join(_REQUIRED)}")
    twice = [name for name, count in Counter(reader.fieldnames).items() if count > 1]
    if twice:
        raise UserError(
            f"{path}:1: the column {', '.join(twice)} is there more than once; keep one of each"
        )
    missing = [name for name in _REQUIRED if name not in reader.fieldnames]
    if missing:
        raise UserError(f"{path} lacks the column {', '.join(missing)}")
    if not rows:
        raise UserError(f"{path} holds no review, only column names")
    table = _Table(path, rows)
    accepted = table.accepted()
    if accepted.all() or not accepted.any():
        which = "accepted" if accepted.all() else "rejected"
        raise UserError(f"{path}: all papers were {which}, so nothing can be told apart")
    return Recording(
        source=path.name,
        digest=hashlib.sha256(data).hexdigest(),
        papers=tuple(table.papers),
        reviewers=tuple(table.reviewers),
        scores=table.scores(),
        accepted=accepted,
        human=table.of_papers("human_ratings"),
        anonymous=table.of_papers("anonymous"),
        clipped=table.clipped,
    )


class _Table:
    """The lines of a file on their way to arrays."""

    def __init__(self, path: Path, rows: list[tuple[int, dict[str, str]]]) -> None:
        self._path = path
        # With the line of the file that each ends in.
        self._rows = [
            (line, self._complete(row, line, number)) for number, (line, row) in enumerate(rows, 1)
        ]
        self.papers = {
            name: index
            for index, name in enumerate(dict.fromkeys(row["paper_id"] for _, row in self._rows))
        }
        reviewers = sorted({row["setup"] for _, row in self._rows})
        self.reviewers = {name: index for index, name in enumerate(reviewers)}
        self.clipped = 0

    def _complete(self, row: dict[str, str], line: int, number: int) -> dict[str, str]:
        where = f"{self._path}:{line}: review {number}"
        # DictReader fills a short line with None, and puts what is too much under the key None.
        if None in row or None in row.values():
            raise UserError(f"{where} has another number of columns than the first line")
        stripped = {name: value.strip() for name, value in row.items()}
        for name in ("setup", "paper_id", "overall", "outcome"):
            if not stripped[name]:
                raise UserError(f"{where} has no {name}")
        return stripped

    def scores(self) -> NDArray[np.float64]:
        """``[P, R, F]``."""
        scores = np.full((len(self.papers), len(self.reviewers), len(FIELDS)), np.nan)
        seen: set[tuple[str, str]] = set()
        for line, row in self._rows:
            key = (row["paper_id"], row["setup"])
            if key in seen:
                raise UserError(f"{self._path}:{line}: paper {key[0]} is there twice for {key[1]}")
            seen.add(key)
            place = scores[self.papers[key[0]], self.reviewers[key[1]]]
            for index, name in enumerate(FIELDS):
                if row[name]:
                    value = self._number(row[name], name, key[0], line)
                    low, high = SCALES[name]
                    place[index] = min(max(value, low), high)
                    self.clipped += not low <= value <= high
        return scores

    def accepted(self) -> NDArray[np.bool_]:
        """``[P]``."""
        found: dict[str, str] = {}
        for line, row in self._rows:
            paper, outcome = row["paper_id"], row["outcome"]
            if outcome.lower() != "reject" and not outcome.lower().startswith("accept"):
                raise UserError(
                    f"{self._path}:{line}: the outcome {outcome!r} of paper {paper} is neither "
                    "Reject nor Accept"
                )
            if found.setdefault(paper, outcome) != outcome:
                raise UserError(
                    f"{self._path}:{line}: paper {paper} has two outcomes, {found[paper]} and "
                    f"{outcome}"
                )
        return np.array([found[paper].lower() != "reject" for paper in self.papers])

    def of_papers(self, name: str) -> NDArray[np.float64]:
        """``[P]``: the mean of the numbers in an optional column, NaN where there is none."""
        values = np.full(len(self.papers), np.nan)
        for line, row in self._rows:
            numbers = [part for part in row.get(name, "").split(";") if part.strip()]
            if not numbers:
                continue
            paper = row["paper_id"]
            mean = sum(self._number(one, name, paper, line) for one in numbers) / len(numbers)
            before = values[self.papers[paper]]
            if not math.isnan(before) and before != mean:
                raise UserError(
                    f"{self._path}:{line}: {name} of paper {paper} differs between lines"
                )
            values[self.papers[paper]] = mean
        return values

    def _number(self, text: str, name: str, paper: str, line: int) -> float:
        # Python also takes 1_0 for ten, and words for numbers.
        value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
        if not math.isfinite(value):
            raise UserError(
                f"{self._path}:{line}: {name} of paper {paper} is {text!r}, not a number"
            )
        return value
