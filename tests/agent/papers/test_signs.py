"""What LaTeX has no letter for: signs in a template's words, commands in its publications."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agent.archive import Archive
from agent.papers.checking import check_document
from agent.papers.claims.book import FactBook
from agent.papers.claims.typeset import plain_of, tex
from agent.papers.latex.compiling import compile_latex
from agent.papers.latex.pdf import check_pdf, pdf_text
from agent.papers.paper import Paper
from templates.registry import load_template
from tests.agent.papers.paper_material import GOOD, material, write_campaign

pytestmark = pytest.mark.gate

SHIPPED = load_template("preference_loss").path


def changed_template(folder: Path, *changes: tuple[str, str]) -> Path:
    copy = folder / "preference_loss"
    shutil.copytree(SHIPPED, copy)
    file = copy / "template.toml"
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a ≤ b", r"a $\leq$ b"),
        ("10 Ω", r"10 $\Omega$"),
        ("Erdős", "Erdős"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "café"),
        ("日", "[U+65E5]"),
        ("e\N{SOFT HYPHEN}ight", "eight"),
        ("−1 %", r"$-$1 \%"),
    ],
)
def test_a_sign_is_set_by_its_command_or_shown_by_its_number(text: str, latex: str) -> None:
    assert tex(text) == latex
    if text.isascii():
        assert plain_of(latex) == text


def test_a_template_with_signs_in_its_words_has_papers(tmp_path: Path) -> None:
    template = changed_template(
        tmp_path,
        ('title = "Reward at fixed KL"', 'title = "Reward at KL ≤ λ"'),
        ('unit = "nats"', 'unit = "Ω"'),
    )
    home = write_campaign(tmp_path, 0.75, confirm=True, template=str(template))
    paper = material(home, "tempered_margin", tmp_path)
    latex, draft, facts = paper.assembled(paper.defaults())
    file = tmp_path / "paper.tex"
    file.write_text(latex, encoding="utf-8")
    found = compile_latex(file, epoch_s=1_700_000_000)
    assert found.pdf is not None, found.error
    assert check_pdf(found.pdf, latex) == []
    rows = [fact.reference for fact in facts]
    again = FactBook(paper.archive, paper.candidate)
    tables = sorted(paper.ledger.tables)
    assert not check_document(latex, draft, again, paper.library, paper.figures, tables, rows)
    words = " ".join(" ".join(page.split()) for page in pdf_text(found.pdf))
    # The mathematical fonts do not tell a reader of text which signs they show.
    assert "Reward at KL" in words
    assert r"Reward at KL $\leq$ $\lambda$" in latex
    assert r" $\Omega$" in latex


def test_where_latex_cannot_be_helped_sources_and_log_are_kept_and_said(tmp_path: Path) -> None:
    """A command of nobody's in a publication's title, which no text of the paper's can mend."""
    template = changed_template(tmp_path)
    (template / "references.bib").write_text(
        r"@misc{mine2020, author={Ann B.}, title={On \nosuchcommand}, year={2020}, "
        "eprint={2005.12345}, keywords={general}}\n",
        encoding="utf-8",
    )
    home = write_campaign(tmp_path, 0.75, confirm=True, template=str(template))
    cited = GOOD[1].removesuffix(".") + ", as in {{ cite('mine2020') }}."
    file = tmp_path / "answers.jsonl"
    file.write_text(json.dumps({"text": json.dumps({"paragraphs": [[GOOD[0], cited]]})}) + "\n")
    said: list[str] = []
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        paper = Paper(archive, candidate, model=f"recorded:{file}", home=home, notify=said.append)
        result = paper.run()
    assert (result.status, result.pdf) == ("uncompiled", None)
    assert any(line.startswith("LaTeX stopped in bibliography: Undefined") for line in said)
    assert "paper.tex and paper.log" in (result.error or "")
    assert "nosuchcommand" in (result.folder / "paper.tex").read_text(encoding="utf-8")
    assert "ndefined control sequence" in (result.folder / "paper.log").read_text(encoding="utf-8")
