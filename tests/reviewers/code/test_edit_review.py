"""The rule-based reviewer on edits of an experiment."""

from __future__ import annotations

import pytest

from reviewers.code import RuleReviewer
from reviewers.contract import Review, Subject
from templates.edits import Edit, render_edits
from templates.registry import load_template

TEMPLATE = load_template("grokking")


def review(*edits: Edit) -> Review:
    return RuleReviewer().review(Subject("some_edits", render_edits(edits), "", TEMPLATE.spec))


def rules(found: Review) -> set[str]:
    return {finding["rule"] for finding in found.payload["findings"]}


def test_a_changed_constant_is_nothing_to_object_to() -> None:
    found = review(Edit("training.py", "BATCH = 512", "BATCH = 256"))
    assert (found.verdict, rules(found)) == ("accept", set())


@pytest.mark.parametrize("name", ["grokking", "char_lm", "diffusion_2d"])
def test_shipped_experiments_have_no_finding_of_their_own(name: str) -> None:
    spec = load_template(name).spec
    assert spec.experiment is not None
    for path in set(spec.experiment.files) - set(spec.experiment.fixed):
        text = spec.experiment.files[path].rstrip("\n")
        # A remark: every rule reads the file, and nothing new is in it.
        code = render_edits([Edit(path, text, f"{text}\n# remark")])
        assert RuleReviewer().review(Subject("remark", code, "", spec)).verdict == "accept"


@pytest.mark.parametrize(
    ("rule", "verdict", "search", "replace"),
    [
        ("imports_what_measures", "reject", "import optax", "import optax\nimport run"),
        ("reflection", "reject", "import optax", "import optax\nimport sys"),
        (
            "loops_inside",
            "concern",
            "        gradients = jax.grad(objective)(params)",
            "        gradients = jax.lax.fori_loop(0, 9, more, jax.grad(objective)(params))",
        ),
        (
            "recalled_table",
            "concern",
            "import optax",
            f"import optax\n\nTABLE = {list(range(3, 60))}",
        ),
    ],
)
def test_what_is_no_experiment_any_more_is_seen(
    rule: str, verdict: str, search: str, replace: str
) -> None:
    found = review(Edit("training.py", search, replace))
    assert (found.verdict, rule in rules(found)) == (verdict, True), found.payload["findings"]
