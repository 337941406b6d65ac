"""The default model reviews a real PDF. Downloads the weights once into the user's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.archive import Archive
from agent.reviewing import ReviewPlan, review_file
from reviewers.paper import SCALES
from tests.data.papers import write_pdf

pytestmark = pytest.mark.full("model")


@pytest.mark.timeout(3600)
def test_the_default_model_fills_in_the_form(tmp_path: Path) -> None:
    paper = write_pdf(tmp_path / "paper.pdf")
    plan = ReviewPlan(reviewers=1, reflections=0, seed=1, timeout_s=3500)
    session = review_file(paper, ["local"], plan, home=tmp_path / "home")
    review = session.verdict.review
    for name, (low, high) in SCALES.items():
        assert low <= review.scores[name] <= high
    assert review.decision in ("Accept", "Reject")
    assert len(review.summary) >= 40
    assert all((review.strengths, review.weaknesses, review.questions, review.limitations))
    (member,) = session.verdict.members
    assert member.fault is None
    with Archive(tmp_path / "home" / "reviews.db") as archive:
        calls = archive.model_calls(session.id)
    assert [call.attempt for call in calls] == [0]
    assert all(call.prompt_tokens + call.completion_tokens < 6144 for call in calls)
