"""Ensembles, second looks, the chair, repairs, and what the archive keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.archive import Archive, ModelCallRecord
from agent.llm import Completion, CompletionRequest, prompt_hash
from agent.reviewing import ReviewPlan, ReviewSession, review_file, review_record
from agent.reviewing.asking import Room
from templates.errors import CandidateError, InfrastructureError, UserError
from tests.data.forms import form, seed_of, write_recording
from tests.data.papers import CUES, write_pdf


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pdf(tmp_path_factory.mktemp("paper") / "paper.pdf")


def calls_of(home: Path, session_id: str = "latest") -> list[ModelCallRecord]:
    with Archive(home / "reviews.db") as archive:
        return archive.model_calls(archive.campaign(session_id).id)


def run(paper: Path, recording: Path, home: Path, plan: ReviewPlan) -> ReviewSession:
    return review_file(paper, [f"recorded:{recording}"], plan, home=home)


def test_numbers_are_the_reviewers_and_words_the_chairs(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "forms.jsonl",
        {
            seed_of(0): form(7),
            seed_of(0, 1): form(6),
            seed_of(1): form(3),
            seed_of(1, 1): form(3),
            seed_of(2): form(9, "Reject", summary="The chair weighed both sides of the paper."),
        },
    )
    plan = ReviewPlan(reviewers=2, reflections=1)
    session = run(paper, recording, tmp_path / "home", plan)
    verdict = session.verdict
    assert verdict.review.scores["overall"] == 4.5
    assert verdict.review.summary.startswith("The chair")
    assert verdict.review.decision == "Reject"
    first = verdict.members[0]
    assert first.first is not None
    assert first.review is not None
    assert (first.first.scores["overall"], first.review.scores["overall"]) == (7, 6)
    assert verdict.by_setup(plan) == {
        f"recorded:{recording}_reflect_1_ensemble_2": pytest.approx(dict(verdict.review.scores))
    }
    calls = calls_of(tmp_path / "home")
    assert len(calls) == session.calls == 5
    for call in calls:
        said = str(call.messages).lower()
        assert not [cue for cue in CUES if cue.lower() in said]
    # A second look is shown the paper and the review that it looks at.
    second = next(call for call in calls if call.seed == seed_of(0, 1))
    assert "this review says 7" in str(second.messages)
    assert "annealed margin" in str(second.messages)
    # Nothing is asked twice.
    again = run(paper, recording, tmp_path / "home", plan)
    assert (again.id, again.calls) == (session.id, 5)
    assert again.verdict == verdict
    # Another plan is another review.
    other = run(paper, recording, tmp_path / "home", ReviewPlan(reviewers=1, reflections=0))
    assert other.id != session.id
    assert other.verdict.chair is None


def test_a_campaign_keeps_the_review_beside_its_candidate(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "forms.jsonl", {seed_of(0): form(7, weaknesses=["It is long. " * 30])}
    )
    plan = ReviewPlan(reviewers=1, reflections=0)
    verdict = run(paper, recording, tmp_path / "home", plan).verdict
    record = review_record("3f2a-00007", verdict)
    assert (record.reviewer, record.verdict, record.score) == ("paper", "accept", 7)
    assert record.text.startswith("Its paper: 7.0 of 10, Accept. It is long.")
    assert len(record.text) <= 200
    assert record.payload["reviews"][0]["overall"] == 7


def test_who_accepts_what_it_rates_low_has_not_said_either(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "forms.jsonl", {seed_of(0): form(3, decision="Accept")})
    plan = ReviewPlan(reviewers=1, reflections=0)
    verdict = run(paper, recording, tmp_path / "home", plan).verdict
    record = review_record("3f2a-00007", verdict)
    assert record.verdict == "concern"
    assert record.text.startswith("Its paper: 3.0 of 10, Accept all the same. ")
    assert any("decision is Accept against" in note for note in verdict.notes)


def test_a_malformed_answer_is_repaired_once(paper: Path, tmp_path: Path) -> None:
    broken = form(5).replace('"overall": 5', '"overall": 55')
    recording = write_recording(
        tmp_path / "forms.jsonl",
        {seed_of(0): broken, seed_of(0, repair=True): form(5)},
    )
    session = run(paper, recording, tmp_path / "home", ReviewPlan(reviewers=1, reflections=0))
    assert session.verdict.review.scores["overall"] == 5
    first, repair = calls_of(tmp_path / "home")
    assert first.completion == broken
    assert "overall must be a whole number from 1 to 10, not 55" in str(repair.messages)


def test_what_cannot_be_repaired_is_left_out_and_said(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "forms.jsonl",
        {
            seed_of(0): "no form",
            seed_of(0, repair=True): "still none",
            seed_of(1): form(6),
            seed_of(1, 1): "a second look that is none",
            seed_of(1, 1, repair=True): "{}",
            seed_of(2): {"kind": "refusal", "message": "I do not review."},
        },
    )
    session = run(paper, recording, tmp_path / "home", ReviewPlan(reviewers=3, reflections=1))
    verdict = session.verdict
    assert verdict.review.scores["overall"] == 6
    assert [member.review is None for member in verdict.members] == [True, False, True]
    assert "repaired once" in verdict.notes[0]
    assert "second look 1 was left out" in verdict.notes[1]
    assert "I do not review." in verdict.notes[2]
    assert len(calls_of(tmp_path / "home")) == 6


def test_no_form_at_all_is_an_error_that_loses_nothing(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "f.jsonl", {seed_of(0): "{", seed_of(0, repair=True): "{"}
    )
    plan = ReviewPlan(reviewers=1, reflections=0)
    with pytest.raises(CandidateError, match="no reviewer gave a valid review") as caught:
        run(paper, recording, tmp_path / "home", plan)
    assert caught.value.kind == "form"
    assert [call.completion for call in calls_of(tmp_path / "home")] == ["{", "{"]
    with Archive(tmp_path / "home" / "reviews.db") as archive:
        assert archive.campaign().status == "stopped"


def test_a_chair_without_a_form_leaves_the_reviewers_words(paper: Path, tmp_path: Path) -> None:
    recording = write_recording(
        tmp_path / "forms.jsonl",
        {
            seed_of(0): form(7),
            seed_of(1): form(6),
            seed_of(2): form(4),
            seed_of(3): "no meta-review",
            seed_of(3, repair=True): "none",
        },
    )
    plan = ReviewPlan(reviewers=3, reflections=0)
    verdict = run(paper, recording, tmp_path / "home", plan).verdict
    assert verdict.chair is None
    assert verdict.review.decision == "Accept"
    assert "says 6" in verdict.review.summary
    assert any("no meta-review" in note for note in verdict.notes)


def test_a_provider_that_stays_down_is_taken_up_where_it_was(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.calling.delays", lambda *arguments: 0.0)
    recording = tmp_path / "forms.jsonl"
    down = {"kind": "infrastructure", "message": "overloaded"}
    plan = ReviewPlan(reviewers=2, reflections=0)
    write_recording(recording, {seed_of(0): form(4), seed_of(1): down})
    with pytest.raises(InfrastructureError, match="overloaded"):
        run(paper, recording, tmp_path / "home", plan)
    before = calls_of(tmp_path / "home")
    assert sum(call.completion is not None for call in before) == 1
    # The first answer is there already: were it asked for again, it would be another one now.
    write_recording(recording, {seed_of(0): form(9), seed_of(1): form(6), seed_of(2): form(5)})
    session = run(paper, recording, tmp_path / "home", plan)
    assert session.verdict.review.scores["overall"] == 5
    assert session.calls == len(before) + 2


class ShortSighted:
    """A model that refuses prompts beyond a length, and does not say so beforehand."""

    name = "short-sighted"
    slots = 1
    context_tokens: int | None = None

    def __init__(self, most_characters: int) -> None:
        self._most = most_characters
        self.lengths: list[int] = []

    def complete(self, request: CompletionRequest) -> Completion:
        self.lengths.append(sum(len(message.content) for message in request.messages))
        if self.lengths[-1] > self._most:
            raise CandidateError("prompt_too_long", "too long for me")
        return Completion(
            form(5), self.name, 1, 1, 0.0, 0.1, "stop", request.seed, prompt_hash(request)
        )

    def most_usd(self, request: CompletionRequest) -> float | None:
        return None

    def close(self) -> None:
        """Nothing to free."""


def test_a_paper_that_is_too_long_is_cut_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = write_pdf(tmp_path / "long.pdf", repeat=10)
    model = ShortSighted(9_000)
    monkeypatch.setattr("agent.reviewing.session.open_model", lambda name, slots=None: model)
    plan = ReviewPlan(reviewers=1, reflections=0)
    verdict = review_file(long, ["short-sighted"], plan, home=tmp_path).verdict
    assert model.lengths[0] > 9_000 >= model.lengths[-1]
    assert any("was shown parts of" in note for note in verdict.notes)
    assert verdict.review.scores["overall"] == 5


def test_room_is_what_the_context_leaves() -> None:
    model = ShortSighted(0)
    model.context_tokens = 6144
    small = Room.of(model)
    model.context_tokens = 200_000
    large = Room.of(model)
    assert small.brief
    assert not large.brief
    # Paper, instructions, an earlier review and the answer fit together, at 3 characters a token.
    assert small.paper_characters / 3 + 2 * small.answer_tokens + 800 <= 6144
    assert large.paper_characters > 500_000


def test_a_budget_needs_a_price_and_holds(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "agent.reviewing.session.open_model", lambda name, slots=None: ShortSighted(10**6)
    )
    plan = ReviewPlan(reviewers=1, reflections=0)
    with pytest.raises(UserError, match="price of short-sighted is not known"):
        review_file(paper, ["short-sighted"], plan, home=tmp_path / "a", budget_usd=1.0)
    monkeypatch.undo()
    recording = tmp_path / "forms.jsonl"
    write_recording(recording, {seed_of(0): form(5)})
    line = recording.read_text().replace('"prompt_tokens"', '"cost_usd": 0.5, "prompt_tokens"')
    recording.write_text(line)
    names = [f"recorded:{recording}"]
    with pytest.raises(UserError, match="repeat the command with a larger --budget"):
        review_file(paper, names, plan, home=tmp_path / "b", budget_usd=0.4)
    session = review_file(paper, names, plan, home=tmp_path / "b", budget_usd=0.6)
    assert session.cost_usd == 0.5
