"""What somebody chose, as data, and what it makes of the tasks' weights.

A choice is JSON: ``{"kind": "progress"}`` (learning progress alone), ``{"kind": "labels", "boring":
[names]}``, ``{"kind": "matrix", "boring": {name: [names]}}`` (by what one can do, what is boring
then), ``{"kind": "next", "tasks": [names]}`` or ``{"kind": "predicates", "tasks": [tasks], "new":
[names]}`` (see `templates.omni.predicates.growing`). All become the same four arrays, inputs of one
compiled program, so that no choice compiles anything anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.errors import CandidateError
from templates.omni.interestingness import BORING, interesting
from templates.omni.progress import learning_progress, probabilities

__all__ = ["SHARE", "Given", "given_by", "weighed"]

SHARE = 0.5
"""Of practice, for tasks that were just proposed; learning progress decides about the rest."""

Flags = NDArray[np.bool_]


class Given(NamedTuple):
    """A choice as the learner takes it.

    Attributes:
        boring: Whether the task of a column is boring to one who can do that of the row, ``[tasks,
            tasks]``.
        dull: Tasks that are boring whatever is learned, ``[tasks]``.
        chosen: Tasks that alone are practised, all alike; where there is none, learning progress
            decides: ``[tasks]``.
        new: Tasks that were just proposed and share a fixed part of practice: ``[tasks]``.
    """

    boring: Flags
    dull: Flags
    chosen: Flags
    new: Flags


def given_by(choice: Mapping[str, Any], names: Sequence[str]) -> Given:
    """A choice as arrays.

    Args:
        choice: JSON as the module describes it.
        names: Of the tasks, in the learner's order.

    Raises:
        CandidateError: kind ``choice``: it is no such JSON, or names a task that there is not.
    """
    places = {name: place for place, name in enumerate(names)}
    count = len(names)
    given = Given(np.zeros((count, count), bool), *(np.zeros(count, bool) for _ in range(3)))
    match dict(choice):
        case {"kind": "progress", **rest} if not rest:
            pass
        case {"kind": "labels", "boring": list(listed), **rest} if not rest:
            given.dull[_rows(listed, places)] = True
        case {"kind": "matrix", "boring": dict(rows), **rest} if not rest:
            for representative, listed in rows.items():
                (row,) = _rows([representative], places)
                given.boring[row, _rows(listed, places)] = True
            np.fill_diagonal(given.boring, False)
        case {"kind": "next", "tasks": list(listed), **rest} if not rest and listed:
            given.chosen[_rows(listed, places)] = True
        case {"kind": "predicates", "tasks": list(), "new": list(listed), **rest} if not rest:
            given.new[_rows(listed, places)] = True
        case _:
            raise CandidateError("choice", f"no choice of tasks: {str(choice)[:200]}")
    return given


def weighed(
    fast: jax.Array, slow: jax.Array, counts: jax.Array, told: jax.Array, given: Given
) -> jax.Array:
    """Weights of the tasks: a sampler with a choice; see `templates.omni.training.Sampler`.

    Learning progress, a thousandth of it for what is boring (Zhang et al. 2023, arXiv:2306.01711,
    section 3); or all alike among the tasks that were chosen. Of tasks that were just proposed each
    has the same part of `SHARE`: learning progress never draws what was never done.

    Args:
        fast: ``[members, tasks]``, as the next two.
        slow: The slower average.
        counts: Episodes; not used.
        told: Features ``[members, tasks, columns]``.
        given: The choice, the same for all members.

    Returns:
        ``[members, tasks]``.
    """
    success = told[..., 5]
    likely = probabilities(learning_progress(fast, slow), success)
    boring, dull, chosen, new = (jnp.asarray(flags) for flags in given)
    labels = jax.vmap(interesting, (0, None))(success, boring) & ~dull
    curious = likely * jnp.where(labels, 1.0, BORING)
    proposed = new / jnp.maximum(new.sum(), 1)
    grown = (1.0 - SHARE) * curious / curious.sum(axis=-1, keepdims=True) + SHARE * proposed
    curious = jnp.where(new.any(), grown, curious)
    return jnp.where(chosen.any(), chosen.astype(curious.dtype), curious)


def _rows(names: Any, places: Mapping[str, int]) -> list[int]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CandidateError("choice", "tasks are chosen by a list of their names")
    unknown = [name for name in names if name not in places]
    if unknown:
        raise CandidateError("choice", f"there is no task {unknown[0]!r}")
    return [places[name] for name in names]
