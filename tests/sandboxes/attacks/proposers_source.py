"""Import the orchestrator to ask it for secrets."""

import jax.numpy as jnp

try:
    import agent.archive
except ImportError:
    pass
else:
    raise RuntimeError("BREACH agent can be imported")


def loss(prediction, target):
    return jnp.abs(prediction - target)
