"""The loss, the optimiser and one step of training."""

import jax
import jax.numpy as jnp
import optax

LEARNING_RATE = 1e-3
WARMUP_STEPS = 50
WEIGHT_DECAY = 0.1
BATCH = 32
CLIP = 1.0


def make_optimizer(steps):
    """AdamW under gradient clipping, warm-up and cosine decay over the run."""
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, LEARNING_RATE, WARMUP_STEPS, steps, 0.1 * LEARNING_RATE
    )
    return optax.chain(
        optax.clip_by_global_norm(CLIP),
        optax.adamw(schedule, b1=0.9, b2=0.99, weight_decay=WEIGHT_DECAY),
    )


def loss_of(logits, targets):
    """Cross-entropy in nats, the mean over the batch and its places."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()


def make_step(apply, optimizer, context):
    """One step: (params, state, text, key) to the new (params, state)."""

    def step(params, state, text, key):
        starts = jax.random.randint(key, (BATCH,), 0, text.shape[0] - context)
        windows = text[starts[:, None] + jnp.arange(context + 1)]

        def objective(params):
            return loss_of(apply(params, windows[:, :-1]), windows[:, 1:])

        gradients = jax.grad(objective)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    return step
