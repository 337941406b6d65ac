"""From a real small campaign to a paper, its review, what it asks for, and a second version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.archive import Archive, CampaignRecord
from agent.calling import BudgetSpentError
from agent.campaign import Campaign, CampaignSettings
from agent.campaign.extending import measures_left
from agent.campaign.settings import Knobs
from agent.cli.app import app
from agent.loading import template_of
from agent.papers.automatic import AutomaticPapers
from agent.papers.path import PaperPath
from agent.papers.reviewed import ModelPaperReviewer
from agent.papers.stages import StageStore, paper_cost, versions
from agent.reviewing import ReviewPlan
from agent.stopping import StopRequestedError
from templates.errors import UserError
from tests.agent.papers.paper_material import choices
from tests.data.completions import IDEAS
from tests.data.forms import form
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

ROOT = Path(__file__).parents[2] / "data"
TEXT = (
    "This section says in plain words what was done here and leaves nothing out of it.",
    "The function is called {{ name('candidate') }} by the model that proposed it.",
)
PLAN = {
    "advice": [{"section": "results", "change": "Say what fresh seeds show."}],
    "measures": ["fresh_seeds"],
}


class Quiet:
    def notify(self, progress: object) -> None:
        pass


def answers(file: Path, *, small: bool = False) -> Path:
    """A model that says the same to everybody: proposal, section, review and plan in one.

    A small one chooses the second of all that is prepared and plans to measure nothing.
    """
    code = f"import jax.numpy as jnp\n\n\ndef loss(p, t):\n    {dict(IDEAS)['welsch']}\n"
    said = {
        "thought": "Outliers pull less.",
        "name": "capped",
        "code": code,
        "paragraphs": [list(TEXT)],
        **json.loads(form(5)),
        **PLAN,
    }
    line = {"cost_usd": 0.01}
    if small:
        said |= {**dict.fromkeys(choices(), "b"), "section": "results", "measures": []}
        line["context_tokens"] = 6144
    file.write_text(json.dumps({"text": json.dumps(said), **line}) + "\n")
    return file


def campaign(run: RunCampaign, home: Path, *, small: bool = False) -> CampaignRecord:
    """A real campaign with one proposal, done but for its paper."""
    wanted = CampaignSettings(
        template=str(ROOT / "robust_regression"),
        models=(f"recorded:{answers(home / 'answers.jsonl', small=small)}",),
        candidates=1,
        workers=2,
        overrides={"confirm": "0", "papers": "best", "paper_reviewers": "1"},
    )
    with Archive(home / "archive.db") as archive:
        return run(Campaign.create(archive, wanted, home), Quiet())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, run: RunCampaign) -> tuple[Path, CampaignRecord]:
    home = tmp_path_factory.mktemp("path")
    return home, campaign(run, home)


def test_the_whole_path(done: tuple[Path, CampaignRecord]) -> None:
    """One long test, since each step begins where the one before ended."""
    home, record = done
    said: list[str] = []
    with Archive(home / "archive.db") as archive:
        (candidate,) = archive.candidates(record.id, kinds=["proposal"])
        assert candidate.outcome == "scored"
        # Automatically, interrupted, and on.
        papers = AutomaticPapers(archive, record, home, said.append)
        assert [one.id for one in papers.pending()] == [candidate.id]

        def stop_at_section_three(line: str) -> None:
            said.append(line)
            if line.startswith("section 3"):
                stopped.request_stop()

        stopped = AutomaticPapers(archive, record, home, stop_at_section_three)
        with pytest.raises(StopRequestedError):
            stopped.write()
        assert papers.pending()
        (first,) = papers.write()
        assert first.status == "done", first.error
        assert papers.pending() == []
        assert papers.write() == []
        assert first.review is not None
        assert first.review["review"]["overall"] == 5
        # A review and its second look.
        assert first.review_cost_usd == pytest.approx(0.02)
        (kept,) = [one for one in archive.reviews(candidate.id) if one.reviewer == "paper"]
        assert kept.text.startswith("Its paper: 5.0 of 10, Reject. One task")
        # The review asks for fresh seeds: they are measured, and the new version shows them.
        spec = template_of(record).spec
        assert "fresh_seeds" in measures_left(archive, candidate, spec)
        model = f"recorded:{home / 'answers.jsonl'}"
        reviewer = ModelPaperReviewer(
            archive, [model], ReviewPlan(reviewers=1), home=home, notify=said.append
        )

        path = PaperPath(
            archive,
            candidate,
            model=None,
            home=home,
            reviewer=reviewer,
            improve=1,
            notify=said.append,
        )
        result, (made,) = path.run()
        assert (made.revises, result.version, made.measures) == (1, 2, ("fresh_seeds",))
        assert (made.before, made.after) == (5.0, 5.0)
        assert archive.candidate(candidate.id).outcome in ("confirmed", "discovery")
        assert len(archive.events(record.id, kinds=["confirmed"])) == 1
        assert "fresh_seeds" not in measures_left(archive, archive.candidate(candidate.id), spec)
        assert first.pdf is not None
        assert result.pdf is not None
        assert first.pdf.is_file()
        assert "fresh" in (result.folder / "paper.tex").read_text()
        assert result.numbers > first.numbers
        calls = archive.model_calls(record.id, candidate.index)
        first_one, second_one = versions(archive, candidate)
        assert (first_one.revises, second_one.revises) == (None, 1)
        assert {one.status for one in (first_one, second_one)} == {"done"}
        shown = CliRunner().invoke(app, ["show", candidate.id, "--home", str(home)])
        assert "version 2, a revision of 1: done, reviewed 5 of 10, Reject" in " ".join(
            shown.output.split()
        )
        # What was written and reviewed before was not paid for again.
        assert sum(call.role.startswith("paper1.") for call in calls) == first.calls
        assert len({(call.role, call.attempt) for call in calls}) == len(calls)
        prompts = [str(call.messages) for call in calls if call.role == "paper2.results"]
        assert all("Say what fresh seeds show." in prompt for prompt in prompts)
        assert any("One task and one small model only." in str(call.messages) for call in calls)
        assert StageStore(archive, candidate, 1).load()["review"]


def test_a_campaign_that_asks_for_no_papers_gets_none(done: tuple[Path, CampaignRecord]) -> None:
    home, record = done
    with Archive(home / "archive.db") as archive:
        for overrides in ({}, {"papers": "discoveries", "confirm": "0"}):
            plain = replace(record, settings={**record.settings, "overrides": overrides})
            wanted = AutomaticPapers(archive, plain, home, lambda line: None).pending()
            assert [one for one in wanted if not one.is_discovery] == []
        # What a campaign's budget has left is what its paper may cost.
        calls = archive.model_calls(record.id)
        searched = sum(c.cost_usd for c in calls if not c.role.startswith("paper"))
        settings = {**record.settings, "budget_usd": searched}
        lines: list[str] = []
        poor = AutomaticPapers(archive, replace(record, settings=settings), home, lines.append)
        (candidate,) = archive.candidates(record.id, kinds=["proposal"])
        assert poor._budget_usd(candidate, Knobs()) == pytest.approx(0.0)
        assert poor._budget_usd(candidate, Knobs(paper_budget=3.0)) == 3.0
        unfinished = replace(record, status="stopped")
        assert AutomaticPapers(archive, unfinished, home, lambda line: None).pending() == []


def test_without_a_review_nothing_is_improved(done: tuple[Path, CampaignRecord]) -> None:
    home, record = done
    with Archive(home / "archive.db") as archive:
        (candidate,) = archive.candidates(record.id, kinds=["proposal"])
        with pytest.raises(UserError, match="--reviewers 0"):
            PaperPath(
                archive, candidate, model=None, home=home, improve=1, notify=lambda line: None
            )


def test_a_revision_by_a_small_model_measures_something(tmp_path: Path, run: RunCampaign) -> None:
    record = campaign(run, tmp_path, small=True)
    with Archive(tmp_path / "archive.db") as archive:
        (first,) = AutomaticPapers(archive, record, tmp_path, lambda line: None).write()
        assert first.status == "done", first.error
        (candidate,) = archive.candidates(record.id, kinds=["proposal"])
        reviewer = ModelPaperReviewer(
            archive,
            [f"recorded:{tmp_path / 'answers.jsonl'}"],
            ReviewPlan(reviewers=1),
            home=tmp_path,
            notify=lambda line: None,
        )
        path = PaperPath(
            archive,
            candidate,
            model=None,
            home=tmp_path,
            reviewer=reviewer,
            improve=1,
            notify=lambda line: None,
        )
        result, (made,) = path.run()
        # It was asked what to measure and named nothing.
        assert (made.measures, result.version) == (("fresh_seeds",), 2)
        assert archive.candidate(candidate.id).outcome in ("confirmed", "discovery")
        assert result.numbers > first.numbers
        # One budget is for both, with their reviews, and not for each.
        calls = archive.model_calls(record.id, candidate.index)
        written = sum(call.cost_usd for call in calls if call.role.startswith("paper"))
        spent = paper_cost(archive, candidate, 2)
        assert spent == pytest.approx(written + first.review_cost_usd + result.review_cost_usd)
        assert result.total_cost_usd == spent
        third = PaperPath(
            archive,
            candidate,
            model=None,
            home=tmp_path,
            budget_usd=spent + 0.005,
            reviewer=reviewer,
            improve=2,
            notify=lambda line: None,
        )
        with pytest.raises(BudgetSpentError):
            third.run()
        assert paper_cost(archive, candidate, 3) == spent
