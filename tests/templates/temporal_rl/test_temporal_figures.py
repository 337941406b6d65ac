"""Figures of the report, from what the core gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from agent.report.template_figures import curve_figures, load_figures, template_figures
from agent.report.vector import to_svg
from templates.contract import BoundFunction
from templates.registry import Template, load_template
from templates.temporal_rl.core import TemporalRLCore

pytestmark = pytest.mark.gate

Baseline = Callable[[str], Mapping[str, BoundFunction]]


@pytest.mark.full("templates")
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


@pytest.mark.parametrize(
    ("level", "known", "population"),
    [("drift", "ppo", 128), ("objective", "ppo", 128), ("optimiser", "adam", 2048)],
)
def test_controls_are_behind_ppo(
    bind: Callable[..., Mapping[str, BoundFunction]], level: str, known: str, population: int
) -> None:
    core = TemporalRLCore("cpu", level=level)

    def score(name: str) -> float:
        functions = bind(level, name, population)
        found = core.evaluate(functions, effort="full", task="cartpole", seeds=[31, 32])
        return sum(result.metrics["normalized_return"] for result in found) / 2

    assert score(known) > 0.5
    for control in ("control_constant", "control_sign_flipped", "control_noise"):
        assert score(control) < 0.3


def test_an_optimisers_answers_are_drawn(bind: Callable[..., Mapping[str, BoundFunction]]) -> None:
    core = TemporalRLCore("cpu", level="optimiser")
    module = load_figures(load_template("temporal_rl", {"level": "optimiser"}))
    assert module is not None
    names = ("adam", "adam_annealed", "momentum")
    curves = {name: core.curves(bind("optimiser", name, 2048)) for name in names}
    steady = curves["adam"]["responses"]["turn"]["steps"][0]
    assert steady[10] == pytest.approx(1.0, abs=0.01)
    assert steady[-1] < 0
    # Adam's step does not know how large gradients are, and only annealing knows the time.
    sizes = curves["adam"]["responses"]["size"]["step"]
    assert max(sizes) / min(sizes) < 1.2
    over = {name: curves[name]["responses"]["training"]["step"] for name in names}
    assert over["adam"][0] == pytest.approx(over["adam"][-1], rel=0.1)
    assert over["adam_annealed"][-1] == 0.0
    drawn = curve_figures(module, {"mine": curves["momentum"]}, {"adam": curves["adam"]})
    assert [figure.key for figure in drawn] == ["responses"]
    assert "<image" not in to_svg(drawn[0].figure, "responses")
