"""The run: train on points, then draw as many as are asked for. Not to be edited."""

import jax
import jax.numpy as jnp
import numpy as np

from diffusion import make_loss, make_sampler
from model import init
from training import make_optimizer, make_step


def run(samples, steps, seed, points):
    """Train a diffusion model and sample from it.

    Args:
        samples: How many points to draw.
        steps: Number of optimiser steps.
        seed: Of everything random.
        points: To learn from, [known, 2].

    Returns:
        Points, [samples, 2].
    """
    key_init, key_steps, key_samples = jax.random.split(jax.random.key(seed), 3)
    points = jnp.asarray(points, jnp.float32)
    centre = points.mean(0)
    spread = points.std()
    scaled = (points - centre) / spread
    params = init(key_init)
    optimizer = make_optimizer(steps)
    state = optimizer.init(params)
    step = make_step(make_loss(), optimizer)

    @jax.jit
    def train(params, state):
        def body(index, carry):
            return step(*carry, scaled, jax.random.fold_in(key_steps, index), index)

        return jax.lax.fori_loop(0, steps, body, (params, state, params))

    _, _, averaged = train(params, state)
    drawn = jax.jit(make_sampler(), static_argnums=1)(averaged, samples, key_samples)
    return np.asarray(drawn) * np.asarray(spread) + np.asarray(centre)
