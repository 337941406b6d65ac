"""A transformer that reads two symbols and an equals sign and predicts the result."""

import jax
import jax.numpy as jnp

WIDTH = 64
HEADS = 4
LAYERS = 1
MLP_WIDTH = 128


def init(key, symbols):
    """Parameters; the last row of the embedding is the equals sign."""
    keys = iter(jax.random.split(key, 3 + 6 * LAYERS))

    def matrix(*shape):
        return jax.random.normal(next(keys), shape) / jnp.sqrt(shape[0])

    params = {
        "embedding": jax.random.normal(next(keys), (symbols + 1, WIDTH)) * 0.1,
        "position": jax.random.normal(next(keys), (3, WIDTH)) * 0.1,
        "readout": matrix(WIDTH, symbols),
        "layers": [],
    }
    for _ in range(LAYERS):
        params["layers"].append(
            {
                "query": matrix(WIDTH, WIDTH),
                "key": matrix(WIDTH, WIDTH),
                "value": matrix(WIDTH, WIDTH),
                "out": matrix(WIDTH, WIDTH),
                "mlp_in": matrix(WIDTH, MLP_WIDTH),
                "mlp_out": matrix(MLP_WIDTH, WIDTH),
            }
        )
    return params


def attend(layer, x):
    """What the equals sign reads from all three places; only its result is used."""
    batch, places, _ = x.shape
    heads = (batch, places, HEADS, WIDTH // HEADS)
    query = (x[:, -1] @ layer["query"]).reshape(batch, HEADS, WIDTH // HEADS)
    key = (x @ layer["key"]).reshape(heads)
    value = (x @ layer["value"]).reshape(heads)
    scores = jnp.einsum("bhd,bphd->bhp", query, key) / jnp.sqrt(WIDTH // HEADS)
    read = jnp.einsum("bhp,bphd->bhd", jax.nn.softmax(scores), value)
    return read.reshape(batch, WIDTH) @ layer["out"]


def normalize(x):
    """Layer normalisation without parameters."""
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)


def apply(params, pairs):
    """Logits of the result, [batch, symbols], of pairs [batch, 2]."""
    equals = params["embedding"].shape[0] - 1
    tokens = jnp.concatenate([pairs, jnp.full((pairs.shape[0], 1), equals)], 1)
    x = params["embedding"][tokens] + params["position"]
    for layer in params["layers"]:
        read = x[:, -1] + attend(layer, normalize(x))
        read = read + jax.nn.relu(normalize(read) @ layer["mlp_in"]) @ layer["mlp_out"]
        x = x.at[:, -1].set(read)
    return normalize(x[:, -1]) @ params["readout"]
