"""The page: complete, safe, and in need of nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agent.archive import Archive, ReviewRecord
from agent.report import summary, write_report
from templates.registry import load_template
from tests.agent.report.campaign_writer import Writer
from tests.agent.report.conftest import Filler, Starter

SEEDS = {tier.name: tier.seeds for tier in load_template("preference_loss").spec.tiers}
HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on tags that do not nest."""

    VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def words(self) -> str:
        return " ".join(self.text.split())


def page_of(archive: Archive, home: Path) -> tuple[Path, Page]:
    path = write_report(archive, "latest", home)
    return path, Page(path.read_text(encoding="utf-8"))


def assert_self_contained(page: Page, source: str) -> None:
    assert not set(page.tags) & {"script", "link", "img", "iframe", "object", "embed", "image"}
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "xlink:href"):
            assert value.startswith("#"), (tag, name, value)
        assert name not in ("src", "srcset", "poster", "action", "data"), (tag, name)
        assert "url(http" not in value
    style = "".join(re.findall(r"<style.*?</style>", source, re.DOTALL))
    assert "@import" not in style
    assert "http" not in style
    policy = [value for tag, name, value in page.attributes if value.startswith("default-src")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_nothing_found_is_said_first(
    archive: Archive, nothing_found: Writer, tmp_path: Path
) -> None:
    path, page = page_of(archive, tmp_path)
    assert path == tmp_path / nothing_found.record.id / "report.html"
    source = path.read_text()
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", source, re.DOTALL)
    assert heading is not None
    assert heading[1].startswith("Nothing beat the best baseline (ipo")
    assert 'id="discoveries"' not in source
    assert_self_contained(page, source)


def test_a_discovery_is_shown_in_full(archive: Archive, discovered: Writer, tmp_path: Path) -> None:
    path, page = page_of(archive, tmp_path)
    source, words = path.read_text(), page.words()
    section = source[source.index('id="discoveries"') : source.index('id="ranking"')]
    shown = Page(
        f"<div>{section[section.index('>') + 1 : section.rindex('</section>')]}</div>"
    ).words()
    assert "tempered_margin" in shown
    assert "jax.nn.softplus(-beta * margin)" in shown
    assert "DPO saturates for large margins" in shown
    assert f"dpo {discovered.ids['dpo']} , ipo {discovered.ids['ipo']}" in shown.replace(",", " ,")
    assert "Sound: it cannot see the metric." in shown
    assert "after 1 repair" in shown
    for task in summary(archive, "latest").spec.tasks:
        assert task.title in shown
    # The case distinction is set row by row, and its source is there to copy.
    assert section.count('class="case"') == 2
    assert r"\begin{cases}" in shown
    assert "1 discovery: tempered_margin beats ipo" in words
    assert "stays at most 5 %" in words
    assert_self_contained(page, source)


def test_everything_that_was_asked_for_is_there(
    archive: Archive, discovered: Writer, tmp_path: Path
) -> None:
    path, page = page_of(archive, tmp_path)
    words = page.words()
    found = summary(archive, "latest")
    for row in found.rows:
        assert row.candidate.id in words
    for failure in found.failures:
        assert failure.kind in words
        assert failure.example in words
    for text in (
        f"{SEEDS['search']} + {SEEDS['confirm']} fresh",
        "non_convex",
        "own network namespace",
        "this machine has none",
        "jax 0.10.2",
        "temperature 0.7",
        "answered as qwen2.5-coder-1.5b-instruct-q4_k_m",
        "11 min 41 s",
        "24,200 in, 4,800 out",
        "20, 1 failed",
        "2026-03-01 22:04 UTC",
        "Someone et al. 2023",
        "What the numbers do not show",
        "The sandbox did not hold “gpu” here",
        found.metric.description,
    ):
        assert text in words, text
    assert "Reward against KL" in words
    assert "Value and gradient against dpo" in words
    assert path.read_text().count("<figure>") == 3
    assert "prefers-color-scheme: dark" in path.read_text()


def test_the_same_archive_gives_the_same_page(
    archive: Archive, discovered: Writer, tmp_path: Path
) -> None:
    first = write_report(archive, "latest", tmp_path / "one").read_text()
    assert write_report(archive, "latest", tmp_path / "two").read_text() == first


@pytest.mark.parametrize("latex", [HOSTILE, r"\undefinedmacro{x}"])
def test_a_formula_that_cannot_be_set_is_shown_as_its_source(
    archive: Archive, discovered: Writer, tmp_path: Path, latex: str
) -> None:
    archive.update_candidate(discovered.ids["tempered_margin"], closed_form=latex)
    path, page = page_of(archive, tmp_path)
    if latex != HOSTILE:
        assert "here is its LaTeX source" in page.words()
    assert latex in page.text
    assert_self_contained(page, path.read_text())


def test_hostile_text_stays_text(archive: Archive, start: Starter, tmp_path: Path) -> None:
    writer = start()
    writer.baselines()
    identifier = writer.candidate(
        HOSTILE,
        0.3,
        outcome="scored",
        model=f"model{HOSTILE}",
        thought=f"</blockquote>{HOSTILE}",
        code=f'"""</pre>{HOSTILE}"""',
        closed_form=rf"\mathrm{{{HOSTILE}}}",
        flags=(HOSTILE,),
        known_as=HOSTILE,
    )
    writer.measure(HOSTILE, "search", 0.75)
    archive.add_review(ReviewRecord(identifier, HOSTILE, HOSTILE, None, HOSTILE))
    other = writer.candidate(
        "_$\\frac$",
        0.2,
        outcome="invalid",
        error_kind=HOSTILE,
        error_message=f"<img src=x>{HOSTILE}",
    )
    writer.measure("_$\\frac$", "search", 0.74)
    archive.set_campaign_environment(
        writer.record.id,
        {"device": HOSTILE, "sandbox": {"name": HOSTILE, "guarantees": [{"name": HOSTILE}]}},
    )
    archive.set_campaign_status(writer.record.id, "failed", stop_reason=HOSTILE)
    path, page = page_of(archive, tmp_path)
    assert_self_contained(page, path.read_text())
    assert page.text.count(HOSTILE) >= 10
    assert other in page.text


@pytest.mark.parametrize(
    "environment",
    [{}, {"sandbox": None, "models": None, "versions": None}, {"sandbox": {"name": "process"}}],
)
def test_a_campaign_with_little_recorded_still_has_a_page(
    archive: Archive, start: Starter, tmp_path: Path, environment: dict[str, Any]
) -> None:
    writer = start()
    archive.set_campaign_environment(writer.record.id, environment)
    archive.set_campaign_status(writer.record.id, "running")
    path, page = page_of(archive, tmp_path)
    assert "This campaign is not finished: it is running" in page.words()
    assert "Nothing was scored" in page.words()
    assert "Nothing failed" in page.words()
    assert_self_contained(page, path.read_text())


def test_a_report_replaces_the_last_one_and_leaves_nothing_behind(
    archive: Archive, nothing_found: Writer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    first = write_report(archive, "latest", home)
    nothing_found.confirm("tempered_margin", 0.78, {"ipo": 0.71, "dpo": 0.70})
    second = write_report(archive, nothing_found.record.id, home)
    assert first == second
    assert "1 discovery" in second.read_text()
    assert [entry.name for entry in second.parent.iterdir()] == ["report.html"]


def test_a_template_without_figures_still_gets_curves(fill: Filler, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    from templates.registry import load_template

    source = load_template("preference_loss").path / "template.toml"
    (folder / "template.toml").write_text(source.read_text())
    with Archive(tmp_path / "other" / "archive.db") as other:
        fill(other, folder)
        _, page = page_of(other, tmp_path / "other")
    assert "Value and gradient against ipo" in page.words()


def test_a_template_draws_its_own_figures(fill: Filler, tmp_path: Path) -> None:
    from templates.registry import load_template

    folder = tmp_path / "drawn"
    folder.mkdir()
    source = load_template("preference_loss").path / "template.toml"
    (folder / "template.toml").write_text(source.read_text())
    (folder / "figures.py").write_text(
        "from matplotlib.figure import Figure\n"
        "REFERENCE_BASELINE = 'dpo'\n"
        "def rewards(candidates, baselines):\n"
        "    '''Rewards by seed.\n\n    One dot a <seed>.\n\n"
        "    Args:\n        secret: x.\n    '''\n"
        "    figure = Figure()\n"
        "    axes = figure.add_subplot()\n"
        f"    assert len(baselines['dpo']) == {SEEDS['search']}\n"
        f"    assert len(baselines['hinge']) == {SEEDS['screen']}\n"
        "    for name, details in candidates.items():\n"
        "        axes.plot([d['reference_reward'] for d in details], label=name)\n"
        "    return figure\n"
        "def nothing(candidates, baselines):\n"
        "    return None\n"
        "FIGURES = (rewards, nothing)\n"
    )
    with Archive(tmp_path / "other" / "archive.db") as other:
        fill(other, folder)
        path, page = page_of(other, tmp_path / "other")
    assert "Rewards by seed" in page.words()
    assert "One dot a <seed>." in page.words()
    assert "secret" not in page.words()
    assert "Value and gradient against dpo" in page.words()
    assert_self_contained(page, path.read_text())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "def rewards(candidates, baselines):\n    1 / 0\nFIGURES = (rewards,)\n",
            "rewards in figures.py of the template failed: ZeroDivisionError: division by zero",
        ),
        ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("FIGURES = (\n", "failed: SyntaxError: '(' was never closed"),
    ],
)
def test_figures_that_fail_cost_a_report_nothing_else(
    fill: Filler, tmp_path: Path, code: str, said: str
) -> None:
    from templates.registry import load_template

    folder = tmp_path / "broken"
    folder.mkdir()
    source = load_template("preference_loss").path / "template.toml"
    (folder / "template.toml").write_text(source.read_text())
    (folder / "figures.py").write_text(code)
    with Archive(tmp_path / "other" / "archive.db") as other:
        fill(other, folder)
        _, page = page_of(other, tmp_path / "other")
    assert said in page.words()
    assert "Value and gradient against ipo" in page.words()


def test_the_page_of_a_large_campaign_stays_small(
    archive: Archive, start: Starter, tmp_path: Path
) -> None:
    with archive.transaction() as step:
        writer = start(archive=step)
        writer.baselines()
        for number in range(60):
            writer.candidate(f"p{number}", 0.1, outcome="screened_out", program_digest="ab" * 32)
            writer.measure(f"p{number}", "screen", 0.5 + number / 1000)
    path, page = page_of(archive, tmp_path)
    assert "more scored candidates are in the archive" in page.words()
    assert path.stat().st_size < 1_000_000
