"""Figures show every loss they are given, diverged trainings included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from templates.preference_loss.figures import frontier, loss_curves

pytestmark = pytest.mark.gate


def seed(shift: float, diverged: bool = False) -> dict[str, Any]:
    points = [
        {"kl": kl, "reward": 0.52 + 0.05 * np.sqrt(kl) + shift} for kl in (0.4, 1.0, 2.5, 6.0)
    ]
    if diverged:
        points[0] = {"kl": None, "reward": None}
    return {"reference_reward": 0.52, "points": points}


def test_frontier_draws_hull_and_mean_points(tmp_path: Path) -> None:
    figure = frontier(
        {"mine": [seed(0.01), seed(0.02, diverged=True)]},
        {"dpo": [seed(0.0)], "ipo": [seed(-0.01)]},
    )
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {"mine", "dpo", "ipo"}
    assert "nats" in axes.get_xlabel()
    curves = {line.get_label(): line for line in axes.lines}
    x, y = map(np.asarray, curves["mine"].get_data())
    assert np.interp(1.0, x, y) == pytest.approx(0.52 + 0.05 + 0.015, abs=0.004)
    figure.savefig(tmp_path / "frontier.png")


def test_all_trainings_diverged_leaves_the_reference() -> None:
    points = [{"kl": None, "reward": None}] * 3
    figure = frontier({"bad": [{"reference_reward": 0.5, "points": points}]}, {})
    (line, *_) = figure.axes[0].lines
    np.testing.assert_allclose(np.asarray(line.get_ydata()), 0.5)


def test_loss_curves_draw_value_and_slope(tmp_path: Path) -> None:
    x = np.linspace(-4, 4, 50)
    figure = loss_curves({"dpo": (x, np.log1p(np.exp(-x)), -1 / (1 + np.exp(x)))})
    left, right = figure.axes
    assert np.asarray(left.lines[0].get_ydata())[0] == pytest.approx(np.log1p(np.exp(4)))
    np.testing.assert_allclose(np.asarray(right.lines[0].get_ydata(), float), -1 / (1 + np.exp(x)))
    figure.savefig(tmp_path / "curves.png")
