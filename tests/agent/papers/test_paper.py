"""The whole path: a recorded model writes, LaTeX sets, the checker passes, nothing costs twice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from agent.archive import Archive
from agent.calling import BudgetSpentError
from agent.papers.latex.document import parts_of
from agent.papers.latex.pdf import check_pdf, pdf_text
from agent.papers.paper import Paper, PaperResult
from agent.papers.sections import SECTIONS
from agent.papers.stages import STAGES, StageStore
from agent.stopping import StopRequestedError
from templates.errors import UserError
from tests.agent.papers.paper_material import GOOD, recording

pytestmark = pytest.mark.gate

BAD = {"paragraphs": [["The candidate reaches 0.99, which is twice as good as anything before."]]}


def home_of(source: Path, folder: Path) -> Path:
    """A copy: a paper adds calls and events to its archive."""
    folder.mkdir(parents=True, exist_ok=True)
    with Archive(source / "archive.db"):
        pass
    for file in source.glob("archive.db*"):
        shutil.copy(file, folder)
    return folder


def write(home: Path, model: Path | None, **values: Any) -> tuple[PaperResult, list[str]]:
    said: list[str] = []
    name = None if model is None else f"recorded:{model}"
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate(values.pop("candidate", "tempered_margin"))
        paper = Paper(archive, candidate, model=name, home=home, notify=said.append, **values)
        return paper.run(), said


@pytest.fixture(scope="module")
def done(
    discovered: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, PaperResult]:
    home = home_of(discovered, tmp_path_factory.mktemp("home"))
    model = recording(home / "answers.jsonl")
    result, _ = write(home, model)
    return home, model, result


Done = tuple[Path, Path, PaperResult]


def test_a_discovery_becomes_a_pdf_that_reads_as_one(done: Done) -> None:
    _, _, result = done
    assert result.status == "done", result.error
    assert result.pdf is not None
    assert result.overfull_pt <= 5
    pages = pdf_text(result.pdf)
    assert len(pages) == result.pages >= 6
    text = "\n".join(pages)
    assert "??" not in text
    assert "AI-generated" in pages[0]
    assert "not a discovery" not in pages[0]
    for section in SECTIONS:
        assert section.heading in text
    latex = (result.folder / "paper.tex").read_text(encoding="utf-8")
    parts = parts_of(latex)
    assert all(len(body.split()) > 12 for name, body in parts.items() if name.startswith("prose:"))
    assert check_pdf(result.pdf, latex) == []
    assert set(result.authors.values()) == {"model"}


def test_every_number_links_to_a_row_that_stands_in_the_pdf(done: Done) -> None:
    _, _, result = done
    assert result.pdf is not None
    reader = PdfReader(result.pdf)
    rows = {f"prov:{number}" for number in range(1, result.numbers + 1)}
    assert rows <= set(reader.named_destinations)
    provenance = json.loads((result.folder / "provenance.json").read_text())
    assert [fact["row"] for fact in provenance["facts"]] == list(range(1, result.numbers + 1))
    assert all(fact["rows"] for fact in provenance["facts"])


def test_the_calls_are_in_the_archive_as_others_are(done: Done) -> None:
    home, _, result = done
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate(result.candidate)
        calls = [
            call
            for call in archive.model_calls(candidate.campaign_id, candidate.index)
            if call.role.startswith("paper1.")
        ]
        kept = StageStore(archive, candidate, 1).load()
    # A draft and a refinement of each section, and one look at the whole.
    assert len(calls) == result.calls == 2 * len(SECTIONS) + 1
    assert result.cost_usd == pytest.approx(0.01 * len(calls))
    assert set(kept) == set(STAGES) - {"review"}


def test_a_second_run_pays_for_nothing_and_gives_the_same_file(done: Done) -> None:
    home, _, result = done
    assert result.pdf is not None
    before = result.pdf.read_bytes()
    again, said = write(home, None)
    assert (again.version, again.calls) == (1, result.calls)
    assert again.pdf is not None
    assert again.pdf.read_bytes() == before
    assert not any("section" in line for line in said)


def test_bad_text_is_replaced_and_the_paper_says_where(undiscovered: Path, tmp_path: Path) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    # All answers are bad: draft, refinement and repair of every section.
    bad: dict[str, Any] = {f"n{number}": BAD for number in range(40)}
    model = recording(home / "answers.jsonl", **bad)
    result, said = write(home, model)
    assert result.status == "done", result.error
    assert all(author != "model" for author in result.authors.values())
    assert result.calls == 3 * len(SECTIONS) + 1
    assert result.pdf is not None
    text = " ".join("\n".join(pdf_text(result.pdf)).split())
    assert "0.99" not in text
    assert "twice" not in text
    assert "did not pass: digit, number word" in text
    assert "the best candidate, not a discovery, in the task" in text
    assert "This paper is about the best candidate of a campaign, not a discovery." in text
    assert sum("fixed text stands" in line for line in said) == len(SECTIONS)


def test_what_latex_cannot_set_goes_back_to_the_model(undiscovered: Path, tmp_path: Path) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    odd = {
        "paragraphs": [
            [GOOD[0].replace("plain", "\N{LATIN SMALL LETTER U WITH HORN AND DOT BELOW}"), GOOD[1]]
        ]
    }
    answers: dict[str, Any] = {f"n{number}": odd for number in range(40)}
    model = recording(home / "answers.jsonl", **answers)
    result, said = write(home, model)
    assert result.status == "done", result.error
    assert any(line.startswith("LaTeX stopped in prose:") for line in said)
    assert set(result.authors.values()) == {"LaTeX could not set it"}


def test_a_formula_that_latex_cannot_set_is_shown_as_source(
    undiscovered: Path, tmp_path: Path
) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        archive.update_candidate(candidate.id, closed_form=r"\nosuchfunction(x")
    result, said = write(home, recording(home / "answers.jsonl"))
    assert result.status == "done", result.error
    assert any(line.startswith("LaTeX stopped in formula") for line in said)
    assert result.pdf is not None
    assert r"\nosuchfunction" in "\n".join(pdf_text(result.pdf))


def test_an_interrupted_paper_goes_on(undiscovered: Path, tmp_path: Path) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    model = recording(home / "answers.jsonl")
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        said: list[str] = []

        def notify(line: str) -> None:
            said.append(line)
            if line.startswith("section 4"):
                paper.request_stop()

        paper = Paper(archive, candidate, model=f"recorded:{model}", home=home, notify=notify)
        with pytest.raises(StopRequestedError):
            paper.run()
        made = len(archive.model_calls(candidate.campaign_id, candidate.index))
        assert set(StageStore(archive, candidate, 1).load()) >= {"introduction", "method"}
    result, said = write(home, None)
    assert result.status == "done", result.error
    assert not any(line.startswith("section 3") for line in said)
    with Archive(home / "archive.db") as archive:
        calls = archive.model_calls(candidate.campaign_id, candidate.index)
    own = [call for call in calls if call.role.startswith("paper1.")]
    assert len({(call.role, call.attempt) for call in own}) == len(own) == 2 * len(SECTIONS) + 1
    assert len(calls) > made


def test_the_budget_holds_and_more_of_it_goes_on(undiscovered: Path, tmp_path: Path) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    model = recording(home / "answers.jsonl", cost_usd=0.01)
    with pytest.raises(BudgetSpentError):
        write(home, model, budget_usd=0.055)
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        calls = archive.model_calls(candidate.campaign_id, candidate.index)
    spent = sum(call.cost_usd for call in calls if call.role.startswith("paper1."))
    assert spent == pytest.approx(0.05)
    result, _ = write(home, None, budget_usd=1.0)
    assert result.status == "done", result.error
    assert result.cost_usd == pytest.approx(0.01 * (2 * len(SECTIONS) + 1))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shapeless", "no successful run"),
        ("sleeper", "no result within"),
        ("dpo", "is a baseline"),
    ],
)
def test_without_a_successful_run_there_is_no_paper(
    undiscovered: Path, name: str, said: str
) -> None:
    with Archive(undiscovered / "archive.db") as archive, pytest.raises(UserError, match=said):
        Paper(
            archive,
            archive.candidate(name),
            model=None,
            home=undiscovered,
            notify=lambda line: None,
        )


class Approving:
    """A reviewer of papers, in the place that is left for one."""

    name = "approving"

    def __init__(self) -> None:
        self.asked = 0

    def review(self, pdf: Path, candidate: Any, budget_usd: float | None) -> dict[str, Any]:
        self.asked += 1
        return {"overall": 6, "pages": len(PdfReader(pdf).pages), "candidate": candidate.id}


def test_a_reviewer_is_asked_once(undiscovered: Path, tmp_path: Path) -> None:
    home = home_of(undiscovered, tmp_path / "home")
    model = recording(home / "answers.jsonl")
    reviewer = Approving()
    first, _ = write(home, model, reviewer=reviewer)
    again, _ = write(home, None, reviewer=reviewer)
    assert reviewer.asked == 1
    assert first.review == again.review
    assert first.review is not None
    assert first.review["review"]["pages"] == first.pages
    assert json.loads((first.folder / "review.json").read_text()) == first.review


def test_another_model_begins_another_paper(done: Done, tmp_path: Path) -> None:
    home = home_of(done[0], tmp_path / "home")
    other = recording(tmp_path / "other.jsonl")
    result, _ = write(home, other)
    assert result.version == 2
    assert result.folder != done[2].folder
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate(result.candidate)
        assert StageStore.latest(archive, candidate) == 2
        assert StageStore(archive, candidate, 1).load()["document"]["status"] == "done"


def test_text_that_the_archive_no_longer_supports_does_not_stand(
    done: Done, tmp_path: Path
) -> None:
    """Between two runs the archive grew: the words are judged again."""
    home = home_of(done[0], tmp_path / "home")
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        kept = StageStore(archive, candidate, 1).load()["conclusion"]
        claim = (
            "In all of this and beyond it {{ name('candidate') }} is ahead of {{ name('dpo') }} by "
            "{{ difference('dpo', 'candidate') }} in the mean."
        )
        StageStore(archive, candidate, 1).keep("conclusion", {**kept, "source": claim})
        StageStore(archive, candidate, 1).keep("whole", {"section": None})
    result, _ = write(home, None)
    assert result.status == "done", result.error
    assert result.authors["conclusion"].startswith("the archive has changed")
    assert replace(result, authors={}).numbers > 0
