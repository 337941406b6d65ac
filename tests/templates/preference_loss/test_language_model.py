"""The reference policy has learned English; sampling with a cache equals the full model."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.preference_loss import corpus
from templates.preference_loss.corpus import END, LENGTH, PROMPT_LENGTH, VOCABULARY_SIZE
from templates.preference_loss.language_model import (
    RESPONSE_LENGTH,
    Params,
    gumbel_noise,
    initialize,
    kl_divergence,
    load_reference,
    response_logps,
    sample_responses,
    token_logps,
)
from templates.preference_loss.pretrain import perplexities

pytestmark = pytest.mark.gate

DATA = corpus.load()
COUNT = 24
Sampled = tuple[Params, jax.Array, jax.Array, jax.Array]


@pytest.fixture(scope="module")
def sampled() -> Sampled:
    reference = load_reference()
    prompts = jnp.asarray(DATA.validation[:COUNT, :PROMPT_LENGTH])
    noise = gumbel_noise(jax.random.key(3), COUNT)
    return reference, prompts, noise, jax.jit(sample_responses)(reference, prompts, noise)


def test_corpus_is_what_it_says() -> None:
    assert len(DATA.vocabulary) == VOCABULARY_SIZE == len(set(DATA.vocabulary))
    for part in (DATA.train, DATA.validation, DATA.held_out):
        assert part.shape[1] == LENGTH
        assert (part[:, :5] > 1).all()  # at least five words
        after_end = np.cumsum(part == END, axis=1) > 0
        assert (part[after_end] == END).all()
        assert (part[:, -1] == END).all()
    train = {tuple(text) for text in DATA.train}
    assert not train & {tuple(text) for text in DATA.validation}
    assert not train & {tuple(text) for text in DATA.held_out}


def test_build_splits_by_verse_and_book() -> None:
    lines = [
        "Ge1:1 In the beginning God created the heaven.",
        "Ge1:2 The king sat in his house, and the king sat in the city.",
        "Rom1:1 The people sat in the house of the king.",
    ]
    built = corpus.build(lines, frozenset({"heaven"}))

    def words(texts: np.ndarray) -> set[str]:
        return {corpus.decode(text, built.vocabulary) for text in texts}

    assert words(built.validation) == {"in the beginning god created the heaven"}
    assert words(built.train) == {
        "the king sat in his house",
        "and the king sat in the city",
    }
    assert words(built.held_out) == {"the people sat in the house of the king"}


def test_reference_predicts_unseen_text_better_than_trigrams() -> None:
    found = perplexities(load_reference(), DATA.train, DATA.validation)
    assert found["transformer"] < found["trigram"] < found["bigram"] < found["unigram"] < 200


def test_cached_sampling_equals_the_full_forward_pass(sampled: Sampled) -> None:
    """Choosing each word from full passes over the text so far gives the very same texts."""
    reference, prompts, noise, texts = sampled

    @jax.jit
    def all_logps(so_far: jax.Array) -> jax.Array:
        """Scores of every word at every place, from whole texts through the public function."""

        def replaced(place: jax.Array, word: jax.Array) -> jax.Array:
            changed = so_far.at[:, place].set(word)
            return token_logps(reference, changed)[:, place]

        places = jnp.arange(PROMPT_LENGTH, LENGTH)
        words = jnp.arange(VOCABULARY_SIZE)
        scores: jax.Array = jax.lax.map(
            lambda place: jax.lax.map(lambda word: replaced(place, word), words, batch_size=64),
            places,
        )
        return scores

    scores = np.asarray(all_logps(texts))  # [places, words, texts]
    noisy = scores.transpose(0, 2, 1) + np.asarray(noise)
    chosen = noisy.argmax(axis=-1).T
    response = np.asarray(texts)[:, PROMPT_LENGTH:]
    ended = np.cumsum(response == END, axis=1) - (response == END) > 0
    assert (~ended).sum() > 80
    np.testing.assert_array_equal(response[~ended], chosen[~ended])
    assert (response[ended] == END).all()
    np.testing.assert_array_equal(texts[:, :PROMPT_LENGTH], prompts)


def test_logps_count_each_response_once(sampled: Sampled) -> None:
    reference, _, _, texts = sampled
    per_token = token_logps(reference, texts)
    np.testing.assert_allclose(
        response_logps(reference, texts), per_token[:, PROMPT_LENGTH:].sum(axis=1), rtol=1e-5
    )
    length = (np.asarray(texts) != END).sum(axis=1)
    for text, row in zip(length, np.asarray(per_token), strict=True):
        assert (row[text + 1 :] == 0).all()
        assert (row[: min(text + 1, LENGTH)] < 0).all()


def test_kl_is_exact_and_unbiased(sampled: Sampled) -> None:
    reference, _, _, _ = sampled
    other = jax.tree.map(lambda x, y: 0.8 * x + 0.2 * y, reference, initialize(jax.random.key(1)))
    prompts = jnp.asarray(np.repeat(DATA.validation[:8, :PROMPT_LENGTH], 128, axis=0))
    noise = jax.random.gumbel(jax.random.key(5), (RESPONSE_LENGTH, len(prompts), VOCABULARY_SIZE))
    texts = jax.jit(sample_responses)(other, prompts, noise)
    np.testing.assert_allclose(kl_divergence(reference, reference, texts), 0.0, atol=1e-4)
    along = np.asarray(kl_divergence(other, reference, texts))
    ratios = np.asarray(response_logps(other, texts) - response_logps(reference, texts))
    error = ratios.std() / np.sqrt(len(ratios))
    assert along.std() < ratios.std()
    assert abs(along.mean() - ratios.mean()) < 5 * error  # false alarm: 6e-7
