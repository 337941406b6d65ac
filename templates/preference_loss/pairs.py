"""What a seed of a task fixes before any candidate comes: pairs, batches, prompts and noise."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from templates.preference_loss import corpus
from templates.preference_loss.attributes import attribute_index, make_rewards
from templates.preference_loss.corpus import PROMPT_LENGTH, Corpus
from templates.preference_loss.language_model import (
    Params,
    gumbel_noise,
    response_logps,
    sample_responses,
)
from templates.preference_loss.settings import (
    BATCH,
    TASKS,
    TEST_PAIRS,
    TEXTS,
    TRAINING_PAIRS,
    UPDATES,
)

__all__ = ["Pairs", "SeedData", "SeedDataSource"]

_CACHED_SEEDS = 128
_COMPLETIONS = 4
_CHUNK = 128
# a third more prompts than pairs: of about one in five all texts are worth the same
_TRIED_PROMPTS = _CHUNK * -(-4 * (TRAINING_PAIRS + TEST_PAIRS) // (3 * _CHUNK))
_PROMPT_STREAM = 1


class Pairs(NamedTuple):
    """Preference pairs, the chosen text first.

    Attributes:
        texts: Token ids ``[pairs, 2, LENGTH]``.
        reference_logps: Log-probability of each response under the reference, ``[pairs, 2]``.
    """

    texts: jax.Array
    reference_logps: jax.Array


class SeedData(NamedTuple):
    """All that one seed of one task hands to every candidate alike (common random numbers).

    Attributes:
        batches: Training pairs in the order of the updates; arrays lead with
            ``[updates, BATCH]``.
        test: Unseen pairs, labelled without noise.
        prompts: Prompts of the final judgement ``[texts, PROMPT_LENGTH]``.
        noise_key: Key of the Gumbel noise with which texts are sampled.
        attribute: Index of the ground-truth reward.
        reference_rewards: Reward of the reference's text for each prompt, ``[texts]``.
    """

    batches: Pairs
    test: Pairs
    prompts: jax.Array
    noise_key: jax.Array
    attribute: jax.Array
    reference_rewards: jax.Array


class SeedDataSource:
    """Makes and keeps `SeedData`; none of it depends on a candidate.

    Args:
        data: The corpus.
        reference: Parameters of the reference policy.
    """

    def __init__(self, data: Corpus, reference: Params) -> None:
        self._reference = reference
        self._rewards = make_rewards(data.vocabulary)
        self._prompts = {
            name: np.unique(texts[:, :PROMPT_LENGTH], axis=0)
            for name, texts in (
                ("train", data.train),
                ("validation", data.validation),
                ("held_out", data.held_out),
            )
        }
        self._cache: OrderedDict[tuple[str, int], SeedData] = OrderedDict()
        self._make = jax.jit(self._seed_data)

    def get(self, task: str, seed: int) -> SeedData:
        """The data of a seed, from the cache where it is there.

        Args:
            task: Name of a task; raises KeyError for an unknown one.
            seed: At least 0 and below 2**32.
        """
        setting = TASKS[task]
        if (task, seed) not in self._cache:
            choose = np.random.default_rng([_PROMPT_STREAM, seed])
            pool, test_pool = self._prompts["train"], self._prompts[setting.prompts]
            self._cache[task, seed] = self._make(
                jnp.uint32(seed),
                choose.choice(pool, _TRIED_PROMPTS),
                choose.choice(test_pool, TEXTS),
                setting.temperature,
                setting.flipped,
                attribute_index(setting.attribute),
            )
            if len(self._cache) > _CACHED_SEEDS:
                self._cache.popitem(last=False)
        self._cache.move_to_end((task, seed))
        return self._cache[task, seed]

    def _seed_data(
        self,
        seed: jax.Array,
        prompts: jax.Array,
        test_prompts: jax.Array,
        temperature: jax.Array,
        flipped: jax.Array,
        attribute: jax.Array,
    ) -> SeedData:
        keys = jax.random.split(jax.random.key(seed), 4)
        texts, rewards = self._contrasts(keys[0], prompts, attribute)
        train, test = slice(0, TRAINING_PAIRS), slice(TRAINING_PAIRS, None)
        first_wins = jax.random.bernoulli(
            keys[1], jax.nn.sigmoid((rewards[train, 0] - rewards[train, 1]) / temperature)
        )
        first_wins ^= jax.random.bernoulli(keys[2], flipped, first_wins.shape)
        batches = self._order(texts[train], first_wins)
        noise = gumbel_noise(keys[3], TEXTS)
        own = sample_responses(self._reference, test_prompts, noise)
        return SeedData(
            batches=jax.tree.map(lambda x: x.reshape(UPDATES, BATCH, *x.shape[1:]), batches),
            test=self._order(texts[test], rewards[test, 0] > rewards[test, 1]),
            prompts=test_prompts,
            noise_key=keys[3],
            attribute=attribute,
            reference_rewards=self._rewards(own, attribute),
        )

    def _contrasts(
        self, key: jax.Array, prompts: jax.Array, attribute: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Two texts of the reference per prompt: the best and the worst of a few, in random order.

        Labels stay Bradley-Terry given the pair; contrasts only make each label tell more. Some
        more prompts are tried than needed, so that those whose texts are all worth the same can
        be left out, as an annotator who sees no difference gives no label.
        """

        def sample(key: jax.Array, prompts: jax.Array) -> tuple[jax.Array, jax.Array]:
            noise_key, order_key = jax.random.split(key)
            noise = gumbel_noise(noise_key, _COMPLETIONS * len(prompts))
            repeated = jnp.repeat(prompts, _COMPLETIONS, axis=0)
            texts = sample_responses(self._reference, repeated, noise)
            texts = texts.reshape(len(prompts), _COMPLETIONS, -1)
            rewards = self._rewards(texts, attribute)
            # the last of the worst: two different samples also where all are worth the same
            worst = _COMPLETIONS - 1 - rewards[:, ::-1].argmin(axis=1)
            places = jnp.stack([rewards.argmax(axis=1), worst], axis=1)
            places = jax.random.permutation(order_key, places, axis=1, independent=True)
            return (
                jnp.take_along_axis(texts, places[..., None], axis=1),
                jnp.take_along_axis(rewards, places, axis=1),
            )

        # in chunks, since the noise of all of them at once would not fit into the caches
        chunks = prompts.reshape(-1, _CHUNK, PROMPT_LENGTH)
        shuffle_key, sample_key = jax.random.split(key)
        keys = jax.random.split(sample_key, len(chunks))
        texts, rewards = jax.lax.map(lambda pair: sample(*pair), (keys, chunks))
        texts, rewards = texts.reshape(-1, 2, corpus.LENGTH), rewards.reshape(-1, 2)
        decided_first = jnp.argsort(rewards[:, 0] == rewards[:, 1], stable=True)
        kept = jax.random.permutation(shuffle_key, decided_first[: TRAINING_PAIRS + TEST_PAIRS])
        return texts[kept], rewards[kept]

    def _order(self, texts: jax.Array, first_wins: jax.Array) -> Pairs:
        texts = jnp.where(first_wins[:, None, None], texts, texts[:, ::-1])
        flat = response_logps(self._reference, texts.reshape(-1, corpus.LENGTH))
        return Pairs(texts, flat.reshape(-1, 2))
