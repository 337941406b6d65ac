"""Pretrain the reference policy on the shipped texts and compare it with n-gram models.

Remake the shipped weights (a few minutes on one core)::

    python -m templates.preference_loss.pretrain

Without retraining, print how well the shipped weights predict unseen texts::

    python -m templates.preference_loss.pretrain --evaluate
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from templates.preference_loss import corpus, language_model
from templates.preference_loss.corpus import END, START, VOCABULARY_SIZE
from templates.preference_loss.language_model import Params

__all__ = ["perplexities", "pretrain"]

Tokens = NDArray[np.int32]

_BATCH = 256
_LEARNING_RATE = 4e-3
_WEIGHT_DECAY = 0.02


def pretrain(texts: Tokens, *, steps: int, seed: int) -> Params:
    """Maximum likelihood on whole texts, AdamW with warm-up and cosine decay.

    Args:
        texts: Token ids ``[texts, LENGTH]``.
        steps: Updates, each on 256 texts drawn with replacement.
        seed: Of the initial weights and the batches.
    """
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, _LEARNING_RATE, steps // 20, steps, 0.01 * _LEARNING_RATE
    )
    optimizer = optax.adamw(schedule, b2=0.98, weight_decay=_WEIGHT_DECAY)
    params = language_model.initialize(jax.random.key(seed))
    data = jnp.asarray(texts)

    def loss(params: Params, batch: jax.Array) -> jax.Array:
        return -language_model.token_logps(params, batch).sum() / batch.shape[0]

    def step(
        carry: tuple[Params, optax.OptState], key: jax.Array
    ) -> tuple[tuple[Params, optax.OptState], None]:
        params, state = carry
        batch = data[jax.random.randint(key, (_BATCH,), 0, data.shape[0])]
        updates, state = optimizer.update(jax.grad(loss)(params, batch), state, params)
        return (optax.apply_updates(params, updates), state), None

    keys = jax.random.split(jax.random.key(seed + 1), steps)
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, keys)[0])
    trained: Params = run((params, optimizer.init(params)))[0]
    return trained


def perplexities(params: Params, train: Tokens, test: Tokens) -> dict[str, float]:
    """Perplexity per token (end tokens included) of the model and of n-gram models on ``test``.

    The n-gram models mix the counts of ``train`` with the next lower order as a Dirichlet prior
    (MacKay and Peto 1995), down to the uniform distribution. The strength of each prior is the
    best *on the test texts*, so the comparison favors them.
    """
    tokens = int(_counted(test).sum())
    logps = jax.jit(language_model.token_logps)(params, jnp.asarray(test))
    result = {"uniform": float(VOCABULARY_SIZE)}
    predicted = np.full(test.shape, 1.0 / VOCABULARY_SIZE)
    for order, name in enumerate(("unigram", "bigram", "trigram")):
        predicted = _interpolated(order, train, test, predicted)
        result[name] = float(np.exp(-np.log(predicted[_counted(test)]).mean()))
    result["transformer"] = float(np.exp(-np.asarray(logps, np.float64).sum() / tokens))
    return result


def _counted(texts: Tokens) -> NDArray[np.bool_]:
    ended = np.cumsum(texts == END, axis=1) - (texts == END)
    return np.asarray(ended == 0)


def _interpolated(
    order: int, train: Tokens, test: Tokens, lower: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability of each test token, mixed with that of the next lower order."""
    joint, context = _ngrams(order, train)
    keys, mask = np.unique(joint[_counted(train)], return_counts=True), _counted(train)
    contexts = np.unique(context[mask], return_counts=True)
    test_joint, test_context = _ngrams(order, test)
    together, given = _look_up(keys, test_joint), _look_up(contexts, test_context)
    best = min(
        (
            (together + strength * lower) / (given + strength)
            for strength in np.geomspace(0.5, 500.0, 31)
        ),
        key=lambda p: float(-np.log(p[_counted(test)]).mean()),
    )
    return np.asarray(best)


def _ngrams(order: int, texts: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Integer codes of each token with its ``order`` predecessors, and of these alone."""
    context = np.zeros(texts.shape, np.int64)
    for distance in range(1, order + 1):
        before = np.full(texts.shape, START, np.int64)
        before[:, distance:] = texts[:, :-distance]
        context = context * VOCABULARY_SIZE + before
    return context * VOCABULARY_SIZE + texts, context


def _look_up(
    counts: tuple[NDArray[np.int64], NDArray[np.int64]], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    known, numbers = counts
    places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[places] == codes, numbers[places], 0).astype(np.float64)


def _show(params: Params, data: corpus.Corpus, write: Callable[[str], None]) -> None:
    for name, value in perplexities(params, data.train, data.validation).items():
        write(f"{name:12s} {value:8.2f}")
    prompts = jnp.asarray(data.validation[:12, : corpus.PROMPT_LENGTH])
    shape = (language_model.RESPONSE_LENGTH, 12, VOCABULARY_SIZE)
    noise = jax.random.gumbel(jax.random.key(0), shape)
    for text in np.asarray(language_model.sample_responses(params, prompts, noise)):
        write("  " + corpus.decode(text, data.vocabulary))


def main() -> None:
    """Train, write data/reference.npz, and print perplexities and samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluate", action="store_true", help="only evaluate shipped weights")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = corpus.load()
    if options.evaluate:
        params = language_model.load_reference()
    else:
        params = pretrain(data.train, steps=options.steps, seed=options.seed)
        path = Path(__file__).parent / "data" / "reference.npz"
        arrays: dict[str, Any] = {name: np.asarray(x) for name, x in params.items()}
        np.savez_compressed(path, **arrays)
    _show(params, data, print)


if __name__ == "__main__":
    main()
