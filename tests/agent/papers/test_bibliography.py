"""The library: complete entries, the right ones for a template, nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.papers.claims.bibliography import load_library
from templates.errors import UserError
from templates.registry import Template, load_template


def test_every_entry_can_be_found_by_others() -> None:
    library = load_library()
    assert len(library.entries) >= 20
    for entry in library.entries.values():
        assert entry.authors
        assert re.fullmatch(r"(19|20)\d\d", entry.year)
    numbers = [entry.eprint for entry in library.entries.values() if entry.eprint]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", ["preference_loss", "temporal_rl"])
def test_publications_that_baselines_name_are_in_the_library(name: str) -> None:
    library = load_library()
    template = load_template(name)
    cited = " ".join(baseline.citation for baseline in template.baselines)
    known = {entry.eprint for entry in library.entries.values()}
    wanted = set(re.findall(r"\b\d{4}\.\d{5}\b", cited))
    assert wanted, "no baseline names a publication"
    assert wanted <= known
    assert library.relevant(template)
    if name == "preference_loss":
        assert {reference.key for reference in template.spec.references} <= set(library.entries)


def test_a_paper_on_preferences_does_not_cite_reinforcement_learning() -> None:
    relevant = load_library().relevant(load_template("preference_loss"))
    assert "rafailov2023dpo" in relevant
    assert "schulman2017ppo" not in relevant


def test_entries_are_formatted_without_a_program_of_latex() -> None:
    ((key, text),) = load_library().latex(["azar2023ipo"])
    assert key == "azar2023ipo"
    assert "arXiv:2310.12036" in text
    assert "Azar" in text


def test_every_entry_that_ships_with_this_can_be_set() -> None:
    library = load_library()
    assert [key for key, _ in library.latex(list(library.entries))] == list(library.entries)


def with_library(folder: Path, text: str, spec: Template) -> Template:
    (folder / "references.bib").write_text(text)
    return Template(spec.spec, folder)


def test_a_template_brings_its_own_entries(tmp_path: Path) -> None:
    template = load_template("circle_packing")
    entry = "@misc{own2020, author = {One, A.}, title = {T}, year = {2020}, doi = {10.1/x}}"
    library = load_library(with_library(tmp_path, entry, template))
    assert "own2020" in library.entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@misc{a2020, author = {One, A.}, title = {T}, year = {2020}}", "no eprint or doi"),
        ("@misc{a2020, title = {T}, year = {2020}, doi = {10.1/x}}", "no author"),
        ("@misc{lu2024discopop, author={O, A.}, title={T}, year={2020}, doi={1}}", "repeated"),
        ("@misc{a2020, author = ", "references.bib"),
        ("@misc{a2020, title = {T}, author = {O, A., B, C, D}, year = {2020}}", "Too many commas"),
    ],
)
def test_incomplete_entries_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_library(with_library(tmp_path, text, load_template("circle_packing")))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("article", "no journal"),
        ("inproceedings", "no booktitle"),
        ("incollection", "no booktitle"),
        ("book", "no publisher"),
        ("phdthesis", "no school"),
        ("mastersthesis", "no school"),
        ("techreport", "no institution"),
        ("unpublished", "no note"),
        # Of BibLaTeX.
        ("report", "type @report"),
    ],
)
def test_entries_that_no_paper_could_set_are_refused_when_they_are_read(
    tmp_path: Path, kind: str, said: str
) -> None:
    own = "{own2020, author = {One, A.}, title = {T}, year = {2020}, doi = {10.1/x}}"
    template = with_library(tmp_path, f"@{kind}{own}", load_template("circle_packing"))
    with pytest.raises(UserError, match=rf"references\.bib: the entry own2020 .*{said}"):
        load_library(template)


def test_a_bibliography_that_is_no_text_is_refused(tmp_path: Path) -> None:
    template = with_library(tmp_path, "", load_template("circle_packing"))
    (tmp_path / "references.bib").write_bytes(b"@misc{a2020, title = {\xff}}")
    with pytest.raises(UserError, match="cannot be read"):
        load_library(template)
