from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reviewers.code import CODE_REVIEWERS, RuleReviewer, open_code_reviewer
from reviewers.contract import Measured, Review, Subject
from templates.contract import TemplateSpec
from templates.errors import UserError

SPEC = TemplateSpec.model_validate(
    {
        "name": "toy",
        "title": "Toy",
        "summary": "A toy.",
        "boundary": "function",
        "core": "core:Core",
        "functions": [
            {
                "name": "loss",
                "arguments": [
                    {"name": "x", "shape": [4], "description": "input"},
                    {"name": "beta", "description": "strength"},
                ],
                "returns_shape": [4],
                "description": "a loss",
            }
        ],
        "population": {"cpu": 1},
        "metrics": [
            {
                "name": "reward",
                "title": "Reward",
                "direction": "maximize",
                "primary": True,
                "description": "more is better",
            }
        ],
        "tasks": [
            {"name": "a", "title": "A", "role": "search", "description": "one"},
            {"name": "b", "title": "B", "role": "held_out", "description": "two"},
            {"name": "c", "title": "C", "role": "held_out", "description": "three"},
        ],
        "tiers": [
            {"name": "smoke", "effort": "low", "seed_block": "search", "seeds": 1, "limit_s": 2}
        ],
    }
)
CLEAN = """import jax
import jax.numpy as jnp


def loss(x, beta):
    return jax.nn.softplus(-beta * x) + 0.5 * jnp.exp(-beta * x)
"""


def results(
    task: str,
    *values: float,
    parts: list[dict[str, float]] | None = None,
    failed: str | None = None,
) -> list[Measured]:
    return [
        Measured(task, seed, "full", {"reward": value}, (parts or [{}] * 99)[seed], failed)
        for seed, value in enumerate(values)
    ]


def subject(code: str = CLEAN, **changes: Any) -> Subject:
    return replace(Subject("exp_mix", code, "", SPEC), **changes)


def rules(review: Review) -> dict[str, str]:
    return {found["rule"]: found["severity"] for found in review.payload["findings"]}


def reviewed(**changes: object) -> Review:
    return RuleReviewer().review(subject(**changes))  # type: ignore[arg-type]


def test_a_clean_gain_is_accepted_and_reported() -> None:
    review = reviewed(
        measured=results("a", 0.8, 0.9, 0.85, 0.9) + results("b", 0.7, 0.8),
        baselines={
            "dpo": results("a", 0.7, 0.8, 0.8, 0.7) + results("b", 0.6, 0.6),
            "weak": results("a", 0.1, 0.2, 0.1, 0.3),
        },
    )
    assert (review.verdict, review.text, review.score) == ("accept", "Nothing to object.", None)
    gain, held_out = review.payload["gains"]
    assert (gain["task"], gain["over"], gain["ahead"], gain["seeds"]) == ("a", "dpo", 4, 4)
    assert gain["mean"] == pytest.approx(0.1125)
    assert held_out["mean"] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("changes", "rule", "verdict"),
    [
        ({"known_as": "dpo"}, "known", "reject"),
        ({"duplicate_of": "exp_mix_1"}, "duplicate", "reject"),
        ({"flags": ("non_deterministic",)}, "non_deterministic", "reject"),
        ({"flags": ("zero_gradient",)}, "no_gradient", "reject"),
        ({"flags": ("some_non_finite",)}, "non_finite", "accept"),
        ({"flags": ("gradient_mismatch",)}, "gradient_mismatch", "concern"),
        (
            {
                "flags": ("gradient_mismatch",),
                "code": CLEAN.replace("def loss", "@jax.custom_vjp\ndef loss"),
            },
            "lying_gradient",
            "reject",
        ),
        (
            {
                "flags": ("gradient_mismatch",),
                "code": CLEAN.replace("0.5 *", "jax.lax.stop_gradient(x) *"),
            },
            "partial_gradient",
            "accept",
        ),
    ],
)
def test_novelty_and_honesty(changes: dict[str, object], rule: str, verdict: str) -> None:
    review = reviewed(**changes)
    assert rule in rules(review)
    assert review.verdict == verdict


@pytest.mark.parametrize(
    ("body", "rule", "severity"),
    [
        ("return x", "ignored_argument", "note"),
        ("y = x\n    return beta * x", "dead_code", "note"),
        ("return beta * x\n    z = x", "dead_code", "note"),
        ("return beta * (x - jnp.mean(x))", "batch_statistics", "note"),
        ("return beta * jnp.sort(x)", "position_dependent", "note"),
        ("return beta * x * 1e9", "huge_constant", "note"),
        ("return beta * x + 3 + 4 + 5 + 6 + 7 + 8 + 9", "magic_constants", "note"),
        ("return beta * x" + " + x * beta" * 60, "complexity", "note"),
        ("try:\n        return beta * x\n    except ValueError: pass", "swallowed_errors", "note"),
        ("return jnp.where(x == 0.1234, 0, beta)", "exact_comparison", "concern"),
        ("return beta * x + jax.random.normal(jax.random.key(0))", "randomness", "concern"),
        ("return beta * x.__class__(1)", "reflection", "severe"),
        ("return beta * getattr(x, 'T')", "reflection", "severe"),
        ("import os\n    return beta * x", "reflection", "severe"),
    ],
)
def test_what_the_source_tells(body: str, rule: str, severity: str) -> None:
    code = f"import jax\nimport jax.numpy as jnp\n\n\ndef loss(x, beta):\n    {body}\n"
    assert rules(reviewed(code=code)).get(rule) == severity


def test_a_clean_source_tells_nothing() -> None:
    assert rules(reviewed()) == {}
    names = CLEAN.replace("loss(x, beta)", "loss(x, beta, *, random=1.0, os=2.0)").replace(
        "return", "mean = random * os\n    return mean *"
    )
    assert rules(reviewed(code=names)) == {}


SEARCH = {"dpo": results("a", 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)}


@pytest.mark.parametrize(
    ("mine", "rule"),
    [
        ([0.9, 0.49, 0.49, 0.49, 0.49, 0.49], "one_seed"),
        ([0.7, 0.7, 0.49, 0.49, 0.49, 0.49], "seeds_disagree"),
        ([0.6, 0.6, 0.6, 0.49, 0.49, 0.6], None),
        ([0.4, 0.4, 0.4, 0.4, 0.4, 0.9], None),
        ([0.9, 0.4], None),
    ],
)
def test_a_gain_on_few_seeds_is_doubted(mine: list[float], rule: str | None) -> None:
    review = reviewed(measured=results("a", *mine), baselines=SEARCH)
    assert rules(review) == ({rule: "concern"} if rule else {})


def test_a_gain_at_one_setting_is_doubted() -> None:
    flat = [{"KL 1": 0.5, "KL 2": 0.5, "KL 4": 0.5}] * 4
    narrow = [{"KL 1": 0.9, "KL 2": 0.5, "KL 4": 0.49}] * 4
    broad = [{"KL 1": 0.6, "KL 2": 0.6, "KL 4": 0.49}] * 4
    baselines = {"dpo": results("a", *[0.5] * 4, parts=flat)}
    for parts, expected in ((narrow, {"narrow_gain": "concern"}), (broad, {})):
        mine = results("a", *[0.6] * 4, parts=parts)
        assert rules(reviewed(measured=mine, baselines=baselines)) == expected


def test_held_out_tasks_that_contradict_the_search_are_doubted() -> None:
    baselines = {"dpo": [m for t in "abc" for m in results(t, 0.5, 0.5)]}
    search = results("a", 0.6, 0.6)
    contradicting = reviewed(
        measured=search + results("b", 0.4, 0.4) + results("c", 0.6, 0.6), baselines=baselines
    )
    assert rules(contradicting) == {"held_out_contradicts": "concern"}
    assert "b" in contradicting.text
    agreeing = reviewed(
        measured=search + results("b", 0.6, 0.6) + results("c", 0.6, 0.6), baselines=baselines
    )
    assert agreeing.verdict == "accept"


def test_gains_follow_the_direction_of_the_metric() -> None:
    data = SPEC.model_dump()
    data["metrics"][0]["direction"] = "minimize"
    review = reviewed(
        spec=TemplateSpec.model_validate(data),
        measured=results("a", 0.4, 0.4),
        baselines={"dpo": results("a", 0.5, 0.5)},
    )
    assert review.payload["gains"][0]["mean"] == pytest.approx(0.1)


def test_only_equal_efforts_and_seeds_are_compared() -> None:
    cheap = [replace(one, effort="low") for one in results("a", 0.1, 0.1)]
    review = reviewed(measured=results("a", 0.5), baselines={"dpo": cheap})
    assert review.payload["gains"] == []


def test_failed_seeds_are_named() -> None:
    review = reviewed(measured=results("a", 0.5, 0.5, failed="diverged at 2 of 6"))
    assert rules(review) == {"failed_seeds": "note"}
    assert "2 of 2 runs" in review.text


@pytest.mark.parametrize("name", CODE_REVIEWERS.names())
def test_every_reviewer_keeps_the_contract(name: str) -> None:
    long = CLEAN + "".join(f"\n\ndef unused_{i}(a, b):\n    c{i} = 3\n" for i in range(200))
    for given in (subject(), subject(long), subject(flags=("gradient_mismatch",), known_as="dpo")):
        reviewer = open_code_reviewer(name)
        review = reviewer.review(given)
        assert review.reviewer == name == reviewer.name
        assert 0 < len(review.text) <= 200
        assert json.loads(json.dumps(review.payload)) == review.payload
        assert reviewer.review(given) == review


def test_an_unknown_reviewer_lists_the_known() -> None:
    with pytest.raises(UserError, match="rules"):
        open_code_reviewer("human")


def test_a_long_text_is_refused() -> None:
    with pytest.raises(ValueError, match="200"):
        Review("x", "accept", None, "a" * 201, {})
