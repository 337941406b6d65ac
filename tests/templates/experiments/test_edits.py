"""Edits of an experiment: what is read, what is applied, and what is refused with which words."""

from __future__ import annotations

import random

import pytest

from templates.edits import (
    Edit,
    apply_edits,
    difference,
    edits_between,
    parse_edits,
    render_edits,
)
from templates.errors import CandidateError

FILES = {
    "model.py": "WIDTH = 64\nHEADS = 4\n\n\ndef f(x):\n    y = x + 1\n    return y\n",
    "train.py": "RATE = 0.1\nfor _ in range(3):\n    print(1)\nfor _ in range(3):\n    print(2)\n",
    "run.py": "import model\n",
}


def block(path: str, search: str, replace: str) -> str:
    return render_edits([Edit(path, search, replace)])


def applied(text: str) -> dict[str, str]:
    return apply_edits(FILES, parse_edits(text), fixed=("run.py",))


def test_a_line_is_replaced_and_the_rest_stays() -> None:
    found = applied(block("model.py", "WIDTH = 64", "WIDTH = 128"))
    assert found == {**FILES, "model.py": FILES["model.py"].replace("64", "128")}


def test_what_is_edited_and_undone_is_no_difference() -> None:
    there_and_back = block("model.py", "HEADS = 4", "HEADS = 8") + block(
        "model.py", "HEADS = 8", "HEADS = 4"
    )
    found = applied(there_and_back + block("train.py", "RATE = 0.1", "RATE = 0.2"))
    assert difference(FILES, {**found, "new.py": "A = 1\n"}).splitlines() == [
        *("--- new.py", "+++ new.py", "@@ -0,0 +1 @@", "+A = 1"),
        *("--- train.py", "+++ train.py", "@@ -1,2 +1,2 @@"),
        *("-RATE = 0.1", "+RATE = 0.2", " for _ in range(3):"),
    ]


def test_models_write_around_blocks() -> None:
    text = (
        "I widen it.\n\n**`model.py`**\n```python\n<<<<<<< SEARCH\nWIDTH = 64\n=======\n"
        "WIDTH = 128\n>>>>>>> REPLACE\n```\nand\n\n"
        "<<<<<<< SEARCH\nRATE = 0.1\n=======\nRATE = 0.2\n>>>>>>> REPLACE\n"
    ).replace("and\n", "File: train.py\n")
    found = applied(text)
    assert "WIDTH = 128" in found["model.py"]
    assert "RATE = 0.2" in found["train.py"]


def test_a_block_without_a_path_goes_on_in_the_file_before() -> None:
    first = block("model.py", "WIDTH = 64", "WIDTH = 8")
    second = "<<<<<<< SEARCH\nHEADS = 4\n=======\nHEADS = 2\n>>>>>>> REPLACE\n"
    assert applied(first + second)["model.py"].startswith("WIDTH = 8\nHEADS = 2\n")


def test_later_edits_see_earlier_ones() -> None:
    text = block("model.py", "WIDTH = 64", "SIZE = 64") + block("model.py", "SIZE = 64", "SIZE = 1")
    assert applied(text)["model.py"].startswith("SIZE = 1\n")


def test_a_piece_of_a_line_is_enough_where_it_is_unique() -> None:
    assert "y = x + 2" in applied(block("model.py", "x + 1", "x + 2"))["model.py"]


def test_another_indentation_is_forgiven_and_kept() -> None:
    text = block("model.py", "y = x + 1\nreturn y", "if x:\n    y = x\nreturn y")
    assert applied(text)["model.py"].endswith("def f(x):\n    if x:\n        y = x\n    return y\n")


def test_blank_lines_are_not_counted() -> None:
    text = block("model.py", "HEADS = 4\n\ndef f(x):", "def f(x):")
    assert applied(text)["model.py"].startswith("WIDTH = 64\ndef f(x):\n    y")


def test_spaces_at_the_ends_of_lines_are_forgiven() -> None:
    assert (
        "WIDTH = 1\n"
        in applied(block("model.py", "WIDTH = 64  \nHEADS = 4 ", "WIDTH = 1"))["model.py"]
    )


def test_an_empty_search_makes_a_file() -> None:
    assert applied(block("extra/more.py", "", "A = 1"))["extra/more.py"] == "A = 1\n"


def test_an_empty_replacement_takes_lines_away() -> None:
    assert applied(block("model.py", "HEADS = 4", ""))["model.py"].startswith("WIDTH = 64\n\n")


@pytest.mark.parametrize("text", ["", "# nothing\n\n# at all\n"])
def test_remarks_alone_are_the_untouched_experiment(text: str) -> None:
    assert parse_edits(text) == ()
    assert applied(text) == FILES


@pytest.mark.parametrize(
    ("kind", "says", "text"),
    [
        ("no_edits", "SEARCH", "I would widen the model."),
        ("no_file", "file's name", "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE"),
        ("malformed_edit", "REPLACE", "model.py\n<<<<<<< SEARCH\nWIDTH = 64\n=======\nW = 1"),
        ("malformed_edit", "=======", "model.py\n<<<<<<< SEARCH\nWIDTH = 64\n>>>>>>> REPLACE"),
        ("malformed_edit", "outside", "model.py\n=======\nW = 1\n>>>>>>> REPLACE"),
        ("search_missing", "line 1: `WIDTH = 64`", block("model.py", "WIDTH = 65", "WIDTH = 1")),
        ("search_ambiguous", "lines 2, 4", block("train.py", "for _ in range(3):", "if 1:")),
        ("search_ambiguous", "2 times", block("train.py", "range(3)", "range(4)")),
        ("no_change", "the same", block("model.py", "WIDTH = 64", "WIDTH = 64")),
        ("unknown_file", "model.py", block("modle.py", "WIDTH = 64", "WIDTH = 1")),
        ("empty_search", "exists", block("model.py", "", "WIDTH = 1")),
        ("fixed_file", "run.py", block("run.py", "import model", "import os")),
        ("outside", "relative", block("../model.py", "", "A = 1")),
        ("outside", "relative", block("/etc/cron.py", "", "A = 1")),
        ("outside", "relative", block("a/../../b.py", "", "A = 1")),
        ("outside", ".py", block("evil.so", "", "A = 1")),
        ("too_large", "characters", "x" * 60_000),
        ("too_large", "at most 32", block("model.py", "a", "b") * 33),
    ],
)
def test_what_is_wrong_has_a_class_and_says_what_to_do(kind: str, says: str, text: str) -> None:
    with pytest.raises(CandidateError) as caught:
        applied(text)
    assert (caught.value.kind, says in caught.value.message) == (kind, True), caught.value.message


def test_edits_that_undo_each_other_are_no_change() -> None:
    with pytest.raises(CandidateError) as caught:
        applied(
            block("model.py", "WIDTH = 64", "WIDTH = 1")
            + block("model.py", "WIDTH = 1", "WIDTH = 64")
        )
    assert caught.value.kind == "no_change"


def test_too_many_files_are_refused() -> None:
    text = "".join(block(f"m{number}.py", "", "A = 1") for number in range(30))
    with pytest.raises(CandidateError) as caught:
        applied(text)
    assert caught.value.kind == "too_large"


def test_any_two_experiments_differ_by_edits_that_lead_from_one_to_the_other() -> None:
    rng = random.Random(1)
    lines = ["a = 1", "b = 2", "    c = 3", "", "for x in y:", "# remark"]
    for _ in range(200):
        old = {name: _text(rng, lines) for name in ("a.py", "b.py")}
        new = {**{name: _text(rng, lines) for name in ("a.py", "b.py")}, "c.py": "new = 1\n"}
        edits = edits_between(old, new)
        assert parse_edits(render_edits(edits)) == edits
        assert apply_edits(old, parse_edits(render_edits(edits))) == new


def _text(rng: random.Random, lines: list[str]) -> str:
    """A file that neither begins nor ends with a blank line."""
    return "\n".join(["x = 0", *rng.choices(lines, k=rng.randint(0, 40)), "z = 9"]) + "\n"
