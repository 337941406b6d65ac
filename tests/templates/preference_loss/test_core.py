"""The core on real trainings: reproducible, fair to bad candidates, same at every population."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.contract import FunctionSignature, SeedResult, TemplateSpec
from templates.native import NativeFunction
from templates.preference_loss.attributes import attribute_index
from templates.preference_loss.core import PreferenceLossCore
from templates.preference_loss.pairs import SeedDataSource
from templates.preference_loss.settings import BETAS, TASKS
from tests.templates.preference_loss.conftest import Binder

pytestmark = pytest.mark.gate


def run(
    core: PreferenceLossCore,
    function: NativeFunction,
    *,
    effort: str = "full",
    task: str = "sentiment",
    seeds: Sequence[int] = (0,),
) -> list[SeedResult]:
    return core.evaluate({"loss": function}, effort=effort, task=task, seeds=list(seeds))


def check_shape(result: SeedResult, spec: TemplateSpec) -> None:
    assert set(result.metrics) == {metric.name for metric in spec.metrics}
    assert all(math.isfinite(value) for value in result.metrics.values())
    json.dumps(result.detail, allow_nan=False)
    assert len(result.detail["points"]) == len(BETAS)


def test_declared_sizes_are_the_core_s(spec: TemplateSpec, core: PreferenceLossCore) -> None:
    assert spec.population == {"cpu": core.population, "cuda": 16 * core.population}
    assert {task.name for task in spec.tasks} == set(TASKS)
    assert len(spec.held_out_tasks) == 4
    assert {len(setting.betas) for setting in TASKS.values()} == {len(BETAS)}
    (function,) = spec.functions
    for arguments in core.probes()["loss"]:
        for argument, array in zip(function.arguments, arguments, strict=True):
            assert array.shape == (core.population, *argument.shape)
            assert array.dtype == argument.dtype


@pytest.fixture(scope="module")
def scored(core: PreferenceLossCore, baseline: Binder) -> dict[str, SeedResult]:
    """One full training of DPO and of the controls, on the same seed."""
    names = ("dpo", "ipo", "control_constant", "control_sign_flipped", "control_noise")
    return {name: run(core, baseline(name))[0] for name in names}


def test_dpo_learns(scored: dict[str, SeedResult], spec: TemplateSpec) -> None:
    result = scored["dpo"]
    check_shape(result, spec)
    reference = result.detail["reference_reward"]
    assert result.metrics["reward_at_kl"] > reference + 0.03
    points = result.detail["points"]
    assert points[0]["reward_gain"] > 5 * points[0]["reward_gain_error"]
    assert points[0]["win_rate"] > 0.6
    assert points[0]["kl"] > 2 * points[-1]["kl"] > 0.0  # beta does what it is for
    assert result.metrics["accuracy"] > 0.53
    assert result.failed is None


def test_controls_rank_last(scored: dict[str, SeedResult]) -> None:
    score = {name: result.metrics["reward_at_kl"] for name, result in scored.items()}
    worst_loss = min(score[name] for name in ("dpo", "ipo"))
    assert worst_loss > max(score[name] for name in score if name.startswith("control_")) + 0.01
    reference = scored["dpo"].detail["reference_reward"]
    assert score["control_constant"] == pytest.approx(reference)
    assert scored["control_constant"].metrics["kl"] == pytest.approx(0.0, abs=1e-4)
    assert scored["control_sign_flipped"].metrics["instability"] > 0.5


@pytest.mark.full("templates")
def test_evaluation_repeats_to_the_bit(
    core: PreferenceLossCore, baseline: Binder, scored: dict[str, SeedResult]
) -> None:
    assert run(core, baseline("dpo"))[0] == scored["dpo"]  # other candidates left no trace
    fresh = PreferenceLossCore("cpu")
    here, there = (run(each, baseline("dpo"), effort="smoke") for each in (core, fresh))
    assert here == there


@pytest.mark.full("templates")
@pytest.mark.parametrize("platform", ["cpu", "cuda"])
def test_more_seeds_a_call_give_the_same_results(
    core: PreferenceLossCore, baseline: Binder, spec: TemplateSpec, platform: str
) -> None:
    """The population of a GPU: vectorized members, and a place to spare in the second call.

    The core for "cuda" differs only in how it goes over the population, so a CPU can run it.
    """
    several = core if platform == "cpu" else PreferenceLossCore(platform)
    joint = run(several, baseline("dpo", population=12), effort="smoke", seeds=(0, 1, 2))
    assert [result.seed for result in joint] == [0, 1, 2]
    for result in joint:
        check_shape(result, spec)
        (alone,) = run(core, baseline("dpo"), effort="smoke", seeds=(result.seed,))
        for one, two in zip(result.detail["points"], alone.detail["points"], strict=True):
            assert one["kl"] == pytest.approx(two["kl"], rel=0.02)
            # rounding may turn a word here and there
            assert one["reward"] == pytest.approx(two["reward"], abs=0.003)
    assert joint[1].metrics != joint[0].metrics


class Bad(NativeFunction):
    """Slopes that are no numbers at beta above a limit."""

    def __init__(self, signature: FunctionSignature, limit: float) -> None:
        super().__init__(lambda chosen, *_: chosen, signature, 6)
        self.limit = limit

    def vjp(self, *arguments: jax.Array) -> tuple[jax.Array, ...]:
        slopes = jnp.where(arguments[4][:, None] > self.limit, jnp.nan, arguments[-1])
        return -slopes, slopes


def test_divergence_gets_an_honest_score(core: PreferenceLossCore, spec: TemplateSpec) -> None:
    (all_bad,) = run(core, Bad(spec.functions[0], 0.0), effort="smoke")
    check_shape(all_bad, spec)
    reference = all_bad.detail["reference_reward"]
    assert all_bad.metrics["reward_at_kl"] == pytest.approx(reference)
    assert all_bad.metrics["instability"] == 1.0
    assert all_bad.metrics["kl"] == 100.0
    assert all_bad.metrics["accuracy"] == 0.0
    assert all_bad.failed == "training diverged at 6 of 6 values of beta"
    (some_bad,) = run(core, Bad(spec.functions[0], 0.3), effort="smoke")
    assert [point["diverged"] for point in some_bad.detail["points"]] == [False] * 3 + [True] * 3
    assert some_bad.failed == "training diverged at 3 of 6 values of beta"


def test_runaway_slopes_do_not_raise(core: PreferenceLossCore, spec: TemplateSpec) -> None:
    class Huge(Bad):
        def vjp(self, *arguments: jax.Array) -> tuple[jax.Array, ...]:
            return 1e30 * arguments[0], -1e38 * arguments[1]

    (result,) = run(core, Huge(spec.functions[0], 0.0), effort="smoke")
    check_shape(result, spec)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_runs(
    core: PreferenceLossCore, baseline: Binder, spec: TemplateSpec, task: str
) -> None:
    (result,) = run(core, baseline("dpo"), effort="smoke", task=task, seeds=(5,))
    check_shape(result, spec)
    assert result.task == task
    assert [point["beta"] for point in result.detail["points"]] == list(TASKS[task].betas)


def test_unknown_names_are_refused(core: PreferenceLossCore, baseline: Binder) -> None:
    with pytest.raises(KeyError):
        run(core, baseline("dpo"), task="no_such_task")
    with pytest.raises(KeyError):
        run(core, baseline("dpo"), effort="no_such_effort")
    with pytest.raises(ValueError, match="multiple"):
        run(core, baseline("dpo", population=7))


def test_label_noise_turns_labels_round_and_nothing_else(core: PreferenceLossCore) -> None:
    source: SeedDataSource = core._source
    clean, noisy = source.get("sentiment", 3), source.get("label_noise", 3)
    one, two = np.asarray(clean.batches.texts), np.asarray(noisy.batches.texts)
    same = (one == two).all(axis=(2, 3))
    turned = (one[:, :, ::-1] == two).all(axis=(2, 3))
    assert (same | turned).all()
    # a quarter is turned; 3,072 labels give a standard error of .008
    assert turned.mean() == pytest.approx(0.25, abs=0.04)
    np.testing.assert_array_equal(clean.test.texts, noisy.test.texts)
    np.testing.assert_array_equal(clean.prompts, noisy.prompts)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_pairs_are_labelled_by_the_reward(core: PreferenceLossCore, task: str) -> None:
    source: SeedDataSource = core._source
    setting = TASKS[task]
    data = source.get(task, 4)
    reward = jax.jit(source._rewards)
    rewards = np.asarray(reward(data.batches.texts, attribute_index(setting.attribute)))
    gap = (rewards[..., 0] - rewards[..., 1]).ravel()
    decided = gap != 0
    assert decided.mean() > 0.95  # pairs without a preference are left out
    right = 1 / (1 + np.exp(-np.abs(gap[decided]) / setting.temperature))
    expected = (1 - setting.flipped) * right + setting.flipped * (1 - right)
    error = np.sqrt((expected * (1 - expected)).sum()) / decided.sum()
    assert abs((gap[decided] > 0).mean() - expected.mean()) < 5 * error  # false alarm: 6e-7
    tested = np.asarray(reward(data.test.texts, attribute_index(setting.attribute)))
    assert (tested[:, 0] >= tested[:, 1]).all()
