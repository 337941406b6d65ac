"""A small GPT: a causal transformer over characters."""

import jax
import jax.numpy as jnp

WIDTH = 64
HEADS = 4
LAYERS = 2
MLP_WIDTH = 256


def init(key, symbols, context):
    """Parameters of the model."""
    keys = iter(jax.random.split(key, 3 + 4 * LAYERS))

    def matrix(*shape, scale=1.0):
        return jax.random.normal(next(keys), shape) * scale / jnp.sqrt(shape[0])

    params = {
        "embedding": jax.random.normal(next(keys), (symbols, WIDTH)) * 0.1,
        "position": jax.random.normal(next(keys), (context, WIDTH)) * 0.1,
        "readout": matrix(WIDTH, symbols),
        "layers": [],
    }
    for _ in range(LAYERS):
        params["layers"].append(
            {
                "attention": matrix(WIDTH, 3 * WIDTH),
                "out": matrix(WIDTH, WIDTH, scale=0.5),
                "mlp_in": matrix(WIDTH, MLP_WIDTH),
                "mlp_out": matrix(MLP_WIDTH, WIDTH, scale=0.5),
                "gain_attention": jnp.ones(WIDTH),
                "gain_mlp": jnp.ones(WIDTH),
            }
        )
    return params


def normalize(x, gain):
    """Layer normalisation with a gain."""
    x = x - x.mean(-1, keepdims=True)
    return gain * x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)


def attend(layer, x):
    """Causal self-attention."""
    batch, length, _ = x.shape
    parts = (x @ layer["attention"]).reshape(batch, length, 3, HEADS, WIDTH // HEADS)
    query, key, value = parts[:, :, 0], parts[:, :, 1], parts[:, :, 2]
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) / jnp.sqrt(WIDTH // HEADS)
    causal = jnp.tril(jnp.ones((length, length), bool))
    weights = jax.nn.softmax(jnp.where(causal, scores, -1e9))
    return jnp.einsum("bhqk,bkhd->bqhd", weights, value).reshape(x.shape) @ layer["out"]


def apply(params, tokens):
    """Logits of the next character at every place, [batch, length, symbols]."""
    x = params["embedding"][tokens] + params["position"][: tokens.shape[1]]
    for layer in params["layers"]:
        x = x + attend(layer, normalize(x, layer["gain_attention"]))
        hidden = jax.nn.gelu(normalize(x, layer["gain_mlp"]) @ layer["mlp_in"])
        x = x + hidden @ layer["mlp_out"]
    return normalize(x, 1.0) @ params["readout"]
