"""What a model is asked about code, and what its answers come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.llm.structured import strict_schema
from reviewers import Measured, Subject
from reviewers.code.form import code_form_schema, code_prompt, parse_code_form
from reviewers.contract import TEXT_LENGTH
from templates.errors import CandidateError
from templates.registry import load_template

GOOD = {
    "does": "A logistic loss with a margin.",
    "problem": "none",
    "sound": True,
    "new": True,
    "honest": True,
    "exploits_metric": False,
    "advice": "Try a margin that depends on beta.",
}


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        ({}, "accept", "Try a margin"),
        ({"sound": False, "problem": "It overflows."}, "concern", "Not sound. It overflows."),
        ({"new": False}, "concern", "Not new."),
        ({"honest": False}, "reject", "Not honest."),
        ({"exploits_metric": True}, "reject", "Exploits the metric."),
        ({"problem": "x" * 300, "new": False, "advice": "y" * 300}, "concern", "..."),
    ],
)
def test_answers_become_a_verdict_and_a_text(
    change: dict[str, Any], verdict: str, said: str
) -> None:
    review = parse_code_form(f"Well: {json.dumps({**GOOD, **change})}", "model")
    assert review.verdict == verdict
    assert said in review.text
    assert len(review.text) <= TEXT_LENGTH


@pytest.mark.parametrize("change", [{"sound": "yes"}, {"exploits_metric": None}, {"does": 3}])
def test_what_is_no_review_is_refused(change: dict[str, Any]) -> None:
    for text in (json.dumps({**GOOD, **change}), "accept", "[1]"):
        with pytest.raises(CandidateError):
            parse_code_form(text, "model")


def test_the_prompt_shows_code_results_and_rules_and_stays_short() -> None:
    spec = load_template("preference_loss").spec
    task = spec.search_tasks[0]

    def measured(value: float) -> list[Measured]:
        metrics = {spec.primary.name: value}
        return [Measured(task, seed, "full", metrics) for seed in range(4)]

    code = "def loss(x):\n    return {{ x }}\n"
    subject = Subject(
        "mine", code, "why", spec, measured=measured(0.7), baselines={"dpo": measured(0.6)}
    )
    system, user = code_prompt(subject, "Nothing to object.")
    assert "{{ x }}" in user
    assert "gain +0.1000 over dpo, ahead on 4 of 4 seeds" in user
    # The local model's context is four thousand tokens of about three characters.
    assert len(system) + len(user) < 3_000
    long = Subject("mine", "x = 1\n" * 5_000, "why", spec)
    assert len(code_prompt(long, "")[1]) < 5_000
    assert set(strict_schema(code_form_schema())["required"]) == set(GOOD)
