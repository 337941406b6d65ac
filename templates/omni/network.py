"""The agent: one layer reads what it sees and the task, a gated recurrent unit remembers.

The unit is that of Cho et al. 2014 (arXiv:1406.1078) with the reset gate after the product. Policy
and critic are linear in what was read and what is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Agent", "Weights"]


class Weights(NamedTuple):
    """Parameters.

    Attributes:
        read: ``[size, width]``.
        read_bias: ``[width]``.
        enter: ``[width, 3 memory]``; update gate, reset gate, content.
        enter_bias: ``[3 memory]``.
        recur: ``[memory, 3 memory]``.
        head: ``[width + memory, actions + 1]``; the last column is the critic.
        head_bias: ``[actions + 1]``.
    """

    read: jax.Array
    read_bias: jax.Array
    enter: jax.Array
    enter_bias: jax.Array
    recur: jax.Array
    head: jax.Array
    head_bias: jax.Array


@dataclass(frozen=True)
class Agent:
    """Shapes of a recurrent actor and critic.

    Args:
        size: Length of an observation.
        actions: Number of actions.
        width: Units of the layer that reads.
        memory: Units that remember.
    """

    size: int
    actions: int
    width: int
    memory: int

    def initial(self, key: jax.Array) -> Weights:
        """Orthogonal weights, gain .01 for the policy and 1 for the critic; biases of zero."""
        keys = jax.random.split(key, 5)
        plain = jax.nn.initializers.orthogonal(1.0)
        content = [plain(one, (self.memory, self.memory)) for one in jax.random.split(keys[2], 3)]
        joined = self.width + self.memory
        policy = jax.nn.initializers.orthogonal(0.01)(keys[3], (joined, self.actions))
        return Weights(
            read=jax.nn.initializers.orthogonal(2**0.5)(keys[0], (self.size, self.width)),
            read_bias=jnp.zeros(self.width),
            enter=plain(keys[1], (self.width, 3 * self.memory)),
            enter_bias=jnp.zeros(3 * self.memory),
            recur=jnp.concatenate(content, axis=1),
            head=jnp.concatenate([policy, plain(keys[4], (joined, 1))], axis=1),
            head_bias=jnp.zeros(self.actions + 1),
        )

    def fresh(self, environments: int) -> jax.Array:
        """What is remembered at the start of an episode: ``[environments, memory]``."""
        return jnp.zeros((environments, self.memory))

    def step(
        self, weights: Weights, hidden: jax.Array, observation: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """One moment.

        Args:
            weights: Parameters.
            hidden: ``[environments, memory]``.
            observation: ``[environments, size]``.

        Returns:
            What is remembered now, log-probabilities ``[environments, actions]``, values
            ``[environments]``.
        """
        read, entering = self._read(weights, observation)
        hidden = _remember(weights, hidden, entering)
        log_policy, value = self._judge(weights, read, hidden)
        return hidden, log_policy, value

    def unroll(
        self, weights: Weights, hidden: jax.Array, observation: jax.Array, begins: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Many moments in a row, forgetting where an episode begins.

        Args:
            weights: Parameters.
            hidden: Before the first moment, ``[environments, memory]``.
            observation: ``[steps, environments, size]``.
            begins: Whether an episode begins here, ``[steps, environments]``.

        Returns:
            Log-probabilities ``[steps, environments, actions]`` and values ``[steps,
            environments]``.
        """
        read, entering = self._read(weights, observation)

        def one(
            hidden: jax.Array, inputs: tuple[jax.Array, jax.Array]
        ) -> tuple[jax.Array, jax.Array]:
            entering, begins = inputs
            hidden = jnp.where(begins[:, None], 0.0, hidden)
            hidden = _remember(weights, hidden, entering)
            return hidden, hidden

        _, remembered = lax.scan(one, hidden, (entering, begins))
        return self._judge(weights, read, remembered)

    def _read(self, weights: Weights, observation: jax.Array) -> tuple[jax.Array, jax.Array]:
        read = jax.nn.relu(observation @ weights.read + weights.read_bias)
        return read, read @ weights.enter + weights.enter_bias

    def _judge(
        self, weights: Weights, read: jax.Array, hidden: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        both = jnp.concatenate([read, hidden], axis=-1)
        found = both @ weights.head + weights.head_bias
        return jax.nn.log_softmax(found[..., :-1]), found[..., -1]


def _remember(weights: Weights, hidden: jax.Array, entering: jax.Array) -> jax.Array:
    recurring = hidden @ weights.recur
    update_in, reset_in, content_in = jnp.split(entering, 3, axis=-1)
    update_re, reset_re, content_re = jnp.split(recurring, 3, axis=-1)
    update = jax.nn.sigmoid(update_in + update_re)
    content = jnp.tanh(content_in + jax.nn.sigmoid(reset_in + reset_re) * content_re)
    return update * hidden + (1.0 - update) * content
