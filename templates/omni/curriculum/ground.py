"""What a generation is learned on: tasks, their arrays, and the places that proposed ones have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from templates.omni.settings import Setup
from templates.omni.tasks import TaskSpace
from templates.omni.training import Space, make_space

__all__ = ["Ground", "Grounds", "own_ground"]


class Ground(NamedTuple):
    """Tasks to learn on; judged is always the bank of the task's own space.

    Attributes:
        tasks: All of them, in the learner's order.
        space: The same as arrays, with maps.
        slots: Places for proposed tasks, ``[slots]``; none where no task can be proposed.
        proposed: Names of the tasks in the first of these.
    """

    tasks: TaskSpace
    space: Space
    slots: NDArray[np.int64]
    proposed: tuple[str, ...]

    def watched(self) -> NDArray[np.int64]:
        """Places of all tasks that are judged or looked at: the bank, then the slots."""
        return np.concatenate([np.asarray(self.space.bank, np.int64), self.slots])


Grounds: TypeAlias = Callable[[Setup, Mapping[str, Any]], Ground]
"""The ground of a choice; raises `CandidateError` of kind ``choice`` where it makes no sense."""


def own_ground(setup: Setup, choice: Mapping[str, Any]) -> Ground:
    """The task's own space, whatever is chosen."""
    return Ground(setup.tasks, make_space(setup), np.zeros(0, np.int64), ())
