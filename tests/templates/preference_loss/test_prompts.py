"""The prompts render with what a campaign gives them, and stay short for a small model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import pytest

from agent.proposers.prompts import load_prompts, render
from agent.proposers.selection import Peer
from templates.native import NativeFunction
from templates.preference_loss.probes import probe_arguments
from templates.registry import load_template

pytestmark = pytest.mark.gate

TEMPLATE = load_template("preference_loss")
PROMPTS = load_prompts(TEMPLATE.prompt)
BASELINES = [
    SimpleNamespace(name=each.name, title=each.title, score=0.58)
    for each in TEMPLATE.baselines
    if not each.is_control
]


def proposal(**given: Any) -> tuple[str, str]:
    values = {"parents": [], "siblings": [], "failures": [], "direction": "", **given}
    system, user = render(
        PROMPTS, "propose.jinja", {"spec": TEMPLATE.spec, "baselines": BASELINES, **values}
    )
    return system.content, user.content


def candidate(name: str, **changes: Any) -> Peer:
    fields = {
        "id": name,
        "index": 0,
        "name": name,
        "thought": f"THOUGHT-OF-{name}",
        "code": f"CODE-OF-{name}",
        "kind": "proposal",
        "stage": "screen",
        "score": 0.5912,
        "low": 0.588,
        "high": 0.594,
    }
    return Peer(**{**fields, **changes})


def test_system_states_the_interface_and_its_example_runs() -> None:
    text, _ = proposal()
    (function,) = TEMPLATE.spec.functions
    for argument in function.arguments:
        assert f"- {argument.name}: " in text
    assert "shape [64]" in text
    code = text[text.index("import jax\n") : text.index("# DPO")]
    names: dict[str, Any] = {}
    exec(code, names)
    bound = NativeFunction(names["loss"], function, 6)
    assert bool(jnp.isfinite(bound.value(*map(jnp.asarray, probe_arguments(6)[0]))).all())
    for baseline in BASELINES:
        assert f"- {baseline.name}: 0.5800" in text


def test_prompts_without_feedback_are_short() -> None:
    # four characters a token is a low estimate of the length for English and code alike
    assert sum(map(len, proposal())) / 4 < 800


def test_proposal_shows_all_feedback() -> None:
    _, text = proposal(
        parents=[candidate("first"), candidate("second", known_as="dpo", review="REVIEW-TEXT")],
        siblings=[candidate("third", score=None, low=None, high=None)],
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
    ):
        assert shown in text


def test_repair_shows_the_code_and_the_error() -> None:
    _, message = render(
        PROMPTS,
        "repair.jinja",
        {
            "spec": TEMPLATE.spec,
            "baselines": BASELINES,
            "code": "BROKEN-CODE",
            "error_kind": "shape",
            "error_message": "got [1]",
        },
    )
    assert "BROKEN-CODE" in message.content
    assert "shape: got [1]" in message.content
