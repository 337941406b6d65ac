"""A model of interestingness: from a success table to what somebody is asked next.

OMNI's procedure (Zhang et al. 2023, arXiv:2306.01711, section 3.2): from the task that goes best
down, each one that is not boring yet becomes a representative, and the model is asked what is
boring to somebody who can do it. Everything here is a pure function: the next question follows from
the table and the answers so far, so a record of the answers replays to the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Answers", "Question", "next_question"]

Answers = Mapping[str, frozenset[str]]
"""By name of a representative, what is boring to somebody who can do it."""


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
