"""An idea: what shall be tried, why it should work, and what one should then see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from templates.errors import CandidateError

__all__ = ["Idea", "idea_schema", "parse_idea"]

# Longest texts, in characters: an idea goes into prompts of small models.
LENGTHS = {"name": 40, "hypothesis": 240, "experiment": 240, "expected_effect": 160}
_NAME = "^[a-z][a-z0-9_]{2,39}$"
_RATINGS = ("interestingness", "feasibility", "novelty")


@dataclass(frozen=True)
class Idea:
    """One idea.

    Args:
        name: In snake_case.
        hypothesis: Why it should work.
        experiment: What is to be done.
        expected_effect: What should be seen then.
        interestingness: As its author sees it, 1 to 10.
        feasibility: As its author sees it, 1 to 10.
        novelty: As its author sees it, 1 to 10; what the literature says is another matter.
    """

    name: str
    hypothesis: str
    experiment: str
    expected_effect: str
    interestingness: int
    feasibility: int
    novelty: int

    @property
    def text(self) -> str:
        """For the prompt of a proposal."""
        return f"{self.name}: {self.hypothesis} {self.experiment}"

    def to_json(self) -> dict[str, Any]:
        """For the archive and for prompts."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Idea:
        """From the archive."""
        return cls(**data)


def idea_schema() -> dict[str, Any]:
    """The JSON schema of an idea; reasons are written before ratings."""
    texts: dict[str, Any] = {
        name: {"type": "string", "maxLength": most} for name, most in LENGTHS.items()
    }
    texts["name"] = {"type": "string", "pattern": _NAME}
    ratings = {name: {"enum": list(range(1, 11))} for name in _RATINGS}
    return {
        "type": "object",
        "properties": {**texts, **ratings},
        "required": [*texts, *ratings],
        "additionalProperties": False,
    }


def parse_idea(text: str) -> Idea:
    """The idea in a completion.

    Args:
        text: JSON, possibly with words around it.

    Raises:
        CandidateError: Kind ``idea``: it is none; the message says what is wrong.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise CandidateError("idea", f"the answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise CandidateError("idea", "the answer is not one JSON object")
    values: dict[str, Any] = {}
    for name, most in LENGTHS.items():
        said = found.get(name)
        if not isinstance(said, str) or not said.strip():
            raise CandidateError("idea", f"{name!r} is missing or says nothing")
        values[name] = " ".join(said.split())[:most].rstrip()
    values["name"] = "_".join(values["name"].split())
    for name in _RATINGS:
        said = found.get(name)
        if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= 10:
            raise CandidateError("idea", f"{name!r} must be a whole number from 1 to 10")
        values[name] = said
    return Idea(**values)
