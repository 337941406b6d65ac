"""Figures of the report, from what the core gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.report.template_figures import curve_figures, load_figures, template_figures
from agent.report.vector import to_svg
from templates.omni.curriculum.figures import chosen_when, success_by_task_and_time
from templates.omni.figures import technology_tree
from templates.omni.technology import ACHIEVEMENTS, prerequisites
from templates.registry import load_template

pytestmark = pytest.mark.gate

KINDS = ("interesting", "repeat", "compound", "synonym", "impossible")
NAMES = [one.name for one in ACHIEVEMENTS]


def detail(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    success = np.sort(random.random((10, 15)), axis=0)
    drawn = random.dirichlet(np.ones(5), 10)
    return {
        "task": "standard",
        "steps": [100_000 * (point + 1) for point in range(10)],
        "curve": success.mean(axis=1).tolist(),
        "learned": (success > 0.5).sum(axis=1).tolist(),
        "names": NAMES,
        "interesting": success.tolist(),
        "drawn": [dict(zip(KINDS, row.tolist(), strict=True)) for row in drawn],
    }


def curves(seed: int) -> dict[str, Any]:
    shares = np.random.default_rng(seed).dirichlet(np.ones(5), 5).T
    named = dict(zip(KINDS, shares.tolist(), strict=True))
    return {"stages": [0.0, 0.1, 0.3, 0.6, 0.9], "shares": named}


def test_everything_is_drawn_without_pixels() -> None:
    module = load_figures(load_template("omni"))
    assert module is not None
    known = {name: [detail(seed), detail(seed + 1)] for seed, name in ((1, "uniform"), (5, "rule"))}
    drawn = [
        *template_figures(module, {"mine": [detail(9)]}, known),
        *curve_figures(module, {"mine": curves(3)}, {"uniform": curves(4)}),
    ]
    assert [figure.key for figure in drawn] == [
        "learning-curves",
        "technology-tree",
        "success-by-task",
        "drawn-over-training",
        "drawn-by-stage",
    ]
    for figure in drawn:
        assert figure.caption
        assert "<image" not in to_svg(figure.figure, figure.key)
    # With baselines alone there is something to see, too.
    assert len(template_figures(module, {}, known)) == 4
    assert curve_figures(module, {}, {"uniform": curves(4)}) == []


def test_the_tree_shows_every_achievement_with_its_success_left_of_what_needs_it() -> None:
    of = detail(2)
    figure = technology_tree({"mine": [of]}, {})
    assert figure is not None
    (axes,) = figure.axes
    boxes = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    places = {}
    for name, success in zip(NAMES, of["interesting"][-1], strict=True):
        places[name] = boxes[f"{name}\n{100 * success:.0f} %"]
    assert len(set(places.values())) == 15
    for one in ACHIEVEMENTS:
        for needed in prerequisites(one):
            assert places[needed][0] < places[one.name][0]


def grown(name: str, success: float) -> list[dict[str, Any]]:
    """Two generations of an agent; a proposed task comes into an impossible one's place."""

    def one(names: list[str], success: list[float], choice: dict[str, Any]) -> dict[str, Any]:
        chances = [0.5, 0.5]
        return {"tasks": {"names": names, "success": success, "chances": chances}, "choice": choice}

    return [
        one(["collect wood", "ride cloud"], [0.4, 0.0], {"kind": "progress"}),
        one(["collect wood", name], [0.6, success], {"kind": "predicates", "new": [name]}),
    ]


def test_proposed_tasks_have_rows_of_their_own() -> None:
    agents = {"agent 1": grown("swim", 0.8), "agent 2": grown("dive", 0.1)}
    figure = success_by_task_and_time(agents, {})
    assert figure is not None
    axes = figure.axes[0]
    # One that only one agent has is the mean over that agent, and white where nobody had it.
    assert [label.get_text() for label in axes.get_yticklabels()] == ["collect wood", "swim"]
    (mesh,) = (one for one in axes.collections if one.get_array() is not None)
    values: np.ma.MaskedArray[Any, np.dtype[np.float64]]
    values = np.ma.asarray(mesh.get_array()).reshape(2, 2)
    assert np.allclose(values[0], [0.4, 0.6])
    assert np.ma.getmaskarray(values)[1].tolist() == [True, False]
    assert values[1, 1] == 0.8
    chosen = chosen_when(agents, {})
    assert chosen is not None
    panels = {panel.get_title(): panel for panel in chosen.axes}
    rows = [label.get_text() for label in panels["agent 1"].get_yticklabels()]
    assert set(rows) == {"collect wood", "ride cloud", "swim", "dive"}
    for agent, name in (("agent 1", "swim"), ("agent 2", "dive")):
        (mark,) = panels[agent].texts
        assert mark.get_position() == (1.5, rows.index(name) + 0.5)
        assert mark.get_text() == "•"
