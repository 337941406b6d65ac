"""The figures of a paper: what their captions say is what was drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.agent.papers.paper_material import Material, material, write_campaign


def scores(paper: Material) -> str:
    return next(figure.caption for figure in paper.figures if figure.key == "scores")


@pytest.mark.parametrize(("control", "drawn"), [(0.45, True), (-40.0, False)])
def test_a_control_that_would_hide_the_others_is_named_instead(
    control: float, drawn: bool, tmp_path: Path
) -> None:
    home = write_campaign(tmp_path, 0.69, confirm=False, control=control)
    paper = material(home, "tempered_margin", tmp_path / "figures")
    said = "Beyond the axis, which cannot learn: {{ name('control_constant') }}."
    assert (said in scores(paper)) == (not drawn)
    latex, _, _ = paper.assembled(paper.defaults())
    assert ("Beyond the axis" in latex) == (not drawn)


def test_a_template_says_what_its_figure_shows_without_numbers(with_idea: Material) -> None:
    caption = next(figure.caption for figure in with_idea.figures if figure.of_template)
    assert caption.startswith("Accuracy during the run. On the left pairs")
    assert not re.search(r"\d", caption)
