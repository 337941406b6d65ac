"""Doing the same for every member of a population."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

__all__ = ["each"]


def each(function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply to each member of trees of arrays that lead with ``[members]``.

    A single member is not vectorised over: on a CPU products of stacks of matrices are slower than
    products of matrices, also where the stack holds but one.
    """
    members = jax.tree.leaves(arrays)[0].shape[0]
    if members > 1:
        return jax.vmap(function)(*arrays)
    alone = function(*jax.tree.map(lambda leaf: leaf[0], arrays))
    return jax.tree.map(lambda leaf: leaf[None], alone)
