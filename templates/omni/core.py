"""The evaluation core: a candidate chooses tasks, an agent learns, others' tasks are the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.contract import Advance, BoundFunction, Considered, Language, SeedResult
from templates.omni.curriculum.episodes import Filming
from templates.omni.curriculum.generation import Generations
from templates.omni.curriculum.ground import own_ground
from templates.omni.features import facts_of, features
from templates.omni.predicates.asking import language
from templates.omni.predicates.growing import Growing
from templates.omni.predicates.practice import PredicateTrainer
from templates.omni.predicates.space import with_proposed
from templates.omni.progress import Progress, normalized_success
from templates.omni.settings import PROFILES, Setup
from templates.omni.tasks import TaskSpace
from templates.omni.technology import ACHIEVEMENTS
from templates.omni.training import Record, Trainer, distribution, make_space

__all__ = ["KINDS", "LEARNED", "OmniCore", "results", "shares"]

Floats = NDArray[np.float64]
Arguments = tuple[NDArray[np.float32], ...]

KINDS = ("interesting", "repeat", "compound", "synonym", "impossible")

LEARNED = 0.2
"""Success from which on a task counts as learned."""

_LATE = 3
_SMOKE_GENERATIONS = 2
_MEMBERS = {"cpu": {"cpu": 1, "gpu": 1}, "cuda": {"cpu": 16, "gpu": 4}}
_STAGES = (0.0, 0.1, 0.3, 0.6, 0.9)
_ALIKE = 1e-3
# An answer with a task that is quickly tried.
_EASY = '{"tasks": [{"thought": "", "goal": {"has": "wood", "at_least": 2}}]}'


class OmniCore:
    """Trains agents on the tasks that a candidate chooses; satisfies `FunctionCore`.

    Args:
        platform: "cpu" or "cuda".
        profile: Sizes and tasks: ``cpu`` or ``gpu``; each runs on either platform.
        choice: Who chooses tasks: ``sampler``, or a language model (`CurriculumCore`), in which
            case what `advance` needs is compiled too; ``predicates``: it makes tasks
            (`InventingCore`), and agents live in a world that reads them from a table.
        tasks: In place of the profile's, for experiments of other sizes; all of one size.

    Raises:
        KeyError: For another platform or profile.
    """

    def __init__(
        self,
        platform: str,
        profile: str = "cpu",
        choice: str = "sampler",
        tasks: Mapping[str, Setup] | None = None,
    ) -> None:
        self._tasks = PROFILES[profile] if tasks is None else tasks
        self._members = _MEMBERS[platform][profile]
        first = next(iter(self._tasks.values()))
        self._setup: Setup = first
        self._trainer = Trainer(first.profile, len(first.tasks.vocabulary))
        self._growing = Growing()
        self._choice = choice
        agents, grounds = self._trainer, own_ground
        if choice == "predicates":
            words = len(with_proposed(first.tasks, []).vocabulary)
            agents, grounds = PredicateTrainer(first.profile, words), self._growing.ground
        self._generations = Generations(
            agents, Filming(agents.world, first.profile.limit), results, grounds
        )

    def warm_up(self) -> None:
        """Compile learning and measuring, read maps and names."""
        for setup in self._tasks.values():
            make_space(setup)
        self._trainer.train(_alike, self._setup, [0] * self._members, generations=1)
        if self._choice == "sampler":
            return
        nothing = {"kind": "progress"}
        self.advance(nothing, None, task="standard", seed=0, parts=self._setup.generations)
        if self._choice == "predicates":
            self.consider(_EASY, nothing, task="standard", learned=())

    def advance(
        self,
        choice: Mapping[str, Any],
        checkpoint: bytes | None,
        *,
        task: str,
        seed: int,
        parts: int,
    ) -> Advance:
        """Train an agent further with a choice of tasks; see `CurriculumCore`.

        Raises:
            KeyError: For an unknown task.
        """
        return self._generations.advance(
            self._tasks[task],
            choice,
            checkpoint,
            task=task,
            seed=seed,
            parts=parts,
        )

    def language(self, count: int) -> Language:
        """How new tasks are written; see `templates.contract.InventingCore`."""
        return language(count)

    def consider(
        self, answer: str, choice: Mapping[str, Any], *, task: str, learned: Sequence[str]
    ) -> Considered:
        """Try proposed tasks; see `templates.contract.InventingCore`.

        Raises:
            KeyError: For an unknown task.
        """
        return Considered(*self._growing.consider(answer, choice, self._tasks[task], learned))

    def probes(self) -> Mapping[str, Sequence[Arguments]]:
        """States of a curriculum from the first moment to the end of training."""
        return {"weights": [_repeated(state, self._members) for state in _states(self._setup)]}

    def curves(self, functions: Mapping[str, BoundFunction]) -> Mapping[str, Any]:
        """Which kinds of tasks the candidate draws, and whether it goes by a task's place.

        The flag ``depends_on_order``: the same tasks in another order get other weights, so the
        candidate knows something of places that no argument tells.
        """
        bound = functions["weights"]
        mixed = np.random.default_rng(11).permutation(self._setup.profile.tasks)
        depends = False
        drawn = []
        for state in _states(self._setup):
            plain = _chances(bound, state)
            other = _chances(bound, tuple(array[mixed] for array in state))
            depends |= bool(np.abs(other - plain[mixed]).sum() > _ALIKE)
            drawn.append(shares(self._setup.tasks, plain))
        return {
            "flags": ["depends_on_order"] if depends else [],
            "stages": list(_STAGES),
            "shares": {kind: [round(one[kind], 6) for one in drawn] for kind in KINDS},
        }

    def evaluate(
        self,
        functions: Mapping[str, BoundFunction],
        *,
        effort: str,
        task: str,
        seeds: Sequence[int],
    ) -> list[SeedResult]:
        """Train an agent for each seed; see `FunctionCore`.

        Raises:
            KeyError: For an unknown function or task.
        """
        setup = self._tasks[task]
        bound = functions["weights"]
        together = bound.population
        generations = _SMOKE_GENERATIONS if effort == "smoke" else None
        found: list[SeedResult] = []
        for start in range(0, len(seeds), together):
            own = list(seeds[start : start + together])
            # A program has one fixed population: fill it with repeats and drop their results.
            filled = own + [own[-1]] * (together - len(own))
            record = self._trainer.train(bound.value, setup, filled, generations)
            found += results(task, setup, own, record)
        return found


def _alike(fast: jax.Array, slow: jax.Array, counts: jax.Array, told: jax.Array) -> jax.Array:
    return jnp.ones_like(fast)


def _states(setup: Setup) -> list[Arguments]:
    """Arguments ``[tasks, ...]`` as training has them: ever more of the possible tasks are done."""
    tasks = setup.tasks
    space = make_space(setup)
    random = np.random.default_rng(20230601)
    found = []
    for elapsed in _STAGES:
        ease = random.uniform(0.0, 1.0, len(tasks.tasks)) * tasks.possible
        success = np.clip(ease * (0.4 + elapsed) - 0.3, 0.0, 1.0)
        fast = np.asarray(normalized_success(jnp.asarray(success), space.chance))
        slow = np.clip(fast * random.uniform(0.5, 1.1, fast.shape), 0.0, 1.0)
        if not elapsed:
            slow = fast
        counts = np.floor(random.exponential(500.0 * elapsed + 1e-6, fast.shape))
        progress = Progress(
            fast=jnp.asarray(fast, jnp.float32),
            slow=jnp.asarray(slow, jnp.float32),
            success=jnp.asarray(success, jnp.float32),
            counts=jnp.asarray(counts, jnp.float32),
            generations=jnp.int32(1),
        )
        facts = facts_of(tuple(task.name for task in tasks.tasks))
        told = features(facts, progress, jnp.float32(elapsed))
        arrays = (progress.fast, progress.slow, progress.counts, told)
        found.append(tuple(np.asarray(array, np.float32) for array in arrays))
    return found


def _repeated(state: Arguments, members: int) -> Arguments:
    return tuple(np.repeat(array[None], members, axis=0) for array in state)


def _chances(bound: BoundFunction, state: Arguments) -> NDArray[np.float64]:
    arguments = (jnp.asarray(array) for array in _repeated(state, bound.population))
    chances, _ = distribution(jax.jit(bound.value)(*arguments))
    return np.asarray(chances[0], np.float64)


def shares(space: TaskSpace, chances: Floats) -> dict[str, float]:
    """Probability of each kind of task.

    Args:
        space: The tasks.
        chances: Of each task, ``[tasks]``.
    """
    kinds = np.array([task.kind for task in space.tasks])
    # Other kinds than the template's own, if there are any, go last.
    named = dict.fromkeys((*KINDS, *sorted(set(kinds.tolist()))))
    return {kind: float(chances[kinds == kind].sum()) for kind in named}


def results(
    task: str, setup: Setup, seeds: Sequence[int], record: Record, drawn: TaskSpace | None = None
) -> list[SeedResult]:
    """One result for each seed, in their order.

    Args:
        task: Its name.
        setup: The task; its possible tasks are the bank.
        seeds: Of the members.
        record: What their trainings showed.
        drawn: What was learned on where that is not the task's own space.
    """
    space = drawn or setup.tasks
    return [_result(task, setup, seed, record, place, space) for place, seed in enumerate(seeds)]


def _result(
    task: str, setup: Setup, seed: int, record: Record, place: int, space: TaskSpace
) -> SeedResult:
    tasks = [one for one in setup.tasks.tasks if one.need is not None]
    interesting = [row for row, one in enumerate(tasks) if one.kind == "interesting"]
    # In the order of the technology tree, whatever the order that samplers see.
    interesting.sort(key=lambda row: int(np.argmax(tasks[row].need or ())))
    judged = record.judged[place]
    late = judged[-_LATE:].mean(axis=0)
    generations = setup.generations
    invalid = int(record.invalid[place])
    failed = None
    if not record.finite[place]:
        failed = "training diverged: parameters became infinite or NaN"
    elif invalid:
        failed = (
            f"weights were negative, NaN, infinite or all zero in {invalid} of {generations} "
            "generations: such a weight counted as 0, and where all were 0 all tasks were alike"
        )
    points = len(judged)
    return SeedResult(
        task=task,
        seed=seed,
        metrics={
            "success": float(late.mean()),
            "learned": float((late >= LEARNED).sum()),
            "interesting": float((late[interesting] >= LEARNED).sum()),
            "area": float(judged.mean()),
        },
        detail={
            "task": task,
            "steps": [setup.horizon * (point + 1) // points for point in range(points)],
            "curve": _shown(judged.mean(axis=1)),
            "learned": [int((point >= LEARNED).sum()) for point in judged],
            "names": [one.name for one in ACHIEVEMENTS],
            "interesting": [_shown(point[interesting]) for point in judged],
            "drawn": [
                {kind: round(one, 5) for kind, one in shares(space, point).items()}
                for point in record.drawn[place]
            ],
        },
        failed=failed,
    )


def _shown(values: Any) -> list[float]:
    return [round(float(x), 5) for x in values]
