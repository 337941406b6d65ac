"""Recurse until the stack is gone."""

import sys

import jax.numpy as jnp

sys.setrecursionlimit(10**9)


def down(depth):
    return down(depth + 1) + 1


down(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
