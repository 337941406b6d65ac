"""Long names fit into the page, whatever the template."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.archive import Archive
from agent.ideas.idea import LENGTHS
from agent.papers.latex.compiling import compile_latex
from tests.agent.papers.paper_material import material, write_campaign

pytestmark = pytest.mark.gate

# One is as long as may be; the other cannot be broken over two lines.
NAMES = (("wide_moments_" * 4)[: LENGTHS["name"]], "m" * 26)


@pytest.mark.parametrize("template", ["preference_loss", "grokking"])
@pytest.mark.parametrize("name", NAMES, ids=["snake_case", "one_word"])
def test_a_paper_with_a_long_name_is_no_wider_than_its_page(
    tmp_path: Path, template: str, name: str
) -> None:
    home = write_campaign(tmp_path, 0.69, confirm=False, template=template)
    with Archive(home / "archive.db") as archive, archive.transaction() as step:
        candidate = archive.candidate("tempered_margin")
        step.update_candidate(candidate.id, name=name)
    paper = material(home, name, tmp_path)
    latex, _, _ = paper.assembled(paper.defaults())
    file = tmp_path / "paper.tex"
    file.write_text(latex, encoding="utf-8")
    found = compile_latex(file, epoch_s=1_700_000_000)
    assert found.pdf is not None, found.error
    assert found.unresolved == ()
    assert found.overfull_pt == ()
