"""Scripts are reviewed for what makes an answer doubtful, not for what a loss may not do."""

import pytest

from reviewers.code import RuleReviewer
from reviewers.contract import Review, Subject
from templates.registry import load_template

TEMPLATE = load_template("circle_packing")


def review(code: str, **changes: str) -> Review:
    return RuleReviewer().review(Subject("some_script", code, "", TEMPLATE.spec, **changes))  # type: ignore[arg-type]


def rules(found: Review) -> dict[str, str]:
    return {one["rule"]: one["severity"] for one in found.payload["findings"]}


def test_baselines_pass_and_the_clock_is_noted() -> None:
    found = {baseline.name: review(baseline.code) for baseline in TEMPLATE.baselines}
    assert {one.verdict for one in found.values()} == {"accept"}
    assert "reads_the_clock" in rules(found["multistart_slsqp"])
    assert rules(found["grid"]) == {"ignored_argument": "note"}


def test_a_table_of_numbers_may_be_a_recalled_solution() -> None:
    numbers = ", ".join(f"({0.011 * i:.3f}, {0.013 * i:.3f})" for i in range(3, 29))
    found = review(f"CENTRES = [{numbers}]\n\n\ndef pack(count, seed):\n    return CENTRES, seed\n")
    assert found.verdict == "concern"
    assert rules(found) == {"recalled_table": "concern", "ignored_argument": "note"}


@pytest.mark.parametrize(
    "call", ["np.random.default_rng()", "random.random()", "np.random.rand(9)"]
)
def test_randomness_needs_the_seed(call: str) -> None:
    found = rules(review(f"def pack(count, seed):\n    return {call}, count, seed\n"))
    assert found == {"unseeded": "note"}
    seeded = rules(
        review("def pack(count, seed):\n    return np.random.default_rng(seed), count\n")
    )
    assert seeded == {}


def test_a_copy_says_what_it_copies() -> None:
    found = review("def pack(count, seed):\n    return count, seed\n", known_as="grid")
    assert (found.verdict, found.text) == ("reject", "Equals grid.")
