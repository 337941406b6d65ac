"""The run: a fixed number of steps, predictions at fixed moments. Not to be edited."""

import jax
import jax.numpy as jnp
import numpy as np

from model import apply, init
from training import make_optimizer, make_step


def run(symbols, steps, checkpoints, seed, train_pairs, train_results, hidden_pairs):
    """Train, and predict at equal distances.

    Args:
        symbols: Number of different symbols.
        steps: Number of optimiser steps.
        checkpoints: How often predictions are made.
        seed: Of everything random.
        train_pairs: Known pairs of symbols, [known, 2].
        train_results: Their results, [known].
        hidden_pairs: Pairs whose results are asked for, [hidden, 2].

    Returns:
        Predicted symbols of the known pairs, [checkpoints, known], and of the hidden pairs,
        [checkpoints, hidden].
    """
    key_init, key_steps = jax.random.split(jax.random.key(seed))
    pairs = jnp.asarray(train_pairs, jnp.int32)
    results = jnp.asarray(train_results, jnp.int32)
    asked = jnp.asarray(hidden_pairs, jnp.int32)
    params = init(key_init, symbols)
    optimizer = make_optimizer(steps)
    state = optimizer.init(params)
    step = make_step(apply, optimizer)
    part = steps // checkpoints

    @jax.jit
    def train_part(params, state, start):
        def body(index, carry):
            key = jax.random.fold_in(key_steps, start + index)
            return step(*carry, pairs, results, key)

        return jax.lax.fori_loop(0, part, body, (params, state))

    @jax.jit
    def predict(params):
        return jnp.argmax(apply(params, pairs), -1), jnp.argmax(apply(params, asked), -1)

    known, hidden = [], []
    for checkpoint in range(checkpoints):
        params, state = train_part(params, state, checkpoint * part)
        seen, unseen = predict(params)
        known.append(np.asarray(seen))
        hidden.append(np.asarray(unseen))
    return np.stack(known), np.stack(hidden)
