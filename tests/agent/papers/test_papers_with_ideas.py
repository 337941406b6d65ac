"""What a candidate began with, and what its reviews say, stands in its paper as it was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.archive import Archive, ReviewRecord, model_call_id
from agent.ideas import IdeaRecord
from agent.ideas.keeping import keep_idea
from agent.papers.checking import reference_of
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import UnknownReferenceError
from agent.papers.claims.quoting import quotable
from agent.papers.sections import SECTIONS, menu_of
from agent.papers.stock import plain_text
from tests.agent.papers.paper_material import GROKKING, IDEA, Material, material, write_campaign

pytestmark = pytest.mark.gate


def shown(paper: Material, key: str) -> str:
    return paper.book.fact(reference_of(key)).text


def test_an_idea_is_quoted_from_its_event(with_idea: Material) -> None:
    assert shown(with_idea, "idea('hypothesis')") == IDEA.hypothesis
    assert shown(with_idea, "idea('expected_effect')") == IDEA.expected_effect
    cut = shown(with_idea, "idea('experiment')")
    assert cut.endswith("and watch, [...]")
    assert IDEA.experiment.startswith(cut.removesuffix(" [...]"))
    assert shown(with_idea, "idea('rating', 'feasibility')") == "9"
    assert shown(with_idea, "idea('verdict')") == "unknown"
    assert shown(with_idea, "idea('searches')") == "2"
    assert "31 match" in shown(with_idea, "idea('search', '1')")
    assert "openalex did not answer" in shown(with_idea, "idea('search', '2')")
    rows = with_idea.book.fact(reference_of("idea('search', '2')")).rows
    assert rows[0].table == "events"
    assert with_idea.candidate.id in rows[0].where


@pytest.mark.parametrize(
    "key", ["idea('search', '3')", "idea('rating', 'price')", "idea('cost')", "idea('search')"]
)
def test_what_is_not_known_of_an_idea_is_refused(with_idea: Material, key: str) -> None:
    with pytest.raises(UnknownReferenceError, match="nothing like that is known of the idea"):
        shown(with_idea, key)


def test_without_an_idea_there_is_nothing_to_say(best_candidate: Material) -> None:
    with pytest.raises(UnknownReferenceError, match="did not begin with an idea"):
        shown(best_candidate, "idea('hypothesis')")
    sources = best_candidate.defaults()
    assert not any("idea(" in source for source in sources.values())
    assert "No literature was searched" in sources["limitations"]
    latex, _, _ = best_candidate.assembled(sources)
    assert "The idea before the code" not in latex


def test_the_paper_tells_the_idea_what_was_found_and_what_came_of_it(with_idea: Material) -> None:
    sources = with_idea.defaults()
    told = {name: plain_text(source, with_idea.ledger) for name, source in sources.items()}
    assert IDEA.hypothesis.rstrip(".") in told["introduction"]
    assert "cite('power2022grokking')" in sources["related_work"]
    assert "only the local library" in told["related_work"]
    assert IDEA.experiment[:200] in told["method"]
    assert IDEA.expected_effect in told["results"]
    assert "the idea is new" in told["limitations"]
    assert "only the local library" in told["limitations"]
    assert "1 of 5 seeds" in told["limitations"]
    assert "verdict: reject" in told["limitations"]
    latex, _, facts = with_idea.assembled(sources)
    assert "The idea before the code" in latex
    assert "-LEARNING_RATE = 1e-3\n+LEARNING_RATE = 3e-3\n" in latex
    assert sum(fact.reference.function == "idea" for fact in facts) == 10


def test_a_further_run_of_an_idea_is_told_as_one(
    with_idea: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    idea = with_idea.book.idea
    assert idea.record is not None
    assert "It goes on from an earlier run" not in with_idea.defaults()["method"]
    monkeypatch.setitem(idea.__dict__, "record", replace(idea.record, fate="continued"))
    sources = with_idea.defaults()
    assert "It goes on from an earlier run" in sources["method"]
    assert "idea('hypothesis')" in sources["introduction"]
    latex, _, _ = with_idea.assembled(sources)
    assert "is a further run of this idea" in latex


def test_an_idea_without_code_of_its_own_is_told_as_one(
    with_idea: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(with_idea.book.idea.__dict__, "failed", True)
    sources = with_idea.defaults()
    told = {name: plain_text(source, with_idea.ledger) for name, source in sources.items()}
    assert "was made afresh and without it" in told["introduction"]
    assert IDEA.experiment[:200] not in told["method"]
    assert IDEA.expected_effect not in told["results"]
    assert "what this candidate does" in told["limitations"]
    latex, _, _ = with_idea.assembled(sources)
    assert "No code that was to carry it out" in latex


def test_a_dropped_idea_is_told_as_one(idea_dropped: Material) -> None:
    sources = idea_dropped.defaults()
    told = {name: plain_text(source, idea_dropped.ledger) for name, source in sources.items()}
    assert "dropped without a trial" in told["introduction"]
    assert f"taken to be the same as {GROKKING}" in told["related_work"]
    assert IDEA.experiment[:200] not in told["method"]
    assert IDEA.expected_effect not in told["results"]
    assert "what this candidate does" in told["limitations"]
    latex, _, _ = idea_dropped.assembled(sources)
    assert "A model took it for known" in latex


def test_a_large_model_is_offered_idea_and_reviews(with_idea: Material) -> None:
    menus = {section.name: menu_of(section, with_idea.ledger, {}) for section in SECTIONS[:3]}
    for name in ("introduction", "related_work", "method"):
        assert "{{ idea('hypothesis') }}" in menus[name]
    limits = next(section for section in SECTIONS if section.name == "limitations")
    offered = menu_of(limits, with_idea.ledger, {})
    assert "{{ review('rules', 'text') }}" in offered
    assert "{{ review('model', 'text') }}" in offered
    assert "bett" not in offered["{{ review('model', 'text') }}"]


@pytest.mark.parametrize(
    ("said", "cut", "quoted"),
    [
        ("One. Two. Thr", False, "One. Two."),
        ("It works. So the.", False, "It works."),
        ("raise `RATE` (e", True, "raise RATE [...]"),
        ("raise it (a bit)", True, "raise it (a bit)"),
        ("raise it (e.", True, "raise it [...]"),
        ("It is. Raise it (e.", True, "It is."),
        ("1. Raise it (e.", True, "1. Raise it [...]"),
        ("Up (by 1.).2. Raise it", True, "Up (by 1.).2. [...]"),
        ("Lu et al. say. So", True, "Lu et al. say."),
        ("By 1999. So it", True, "By 1999."),
        ("It moves to the.", True, "It moves to the"),
        ("> It works.", False, "It works."),
        (", and then it works.", False, "and then it works."),
        ("nothing whole here", False, ""),
        ("nothing whole here", True, "nothing whole here"),
        ("a b c d e f g h i j k l m n o p q r s t u v w x y z", True, "a b c d e f g [...]"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE} is open.", False, "caf is open."),
    ],
)
def test_quotes_are_whole_sentences(said: str, cut: bool, quoted: str) -> None:
    assert quotable(said, 20, cut) == quoted


def test_the_search_costs_what_its_ideas_and_reviews_cost_too(tmp_path: Path) -> None:
    with Archive(write_campaign(tmp_path, 0.69, confirm=False) / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        made = archive.model_calls(candidate.campaign_id)
        known = FactBook(archive, candidate).fact(reference_of("cost('calls')"))
        assert known.exact == len(made)
        for role in ("idea", "novelty:1f", "code_review", "paper1.method"):
            name = model_call_id(candidate.campaign_id, candidate.index, 0, role)
            archive.add_model_call(replace(made[0], id=name, role=role))
        known = FactBook(archive, candidate).fact(reference_of("cost('calls')"))
        assert known.exact == len(made) + 3


def test_what_cannot_be_quoted_is_left_out(tmp_path: Path) -> None:
    home = write_campaign(tmp_path, 0.69, confirm=False)
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        idea = replace(IDEA, hypothesis="\N{GREEK SMALL LETTER ALPHA}" * 9)
        record = IdeaRecord(7, candidate.id, "proposed", idea, None)
        keep_idea(archive, candidate.campaign_id, record)
        archive.add_review(ReviewRecord(candidate.id, "rules", "accept", None, "no whole sentence"))
    sources = material(home, "tempered_margin", tmp_path / "figures").defaults()
    assert not any("idea(" in source or "review(" in source for source in sources.values())
