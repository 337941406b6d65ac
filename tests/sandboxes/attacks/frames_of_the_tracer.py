"""Walk up the stack to the tracer's own request and channel."""

import sys

import jax.numpy as jnp

frame = sys._getframe()
while frame is not None:
    channel = frame.f_locals.get("channel")
    if channel is not None:
        try:
            channel.send(type(frame.f_locals["request"])("traced", {"ended": "closed"}))
        except Exception:
            pass
        else:
            raise RuntimeError("BREACH the channel took a message")
    frame = frame.f_back


def loss(prediction, target):
    return jnp.abs(prediction - target)
