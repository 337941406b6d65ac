"""The checker: clean papers pass, planted defects do not."""

from __future__ import annotations

from collections import Counter

import pytest

from agent.papers.checking import check_document, check_source, reference_of
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Reference
from agent.papers.claims.problem import Problem
from agent.papers.latex.appendix import formula_block
from agent.papers.latex.document import Draft
from agent.papers.sections import SECTIONS
from templates.errors import CandidateError
from templates.registry import load_template
from tests.agent.papers.paper_material import Material
from tests.agent.papers.planted import all_defects, bad_sources

# Every family of defect has something to bite on: a metric with a unit and times stand in prose.
RESULTS = """{{ name('candidate') }} ends at a KL of {{ value('candidate', 'kl') }}
(interval {{ interval('candidate', 'kl') }}), and {{ name('best_baseline') }} at
{{ value('best_baseline', 'kl') }}.
On fresh seeds {{ name('candidate') }} is ahead of {{ name('ipo') }} by
{{ difference('candidate', 'ipo', 'fresh') }} (interval
{{ difference_interval('candidate', 'ipo', 'fresh') }}). The calls took {{ cost('time') }} and cost
{{ cost('usd') }}; {{ table('results') }} and {{ figure('gains') }} have the rest."""


def problems_of(
    paper: Material, latex: str, draft: Draft, rows: list[Reference], book: FactBook
) -> list[Problem]:
    return check_document(
        latex,
        draft,
        book,
        paper.library,
        paper.figures,
        sorted(paper.ledger.tables),
        rows,
    )


@pytest.mark.parametrize("which", ["discovery", "best_candidate", "with_idea", "idea_dropped"])
def test_the_fixed_texts_pass_in_source_and_in_latex(
    which: str, request: pytest.FixtureRequest
) -> None:
    paper: Material = request.getfixturevalue(which)
    sources = paper.defaults()
    for section in SECTIONS:
        assert check_source(sources[section.name], paper.ledger) == [], section.name
    latex, draft, facts = paper.assembled(sources)
    again = FactBook(paper.archive, paper.candidate)
    assert problems_of(paper, latex, draft, [fact.reference for fact in facts], again) == []


def test_a_hundred_planted_defects_are_caught(discovery: Material) -> None:
    sources = {**discovery.defaults(), "results": RESULTS}
    assert check_source(RESULTS, discovery.ledger) == []
    latex, draft, facts = discovery.assembled(sources)
    rows = [fact.reference for fact in facts]
    again = FactBook(discovery.archive, discovery.candidate)
    assert problems_of(discovery, latex, draft, rows, again) == []
    defects = all_defects(latex, facts)
    families = Counter(defect.family for defect in defects)
    assert len(defects) >= 100
    assert all(families[name] >= 5 for name in ("digit", "swap", "citation", "rounding", "unit"))
    assert len({defect.latex for defect in defects}) == len(defects)
    missed = [
        f"{defect.family}: {defect.what}"
        for defect in defects
        if not problems_of(discovery, defect.latex, draft, rows, again)
    ]
    assert missed == []


def test_what_is_wrong_with_a_number_in_prose_is_named(discovery: Material) -> None:
    """Not only that something differs: a shown number is computed again and told apart."""
    latex, draft, facts = discovery.assembled({**discovery.defaults(), "results": RESULTS})
    rows = [fact.reference for fact in facts]
    again = FactBook(discovery.archive, discovery.candidate)
    fact = discovery.book.fact(reference_of("value('candidate', 'kl')"))
    assert fact.text.endswith(" nats")
    wrong = latex.replace(rf"\mbox{{{fact.text}}}", fact.bare, 1)
    assert wrong != latex
    found = problems_of(discovery, wrong, draft, rows, again)
    assert [one.kind for one in found] == ["value"]
    assert fact.text in found[0].message


def test_a_model_that_swaps_two_candidates_is_caught_in_its_source(discovery: Material) -> None:
    right = RESULTS
    wrong = right.replace("value('best_baseline', 'kl')", "value('candidate', 'kl')")
    assert check_source(right, discovery.ledger) == []
    assert [one.kind for one in check_source(wrong, discovery.ledger)] == ["subject"]
    turned = (
        "On fresh seeds {{ name('ipo') }} is ahead of {{ name('candidate') }} by far, namely by "
    )
    turned += "{{ difference('candidate', 'ipo', 'fresh') }} in the mean over all of them."
    assert [one.kind for one in check_source(turned, discovery.ledger)] == ["subject"]


def test_bad_sources_do_not_stand(discovery: Material) -> None:
    bad = bad_sources(discovery.book, ["dpo"])
    passed = [what for what, text in bad.items() if not check_source(text, discovery.ledger)]
    assert passed == []


def test_numbers_stand_where_they_were_measured(discovery: Material) -> None:
    metric = discovery.book.spec.primary.name
    who, title = "{{ name('candidate') }}", "{{ described('metric_title', 'kl') }}"
    here = f"{{{{ value('candidate', '{metric}') }}}}"
    fresh = here.replace("') }}", "', 'fresh') }}")
    for honest in (
        f"The number of {who} is {here} where the campaign looked for it, and no other place.",
        f"On the seeds of the search {who} has {here}, and on fresh ones {fresh}.",
        f"On fresh seeds that it never saw {who} has {fresh}. There its interval is small, too.",
        f"The whole of it says that {who} reaches {fresh} on average on seeds that are fresh.",
        f"Held-out tasks are hard to see. In the search, {who} has {here}, its {title} aside.",
    ):
        assert check_source(honest, discovery.ledger) == [], honest
    doubt = f"Whether {who} is better than all of them on another task is not known to anybody."
    assert check_source(doubt, discovery.ledger) == []


def test_a_claim_needs_an_interval_that_excludes_zero(best_candidate: Material) -> None:
    claim = "The whole of it says that {{ name('candidate') }} is ahead of {{ name('ipo') }} by "
    claim += "{{ difference('candidate', 'ipo') }} on the seeds of the search."
    assert "claim" in {one.kind for one in check_source(claim, best_candidate.ledger)}
    honest = claim.replace("is ahead of", "is not shown to be ahead of")
    assert check_source(honest, best_candidate.ledger) == []


def test_a_figure_that_was_changed_afterwards_is_noticed(discovery: Material) -> None:
    latex, draft, facts = discovery.assembled(discovery.defaults())
    rows = [fact.reference for fact in facts]
    file = discovery.figures[0].file
    kept = file.read_bytes()
    try:
        file.write_bytes(kept + b"%")
        found = problems_of(discovery, latex, draft, rows, discovery.book)
    finally:
        file.write_bytes(kept)
    assert any("not as it was drawn" in one.message for one in found)


def test_rows_that_lead_nowhere_are_refused(discovery: Material) -> None:
    with pytest.raises(CandidateError):
        reference_of("1 + 1")
    latex, draft, _ = discovery.assembled(discovery.defaults())
    rows = [reference_of("value('candidate', 'elo')")]
    found = problems_of(discovery, latex, draft, rows, discovery.book)
    assert "leads nowhere" in found[0].message


def test_the_symbols_of_a_formula_are_explained_and_no_others() -> None:
    functions = load_template("preference_loss").spec.functions
    block = formula_block(r"\log\sigma(20\beta\rho)", functions, as_source=False)
    explained = block.partition("where")[2]
    assert r"$\rho$ $= \log\pi_w - " in explained
    assert r"$\beta$ is regularisation strength" in explained
    assert r"$\sigma$ is the logistic function" in explained
    assert r"$\rho$" not in formula_block(r"\exp(\beta)", functions, as_source=False)
    assert "where" not in formula_block("1", functions, as_source=False)
