"""The review form: what a reviewer of a paper fills in (after the form of NeurIPS 2022).

Seven aspects from 1 to 4, an overall rating from 1 to 10, a confidence from 1 to 5, a decision,
and what was written in words. The same names are the columns of recorded reviews.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Literal, TypeAlias

from templates.errors import CandidateError

__all__ = [
    "ACCEPT_FROM",
    "ASPECTS",
    "SCALES",
    "Decision",
    "PaperReview",
    "average",
    "form_schema",
    "parse_form",
]

Decision: TypeAlias = Literal["Accept", "Reject"]

ASPECTS = (
    "originality",
    "quality",
    "clarity",
    "significance",
    "soundness",
    "presentation",
    "contribution",
)
SCALES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(ASPECTS, (1, 4)),
    "overall": (1, 10),
    "confidence": (1, 5),
}
"""Least and largest value of every number of the form."""

ACCEPT_FROM = 6
"""The overall rating from which on a paper is above the bar, as prompts say."""

_LISTS = ("strengths", "weaknesses", "questions", "limitations")
# Least and most characters of a sentence, most sentences, most characters of the summary; a small
# model that may write at length repeats itself until it is cut off.
_BRIEF, _FULL = (10, 140, 2, 320), (10, 600, 8, 600)
_SHORTEST_SUMMARY = 40


@dataclass(frozen=True)
class PaperReview:
    """One filled form.

    Args:
        summary: What the paper does, in the reviewer's words.
        strengths: What speaks for it.
        weaknesses: What speaks against it.
        questions: What the authors should answer.
        limitations: Limits that the paper names or leaves out.
        ethical_concerns: Whether a person should look at its ethics.
        scores: The numbers by name, as in `SCALES`; a mean over reviewers need not be whole.
        decision: Accept or reject.
    """

    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    limitations: tuple[str, ...]
    ethical_concerns: bool
    scores: Mapping[str, float]
    decision: Decision

    @property
    def contradicts_itself(self) -> bool:
        """Whether the decision is another one than the overall rating stands for."""
        return (self.scores["overall"] >= ACCEPT_FROM) != (self.decision == "Accept")

    def to_json(self) -> dict[str, Any]:
        """The form as one flat JSON object, numbers under their own names."""
        flat = asdict(self)
        scores = flat.pop("scores")
        decision = flat.pop("decision")
        return {**flat, **scores, "decision": decision}


def form_schema(*, brief: bool) -> dict[str, Any]:
    """JSON schema of the form; words come before numbers, so that they can bear on them.

    Args:
        brief: Fewer and shorter sentences, for a model with a small context.
    """
    least, most, items, summary = _BRIEF if brief else _FULL
    texts = {
        "type": "array",
        "items": _text(least, most, brief),
        "minItems": 1,
        "maxItems": items,
    }
    properties: dict[str, Any] = {
        "summary": _text(_SHORTEST_SUMMARY, summary, brief),
        **dict.fromkeys(_LISTS, texts),
        "ethical_concerns": {"type": "boolean"},
        **{name: {"enum": list(range(low, high + 1))} for name, (low, high) in SCALES.items()},
        "decision": {"enum": ["Accept", "Reject"]},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(least: int, most: int, brief: bool) -> dict[str, Any]:
    """A text of so many characters; from a small model one line that begins like a sentence.

    Left to itself a small model may fill a text with blanks or with escaped quotes.
    """
    text: dict[str, Any] = {"type": "string", "minLength": least, "maxLength": most}
    if brief:
        text["pattern"] = rf"^[A-Z][ !#-\[\]-~]{{{least - 1},{most - 1}}}$"
    return text


def parse_form(text: str) -> PaperReview:
    """Read a completion.

    Args:
        text: JSON, perhaps inside a fenced block or with words around it.

    Returns:
        The form.

    Raises:
        CandidateError: Kind ``form``: not JSON, a field is missing, or a number is off its scale;
            the message names all of it, for the model that repairs it.
    """
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise CandidateError("form", "the review is not a JSON object")
    try:
        data = json.loads(text[begin : end + 1])
    except ValueError as error:
        raise CandidateError("form", f"the review is not valid JSON: {error}") from error
    faults: list[str] = []
    summary = data.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        faults.append("summary must be a text")
    lists = {name: _texts(data.get(name), name, faults) for name in _LISTS}
    scores = {name: _score(data.get(name), name, faults) for name in SCALES}
    if not isinstance(data.get("ethical_concerns"), bool):
        faults.append("ethical_concerns must be true or false")
    if data.get("decision") not in ("Accept", "Reject"):
        faults.append("decision must be Accept or Reject")
    if faults:
        raise CandidateError("form", "; ".join(faults))
    return PaperReview(
        summary=str(summary).strip(),
        **lists,
        ethical_concerns=data["ethical_concerns"],
        scores=scores,
        decision=data["decision"],
    )


def _texts(value: Any, name: str, faults: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        faults.append(f"{name} must be a list of texts")
        return ()
    said = tuple(dict.fromkeys(item.strip() for item in value if item.strip()))
    if not said:
        faults.append(f"{name} says nothing")
    return said


def _score(value: Any, name: str, faults: list[str]) -> float:
    low, high = SCALES[name]
    # A bool is an int to Python; true is no rating.
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        faults.append(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return float("nan")
    return value


def average(reviews: Sequence[PaperReview]) -> dict[str, float]:
    """The mean of every number of the form over several reviews, by name."""
    return {name: fmean(review.scores[name] for review in reviews) for name in SCALES}
