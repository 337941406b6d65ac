"""Facts: where numbers come from, how they are rounded, what cannot be asked."""

from __future__ import annotations

import numpy as np
import pytest

from agent.evaluation.seeds import jobs_of
from agent.papers.checking import reference_of
from agent.papers.claims.facts import UnknownReferenceError
from agent.papers.claims.rounding import decimals_of, percent, rounded
from agent.papers.claims.typeset import tex_number
from agent.report.confirmation import confirmations_of
from tests.agent.papers.paper_material import Material


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.58853, 0.584, 0.593, "0.5885"),
        (12.3456, 11.0, 14.0, "12.3"),
        (-0.0034567, -0.0068, -0.0003, "\N{MINUS SIGN}0.0035"),
        (1234.56, 1000.0, 1500.0, "1235"),
        (0.125, None, None, "0.1250"),
        (3.0, 3.0, 3.0, "3.000"),
        (0.0, None, None, "0.0"),
    ],
)
def test_the_interval_decides_how_many_digits(
    value: float, low: float | None, high: float | None, shown: str
) -> None:
    assert rounded(value, decimals_of(value, low, high)) == shown


def test_ties_go_to_the_even_digit_of_the_decimal_text() -> None:
    assert [rounded(x, 2) for x in (0.125, 0.135, 0.145, 2.675)] == ["0.12", "0.14", "0.14", "2.68"]
    assert rounded(0.04, 1, signed=True) == "0.0"
    assert rounded(0.06, 1, signed=True) == "+0.1"
    assert percent(0.95) == "95 %"
    assert percent(1 - 6 * 0.05 / np.pi**2) == "97 %"


def test_a_value_is_the_mean_of_its_rows(discovery: Material) -> None:
    fact = discovery.book.fact(reference_of("value('candidate', 'reward_at_kl', 'fresh')"))
    tier = discovery.book.spec.tier("confirm")
    wanted = [
        job
        for job in jobs_of(discovery.book.spec, tier, discovery.book.campaign.seed)
        if job[0] == "sentiment"
    ]
    rows = {
        (one.task, one.seed): one.primary
        for one in discovery.archive.evaluations(discovery.candidate.id, tier.effort)
    }
    assert fact.exact == pytest.approx(float(np.mean([rows[job] for job in wanted])))
    assert fact.rows[0].seeds == tuple(sorted(seed for _, seed in wanted))
    assert discovery.candidate.id in fact.rows[0].where
    assert fact.subjects == ("candidate",)


def test_differences_are_those_of_the_decision(discovery: Material) -> None:
    decided = confirmations_of(
        discovery.archive, discovery.book.campaign.id, [discovery.candidate]
    )[0]
    for place, estimate, over in (
        ("fresh", decided.gain, decided.gain_over),
        ("held_out", decided.held_out_gain, decided.held_out_over),
    ):
        assert estimate is not None
        fact = discovery.book.fact(reference_of(f"difference('candidate', '{over}', '{place}')"))
        assert (fact.exact, fact.low, fact.high) == (estimate.value, estimate.low, estimate.high)
        assert fact.text.startswith("+")
        assert fact.subjects == ("candidate", over)


def test_units_come_from_the_template(discovery: Material) -> None:
    for function in ("value", "interval"):
        fact = discovery.book.fact(reference_of(f"{function}('candidate', 'kl')"))
        assert fact.text == f"{fact.bare} nats"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("value('nobody', 'kl')", "nobody is called 'nobody'"),
        ("value('candidate', 'elo')", "there is no metric 'elo'"),
        ("value('candidate', 'kl', 'mars')", "no place of measurement"),
        ("value('hinge', 'kl', 'fresh')", "hinge was not measured on fresh"),
        ("difference('dpo', 'best_baseline', 'held_out')", "no common seeds|same one twice"),
        ("difference('candidate', 'candidate')", "same one twice"),
        ("count('stars')", "no count 'stars'"),
        ("cost('souls')", "no cost 'souls'"),
        ("setting('mood')", "no setting 'mood'"),
        ("described('metric', 'elo')", "no description of metric 'elo'"),
        ("baseline('candidate')", "is no baseline"),
        ("value()", "wrong number of arguments"),
        ("guess('candidate')", "there is no function 'guess'"),
    ],
)
def test_what_is_not_there_says_what_is(best_candidate: Material, key: str, said: str) -> None:
    with pytest.raises(UnknownReferenceError, match=said):
        best_candidate.book.fact(reference_of(key))


def test_every_fact_of_the_fixed_texts_names_rows_that_exist(discovery: Material) -> None:
    _, _, facts = discovery.assembled(discovery.defaults())
    known = {record.id for record in discovery.archive.candidates(discovery.book.campaign.id)}
    for fact in facts:
        assert fact.rows, fact.reference.key
        for rows in fact.rows:
            if rows.table == "evaluations" and rows.seeds:
                assert rows.where.split(",")[0] in known
                seeds = {
                    one.seed for one in discovery.archive.evaluations(rows.where.split(",")[0])
                }
                assert set(rows.seeds) <= seeds


def test_short_numbers_stay_on_one_line_and_long_ones_may_break() -> None:
    assert tex_number("3880 steps") == r"\mbox{3880 steps}"
    assert tex_number("[0.89, 1.04]") == r"\mbox{[0.89, 1.04]}"
    assert tex_number("[3611, 4149] steps") == "[3611, 4149] steps"
