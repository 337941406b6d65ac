"""VADER's compound sentiment score over token ids, in JAX.

Follows the published rules (Hutto and Gilbert 2014, "VADER: A Parsimonious Rule-based Model for
Sentiment Analysis of Social Media Text") as the package vaderSentiment 3.3.2 applies them to
lower-case text without punctuation: valences, boosters and dampeners, negation within three words,
"no", "least", "but", and fixed phrases. Valences and word lists are the package's own, read when
the scorer is made. Oddities of the package are kept, since the score must equal its score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
)

from templates.preference_loss.corpus import END

__all__ = ["make_compound"]

_NORMALIZER = 15.0
_DISTANCE_FACTORS = (1.0, 0.95, 0.9)


@dataclass(frozen=True)
class _Words:
    """The package's word lists as vectors over the vocabulary; one extra entry for "no word"."""

    vocabulary: tuple[str, ...]

    def mask(self, keep: Callable[[str], bool]) -> jax.Array:
        return jnp.array([keep(word) for word in self.vocabulary] + [False])

    def values(self, table: dict[str, float]) -> jax.Array:
        return jnp.array([table.get(word, 0.0) for word in self.vocabulary] + [0.0], jnp.float32)

    def phrases(self, table: dict[str, float]) -> list[tuple[tuple[int, ...], float]]:
        """Multi-word entries that the vocabulary can spell, as token ids."""
        index = {word: token for token, word in enumerate(self.vocabulary)}
        return [
            (tuple(index[word] for word in phrase.split()), value)
            for phrase, value in table.items()
            if " " in phrase and all(word in index for word in phrase.split())
        ]


def make_compound(vocabulary: Sequence[str]) -> Callable[[jax.Array], jax.Array]:
    """Make the scorer for a vocabulary.

    Args:
        vocabulary: Word of each token id.

    Returns:
        A function from token ids ``[..., length]`` to compound scores ``[...]`` in (-1, 1). Text
        ends at the first end token.
    """
    words = _Words(tuple(vocabulary))
    nothing = len(words.vocabulary)
    lexicon = SentimentIntensityAnalyzer().lexicon
    valence_of = words.values(lexicon)
    in_lexicon = words.mask(lambda word: word in lexicon)
    boost_of = words.values(BOOSTER_DICT)
    negates = words.mask(lambda word: word in NEGATE or "n't" in word)
    special = words.phrases(SPECIAL_CASES)
    booster_phrases = words.phrases(BOOSTER_DICT)
    silent = words.mask(lambda word: word in BOOSTER_DICT)

    def is_word(tokens: jax.Array, *names: str) -> jax.Array:
        return words.mask(lambda word: word in names)[tokens]

    def compound(texts: jax.Array) -> jax.Array:
        ended = jnp.cumsum(texts == END, axis=-1) > 0
        here = jnp.where(ended, nothing, texts)
        # at[d]: the word d places later (negative: earlier), or "no word" beyond the text
        at = {d: _shift(here, d, nothing) for d in range(-3, 3)}

        def matches(phrase: tuple[int, ...], offset: int) -> jax.Array:
            hit = jnp.ones(here.shape, bool)
            for place, token in enumerate(phrase):
                hit &= at[offset + place] == token
            return hit

        base = valence_of[here]
        after_no = (
            is_word(at[-1], "no")
            | is_word(at[-2], "no")
            | (is_word(at[-3], "no") & is_word(at[-1], "or", "nor"))
        )
        valence = jnp.where(is_word(here, "no") & in_lexicon[at[1]], 0.0, base)
        valence = jnp.where(after_no, base * N_SCALAR, valence)
        for distance in (1, 2, 3):
            before = at[-distance]
            applies = (before != nothing) & ~in_lexicon[before]
            boost = boost_of[before] * jnp.where(valence < 0, -1.0, 1.0)
            changed = valence + boost * _DISTANCE_FACTORS[distance - 1]
            changed = changed * _negation(distance, at, negates, is_word)
            if distance == 3:
                changed = _phrases(changed, matches, special, booster_phrases)
            valence = jnp.where(applies, changed, valence)
        least = is_word(at[-1], "least") & ~is_word(at[-2], "at", "very")
        valence = jnp.where(least, valence * N_SCALAR, valence)
        counts = in_lexicon[here] & ~silent[here]
        counts &= ~(is_word(here, "kind") & is_word(at[1], "of"))
        total = _but(jnp.where(counts, valence, 0.0), is_word(here, "but")).sum(axis=-1)
        return total / jnp.sqrt(total * total + _NORMALIZER)

    return compound


def _shift(tokens: jax.Array, distance: int, fill: int) -> jax.Array:
    length = tokens.shape[-1]
    padding = [(0, 0)] * (tokens.ndim - 1) + [(max(-distance, 0), max(distance, 0))]
    padded = jnp.pad(tokens, padding, constant_values=fill)
    return padded[..., max(distance, 0) : max(distance, 0) + length]


def _negation(
    distance: int,
    at: dict[int, jax.Array],
    negates: jax.Array,
    is_word: Callable[..., jax.Array],
) -> jax.Array:
    """Factor by which a word ``distance`` places earlier changes a valence."""
    factor = jnp.where(negates[at[-distance]], N_SCALAR, 1.0)
    if distance == 1:
        return factor
    emphasis = is_word(at[-1], "so", "this")
    no_doubt = is_word(at[-1], "doubt")
    if distance == 2:
        never = is_word(at[-2], "never") & emphasis
        without = is_word(at[-2], "without") & no_doubt
    else:
        # the package's "and ... or" without brackets: "so" or "this" just before is enough
        never = (is_word(at[-3], "never") & is_word(at[-2], "so", "this")) | emphasis
        without = is_word(at[-3], "without") & (is_word(at[-2], "doubt") | no_doubt)
    return jnp.where(never, 1.25, jnp.where(without, 1.0, factor))


def _phrases(
    valence: jax.Array,
    matches: Callable[[tuple[int, ...], int], jax.Array],
    special: list[tuple[tuple[int, ...], float]],
    boosters: list[tuple[tuple[int, ...], float]],
) -> jax.Array:
    """Replace the valence inside or after a fixed phrase; add that of two-word boosters."""
    # (words, offset of the first) in rising order of precedence
    for length, offset in ((2, -3), (3, -3), (2, -2), (3, -2), (2, -1), (2, 0), (3, 0)):
        for phrase, value in special:
            if len(phrase) == length:
                valence = jnp.where(matches(phrase, offset), value, valence)
    for phrase, value in boosters:
        for offset in (-3, -2):
            valence = valence + jnp.where(matches(phrase, offset), value, 0.0)
    return valence


def _but(valences: jax.Array, is_but: jax.Array) -> jax.Array:
    """Halve what comes before the first "but", raise what follows by half.

    The package finds each place by its *value*, so that equal values are counted in the order in
    which they change; the loop over places repeats that.
    """
    length = valences.shape[-1]
    places = jnp.arange(length)
    but = jnp.where(is_but.any(axis=-1), jnp.argmax(is_but, axis=-1), -1)[..., None]
    by_side = jnp.where(places < but, 0.5, jnp.where(places > but, 1.5, 1.0))
    factors = jnp.where(but < 0, 1.0, by_side)
    for place in range(length):
        first = jnp.argmax(valences == valences[..., place, None], axis=-1)[..., None]
        valences = jnp.where(places == first, valences * factors, valences)
    return valences
