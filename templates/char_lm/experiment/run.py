"""The run: a fixed number of steps, log-probabilities at fixed moments. Not to be edited."""

import jax
import jax.numpy as jnp
import numpy as np

from model import apply, init
from training import make_optimizer, make_step

PART = 256


def run(symbols, context, steps, checkpoints, seed, text, contexts):
    """Train, and predict at equal distances.

    Args:
        symbols: Size of the alphabet.
        context: Length of what is read.
        steps: Number of optimiser steps.
        checkpoints: How often predictions are made.
        seed: Of everything random.
        text: To learn from, [characters].
        contexts: Whose next characters are asked for, [hidden, context].

    Returns:
        Log-probabilities of the next characters in nats, [checkpoints, hidden, symbols].
    """
    key_init, key_steps = jax.random.split(jax.random.key(seed))
    text = jnp.asarray(text, jnp.int32)
    contexts = jnp.asarray(contexts, jnp.int32)
    params = init(key_init, symbols, context)
    optimizer = make_optimizer(steps)
    state = optimizer.init(params)
    step = make_step(apply, optimizer, context)
    part = steps // checkpoints

    @jax.jit
    def train_part(params, state, start):
        def body(index, carry):
            return step(*carry, text, jax.random.fold_in(key_steps, start + index))

        return jax.lax.fori_loop(0, part, body, (params, state))

    @jax.jit
    def predict(params, contexts):
        return jax.nn.log_softmax(apply(params, contexts)[:, -1])

    found = []
    for checkpoint in range(checkpoints):
        params, state = train_part(params, state, checkpoint * part)
        parts = [
            np.asarray(predict(params, contexts[at : at + PART]))
            for at in range(0, len(contexts), PART)
        ]
        found.append(np.concatenate(parts))
    return np.stack(found)
