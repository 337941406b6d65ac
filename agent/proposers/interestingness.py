"""A model of interestingness as a proposer: from a success table to a question, from an answer to
what is boring.

OMNI's procedure (Zhang et al. 2023, arXiv:2306.01711, section 3.2): from the task that goes best
down, each one that is not boring yet becomes a representative, and the model is asked what is
boring to somebody who can do it. Everything here is a pure function: the next question follows from
the table and the answers so far, so a record of the answers replays to the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from agent.llm.contract import CompletionRequest, Message
from templates.errors import CandidateError, UserError

__all__ = ["Answers", "Question", "boring_matrix", "next_question", "parse_answer", "to_request"]

Answers = Mapping[str, frozenset[str]]
"""By name of a representative, what is boring to somebody who can do it."""

_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
)
_THOUGHT_LENGTH = 200


@dataclass(frozen=True)
class Question:
    """What a model is asked.

    Args:
        representative: A task that goes well.
        done: All that were found interesting before it, best first.
        candidates: What is to be told boring or not, best first.
    """

    representative: str
    done: tuple[str, ...]
    candidates: tuple[str, ...]


def next_question(
    success: Mapping[str, float], answers: Answers, *, learned: float = 0.2, most: int = 40
) -> Question | None:
    """The first question of the procedure that no answer is known to.

    Args:
        success: By name of a task; the earlier one goes first among equals.
        answers: So far.
        learned: Success from which on a task can be a representative.
        most: Longest list of candidates; those that go best are asked for.

    Returns:
        None where all tasks that are learned are classified.
    """
    order = sorted(success, key=lambda name: -success[name])
    boring: set[str] = set()
    done: list[str] = []
    for name in order:
        if success[name] < learned:
            break
        if name in boring:
            continue
        if name not in answers:
            open_ = [one for one in order if one != name and one not in boring | set(done)]
            return Question(name, tuple(done), tuple(open_[:most])) if open_ else None
        done.append(name)
        boring |= answers[name] - set(done)
    return None


def to_request(
    question: Question, prompt: str, *, seed: int = 0, temperature: float = 0.0
) -> CompletionRequest:
    """The question as a request; the answer is JSON with names out of the list and no others.

    Args:
        question: What is asked.
        prompt: Text of the template's ``interesting.jinja``.
        seed: Of the sampling.
        temperature: Of the sampling.

    Raises:
        UserError: The prompt is no Jinja2 template or uses a variable that does not exist.
    """
    try:
        text = _ENVIRONMENT.from_string(prompt).render(
            representative=question.representative,
            done=question.done,
            candidates=question.candidates,
        )
    except jinja2.TemplateError as error:
        raise UserError(f"prompts/interesting.jinja: {error}") from error
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": _THOUGHT_LENGTH},
            "boring": {
                "type": "array",
                "items": {"enum": list(question.candidates)},
                "maxItems": len(question.candidates),
            },
        },
        "required": ["thought", "boring"],
        "additionalProperties": False,
    }
    # Names are short; each is a few tokens and the punctuation of JSON.
    length = 120 + 16 * len(question.candidates)
    return CompletionRequest(
        (Message("user", text),), schema, temperature=temperature, max_tokens=length, seed=seed
    )


def parse_answer(text: str, question: Question) -> frozenset[str]:
    """What a completion calls boring.

    Args:
        text: JSON as `to_request` asks for it.
        question: What was asked.

    Raises:
        CandidateError: kind ``answer``: it is no such object, or names what was not in the list.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise CandidateError("answer", f"the answer is no JSON: {error}") from error
    boring = found.get("boring") if isinstance(found, dict) else None
    if not isinstance(boring, list) or not all(isinstance(name, str) for name in boring):
        raise CandidateError("answer", 'the answer must be an object with a list "boring" of names')
    unknown = sorted(set(boring) - set(question.candidates))
    if unknown:
        raise CandidateError("answer", f"{unknown[0]!r} is none of the tasks that were asked for")
    return frozenset(boring)


def boring_matrix(answers: Answers, names: Sequence[str]) -> NDArray[np.bool_]:
    """Answers as the matrix that the learner takes.

    Args:
        answers: All of them.
        names: Of the tasks, in the learner's order.

    Returns:
        Whether the task of a column is boring to one who can do that of the row: ``[names,
        names]``. Rows without an answer call nothing boring.
    """
    places = {name: place for place, name in enumerate(names)}
    found = np.zeros((len(places), len(places)), np.bool_)
    for representative, boring in answers.items():
        for name in boring:
            found[places[representative], places[name]] = True
    return found
