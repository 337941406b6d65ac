"""The network that tells the noise in a point, given the point and the time."""

import jax
import jax.numpy as jnp

WIDTH = 128
LAYERS = 3
FREQUENCIES = 16


def init(key):
    """Parameters of the network."""
    sizes = [2 * 2 * FREQUENCIES + 2 * FREQUENCIES, *[WIDTH] * LAYERS, 2]
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        {
            "weights": jax.random.normal(key, (into, out)) * jnp.sqrt(2.0 / into),
            "bias": jnp.zeros(out),
        }
        for key, into, out in zip(keys, sizes[:-1], sizes[1:])
    ]


def features(x, scale):
    """Sines and cosines of each number, [batch, numbers * 2 * FREQUENCIES]."""
    frequencies = scale * jnp.exp(jnp.linspace(0.0, 3.0, FREQUENCIES))
    angles = (x[..., None] * frequencies).reshape(x.shape[0], -1)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)


def apply(params, x, time):
    """The noise, [batch, 2], of points [batch, 2] at times [batch] between 0 and 1."""
    hidden = jnp.concatenate([features(x, 0.5), features(time[:, None], 1.0)], -1)
    for layer in params[:-1]:
        hidden = jax.nn.gelu(hidden @ layer["weights"] + layer["bias"])
    return hidden @ params[-1]["weights"] + params[-1]["bias"]
