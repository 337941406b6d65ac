"""Match a pattern that backtracks for ever."""

import re

import jax.numpy as jnp

re.match("(a+)+$", "a" * 64 + "b")


def loss(prediction, target):
    return jnp.abs(prediction - target)
