"""From a model's answer to tasks that may be trained on: shown to be new and to be solvable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from templates.omni.predicates.asking import Proposal, read_answer
from templates.omni.predicates.normal import Predicate
from templates.omni.predicates.simulation import Simulator, Witness
from templates.omni.predicates.solving import BUDGET, begins_done, solve
from templates.omni.predicates.space import bag_of, with_proposed
from templates.omni.tasks import TaskSpace

__all__ = ["Status", "Verdict", "considered", "verified"]


class Status(Enum):
    """What became of a proposed task."""

    SOLVABLE = "solvable"
    UNSHOWN = "not shown to be solvable"
    TRIVIAL = "done without doing anything"
    DUPLICATE = "known already"
    ALIKE = "cannot be told apart"
    MALFORMED = "malformed"
    NO_PLACE = "no place is left"


@dataclass(frozen=True)
class Verdict:
    """What became of a proposed task, and why.

    Args:
        status: Only `Status.SOLVABLE` ones may be trained on.
        reason: One sentence that a model can act on.
        thought: The model's.
        predicate: None where it is malformed.
        witnesses: Action sequences that do it, each on another map.
        tried: On how many maps it was tried.
        goal: As the model wrote it, JSON values; None where there was none.
        where: Its place in the answer.
    """

    status: Status
    reason: str
    thought: str = ""
    predicate: Predicate | None = None
    witnesses: tuple[Witness, ...] = ()
    tried: int = 0
    goal: Any = None
    where: str = ""

    @property
    def name(self) -> str:
        """The task's, or its place in the answer where it has none."""
        return self.where if self.predicate is None else self.predicate.name

    def refused(self, status: Status, reason: str) -> Verdict:
        """The same with another end."""
        return replace(self, status=status, reason=reason)

    def told(self) -> dict[str, Any]:
        """As JSON, for an archive and for the next question."""
        return {
            "name": self.name,
            "status": self.status.value,
            "accepted": self.status == Status.SOLVABLE,
            "reason": self.reason,
            "thought": self.thought,
            "tried": self.tried,
            "witnesses": [witness.told() for witness in self.witnesses],
        }


def considered(
    text: str,
    space: TaskSpace,
    simulator: Simulator,
    *,
    maps: Sequence[int] = (0, 1, 2, 3),
    least: int = 2,
    seed: int = 0,
    budget: int = BUDGET,
) -> list[Verdict]:
    """What becomes of each task of a model's answer. The same arguments give the same verdicts.

    Args:
        text: The answer.
        space: What there is already.
        simulator: The world, with the maps and the step limit that are trained with.
        maps: Places in its pool on which a task is tried.
        least: On how many of them it has to be done.
        seed: Of what is left to chance.
        budget: Of searches for one task on one map.

    Raises:
        CandidateError: The answer as a whole cannot be read.
    """
    return verified(
        read_answer(text), space, simulator, maps=maps, least=least, seed=seed, budget=budget
    )


def verified(
    proposals: Sequence[Proposal],
    space: TaskSpace,
    simulator: Simulator,
    *,
    maps: Sequence[int] = (0, 1, 2, 3),
    least: int = 2,
    seed: int = 0,
    budget: int = BUDGET,
) -> list[Verdict]:
    """The same for proposals that were read; see `considered`.

    Raises:
        ValueError: The pool lacks one of the maps, or a task would have to be done on more maps
            than it is tried on, or on none.
    """
    if not all(0 <= place < simulator.maps for place in maps) or not 1 <= least <= len(maps):
        raise ValueError(f"{least} of the maps {tuple(maps)} of a pool of {simulator.maps}")
    known = with_proposed(space, [])
    names = {
        predicate: task.name
        for task, predicate in zip(known.tasks, known.predicates, strict=True)
        if predicate is not None
    }
    bags = {frozenset(bag_of(task).items()): task.name for task in known.tasks}
    found = []
    for proposal in proposals:
        verdict = _new(proposal, names, bags)
        if verdict is None:
            assert proposal.predicate is not None
            verdict = _tried(proposal, simulator, maps, least, seed, budget)
        if verdict.status == Status.SOLVABLE and verdict.predicate is not None:
            # The next one must differ from this one, too.
            names[verdict.predicate] = verdict.predicate.name
            bags[frozenset(verdict.predicate.bag.items())] = verdict.predicate.name
        found.append(replace(verdict, goal=proposal.goal, where=proposal.where))
    return found


def _new(
    proposal: Proposal, names: dict[Predicate, str], bags: dict[frozenset[tuple[str, float]], str]
) -> Verdict | None:
    """A verdict where none of the world is needed for one."""
    predicate = proposal.predicate
    if predicate is None:
        reason = proposal.error.message if proposal.error else "it could not be read"
        return Verdict(Status.MALFORMED, reason, proposal.thought)
    if predicate in names:
        reason = f'"{predicate.name}" is the task "{names[predicate]}", which is known'
        return Verdict(Status.DUPLICATE, reason, proposal.thought, predicate)
    other = bags.get(frozenset(predicate.bag.items()))
    if other is not None:
        reason = f'an agent is told the same words for "{predicate.name}" as for "{other}"'
        return Verdict(Status.ALIKE, reason, proposal.thought, predicate)
    return None


def _tried(
    proposal: Proposal,
    simulator: Simulator,
    maps: Sequence[int],
    least: int,
    seed: int,
    budget: int,
) -> Verdict:
    predicate = proposal.predicate
    assert predicate is not None
    waited = sum(begins_done(simulator, predicate, place) for place in maps)
    if 2 * waited > len(maps):
        reason = f'"{predicate.name}" is done by waiting on {waited} of {len(maps)} maps'
        return Verdict(Status.TRIVIAL, reason, proposal.thought, predicate)
    witnesses: list[Witness] = []
    for tried, place in enumerate(maps):
        if len(witnesses) + len(maps) - tried < least:
            break
        witness = solve(simulator, predicate, place, seed, budget)
        if witness is not None:
            witnesses.append(witness)
    shown = len(witnesses) >= least
    reason = f'"{predicate.name}" was done on {len(witnesses)} of {len(maps)} maps'
    if not shown:
        reason += f" within {simulator.limit} steps; it takes {least}"
    status = Status.SOLVABLE if shown else Status.UNSHOWN
    return Verdict(status, reason, proposal.thought, predicate, tuple(witnesses), len(maps))
