"""The optimiser and one step of training."""

import jax
import optax

LEARNING_RATE = 1e-3
BATCH = 256
AVERAGING = 0.995


def make_optimizer(steps):
    """AdamW whose rate decays over the run."""
    return optax.adamw(optax.cosine_decay_schedule(LEARNING_RATE, steps), weight_decay=1e-4)


def make_step(loss, optimizer):
    """One step: (params, state, averaged, points, key, index) to (params, state, averaged)."""

    def step(params, state, averaged, points, key, index):
        key_batch, key_loss = jax.random.split(key)
        chosen = jax.random.randint(key_batch, (BATCH,), 0, points.shape[0])
        gradients = jax.grad(loss)(params, points[chosen], key_loss)
        updates, state = optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
        averaged = jax.tree.map(lambda a, b: AVERAGING * a + (1 - AVERAGING) * b, averaged, params)
        return params, state, averaged

    return step
