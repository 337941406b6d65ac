"""The score in JAX equals the package's, on text of every kind."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from templates.preference_loss import corpus
from templates.preference_loss.attributes import attribute_index, make_rewards
from templates.preference_loss.corpus import END, LENGTH, PROMPT_LENGTH, START
from templates.preference_loss.language_model import gumbel_noise, load_reference, sample_responses
from templates.preference_loss.sentiment import make_compound

pytestmark = pytest.mark.gate

DATA = corpus.load()
ANALYZER = SentimentIntensityAnalyzer()


def package_scores(texts: np.ndarray) -> np.ndarray:
    decoded = [corpus.decode(text, DATA.vocabulary) for text in texts]
    return np.array([ANALYZER.polarity_scores(text)["compound"] for text in decoded])


def generated() -> np.ndarray:
    prompts = jnp.asarray(DATA.validation[:600, :PROMPT_LENGTH])
    noise = gumbel_noise(jax.random.key(7), 600)
    return np.asarray(jax.jit(sample_responses)(load_reference(), prompts, noise))


def any_words() -> np.ndarray:
    return np.random.default_rng(0).integers(START + 1, len(DATA.vocabulary), (1500, LENGTH))


def rule_words() -> np.ndarray:
    """Mostly words that the rules are about, so that each rule fires often."""
    random = np.random.default_rng(1)
    rules = set(
        "no not never so this but nor or very most more little least at great nothing none "
        "without neither almost to die for death".split()
    )
    loaded = [t for t, word in enumerate(DATA.vocabulary) if word in ANALYZER.lexicon]
    special = [t for t, word in enumerate(DATA.vocabulary) if word in rules]
    texts = random.choice(loaded + 5 * special, (3000, LENGTH))
    texts[np.arange(3000), random.integers(4, LENGTH, 3000)] = END
    return texts


@pytest.mark.parametrize("make_texts", [generated, any_words, rule_words])
def test_equals_the_package(make_texts: Callable[[], np.ndarray]) -> None:
    texts = make_texts()
    scores = np.asarray(jax.jit(make_compound(DATA.vocabulary))(jnp.asarray(texts, jnp.int32)))
    wanted = package_scores(texts)
    assert np.abs(wanted).max() > 0.7  # the texts do carry sentiment
    np.testing.assert_allclose(scores, wanted, atol=1e-3)


def test_phrases_of_a_vocabulary_that_can_spell_them() -> None:
    words = "<end> <start> a really bad ass kind of good man kiss death yeah right the bomb is"
    vocabulary = tuple(words.split())
    random = np.random.default_rng(2)
    texts = random.integers(2, len(vocabulary), (3000, 8))
    scores = np.asarray(jax.jit(make_compound(vocabulary))(jnp.asarray(texts, jnp.int32)))
    decoded = [corpus.decode(text, vocabulary) for text in texts]
    wanted = [ANALYZER.polarity_scores(text)["compound"] for text in decoded]
    np.testing.assert_allclose(scores, wanted, atol=1e-3)


def test_rewards_by_hand() -> None:
    index = {word: token for token, word in enumerate(DATA.vocabulary)}

    def text(words: str) -> jax.Array:
        tokens = [index[word] for word in words.split()]
        return jnp.array([tokens + [END] * (LENGTH - len(tokens))])

    reward = make_rewards(DATA.vocabulary)
    sentiment, modern = attribute_index("sentiment"), attribute_index("modern")
    assert float(reward(text("the king of the city"), sentiment)[0]) == 0.5
    assert float(reward(text("the king is good"), sentiment)[0]) > 0.6
    assert float(reward(text("the king is not good"), sentiment)[0]) < 0.4
    assert float(reward(text("thou shalt see the king"), modern)[0]) == 1.0  # only the prompt
    assert float(reward(text("the king of thy house saith unto"), modern)[0]) == 0.25
