"""The library that ships with this: entries that can be found by what they are about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.literature import Found, Literature, LocalLibrary, open_catalogues
from agent.literature.publication import Publication
from templates.errors import UserError


@pytest.fixture(scope="module")
def library() -> LocalLibrary:
    return LocalLibrary()


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("hinge loss with a margin on pairs", "zhao2023slic"),
        ("squared distance of the log ratio from a target", "azar2023ipo"),
        ("language model proposes a preference loss", "lu2024discopop"),
        ("clipping the probability ratio", "schulman2017ppo"),
        ("drift function found by evolution", "lu2022lpo"),
        ("which tasks are interesting, learning progress", "zhang2023omni"),
        ("delayed generalization in modular arithmetic", "power2022grokking"),
        ("islands of programs and an evaluator", "romera2024funsearch"),
        ("noise schedules of diffusion", "nichol2021improved"),
        ("characters of Shakespeare", "karpathy2022nanogpt"),
    ],
)
def test_a_paper_is_found_by_what_it_does(library: LocalLibrary, query: str, key: str) -> None:
    found = library.search(query, 4)
    assert isinstance(found, Found)
    assert key in [one.key for one in found.publications]


def test_every_entry_has_words_of_its_own(library: LocalLibrary) -> None:
    assert len(library.publications) > 80
    for one in library.publications.values():
        assert 60 <= len(one.abstract) <= 330, one.key
        assert one.year
        assert all(author.count(",") <= 1 for author in one.authors), one.key
        assert not re.search(r"[\\{}]", one.title + one.abstract + "".join(one.authors)), one.key
        if one.arxiv is not None:
            year, month = int(one.arxiv[:2]) + 2000, int(one.arxiv[2:4])
            assert 1 <= month <= 12
            # A paper appears at a venue after its preprint, and not many years after it.
            assert year <= one.year <= year + 2, one.key


def test_nothing_in_common_is_no_match(library: LocalLibrary) -> None:
    assert library.search("zymurgy", 5) == Found("local", "zymurgy", (), 0)
    assert library.search('the "of" AND OR * (', 5) == Found("local", 'the "of" AND OR * (', (), 0)


def test_a_file_of_ones_own_joins_in(tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_text(
        "@misc{me2026, author = {Me, A.}, title = {Zymurgy of Losses}, year = {2026}}\n"
        "@misc{untitled, author = {Me, A.}, year = {2026}}\n"
    )
    found = LocalLibrary([file]).search("zymurgy", 5)
    assert isinstance(found, Found)
    assert [one.key for one in found.publications] == ["me2026"]
    assert Publication.from_json(found.publications[0].to_json()) == found.publications[0]


def test_a_file_that_is_not_bibtex_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_text("@misc{a, title = ")
    with pytest.raises(UserError, match=r"mine\.bib"):
        LocalLibrary([file])
    with pytest.raises(UserError, match="cannot be read"):
        LocalLibrary([tmp_path / "other.bib"])


@pytest.mark.parametrize(
    "entry",
    [
        "@misc{a2026, title = {A \\} and a \\{ in one}, year = {2026}}",
        "@misc{a2026, author = {A, B, C, D, E}, title = {T}, year = {2026}}",
    ],
)
def test_an_entry_that_cannot_be_read_is_refused(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "mine.bib"
    file.write_text(entry)
    with pytest.raises(UserError, match=r"mine\.bib"):
        LocalLibrary([file])


def test_a_year_that_is_no_number_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "mine.bib"
    file.write_text("@misc{a2026, title = {T}, year = {²}}", encoding="utf-8")
    assert LocalLibrary([file]).publications["a2026"].year is None


@pytest.mark.parametrize("name", ["local", "all"])
def test_the_local_library_of_a_campaign_holds_the_files_that_it_is_given(
    tmp_path: Path, name: Literature
) -> None:
    file = tmp_path / "references.bib"
    file.write_text("@misc{own2026, title = {Zymurgy of Losses}, year = {2026}}")
    local, *_ = open_catalogues(
        name, tmp_path, lambda seconds: None, notify=lambda line: None, files=[file]
    )
    found = local.search("zymurgy", 5)
    assert isinstance(found, Found)
    assert [one.key for one in found.publications] == ["own2026"]
    off = open_catalogues("off", tmp_path, lambda seconds: None, notify=lambda line: None)
    assert off == ()
