"""The trusted cores of shipped experiments: what they hand out, and what they make of answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sandboxes.evaluator.loading import core_class
from templates.contract import Task
from templates.diffusion_2d.distances import kl_divergence, mmd, wasserstein
from templates.diffusion_2d.shapes import SHAPES
from templates.errors import CandidateError
from templates.grokking.core import first_at, table
from templates.hiding import hidden_generator, lab_seed, new_salt, salted_seed
from templates.log_probabilities import normalized
from templates.registry import load_template

NAMES = ("char_lm", "diffusion_2d", "grokking")


def opened(name: str) -> tuple[Any, dict[str, Task]]:
    template = load_template(name)
    core = core_class(template.path, template.spec)(**template.spec.chosen)
    return core, {task.name: task for task in template.spec.tasks}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_what_is_handed_out_is_as_declared_and_another_for_each_seed(
    name: str, profile: str
) -> None:
    template = load_template(name, {"profile": profile})
    core = core_class(template.path, template.spec)(profile=profile)
    for task in template.spec.tasks:
        given = core.inputs(task=task, seed=1)
        assert {key: array.shape for key, array in given.items()} == shapes_of(template, task)
        again, other = core.inputs(task=task, seed=1), core.inputs(task=task, seed=2)
        assert all((given[key] == again[key]).all() for key in given)
        assert any((given[key] != other[key]).any() for key in given)


def shapes_of(template: Any, task: Task) -> dict[str, tuple[int, ...]]:
    return {
        one.name: tuple(task.values[part] if isinstance(part, str) else part for part in one.shape)
        for one in template.spec.experiment.inputs
    }


def test_the_seed_of_the_lab_tells_nothing_of_what_is_hidden() -> None:
    seeds = {lab_seed(name, task, 5) for name in NAMES for task in ("a", "b")}
    assert len(seeds) == 6
    drawn = {
        hidden_generator("a", "b", seed).integers(2**40) for seed in (5, lab_seed("a", "b", 5))
    }
    assert len(drawn | {np.random.default_rng(5).integers(2**40)}) == 3


def test_a_salt_changes_what_is_hidden_and_stays_out_of_it() -> None:
    assert salted_seed(5, None) == 5
    first, second = new_salt(), new_salt()
    assert (len(first), first == second) == (32, False)
    seeds = [salted_seed(seed, salt) for salt in (first, second) for seed in (5, 6)]
    assert len({5, *seeds}) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seeds[0] == salted_seed(5, first)


def test_tables_are_those_of_groups() -> None:
    for operation, symbols in (("addition", 5), ("permutations", 6), ("permutations", 24)):
        pairs, results = table(operation, symbols)
        square = np.empty((symbols, symbols), int)
        square[pairs[:, 0], pairs[:, 1]] = results
        for lines in (square, square.T):
            assert (np.sort(lines, axis=1) == np.arange(symbols)).all()
        first, second, third = np.indices((symbols,) * 3)
        assert (square[square[first, second], third] == square[first, square[second, third]]).all()
    pairs, results = table("division", 7)
    assert ((results * pairs[:, 1]) % 7 == pairs[:, 0]).all()
    pairs, results = table("subtraction", 7)
    assert ((results + pairs[:, 1]) % 7 == pairs[:, 0]).all()


def test_the_symbols_of_a_table_have_names_that_arithmetic_does_not_tell() -> None:
    core, tasks = opened("grokking")
    given = core.inputs(task=tasks["addition"], seed=3)
    guessed = given["train_pairs"].sum(axis=1) % 47
    assert (guessed == given["train_results"]).mean() < 0.1
    known = {tuple(pair) for pair in given["train_pairs"]}
    assert not known & {tuple(pair) for pair in given["hidden_pairs"]}


def test_grokking_is_scored_by_when_hidden_results_are_right() -> None:
    core, tasks = opened("grokking")
    task = tasks["addition"]
    _, results, known = core.split(task, 3)
    outputs = {
        "train_predictions": np.tile(results[:known], (40, 1)).astype(float),
        "hidden_predictions": np.tile(results[known:], (40, 1)).astype(float),
    }
    outputs["hidden_predictions"][:10] = (outputs["hidden_predictions"][:10] + 1) % 47
    found = core.score(outputs, task=task, seed=3).metrics
    assert found == {
        "accuracy_along": 0.75,
        "final_accuracy": 1.0,
        "steps_to_99": 1100.0,
        "delay": 1000.0,
    }
    never = {name: (predicted + 1) % 47 for name, predicted in outputs.items()}
    late = {**never, "train_predictions": outputs["train_predictions"]}
    for worst in (never, late):
        metrics = core.score(worst, task=task, seed=3).metrics
        assert (metrics["steps_to_99"], metrics["delay"]) == (4100.0, 4100.0)
    outputs["hidden_predictions"][0, 0] = 0.5
    with pytest.raises(CandidateError, match="whole numbers"):
        core.score(outputs, task=task, seed=3)
    assert first_at(np.array([0.1, 0.2]), np.array([5, 10]), 15) == 15


def test_characters_after_contexts_are_nowhere_in_what_is_handed_out() -> None:
    from templates.char_lm.core import cut
    from templates.char_lm.corpus import ALPHABET, load

    core, tasks = opened("char_lm")
    task = tasks["law"]
    text, contexts, targets = cut(task, 4)
    whole = "".join(ALPHABET[one] for one in load("law"))
    learned = "".join(ALPHABET[one] for one in text)
    # What is learned from is the text before the windows, and what follows behind them.
    before = int(np.argmax(text != load("law")[: len(text)]))
    assert 0 < before < len(text)
    assert whole.find(learned[before:]) - before > contexts.size
    for context, target in list(zip(contexts, targets, strict=True))[:50]:
        words = "".join(ALPHABET[one] for one in context)
        assert words in whole
        assert words + ALPHABET[target] in whole
    windows = {bytes(context) for context in contexts}
    assert sum(bytes(text[at : at + 32]) in windows for at in range(0, len(text) - 32)) < 60
    symbols = task.values["symbols"]
    assert symbols == len(ALPHABET)
    log_probs = np.full((10, 2048, symbols), -np.log(symbols))
    found = core.score({"log_probs": log_probs}, task=task, seed=4).metrics
    assert found["nats_per_character"] == pytest.approx(np.log(symbols))
    log_probs[-1] = np.log(1e-6)
    log_probs[-1, np.arange(2048), targets] = np.log(1 - 37e-6)
    better = core.score({"log_probs": log_probs}, task=task, seed=4).metrics
    assert better["accuracy"] == 1
    assert better["nats_per_character"] < 1e-3


def test_probabilities_count_only_if_they_sum_to_one() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4, 7))
    exact = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert normalized("p", exact) == pytest.approx(exact)
    assert normalized("p", exact + 0.009) == pytest.approx(exact)
    for wrong in (exact + np.log(2), exact - 0.02, exact + 1e4, exact - 1e4, np.zeros((4, 7))):
        with pytest.raises(CandidateError) as caught:
            normalized("p", wrong)
        assert caught.value.kind == "not_normalized"
    one_row = exact.copy()
    one_row[2] += 0.1
    with pytest.raises(CandidateError, match=r"sum to 1\.105"):
        normalized("p", one_row)


def test_distances_between_points_are_right_where_they_are_known() -> None:
    rng = np.random.default_rng(2)
    first, same = rng.normal(size=(2, 2000, 2))
    moved, wide = same + np.array([1.0, 0.0]), 2 * same
    # Of normal distributions: half the squared distance; log 4 - 1 + 1/4 for twice the width.
    assert abs(kl_divergence(first, same)) < 0.05
    assert kl_divergence(first, moved) == pytest.approx(0.5, abs=0.12)
    assert kl_divergence(first, wide) == pytest.approx(np.log(4) - 0.75, abs=0.12)
    assert wasserstein(first[:500], first[:500] + np.array([3.0, 0.0])) == pytest.approx(3.0)
    assert abs(mmd(first[:500], same[:500])) < 0.02 < mmd(first[:500], moved[:500])
    assert np.isfinite(kl_divergence(first, np.zeros((2000, 2))))


def test_copies_of_given_points_are_refused_and_fresh_points_are_not() -> None:
    core, tasks = opened("diffusion_2d")
    assert set(SHAPES) == set(tasks)
    for task in (tasks["moons"], tasks["dino"]):
        given = core.inputs(task=task, seed=1)["points"]
        with pytest.raises(CandidateError) as caught:
            core.score({"samples": given}, task=task, seed=1)
        assert caught.value.kind == "copied"
        hidden = core.score({"samples": _hidden(task)}, task=task, seed=1).metrics
        assert hidden["wasserstein"] == 0
        around = given.mean(0) + given.std() * np.random.default_rng(1).normal(size=given.shape)
        far = core.score({"samples": around}, task=task, seed=1).metrics
        assert far["kl"] > 0.3
        assert far["wasserstein"] > 0.05


def _hidden(task: Task) -> Any:
    from templates.diffusion_2d.core import drawn

    return drawn(task, 1)[1]
