"""Figures of the report, from what the core gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from agent.report.template_figures import curve_figures, load_figures, template_figures
from agent.report.vector import to_svg
from templates.contract import BoundFunction
from templates.registry import Template
from templates.temporal_rl.core import TemporalRLCore

Baseline = Callable[[str], Mapping[str, BoundFunction]]


def test_everything_is_drawn_without_pixels(
    core: TemporalRLCore, baseline: Baseline, drift_template: Template
) -> None:
    module = load_figures(drift_template)
    assert module is not None
    curves = {name: core.curves(baseline(name)) for name in ("ppo", "dpo", "ppo_annealed")}
    details = {
        name: [
            result.detail
            for task in ("cartpole", "frozen_lake")
            for result in core.evaluate(baseline(name), effort="smoke", task=task, seeds=[1, 2])
        ]
        for name in ("ppo", "dpo")
    }
    shown, known = (
        {"mine": curves["dpo"]},
        {"ppo": curves["ppo"], "annealed": curves["ppo_annealed"]},
    )
    drawn = [
        *template_figures(module, {"mine": details["dpo"]}, {"ppo": details["ppo"]}),
        *curve_figures(module, shown, known),
    ]
    assert [figure.key for figure in drawn] == [
        "learning-curves",
        "over-training",
        "pressure",
        "heat-maps",
    ]
    for figure in drawn:
        assert figure.caption
        assert "<image" not in to_svg(figure.figure, figure.key)


@pytest.mark.parametrize("level", ["drift", "objective"])
def test_controls_are_behind_ppo(
    bind: Callable[..., Mapping[str, BoundFunction]], level: str
) -> None:
    core = TemporalRLCore("cpu", level=level)

    def score(name: str) -> float:
        found = core.evaluate(bind(level, name), effort="full", task="cartpole", seeds=[31, 32])
        return sum(result.metrics["normalized_return"] for result in found) / 2

    assert score("ppo") > 0.5
    for control in ("control_constant", "control_sign_flipped", "control_noise"):
        assert score(control) < 0.3
