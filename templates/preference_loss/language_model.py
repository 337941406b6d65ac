"""A small transformer language model over words: the reference policy and every policy trained.

Pre-norm decoder with learned positions and tied embeddings (Vaswani et al. 2017; Radford et al.
2019). Functions take the parameters of one model; a population is handled by the caller.
"""

from __future__ import annotations

from importlib import resources
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from templates.preference_loss.corpus import END, LENGTH, PROMPT_LENGTH, START, VOCABULARY_SIZE

__all__ = [
    "RESPONSE_LENGTH",
    "Params",
    "gumbel_noise",
    "initialize",
    "kl_divergence",
    "load_reference",
    "response_logps",
    "sample_responses",
    "token_logps",
]

Params: TypeAlias = dict[str, jax.Array]

WIDTH = 32
HEADS = 4
LAYERS = 2
HIDDEN = 4 * WIDTH
RESPONSE_LENGTH = LENGTH - PROMPT_LENGTH
_HEAD_WIDTH = WIDTH // HEADS


def initialize(key: jax.Array) -> Params:
    """Random parameters; matrices carry a leading axis of layers.

    Args:
        key: A typed PRNG key.
    """
    keys = jax.random.split(key, 6)

    def normal(index: int, *shape: int, scale: float) -> jax.Array:
        return scale * jax.random.normal(keys[index], shape)

    return {
        "embedding": normal(0, VOCABULARY_SIZE, WIDTH, scale=WIDTH**-0.5),
        "position": normal(1, LENGTH, WIDTH, scale=0.1),
        "norm_attention": jnp.ones((LAYERS, WIDTH)),
        "qkv": normal(2, LAYERS, WIDTH, 3 * WIDTH, scale=WIDTH**-0.5),
        "merge": normal(3, LAYERS, WIDTH, WIDTH, scale=0.5 * WIDTH**-0.5),
        "norm_mlp": jnp.ones((LAYERS, WIDTH)),
        "expand": normal(4, LAYERS, WIDTH, HIDDEN, scale=WIDTH**-0.5),
        "expand_bias": jnp.zeros((LAYERS, HIDDEN)),
        "contract": normal(5, LAYERS, HIDDEN, WIDTH, scale=0.5 * HIDDEN**-0.5),
        "norm_output": jnp.ones((WIDTH,)),
        "output_bias": jnp.zeros((VOCABULARY_SIZE,)),
    }


def load_reference() -> Params:
    """The pretrained weights that ship with the template."""
    path = resources.files("templates.preference_loss") / "data" / "reference.npz"
    with path.open("rb") as file, np.load(file) as arrays:
        return {name: jnp.asarray(arrays[name], jnp.float32) for name in arrays.files}


def token_logps(params: Params, texts: jax.Array) -> jax.Array:
    """Log-probability of each token given those before it.

    Args:
        params: One model.
        texts: Token ids ``[texts, LENGTH]``.

    Returns:
        ``[texts, LENGTH]``; zero after the first end token, so that a text is counted once.
    """
    logits = _logits(params, _hidden(params, texts))
    return _pick(jax.nn.log_softmax(logits), texts) * _counted(texts)


def response_logps(params: Params, texts: jax.Array) -> jax.Array:
    """Log-probability of the response given the prompt, in nats.

    Args:
        params: One model.
        texts: Token ids ``[texts, LENGTH]``, prompts included.

    Returns:
        ``[texts]``.
    """
    hidden = _hidden(params, texts)[:, PROMPT_LENGTH:]
    logits = _logits(params, hidden)
    picked = _pick(logits, texts[:, PROMPT_LENGTH:]) - jax.nn.logsumexp(logits, axis=-1)
    return (picked * _counted(texts)[:, PROMPT_LENGTH:]).sum(axis=-1)


def kl_divergence(params: Params, reference: Params, texts: jax.Array) -> jax.Array:
    """KL divergence of a policy from the reference along texts, in nats.

    At each place of the response the divergence of the two distributions over the next word is
    exact; only the words before it are sampled. Averaged over the policy's own texts this is an
    unbiased estimate of the KL divergence of whole texts, with less variance than log-ratios.

    Args:
        params: The policy.
        reference: The reference.
        texts: Token ids sampled from the policy ``[texts, LENGTH]``.

    Returns:
        ``[texts]``, each at least 0 up to rounding.
    """
    own = _response_distributions(params, texts)
    other = _response_distributions(reference, texts)
    per_place = (jnp.exp(own) * (own - other)).sum(axis=-1)
    return (per_place * _counted(texts)[:, PROMPT_LENGTH:]).sum(axis=-1)


def sample_responses(params: Params, prompts: jax.Array, noise: jax.Array) -> jax.Array:
    """Sample a text per prompt at temperature 1, with a key-value cache.

    Args:
        params: One model.
        prompts: Token ids ``[texts, PROMPT_LENGTH]``.
        noise: Standard Gumbel noise ``[RESPONSE_LENGTH, texts, VOCABULARY_SIZE]``; two policies
            that get the same noise differ only where their distributions do.

    Returns:
        Token ids ``[texts, LENGTH]``, prompts included, filled with the end token.
    """
    count = prompts.shape[0]
    shape = (LAYERS, count, LENGTH, HEADS, _HEAD_WIDTH)
    first = jnp.concatenate([jnp.full((count, 1), START), prompts], axis=1)

    def extend(
        carry: tuple[jax.Array, jax.Array], tokens: jax.Array, start: jax.Array | int
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        """Run new places through the model, adding their keys and values to the cache."""
        keys, values = carry
        width = tokens.shape[1]
        places = start + jnp.arange(width)
        mask = jnp.arange(LENGTH) <= places[:, None]
        x = params["embedding"][tokens] + lax.dynamic_slice_in_dim(params["position"], start, width)
        for layer in range(LAYERS):
            q, k, v = _project(params, layer, x)
            keys = lax.dynamic_update_slice(keys, k[None], (layer, 0, start, 0, 0))
            values = lax.dynamic_update_slice(values, v[None], (layer, 0, start, 0, 0))
            x = _block(params, layer, x, _attend(q, keys[layer], values[layer], mask))
        return (keys, values), _logits(params, x[:, -1])

    def step(
        carry: tuple[tuple[jax.Array, jax.Array], jax.Array, jax.Array],
        inputs: tuple[jax.Array, jax.Array],
    ) -> tuple[tuple[tuple[jax.Array, jax.Array], jax.Array, jax.Array], jax.Array]:
        cache, logits, ended = carry
        place, gumbel = inputs
        token = jnp.where(ended, END, jnp.argmax(logits + gumbel, axis=-1)).astype(jnp.int32)
        cache, logits = extend(cache, token[:, None], place)
        return (cache, logits, ended | (token == END)), token

    cache, logits = extend((jnp.zeros(shape), jnp.zeros(shape)), first, 0)
    places = PROMPT_LENGTH + 1 + jnp.arange(RESPONSE_LENGTH - 1)
    carry = (cache, logits, jnp.zeros(count, bool))
    (_, logits, ended), tokens = lax.scan(step, carry, (places, noise[:-1]))
    last = jnp.where(ended, END, jnp.argmax(logits + noise[-1], axis=-1)).astype(jnp.int32)
    return jnp.concatenate([prompts, tokens.T, last[:, None]], axis=1)


def gumbel_noise(key: jax.Array, texts: int) -> jax.Array:
    """The noise of `sample_responses`, ``[RESPONSE_LENGTH, texts, VOCABULARY_SIZE]``."""
    return jax.random.gumbel(key, (RESPONSE_LENGTH, texts, VOCABULARY_SIZE))


def _counted(texts: jax.Array) -> jax.Array:
    """1 up to and including the first end token, 0 after it."""
    ended = jnp.cumsum(texts == END, axis=-1) - (texts == END)
    return (ended == 0).astype(jnp.float32)


def _response_distributions(params: Params, texts: jax.Array) -> jax.Array:
    return jax.nn.log_softmax(_logits(params, _hidden(params, texts)[:, PROMPT_LENGTH:]))


def _pick(values: jax.Array, tokens: jax.Array) -> jax.Array:
    return jnp.take_along_axis(values, tokens[..., None], axis=-1)[..., 0]


def _norm(x: jax.Array, gain: jax.Array) -> jax.Array:
    return x * lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6) * gain


def _project(params: Params, layer: int, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    qkv = _norm(x, params["norm_attention"][layer]) @ params["qkv"][layer]
    qkv = qkv.reshape(*x.shape[:-1], 3, HEADS, _HEAD_WIDTH)
    return qkv[..., 0, :, :], qkv[..., 1, :, :], qkv[..., 2, :, :]


def _attend(q: jax.Array, k: jax.Array, v: jax.Array, mask: jax.Array) -> jax.Array:
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * _HEAD_WIDTH**-0.5
    weights = jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1)
    return jnp.einsum("bhqk,bkhd->bqhd", weights, v)


def _block(params: Params, layer: int, x: jax.Array, attended: jax.Array) -> jax.Array:
    x = x + attended.reshape(*x.shape[:-1], WIDTH) @ params["merge"][layer]
    hidden = _norm(x, params["norm_mlp"][layer]) @ params["expand"][layer]
    hidden = jax.nn.relu(hidden + params["expand_bias"][layer])
    return x + hidden @ params["contract"][layer]


def _hidden(params: Params, texts: jax.Array) -> jax.Array:
    """State from which each token of a text is predicted, ``[texts, LENGTH, WIDTH]``."""
    start = jnp.full((texts.shape[0], 1), START, texts.dtype)
    x = params["embedding"][jnp.concatenate([start, texts[:, :-1]], axis=1)] + params["position"]
    mask = jnp.tril(jnp.ones((LENGTH, LENGTH), bool))
    for layer in range(LAYERS):
        x = _block(params, layer, x, _attend(*_project(params, layer, x), mask))
    return x


def _logits(params: Params, hidden: jax.Array) -> jax.Array:
    normed = _norm(hidden, params["norm_output"])
    return normed @ params["embedding"].T + params["output_bias"]
