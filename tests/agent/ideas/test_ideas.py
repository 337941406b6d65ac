"""Ideas: read, looked at again, compared with the literature, handed to the proposer, kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from agent.archive import Archive, CampaignRecord, ReviewRecord
from agent.campaign import Campaign, CampaignSettings
from agent.cli.app import app
from agent.ideas import Idea, NoveltyCheck, idea_schema, ideas_of, parse_idea
from agent.ideas.novelty import judgement_schema
from agent.ideas.remembering import earlier_campaigns
from agent.ideas.scope import scope
from agent.literature import Catalogue, Found, LocalLibrary, Publication, Unavailable
from agent.llm.constraint import lark_grammar
from agent.loading import template_of
from agent.papers.claims.quoting import quotable
from reviewers.code.form import code_form_schema
from templates.errors import CandidateError
from templates.registry import load_template
from tests.data.completions import IDEAS
from tests.harness.engines import RunCampaign

ROOT = Path(__file__).parents[2] / "data"
IDEA = {
    "name": "capped growth",
    "hypothesis": "Outliers pull less where the loss stops growing.",
    "experiment": "Let the loss saturate beyond a fixed distance.",
    "expected_effect": "The line is nearer to the inliers.",
    "interestingness": 6,
    "feasibility": 9,
    "novelty": 3,
}
WELSCH = Publication("w", "A Bounded Loss", "It saturates.", year=1978)


def test_a_local_model_can_be_held_to_every_schema() -> None:
    for schema in (idea_schema(), judgement_schema(6), code_form_schema()):
        assert lark_grammar(schema)


def test_an_idea_is_read_from_json_with_words_around_it() -> None:
    idea = parse_idea(f"Sure: {json.dumps(IDEA)} Good luck.")
    assert idea.name == "capped_growth"
    assert Idea.from_json(idea.to_json()) == idea


@pytest.mark.parametrize(
    "change",
    [{"hypothesis": " "}, {"novelty": 11}, {"feasibility": "9"}, {"novelty": True}, {"name": None}],
)
def test_what_is_no_idea_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CandidateError):
        parse_idea(json.dumps({**IDEA, **change}))
    with pytest.raises(CandidateError):
        parse_idea("no braces")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("diffusion_2d", ["- training.py: The optimiser", "BATCH = 256", "make_loss (The loss of"]),
        ("preference_loss", ["- loss(policy_chosen_logps: log pi", "beta: regul"]),
        ("circle_packing", ["- pack(count, seed), which returns centres ("]),
    ],
)
def test_an_idea_is_told_what_it_may_change(template: str, told: list[str]) -> None:
    said = scope(load_template(template).spec)
    assert all(words in said for words in told)
    assert "run.py" not in said


class Shelf:
    """A catalogue that answers what it is told."""

    def __init__(self, answers: Sequence[Publication] | None, *, complete: bool = True) -> None:
        self.name = "shelf"
        self.complete = complete
        self._answers = answers

    def search(self, query: str, limit: int) -> Found | Unavailable:
        if self._answers is None:
            return Unavailable(self.name, query, "it answers 500")
        return Found(self.name, query, tuple(self._answers[:limit]), len(self._answers))


def says(**values: str) -> str:
    return json.dumps({"why": "w", "same_as": "none", "next_query": "", **values})


@pytest.mark.parametrize(
    ("catalogues", "answer", "verdict"),
    [
        ([Shelf([WELSCH])], says(), "novel"),
        ([Shelf([WELSCH])], says(same_as="1"), "known"),
        ([Shelf([WELSCH]), Shelf(None)], says(), "unknown"),
        ([Shelf(None)], says(), "unknown"),
        ([Shelf([])], says(), "unknown"),
        ([Shelf([WELSCH], complete=False)], says(), "unknown"),
        ([Shelf([WELSCH], complete=False)], says(same_as="1"), "known"),
        ([Shelf([WELSCH])], says(same_as="2"), "unknown"),
        ([Shelf([WELSCH])], "certainly new!", "unknown"),
        ([LocalLibrary()], says(), "unknown"),
    ],
)
def test_only_answered_searches_of_the_whole_field_make_an_idea_novel(
    catalogues: list[Catalogue], answer: str, verdict: str
) -> None:
    check = NoveltyCheck(catalogues, lambda *asked: answer, rounds=2)
    found = check.check(parse_idea(json.dumps(IDEA)), "robust regression")
    assert found.verdict == verdict
    assert found.why
    assert (found.same_as == "A Bounded Loss") == (verdict == "known")


def test_a_model_may_search_again_but_not_for_ever() -> None:
    asked: list[str] = []

    def judge(idea: Idea, query: str, shown: Sequence[Publication], number: int) -> str:
        asked.append(query)
        return says(next_query=f"another {number}")

    found = NoveltyCheck([Shelf([WELSCH])], judge, rounds=3).check(
        parse_idea(json.dumps(IDEA)), "robust regression"
    )
    assert len(asked) == len(found.rounds) == 3
    assert asked[1:] == ["another 0", "another 1"]
    assert found.verdict == "novel"


SHELF = [replace(WELSCH, key=str(number), title=f"Bounded Loss {number}") for number in range(3)]


@pytest.mark.parametrize(
    ("second", "verdict", "same_as"),
    [("3", "known", "Bounded Loss 0"), ("1", "unknown", None), ("none", "unknown", None)],
)
def test_known_is_what_a_model_says_twice_of_the_same_publication(
    second: str, verdict: str, same_as: str | None
) -> None:
    seen: list[tuple[str, ...]] = []

    def judge(idea: Idea, query: str, shown: Sequence[Publication], number: int) -> str:
        seen.append(tuple(one.title[-1] for one in shown))
        return says(same_as="1") if len(seen) == 1 else says(same_as=second)

    found = NoveltyCheck([Shelf(SHELF)], judge, rounds=2).check(
        parse_idea(json.dumps(IDEA)), "robust regression"
    )
    assert seen == [("0", "1", "2"), ("1", "2", "0")]
    assert (found.verdict, found.same_as) == (verdict, same_as)
    assert ("Bounded Loss 0" in found.why) == (verdict == "unknown")


@pytest.mark.parametrize("title", ["DPO vs. PPO. Which?", "A Long Title of Many Words " * 9])
def test_a_doubt_is_quoted_whole(title: str) -> None:
    shelf = Shelf([replace(WELSCH, title=title), *SHELF[1:]])
    answers = iter([says(same_as="1"), says()])
    found = NoveltyCheck([shelf], lambda *asked: next(answers), rounds=1).check(
        parse_idea(json.dumps(IDEA)), "robust regression"
    )
    quoted = quotable(found.why, 400, cut=True)
    assert quoted == found.why
    assert quoted.startswith("shown in two orders, it was in one of them only taken for ")


def test_a_doubt_of_the_first_search_outlasts_a_second_one_without_any() -> None:
    answers = iter([says(same_as="2", next_query="more"), says(), says()])
    found = NoveltyCheck([Shelf(SHELF)], lambda *asked: next(answers), rounds=2).check(
        parse_idea(json.dumps(IDEA)), "robust regression"
    )
    assert len(found.rounds) == 2
    assert found.verdict == "unknown"
    assert "Bounded Loss 1" in found.why


def test_none_is_no_query() -> None:
    check = NoveltyCheck([Shelf(SHELF)], lambda *asked: says(next_query="None"), rounds=2)
    assert len(check.check(parse_idea(json.dumps(IDEA)), "robust regression").rounds) == 1


class Quiet:
    def notify(self, progress: object) -> None:
        pass


def recording(file: Path, novelty: str) -> Path:
    """A model that says the same to everybody."""
    body = dict(IDEAS)["welsch"]
    code = f"import jax.numpy as jnp\n\n\ndef loss(p, t):\n    {body}\n"
    proposal = {"thought": "saturates", "name": "capped", "code": code}
    # One answer that is an idea, a comparison, a proposal and a review of code at once.
    review: dict[str, str | bool] = {
        "does": "It saturates.",
        "problem": "none",
        "advice": "Try a slower decay.",
    }
    review |= {"sound": True, "new": False, "honest": True, "exploits_metric": False}
    text = json.dumps({**json.loads(novelty), **IDEA, **proposal, **review})
    file.write_text(json.dumps({"text": text, "cost_usd": 0.001}) + "\n")
    return file


def with_ideas(
    run: RunCampaign, home: Path, answers: Path, budget_usd: float | None = None, **overrides: str
) -> tuple[Archive, str]:
    """A campaign of two proposals, of which the second begins with an idea."""
    home.mkdir(parents=True, exist_ok=True)
    archive = Archive(home / "archive.db")
    wanted = CampaignSettings(
        template=str(ROOT / "robust_regression"),
        models=(f"recorded:{answers}",),
        candidates=2,
        workers=2,
        budget_usd=budget_usd,
        overrides={"idea_every": "2", "in_flight": "1", "confirm": "0", **overrides},
    )
    campaign = Campaign.create(archive, wanted, home)
    assert run(campaign, Quiet()).status == "done"
    return archive, campaign.id


@pytest.mark.gate
def test_an_idea_is_in_the_prompt_of_its_proposal_and_in_the_archive(
    tmp_path: Path, run: RunCampaign
) -> None:
    answers = recording(tmp_path / "answers.jsonl", says())
    archive, campaign = with_ideas(run, tmp_path, answers, code_review="advise")
    (record,) = ideas_of(archive, campaign)
    assert (record.slot, record.fate) == (1, "proposed")
    assert record.idea is not None
    assert record.novelty is not None
    assert record.novelty.verdict == "unknown"
    assert record.candidate == archive.candidate(record.candidate).id
    calls = archive.model_calls(campaign)
    # A draft, a second look, one comparison.
    roles = [call.role.partition(":")[0] for call in calls]
    assert [role for role in roles if role in ("idea", "novelty")] == ["idea", "novelty", "idea"]
    index = archive.candidate(record.candidate).index
    (first,) = [c for c in calls if (c.slot, c.attempt, c.role) == (index, 0, "propose")]
    assert "carry out this idea. capped" in first.messages[1]["content"]
    others = [c for c in calls if c.role == "propose" and c.slot != index]
    assert not any("carry out" in c.messages[1]["content"] for c in others)
    # What got as far as the search was reviewed by rules, then once by the model.
    (searched,) = archive.candidates(campaign, kinds=["proposal"], stages=["search"])
    rules, model = archive.reviews(searched.id)
    assert (rules.reviewer, model.reviewer) == ("rules", "model")
    assert (model.verdict, model.payload["after"]) == ("concern", "search")
    assert sum(call.role == "code_review" for call in calls) == 1
    # The idea of the next slot learns from it.
    (asked,) = [c for c in calls if (c.role, c.attempt) == ("idea", 0)]
    assert "Not new. Try a slower decay." in asked.messages[1]["content"]
    assert scope(template_of(archive.campaign(campaign)).spec) in asked.messages[0]["content"]
    shown = CliRunner().invoke(app, ["ideas", "--home", str(tmp_path), "--json"])
    (told,) = json.loads(shown.output)["ideas"]
    assert told["idea"]["hypothesis"] == IDEA["hypothesis"]
    assert told["became"]["outcome"] == archive.candidate(record.candidate).outcome
    # A later campaign knows what this one found and how it was reviewed, as it was when it began.
    later, _ = write_next(archive, campaign)
    spec = template_of(archive.campaign(campaign)).spec
    (remembered,) = earlier_campaigns(archive, later, spec)
    assert (remembered.name, remembered.review) == (searched.name, "Not new. Try a slower decay.")
    archive.add_review(ReviewRecord(searched.id, "paper", "reject", 4.0, "Its paper: 4 of 10."))
    assert earlier_campaigns(archive, later, spec) == [remembered]
    latest, _ = write_next(archive, campaign)
    (again,) = earlier_campaigns(archive, latest, spec)
    assert again.review.startswith("Its paper: 4 of 10.")


def write_next(archive: Archive, before: str) -> tuple[str, CampaignRecord]:
    """Another campaign on the same task, not begun yet."""
    record = archive.campaign(before)
    now = datetime.now(UTC)
    name = archive.new_campaign_id("robust_regression", now, 1)
    made = replace(record, id=name, created_at=now, finished_at=None, status="stopped")
    return name, archive.create_campaign(made)


@pytest.mark.gate
def test_without_money_for_an_idea_the_proposal_waits_for_more(
    tmp_path: Path, run: RunCampaign
) -> None:
    home = tmp_path / "poor"
    answers = recording(tmp_path / "answers.jsonl", says())
    archive, campaign = with_ideas(run, home, answers, budget_usd=0.0015)
    (first, second) = archive.candidates(campaign, kinds=["proposal"])
    assert first.outcome == "scored"
    assert second.outcome == "unfunded"
    assert ideas_of(archive, campaign) == []


@pytest.mark.gate
def test_what_the_literature_has_is_changed_once_and_then_left(
    tmp_path: Path, run: RunCampaign
) -> None:
    answers = recording(tmp_path / "answers.jsonl", says(same_as="1"))
    common = json.loads(answers.read_text())
    # Second looks at the draft and at the changed idea: the first of three is the last there.
    with answers.open("a") as stream:
        for number in (1, 3):
            seed = np.random.SeedSequence(0, spawn_key=(4, 1, number)).generate_state(1)[0]
            text = json.dumps({**json.loads(common["text"]), "same_as": "3"})
            line = {**common, "text": text, "seed": int(seed) & 0x7FFF_FFFF}
            stream.write(json.dumps(line) + "\n")
    archive, campaign = with_ideas(run, tmp_path, answers)
    (record,) = ideas_of(archive, campaign)
    assert record.fate == "known"
    assert record.novelty is not None
    assert record.novelty.same_as == record.novelty.rounds[0].shown[0]
    calls = archive.model_calls(campaign)
    assert sum(call.role == "idea" for call in calls) == 3
    assert sum(call.role.startswith("novelty:") for call in calls) == 4
    assert not any("carry out" in str(call.messages) for call in calls)


@pytest.mark.gate
def test_an_idea_that_is_known_by_its_place_alone_is_carried_out(
    tmp_path: Path, run: RunCampaign
) -> None:
    answers = recording(tmp_path / "answers.jsonl", says(same_as="1"))
    archive, campaign = with_ideas(run, tmp_path, answers)
    (record,) = ideas_of(archive, campaign)
    assert record.fate == "proposed"
    assert record.novelty is not None
    assert (record.novelty.verdict, record.novelty.same_as) == ("unknown", None)
    assert len({call.role for call in archive.model_calls(campaign) if "novelty" in call.role}) == 2
