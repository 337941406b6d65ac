"""Rules first, the model second: who is asked when, and whose word counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.archive import Archive, CampaignRecord, CandidateRecord, ReviewRecord
from agent.calling import BudgetSpentError
from agent.campaign.reviewing import Reviewing
from reviewers import Review, Subject, Verdict
from templates.errors import CandidateError
from templates.registry import load_template

pytestmark = pytest.mark.gate

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Rules:
    name = "rules"

    def __init__(self, verdict: Verdict = "accept") -> None:
        self.verdict = verdict

    def review(self, subject: Subject) -> Review:
        text = "Nothing to object." if self.verdict == "accept" else "Its derivative lies."
        return Review(self.name, self.verdict, None, text, {})


class Model:
    name = "model"

    def __init__(self, said: Verdict | Exception) -> None:
        self.said = said
        self.asked = 0

    def review(self, subject: Subject, rules: str) -> Review:
        self.asked += 1
        if isinstance(self.said, Exception):
            raise self.said
        return Review(self.name, self.said, None, f"The model says {self.said}.", {})


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Any]:
    template = load_template("preference_loss")
    with Archive(tmp_path / "archive.db") as archive:
        record = archive.create_campaign(
            CampaignRecord(
                id=archive.new_campaign_id("preference_loss", NOW, 0),
                template="preference_loss",
                template_digest=template.digest,
                seed=0,
                settings={},
                created_at=NOW,
            )
        )
        archive.add_candidate(
            CandidateRecord(
                id="one",
                campaign_id=record.id,
                index=0,
                kind="proposal",
                stage="search",
                name="one",
                code="def loss(): ...",
                created_at=NOW,
            )
        )
        told: list[str] = []
        yield SimpleNamespace(
            archive=archive,
            id=record.id,
            spec=template.spec,
            show=lambda *args: None,
            tell=told.append,
            told=told,
        )


def test_a_model_advises_and_is_asked_once(context: Any) -> None:
    model = Model("reject")
    reviewing = Reviewing(context, [Rules()], model)  # type: ignore[arg-type]
    assert reviewing.review("one", "screen")
    assert model.asked == 0
    assert reviewing.verdict("one") == "accept"
    assert reviewing.review("one", "search")
    assert reviewing.review("one", "confirm")
    assert model.asked == 1
    assert reviewing.verdict("one") == "reject"
    assert reviewing.text("one") == "The model says reject."


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("accept", True),
        ("concern", False),
        ("reject", False),
        (CandidateError("form", "no JSON"), False),
        (BudgetSpentError("all is spent"), False),
    ],
)
def test_a_model_that_decides_must_accept(
    context: Any, said: Verdict | Exception, accepted: bool
) -> None:
    reviewing = Reviewing(context, [Rules()], Model(said), model_decides=True)  # type: ignore[arg-type]
    assert reviewing.review("one", "search") == accepted
    assert bool(context.told) == isinstance(said, Exception)


@pytest.mark.parametrize(("said", "accepted"), [("accept", True), ("reject", False)])
def test_what_a_model_said_before_decides_where_none_is_asked(
    context: Any, said: Verdict, accepted: bool
) -> None:
    later = Reviewing(context, [Rules()], model_decides=True)
    assert not later.review("one", "confirm")
    Reviewing(context, [Rules()], Model(said)).review("one", "search")  # type: ignore[arg-type]
    assert later.review("one", "confirm") == accepted


def test_what_rules_reject_is_not_paid_for(context: Any) -> None:
    model = Model("accept")
    reviewing = Reviewing(context, [Rules("reject")], model)  # type: ignore[arg-type]
    assert not reviewing.review("one", "search")
    assert model.asked == 0
    assert reviewing.verdict("one") == "reject"


def test_a_paper_is_told_of_and_says_nothing_against_the_code(context: Any) -> None:
    reviewing = Reviewing(context, [Rules()])
    assert (reviewing.text("one"), reviewing.verdict("one")) == (None, None)
    assert reviewing.review("one", "search")
    assert reviewing.text("one") == "Nothing to object."
    context.archive.add_review(ReviewRecord("one", "paper", "reject", 3.0, "Its paper: 3 of 10."))
    assert reviewing.text("one") == "Its paper: 3 of 10."
    assert reviewing.verdict("one") == "accept"
