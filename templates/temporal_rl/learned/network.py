"""Drifts that are networks: LPO's, and TA-LPO's that is told the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

__all__ = ["NeuralDrift"]


@dataclass(frozen=True)
class NeuralDrift:
    """One hidden layer without biases: zero, with slope zero, at r = 1 whatever the weights.

    LPO (Lu et al. 2022, arXiv:2210.05639) feeds it log r, its square, 1 - r, its square, and each
    times the advantage; TA-LPO (Jackson et al. 2024, arXiv:2402.05828) also each of these eight
    times t. Both have 128 units.

    Args:
        timed: Whether it is told t.
        units: Of the hidden layer.
    """

    timed: bool
    units: int = 128

    @property
    def inputs(self) -> int:
        """Numbers that the network sees."""
        return 16 if self.timed else 8

    @property
    def parameters(self) -> int:
        """Length of the weights: 1,152, or 2,176 with time."""
        return (self.inputs + 1) * self.units

    def initial(self, key: jax.Array) -> jax.Array:
        """Weights ``[parameters]`` of a drift that is nearly zero."""
        scales = jnp.full((self.inputs + 1, 1), self.inputs**-0.5).at[-1].set(0.01)
        normal = jax.random.normal(key, (self.inputs + 1, self.units))
        return (scales * normal).ravel()

    def function(self, weights: jax.Array) -> Callable[..., jax.Array]:
        """``drift(r, log_r, A, t, log_N, eps)`` of one sample.

        Args:
            weights: ``[parameters]``: a row of ``units`` for each input, then the output's.
        """
        rows = weights.reshape(self.inputs + 1, self.units)

        def drift(
            r: jax.Array,
            log_r: jax.Array,
            A: jax.Array,
            t: jax.Array,
            log_N: jax.Array,
            eps: jax.Array,
        ) -> jax.Array:
            x = jnp.stack([log_r, log_r**2, 1.0 - r, (1.0 - r) ** 2])
            x = jnp.concatenate([x, A * x])
            if self.timed:
                x = jnp.concatenate([x, t * x])
            found: jax.Array = jax.nn.relu(jnp.tanh(x @ rows[:-1]) @ rows[-1] - 1e-4)
            return found

        return drift
