"""A task space that grows by what a model proposes: from an answer to a choice, and to a ground.

A choice is ``{"kind": "predicates", "tasks": [...], "new": [...]}``: in the order of their places
all tasks that were accepted, each ``{"name": ..., "goal": ..., "witness": {"place": ..., "seed":
..., "actions": [...]}}``, and the names of those that were just accepted. The space follows from
it and from nothing else, so a checkpoint needs no more than the tasks' names. Nobody's word is
taken for a task: before an agent learns with a choice each goal is read and each witness carried
out anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from templates.errors import CandidateError
from templates.omni.curriculum.ground import Ground
from templates.omni.predicates.normal import Predicate, normal_form
from templates.omni.predicates.parsing import parse_goal
from templates.omni.predicates.practice import SLOTS, practice_space, slots_of
from templates.omni.predicates.simulation import Simulator, Witness
from templates.omni.predicates.space import with_proposed
from templates.omni.predicates.verifying import Status, Verdict, considered
from templates.omni.settings import Setup
from templates.omni.training import make_space

__all__ = ["Growing"]

_KIND = "predicates"
_KEPT = 4


class Growing:
    """Grows task spaces; keeps the world that witnesses are carried out in, and nothing of a task.

    Args:
        slots: Places for proposed tasks; fixed, so that no task compiles anything anew.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._simulator = lru_cache(maxsize=_KEPT)(_simulator_of)
        self._grown = lru_cache(maxsize=_KEPT)(self._ground)

    def ground(self, setup: Setup, choice: Mapping[str, Any]) -> Ground:
        """See `templates.omni.curriculum.ground.Grounds`; each task is checked anew.

        Raises:
            CandidateError: kind ``choice``: a task cannot be read, is there twice or too many, or
                its witness does not do it.
        """
        simulator = self._simulator(setup)
        tasks = _tasks_of(choice)
        if len(tasks) > self._slots:
            raise CandidateError("choice", f"{len(tasks)} tasks do not fit in {self._slots} places")
        known = set(with_proposed(setup.tasks, []).predicates) if tasks else set()
        found: list[Predicate] = []
        for task in tasks:
            predicate, witness = _read(task)
            if predicate in known or predicate in found:
                raise CandidateError("choice", f'"{predicate.name}" is there twice')
            if not simulator.holds(predicate, witness):
                raise CandidateError("choice", f'its witness does not do "{predicate.name}"')
            found.append(predicate)
        return self._grown(setup, tuple(found))

    def consider(
        self, answer: str, choice: Mapping[str, Any], setup: Setup, learned: Sequence[str]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What a model's answer makes of a choice.

        New tasks take free places; where there is none, that of a proposed task that is learned.

        Args:
            answer: Of the model.
            choice: The one before.
            setup: Where agents learn.
            learned: Names of tasks that are learned.

        Returns:
            The choice after it, and what became of each proposal, as JSON.

        Raises:
            CandidateError: The answer as a whole cannot be read, or the choice.
        """
        simulator = self._simulator(setup)
        tasks = [dict(task) for task in _tasks_of(choice)]
        space = with_proposed(setup.tasks, [_read(task)[0] for task in tasks])
        done, new = set(learned), list[str]()
        told: list[dict[str, Any]] = []
        for verdict in considered(answer, space, simulator):
            if verdict.status == Status.SOLVABLE:
                place = self._place(tasks, done - set(new))
                if place is None:
                    reason = f'there is no place for "{verdict.name}": none of {len(tasks)} is free'
                    verdict = verdict.refused(Status.NO_PLACE, f"{reason} or learned")
                else:
                    assert verdict.predicate is not None
                    tasks[place : place + 1] = [_accepted(verdict)]
                    new.append(verdict.predicate.name)
            told.append(verdict.told())
        return {"kind": _KIND, "tasks": tasks, "new": new}, told

    def _place(self, tasks: Sequence[Mapping[str, Any]], learned: set[str]) -> int | None:
        if len(tasks) < self._slots:
            return len(tasks)
        return next((place for place, one in enumerate(tasks) if one["name"] in learned), None)

    def _ground(self, setup: Setup, proposed: tuple[Predicate, ...]) -> Ground:
        tasks, space = practice_space(setup, proposed, slots=self._slots)
        names = tuple(predicate.name for predicate in proposed)
        return Ground(tasks, space, slots_of(setup, self._slots), names)


def _simulator_of(setup: Setup) -> Simulator:
    """The world with the maps and the step limit that are learned with."""
    return Simulator(make_space(setup).params)


def _accepted(verdict: Verdict) -> dict[str, Any]:
    assert verdict.predicate is not None
    shortest = min(verdict.witnesses, key=lambda one: len(one.actions))
    return {
        "name": verdict.predicate.name,
        "goal": verdict.goal,
        "witness": shortest.told(),
    }


def _tasks_of(choice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    match dict(choice):
        case {"kind": "predicates", "tasks": list(tasks), **_rest}:
            return tasks
        case {"kind": "progress"}:
            return []
    raise CandidateError("choice", f"no choice of proposed tasks: {str(choice)[:200]}")


def _read(task: Any) -> tuple[Predicate, Witness]:
    """A task of a choice; its name must be that of its normal form."""
    match task:
        case {
            "name": str(name),
            "goal": goal,
            "witness": {"place": int(place), "seed": int(seed), "actions": list(actions)},
        } if all(type(one) is int for one in actions) and 0 <= seed < 1 << 31:
            pass
        case _:
            raise CandidateError("choice", f"no proposed task: {str(task)[:200]}")
    try:
        predicate = normal_form(parse_goal(goal))
    except CandidateError as error:
        raise CandidateError("choice", f'"{name}" cannot be read: {error.message}') from error
    if predicate.name != name:
        raise CandidateError("choice", f'"{name}" is "{predicate.name}" in normal form')
    return predicate, Witness(place, seed, tuple(actions))
