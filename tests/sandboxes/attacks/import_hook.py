"""Install an import hook that swaps modules."""

import sys

import jax.numpy as jnp

class Hook:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(f"no {name} for you")


sys.meta_path.insert(0, Hook())


def loss(prediction, target):
    return jnp.abs(prediction - target)
