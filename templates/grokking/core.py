"""What is hidden of the tables, and how predictions of it are scored."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.contract import SeedResult, Task
from templates.errors import CandidateError
from templates.hiding import hidden_generator

__all__ = ["GrokkingCore", "first_at", "table"]

_MASTERED = 0.99

Integers = NDArray[np.int64]


class GrokkingCore:
    """Relabels and splits a table, and compares predictions; satisfies `ExperimentCore`.

    The symbols get new names, drawn for each seed and the same for operands and results: how well
    a network learns does not depend on the names, while the results of hidden pairs follow from
    arithmetic no more.

    Args:
        profile: The setting of that name; sizes come with the task.
    """

    def __init__(self, profile: str = "cpu") -> None:
        self._profile = profile

    def inputs(self, *, task: Task, seed: int) -> Mapping[str, NDArray[Any]]:
        """Known pairs with their results, and hidden pairs without."""
        pairs, results, known = self.split(task, seed)
        return {
            "train_pairs": pairs[:known],
            "train_results": results[:known],
            "hidden_pairs": pairs[known:],
        }

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: Task, seed: int
    ) -> SeedResult:
        """Accuracy on both parts of the table at each checkpoint.

        Raises:
            CandidateError: What was predicted is no symbol.
        """
        _, results, known = self.split(task, seed)
        symbols, steps = task.values["symbols"], task.values["steps"]
        for name, predicted in outputs.items():
            if not np.isin(predicted, np.arange(symbols)).all():
                raise CandidateError(
                    "no_symbol", f"{name} must hold whole numbers from 0 to {symbols - 1}"
                )
        seen = (outputs["train_predictions"] == results[:known]).mean(axis=1)
        unseen = (outputs["hidden_predictions"] == results[known:]).mean(axis=1)
        at = np.arange(1, len(unseen) + 1) * (steps // len(unseen))
        late = at[-1] + at[0]
        mastered, memorized = first_at(unseen, at, late), first_at(seen, at, late)
        return SeedResult(
            task=task.name,
            seed=seed,
            metrics={
                "accuracy_along": float(unseen.mean()),
                "final_accuracy": float(unseen[-1]),
                "steps_to_99": float(mastered),
                # A run that never generalises is not the faster the later it memorises.
                "delay": float(max(0, mastered - memorized) if mastered < late else late),
            },
            detail={
                "steps": at.tolist(),
                "known": np.round(seen, 4).tolist(),
                "hidden": np.round(unseen, 4).tolist(),
            },
        )

    @staticmethod
    def split(task: Task, seed: int) -> tuple[Integers, Integers, int]:
        """The table under new names in a random order, the rows that are told first.

        Args:
            task: Whose table.
            seed: Of the names and of the order.

        Returns:
            Pairs ``[rows, 2]``, their results ``[rows]``, and how many rows are told.
        """
        rng = hidden_generator("grokking", task.name, seed)
        pairs, results = table(task.name, task.values["symbols"])
        names = rng.permutation(task.values["symbols"])
        order = rng.permutation(len(pairs))
        return names[pairs][order], names[results][order], task.values["known"]


def first_at(accuracy: NDArray[np.float64], steps: Integers, otherwise: int) -> int:
    """The first step at which an accuracy is at least 99 per cent.

    Args:
        accuracy: At each checkpoint, ``[checkpoints]``.
        steps: Of each checkpoint, ``[checkpoints]``.
        otherwise: What is returned where it never is.
    """
    reached = np.flatnonzero(accuracy >= _MASTERED)
    return int(steps[reached[0]]) if reached.size else int(otherwise)


def table(operation: str, symbols: int) -> tuple[Integers, Integers]:
    """All pairs of symbols for which an operation is defined, and its results.

    Args:
        operation: ``addition``, ``subtraction`` or ``division`` modulo ``symbols``, which is prime
            for the last of them, or ``permutations`` for the composition of permutations.
        symbols: How many symbols there are; for ``permutations`` a factorial.

    Returns:
        Pairs ``[pairs, 2]`` and results ``[pairs]``.

    Raises:
        ValueError: There is no such operation.
    """
    first, second = (grid.ravel() for grid in np.indices((symbols, symbols)))
    if operation == "addition":
        results = (first + second) % symbols
    elif operation == "subtraction":
        results = (first - second) % symbols
    elif operation == "division":
        defined = second != 0
        first, second = first[defined], second[defined]
        inverse = np.array([pow(int(one), -1, symbols) for one in range(1, symbols)])
        results = first * inverse[second - 1] % symbols
    elif operation == "permutations":
        places = next(n for n in range(1, symbols + 1) if _factorial(n) == symbols)
        every = list(itertools.permutations(range(places)))
        number = {one: index for index, one in enumerate(every)}
        results = np.array(
            [
                number[tuple(every[left][place] for place in every[right])]
                for left, right in zip(first, second, strict=True)
            ]
        )
    else:
        raise ValueError(f"no operation {operation!r}")
    return np.stack([first, second], axis=1), results


def _factorial(number: int) -> int:
    return int(np.prod(np.arange(1, number + 1), dtype=np.int64))
