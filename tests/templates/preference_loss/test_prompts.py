"""The prompts render with what a campaign gives them, and stay short for a small model."""

from __future__ import annotations

from types import SimpleNamespace

import jax.numpy as jnp
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from templates.native import NativeFunction
from templates.preference_loss.probes import probe_arguments
from templates.registry import load_template

TEMPLATE = load_template("preference_loss")
BASELINES = [
    SimpleNamespace(name=each.name, title=each.title, score=0.58)
    for each in TEMPLATE.baselines
    if not each.is_control
]


@pytest.fixture(scope="module")
def prompts():
    loader = FileSystemLoader(TEMPLATE.path / "prompts")
    environment = Environment(loader=loader, undefined=StrictUndefined)

    def render(name, **given):
        return environment.get_template(f"{name}.jinja").render(spec=TEMPLATE.spec, **given)

    return render


def candidate(name, **changes):
    fields = {
        "name": name,
        "code": f"CODE-OF-{name}",
        "thought": f"THOUGHT-OF-{name}",
        "score": 0.5912,
        "interval_low": 0.588,
        "interval_high": 0.594,
        "known_as": None,
        "review": None,
    }
    return SimpleNamespace(**{**fields, **changes})


def empty_proposal(prompts):
    return prompts(
        "propose", parents=[], siblings=[], baselines=BASELINES, failures=[], direction=""
    )


def test_system_states_the_interface_and_its_example_runs(prompts):
    text = prompts("system")
    (function,) = TEMPLATE.spec.functions
    for argument in function.arguments:
        assert f"- {argument.name}: " in text
    assert "shape [64]" in text
    code = text[text.index("import jax\n") :]
    names: dict[str, object] = {}
    exec(code, names)
    bound = NativeFunction(names["loss"], function, 6)
    assert bool(jnp.isfinite(bound.value(*probe_arguments(6)[0])).all())


def test_prompts_without_feedback_are_short(prompts):
    # four characters a token is a low estimate of the length for English and code alike
    assert len(prompts("system") + empty_proposal(prompts)) / 4 < 900
    assert "None" not in empty_proposal(prompts)


def test_proposal_shows_all_feedback(prompts):
    text = prompts(
        "propose",
        parents=[candidate("first"), candidate("second", known_as="dpo", review="REVIEW-TEXT")],
        siblings=[candidate("third", score=None, interval_low=None, interval_high=None)],
        baselines=BASELINES,
        failures=[SimpleNamespace(kind="shape", message="MESSAGE-TEXT")],
        direction="DIRECTION-TEXT",
    )
    for shown in (
        "first: 0.5912 (95% interval 0.5880 to 0.5940)",
        "CODE-OF-first",
        "second: 0.5912",
        "the same as dpo",
        "REVIEW-TEXT",
        "third: not scored",
        "THOUGHT-OF-third",
        "shape: MESSAGE-TEXT",
        "DIRECTION-TEXT",
        "DPO: logistic loss of the implicit reward margin: 0.5800",
    ):
        assert shown in text


def test_repair_shows_the_code_and_the_error(prompts):
    text = prompts("repair", code="BROKEN-CODE", error_kind="shape", error_message="got [1]")
    assert "BROKEN-CODE" in text
    assert "shape: got [1]" in text
