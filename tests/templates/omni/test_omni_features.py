"""What samplers are told of names."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from templates.omni.features import COLUMNS, base_name, embeddings, facts_of, features
from templates.omni.progress import fresh_progress
from templates.omni.settings import PROFILES, TASKS
from templates.registry import load_template

pytestmark = pytest.mark.gate

NAMES = (
    "collect wood",
    "collect four wood",
    "make wood pickaxe",
    "make two wood pickaxe",
    "collect wood and collect sapling",
    "sing to unicorn",
)


def test_columns_are_those_that_prompts_describe() -> None:
    argument = load_template("omni").spec.functions[0].arguments[3]
    assert argument.shape == (512, len(COLUMNS))
    for place, name in enumerate(COLUMNS):
        assert f"[:, {place}] {name}:" in argument.description


def test_facts_are_read_off_the_name() -> None:
    facts = facts_of(NAMES)
    base, times, compound, _ = facts.columns.T
    assert base[0] == base[1]
    assert base[2] == base[3]
    assert len({base[0], base[2], base[4], base[5]}) == 4
    assert times.tolist() == [1, 4, 1, 2, 1, 1]
    assert compound.tolist() == [0, 0, 0, 0, 1, 0]
    assert base_name("collect ten iron") == "collect iron"
    # Every word for a number is known, or repeats would have bases of their own.
    for setup in PROFILES["cpu"].values():
        for task in setup.tasks.tasks:
            if task.kind == "repeat":
                assert base_name(task.name) == task.base


def test_similar_names_are_near() -> None:
    vectors = embeddings(NAMES)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.5
    assert likeness[2, 3] > 0.7
    assert abs(likeness[0, 5]) < 0.3
    clusters = facts_of(tuple(task.name for task in TASKS["standard"].tasks.tasks)).columns[:, 3]
    assert len(set(clusters.tolist())) > 40
    tasks = TASKS["standard"].tasks
    places = [tasks.index(name) for name in ("make two iron sword", "make three iron sword")]
    assert len({clusters[place] for place in places}) == 1


def test_similarity_is_to_what_is_done() -> None:
    facts = facts_of(NAMES)
    progress = fresh_progress(len(NAMES))
    told = features(facts, progress, jnp.float32(0.25))
    assert told.shape == (len(NAMES), len(COLUMNS))
    assert np.array_equal(told[:, 4], np.zeros(len(NAMES)))
    assert np.array_equal(told[:, 6], np.full(len(NAMES), 0.25, np.float32))
    progress = progress._replace(success=jnp.array([0.6, 0.4, 0.0, 0.0, 0.0, 0.0]))
    similarity = np.asarray(features(facts, progress, jnp.float32(0.0))[:, 4])
    # Only the first is done; it is not compared with itself.
    assert similarity[0] == 0.0
    assert similarity[1] == pytest.approx(float(facts.likeness[0, 1]))
    assert similarity.argmax() in (1, 4)
