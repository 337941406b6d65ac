"""The actor and the critic: two small networks whose parameters are one flat vector.

One vector and not a tree: an optimiser is then one operation for each of its steps and not one for
each array, and a learned optimiser sees all parameters alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

__all__ = ["ActorCritic", "Layer", "Weights"]

Weights: TypeAlias = tuple[tuple[jax.Array, jax.Array], ...]


class Layer(NamedTuple):
    """Where one dense layer lies in the vector."""

    start: int
    inputs: int
    outputs: int

    @property
    def stop(self) -> int:
        """First place after it; weights come first, then biases."""
        return self.start + (self.inputs + 1) * self.outputs


@dataclass(frozen=True)
class ActorCritic:
    """Two networks of two hidden layers of ``width``.

    Args:
        size: Length of an observation.
        actions: Number of actions.
        width: Units of a hidden layer.
        activation: Of hidden layers.
    """

    size: int
    actions: int
    width: int
    activation: Literal["tanh", "relu"]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The actor's three layers, then the critic's."""
        shapes = [
            (inputs, outputs)
            for last in (self.actions, 1)
            for inputs, outputs in (
                (self.size, self.width),
                (self.width, self.width),
                (self.width, last),
            )
        ]
        layers: list[Layer] = []
        for inputs, outputs in shapes:
            layers.append(Layer(layers[-1].stop if layers else 0, inputs, outputs))
        return tuple(layers)

    @property
    def parameters(self) -> int:
        """Length of the vector."""
        return self.layers[-1].stop

    def initial(self, key: jax.Array) -> jax.Array:
        """Orthogonal weights, biases of zero: ``[parameters]``.

        Gains as usual for PPO: the square root of 2 within, .01 for the policy, 1 for the value.
        """
        gains = (2**0.5, 2**0.5, 0.01, 2**0.5, 2**0.5, 1.0)
        parts = []
        for layer, gain, own in zip(self.layers, gains, jax.random.split(key, 6), strict=True):
            orthogonal = jax.nn.initializers.orthogonal(gain)
            parts += [
                orthogonal(own, (layer.inputs, layer.outputs)).ravel(),
                jnp.zeros(layer.outputs),
            ]
        return jnp.concatenate(parts)

    def split(self, vector: jax.Array) -> Weights:
        """Weights and biases of each layer; the networks run on these.

        Differentiate in these and `join` the slopes: differentiating through the split would fill
        a whole vector for every layer.
        """
        found = []
        for layer in self.layers:
            end = layer.start + layer.inputs * layer.outputs
            weights = vector[layer.start : end].reshape(layer.inputs, layer.outputs)
            found.append((weights, vector[end : layer.stop]))
        return tuple(found)

    def join(self, parts: Weights) -> jax.Array:
        """The vector, from weights and biases of each layer."""
        return jnp.concatenate([part.ravel() for layer in parts for part in layer])

    def logits(self, parts: Weights, observations: jax.Array) -> jax.Array:
        """``[..., actions]`` from observations ``[..., size]``, not normalised."""
        return self._run(parts[:3], observations)

    def values(self, parts: Weights, observations: jax.Array) -> jax.Array:
        """``[...]`` from observations ``[..., size]``."""
        return self._run(parts[3:], observations)[..., 0]

    def _run(self, layers: Weights, x: jax.Array) -> jax.Array:
        act = jnp.tanh if self.activation == "tanh" else jax.nn.relu
        for place, (weights, biases) in enumerate(layers):
            x = x @ weights + biases
            if place < len(layers) - 1:
                x = act(x)
        return x
