"""The loss, the optimiser and one step of training."""

import jax
import optax

LEARNING_RATE = 1e-3
WARMUP_STEPS = 10
WEIGHT_DECAY = 1.0
BETA_1 = 0.9
BETA_2 = 0.98
BATCH = 512


def make_optimizer(steps):
    """AdamW with a short warm-up; `steps` is the length of the run."""
    schedule = optax.linear_schedule(0.0, LEARNING_RATE, WARMUP_STEPS)
    return optax.adamw(schedule, b1=BETA_1, b2=BETA_2, weight_decay=WEIGHT_DECAY)


def loss_of(logits, results):
    """Cross-entropy in nats, the mean over the batch."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, results).mean()


def make_step(apply, optimizer):
    """One step: (params, state, pairs, results, key) to the new (params, state)."""

    def step(params, state, pairs, results, key):
        chosen = jax.random.randint(key, (BATCH,), 0, pairs.shape[0])

        def objective(params):
            return loss_of(apply(params, pairs[chosen]), results[chosen])

        gradients = jax.grad(objective)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    return step
