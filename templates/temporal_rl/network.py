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
        actions: Number of actions, or of an action's components where it is continuous.
        width: Units of a hidden layer.
        activation: Of hidden layers.
        continuous: Whether actions are vectors, drawn from a normal distribution: the actor gives
            its mean, and one more layer without inputs the logarithms of its standard deviations.
    """

    size: int
    actions: int
    width: int
    activation: Literal["tanh", "relu"]
    continuous: bool = False

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The actor's three layers, then the critic's, then what is continuous."""
        shapes = [
            (inputs, outputs)
            for last in (self.actions, 1)
            for inputs, outputs in (
                (self.size, self.width),
                (self.width, self.width),
                (self.width, last),
            )
        ]
        if self.continuous:
            shapes.append((0, self.actions))
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
        for layer, gain, own in zip(self.layers, gains, jax.random.split(key, 6), strict=False):
            orthogonal = jax.nn.initializers.orthogonal(gain)
            parts += [
                orthogonal(own, (layer.inputs, layer.outputs)).ravel(),
                jnp.zeros(layer.outputs),
            ]
        if self.continuous:
            parts.append(jnp.zeros(self.actions))
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
        """``[..., actions]`` from observations ``[..., size]``, not normalised; or a mean."""
        return self._run(parts[:3], observations)

    def values(self, parts: Weights, observations: jax.Array) -> jax.Array:
        """``[...]`` from observations ``[..., size]``."""
        return self._run(parts[3:6], observations)[..., 0]

    def noise(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """What `draw` needs for actions of this shape: ``[*shape, actions]``."""
        draw = jax.random.normal if self.continuous else jax.random.gumbel
        return draw(key, (*shape, self.actions))

    def draw(
        self, parts: Weights, observations: jax.Array, noise: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Actions and their log-probabilities: ``[samples]``, actions that are vectors with more.

        Args:
            parts: Weights.
            observations: ``[samples, size]``.
            noise: ``[samples, actions]``, from `noise`.
        """
        logits = self.logits(parts, observations)
        if self.continuous:
            action = logits + jnp.exp(parts[6][1]) * noise
            return action, _normal_log_density(noise, parts[6][1])
        log_probabilities = jax.nn.log_softmax(logits)
        action = jnp.argmax(log_probabilities + noise, axis=-1)
        return action, jnp.take_along_axis(log_probabilities, action[:, None], 1)[:, 0]

    def judge(
        self, parts: Weights, observations: jax.Array, actions: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Log-probabilities of actions taken, and entropies of the policy: ``[samples]`` each."""
        logits = self.logits(parts, observations)
        if self.continuous:
            log_std = parts[6][1]
            standardized = (actions - logits) / jnp.exp(log_std)
            entropy = (log_std + 0.5 * jnp.log(2.0 * jnp.pi * jnp.e)).sum()
            log_density = _normal_log_density(standardized, log_std)
            return log_density, jnp.broadcast_to(entropy, log_density.shape)
        every = jax.nn.log_softmax(logits)
        chosen = jnp.take_along_axis(every, actions[:, None], axis=1)[:, 0]
        return chosen, -(jnp.exp(every) * every).sum(axis=-1)

    def _run(self, layers: Weights, x: jax.Array) -> jax.Array:
        act = jnp.tanh if self.activation == "tanh" else jax.nn.relu
        for place, (weights, biases) in enumerate(layers):
            x = x @ weights + biases
            if place < len(layers) - 1:
                x = act(x)
        return x


def _normal_log_density(standardized: jax.Array, log_std: jax.Array) -> jax.Array:
    """Of a normal vector with independent components, ``[...]`` from ``[..., actions]``."""
    each = -0.5 * standardized**2 - log_std - 0.5 * jnp.log(2.0 * jnp.pi)
    density: jax.Array = each.sum(axis=-1)
    return density
