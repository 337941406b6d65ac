"""What a seed of a task fixes before any candidate comes: pairs, batches, prompts and noise."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from templates.preference_loss import corpus, language_model
from templates.preference_loss.attributes import make_rewards
from templates.preference_loss.corpus import PROMPT_LENGTH, Corpus
from templates.preference_loss.language_model import Params
from templates.preference_loss.settings import BATCH, TASKS, Effort, TaskSetting

__all__ = ["Pairs", "SeedData", "SeedDataSource"]

_CACHED_SEEDS = 128


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
        reference_rewards: Reward of the reference's text for each prompt, ``[texts]``.
    """

    batches: Pairs
    test: Pairs
    prompts: jax.Array
    noise_key: jax.Array
    reference_rewards: jax.Array


class SeedDataSource:
    """Makes and keeps `SeedData`; none of it depends on a candidate.

    Args:
        data: The corpus.
        reference: Parameters of the reference policy.
    """

    def __init__(self, data: Corpus, reference: Params) -> None:
        self._reference = reference
        self._prompts = {
            name: jnp.asarray(np.unique(texts[:, :PROMPT_LENGTH], axis=0))
            for name, texts in (
                ("train", data.train),
                ("validation", data.validation),
                ("held_out", data.held_out),
            )
        }
        self.rewards = make_rewards(data.vocabulary)
        self._cache: OrderedDict[tuple[str, Effort, int], SeedData] = OrderedDict()
        self._make: dict[tuple[str, Effort], Callable[[jax.Array], SeedData]] = {}

    def get(self, task: str, effort: Effort, seed: int) -> SeedData:
        """The data of a seed, from the cache where it is there.

        Args:
            task: Name of a task; raises KeyError for an unknown one.
            effort: Sizes of the arrays.
            seed: Any non-negative integer.
        """
        place = (task, effort, seed)
        if place in self._cache:
            self._cache.move_to_end(place)
            return self._cache[place]
        if (task, effort) not in self._make:
            self._make[task, effort] = jax.jit(partial(self._seed_data, TASKS[task], effort))
        found = self._make[task, effort](jnp.uint32(seed))
        self._cache[place] = found
        if len(self._cache) > _CACHED_SEEDS:
            self._cache.popitem(last=False)
        return found

    def _seed_data(self, setting: TaskSetting, effort: Effort, seed: jax.Array) -> SeedData:
        keys = jax.random.split(jax.random.key(seed), 6)
        count = effort.pairs + effort.test_pairs
        texts, rewards = self._undecided(keys[0], setting, count)
        train, test = slice(0, effort.pairs), slice(effort.pairs, count)
        first_wins = jax.random.bernoulli(
            keys[1], jax.nn.sigmoid((rewards[:, 0] - rewards[:, 1]) / setting.temperature)
        )
        first_wins ^= jax.random.bernoulli(keys[2], setting.flipped, first_wins.shape)
        truly_first = rewards[:, 0] > rewards[:, 1]
        pairs = self._order(texts[train], first_wins[train])
        order = _epochs(keys[3], effort.pairs, effort.updates)
        pool = self._prompts[setting.prompts]
        prompts = pool[jax.random.randint(keys[4], (effort.texts,), 0, len(pool))]
        noise = language_model.gumbel_noise(keys[5], effort.texts)
        own = language_model.sample_responses(self._reference, prompts, noise)
        return SeedData(
            batches=Pairs(pairs.texts[order], pairs.reference_logps[order]),
            test=self._order(texts[test], truly_first[test]),
            prompts=prompts,
            noise_key=keys[5],
            reference_rewards=self.rewards[setting.attribute](own),
        )

    def _undecided(
        self, key: jax.Array, setting: TaskSetting, count: int
    ) -> tuple[jax.Array, jax.Array]:
        """Two texts of the reference per prompt, preferring prompts where the rewards differ.

        Twice as many as needed are sampled; an annotator who sees no difference gives no label.
        """
        prompt_key, noise_key = jax.random.split(key)
        pool = self._prompts["train"]
        chosen = jax.random.choice(prompt_key, len(pool), (2 * count,), replace=False)
        prompts = jnp.repeat(pool[chosen], 2, axis=0)
        noise = language_model.gumbel_noise(noise_key, len(prompts))
        texts = language_model.sample_responses(self._reference, prompts, noise)
        texts = texts.reshape(2 * count, 2, -1)
        rewards = self.rewards[setting.attribute](texts)
        kept = jnp.argsort(rewards[:, 0] == rewards[:, 1], stable=True)[:count]
        return texts[kept], rewards[kept]

    def _order(self, texts: jax.Array, first_wins: jax.Array) -> Pairs:
        texts = jnp.where(first_wins[:, None, None], texts, texts[:, ::-1])
        flat = language_model.response_logps(self._reference, texts.reshape(-1, corpus.LENGTH))
        return Pairs(texts, flat.reshape(-1, 2))


def _epochs(key: jax.Array, pairs: int, updates: int) -> jax.Array:
    """Indices of the pairs of each update, ``[updates, BATCH]``; every epoch shuffles anew."""
    epochs = -(-updates * BATCH // pairs)
    keys = jax.random.split(key, epochs)
    order = jax.vmap(lambda key: jax.random.permutation(key, pairs))(keys)
    return order.reshape(-1)[: updates * BATCH].reshape(updates, BATCH)
