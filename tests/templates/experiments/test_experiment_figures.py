"""Figures of shipped experiments: what is drawn of the details that their cores give."""

from __future__ import annotations

import numpy as np
import pytest

from agent.report.template_figures import load_figures, template_figures
from templates.registry import load_template


def detail(name: str, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    steps = [10, 20, 30]
    if name == "grokking":
        return {"steps": steps, "known": [1.0] * 3, "hidden": rng.uniform(size=3).tolist()}
    if name == "char_lm":
        return {"steps": steps, "nats": rng.uniform(1, 3, 3).tolist()}
    samples, hidden = rng.normal(size=(2, 50, 2)).tolist()
    return {"samples": samples, "hidden": hidden}


@pytest.mark.parametrize("name", ["char_lm", "diffusion_2d", "grokking"])
def test_every_candidate_and_the_untouched_experiment_are_drawn(name: str) -> None:
    module = load_figures(load_template(name))
    assert module is not None
    assert module.REFERENCE_BASELINE == "untouched"
    seeds = [detail(name, seed) for seed in range(4)]
    (drawn,) = template_figures(module, {"wider": seeds}, {"untouched": seeds[:2]})
    shown = {text.get_text() for axes in drawn.figure.axes for text in axes.texts}
    for axes in drawn.figure.axes:
        shown.add(axes.get_title())
        if (legend := axes.get_legend()) is not None:
            shown |= {text.get_text() for text in legend.get_texts()}
    assert {"wider", "untouched"} <= shown
    assert drawn.caption
    assert not template_figures(module, {}, {})
