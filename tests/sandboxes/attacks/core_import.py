"""Import the templates' code inside the tracer."""

import jax.numpy as jnp

try:
    import templates.preference_loss.core
except ImportError:
    pass
else:
    raise RuntimeError("BREACH the core can be imported")


def loss(prediction, target):
    return jnp.abs(prediction - target)
