"""A small model that chooses among prepared sentences, and the sentences themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agent.archive import Archive
from agent.calling import Caller
from agent.llm.recorded import RecordedModel
from agent.papers.authorship import CHOSEN, CHOSEN_AND_OWN
from agent.papers.checking import check_source
from agent.papers.choosing import ChoosingAuthor
from agent.papers.latex.pdf import pdf_text
from agent.papers.paper import Paper, PaperResult
from agent.papers.sections import SECTIONS
from agent.papers.stock import OWN, compose, plain_text, stock_of
from tests.agent.papers.paper_material import Material, choices, write_campaign

pytestmark = pytest.mark.gate

SENTENCE = "The idea behind it may be to treat pairs near the border with care."


def told(
    folder: Path, own: str, *, letters: str = "b", context_tokens: int = 6144
) -> tuple[PaperResult, list[str]]:
    """A paper by a small model that always takes the same letter and says the same sentence."""
    home = write_campaign(folder, 0.69, confirm=False)
    names = {"section": "results", OWN: own}
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        choice = dict.fromkeys(choices(), letters)
        line = {"text": json.dumps({**choice, **names}), "context_tokens": context_tokens}
        model = folder / "answers.jsonl"
        model.write_text(json.dumps(line) + "\n")
        said: list[str] = []
        result = Paper(
            archive, candidate, model=f"recorded:{model}", home=home, notify=said.append
        ).run()
    return result, said


@pytest.mark.parametrize("which", ["discovery", "best_candidate", "with_idea", "idea_dropped"])
def test_every_way_to_say_a_thing_passes_the_checker(
    which: str, request: pytest.FixtureRequest
) -> None:
    paper: Material = request.getfixturevalue(which)
    chosen = 0
    for section in SECTIONS:
        slots = stock_of(section, paper.ledger, paper.template_figures)
        assert len({slot.name for slot in slots if slot.is_choice}) == sum(
            slot.is_choice for slot in slots
        )
        for slot in slots:
            for number in range(len(slot.alternatives)):
                source = compose(slots, {slot.name: number})
                assert check_source(source, paper.ledger) == [], (section.name, slot.name, number)
                chosen += 1
        all_last = {slot.name: len(slot.alternatives) - 1 for slot in slots if slot.alternatives}
        assert check_source(compose(slots, all_last), paper.ledger) == [], section.name
        assert "{{" not in plain_text(compose(slots, all_last), paper.ledger)
    assert chosen > 60


def test_a_small_model_chooses_and_adds_a_sentence(tmp_path: Path) -> None:
    result, said = told(tmp_path, SENTENCE)
    assert result.status == "done", result.error
    assert any(line.startswith("a small model") for line in said)
    # Other sections want another beginning.
    for section, author in result.authors.items():
        assert author == (CHOSEN_AND_OWN if section == "method" else CHOSEN), section
    # A choice and a refinement of each section, a look at the whole, and one section anew.
    assert result.calls == 2 * len(SECTIONS) + 2
    assert result.pdf is not None
    text = " ".join("\n".join(pdf_text(result.pdf)).split())
    assert text.count("The idea behind it may be to treat pairs") == 1
    assert "the language model chose among them" in text
    assert "It added one sentence of its own to each of: Method." in text


def test_sentences_that_may_not_stand_are_left_out(
    best_candidate: Material, tmp_path: Path
) -> None:
    bad = [
        "The idea behind it may be to reach a robust and effective loss in the end.",
        "The idea behind it may be to learn better than all of the others do.",
        "The idea behind it may be to be twice as quick as any other loss is.",
        "The idea behind it may be to say loss and loss and loss about loss.",
        "The idea behind it may be to put soandsomanywordsintoone without any need.",
        "The idea behind it may be to have a convex, non-convex shape of pairs near zero.",
        "The idea behind it may be to treat pairs near a border unlike nearborder ones.",
        "Pairs near the border are treated with a little more care than elsewhere.",
    ]
    section = next(one for one in SECTIONS if one.name == "method")
    for version, own in enumerate([*bad, SENTENCE], start=50):
        written = author(best_candidate, tmp_path / f"{version}.jsonl", own, version).write(
            section, ""
        )
        assert (own in written.source) == (own == SENTENCE), own
        assert written.author == (CHOSEN_AND_OWN if own == SENTENCE else CHOSEN), own


def author(paper: Material, file: Path, own: str, version: int) -> ChoosingAuthor:
    """A small model that always says the same; each version of a paper asks anew."""
    file.write_text(json.dumps({"text": json.dumps({"what": "b", OWN: own})}) + "\n")
    caller = Caller(
        paper.archive,
        paper.candidate.campaign_id,
        budget_usd=None,
        tries=1,
        wait=lambda seconds: None,
        notify=lambda line: None,
    )
    return ChoosingAuthor(
        archive=paper.archive,
        caller=caller,
        model=RecordedModel(file),
        ledger=paper.ledger,
        version=version,
        names={},
        template_figures=paper.template_figures,
    )


def test_an_answer_that_is_no_choice_leaves_the_fixed_text(tmp_path: Path) -> None:
    result, said = told(tmp_path, "", letters="z")
    assert result.status == "done", result.error
    assert CHOSEN not in result.authors.values()
    assert sum("fixed text stands" in line for line in said) == len(SECTIONS)


def test_a_paper_goes_on_in_the_manner_in_which_it_was_begun(tmp_path: Path) -> None:
    first, _ = told(tmp_path, SENTENCE)
    with Archive(tmp_path / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        shutil.rmtree(first.folder)
        again = Paper(archive, candidate, model=None, home=tmp_path, notify=lambda line: None).run()
    assert again.authors == first.authors
    assert again.calls == first.calls
