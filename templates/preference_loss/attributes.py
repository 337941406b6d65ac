"""Ground-truth rewards of a text, each in [0, 1] and computed from its words alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import jax
import jax.numpy as jnp

from templates.preference_loss.corpus import END, PROMPT_LENGTH
from templates.preference_loss.sentiment import make_compound

__all__ = ["ATTRIBUTES", "Reward", "attribute_index", "make_rewards"]

ATTRIBUTES = ("sentiment", "modern")

Reward: TypeAlias = Callable[[jax.Array, jax.Array | int], jax.Array]
"""From token ids ``[..., length]`` and the index of an attribute to rewards ``[...]``."""

_ARCHAIC_WORDS = frozenset(
    """
    art begat behold cometh dost doth forth goeth hast hath hearken hither lo nay o saith shalt
    spake thee thence thereof therein thereon thine thou thy unto verily whence wherefore wherein
    wilt ye yea
    """.split()
)


def attribute_index(name: str) -> int:
    """Place of an attribute in `ATTRIBUTES`; raises ValueError for an unknown one."""
    return ATTRIBUTES.index(name)


def make_rewards(vocabulary: Sequence[str]) -> Reward:
    """One function for all rewards, so that tasks share their compiled code.

    ``sentiment`` is VADER's compound score, mapped linearly from (-1, 1) to (0, 1). ``modern`` is
    1 / (1 + archaic words in the response): how far a text of 1611 reads like today's English.

    Args:
        vocabulary: Word of each token id.
    """
    compound = make_compound(vocabulary)
    archaic = jnp.array([word in _ARCHAIC_WORDS for word in vocabulary])

    def modern(texts: jax.Array) -> jax.Array:
        running = jnp.cumsum(texts == END, axis=-1) == 0
        response = jnp.arange(texts.shape[-1]) >= PROMPT_LENGTH
        count = (archaic[texts] & running & response).sum(axis=-1)
        return 1.0 / (1.0 + count)

    def reward(texts: jax.Array, attribute: jax.Array | int) -> jax.Array:
        return jnp.where(attribute == 0, 0.5 * (1.0 + compound(texts)), modern(texts))

    return reward
