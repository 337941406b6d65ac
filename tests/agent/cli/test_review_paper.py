"""``discover review FILE``, as a person or a machine calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reviewers.paper import SCALES
from tests.data.forms import form, seed_of, write_recording
from tests.data.papers import TITLE, write_pdf
from tests.data.recorded_reviews import rows, write


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    answers = {seed_of(0): form(7), seed_of(1): form(4), seed_of(2): form(5)}
    return write_pdf(tmp_path / "paper.pdf"), write_recording(tmp_path / "f.jsonl", answers)


def test_json_is_the_form_and_where_it_comes_from(discover: Any, files: tuple[Path, Path]) -> None:
    paper, recording = files
    options = ("--model", f"recorded:{recording}", "--reviewers", 2, "--reflections", 0)
    result = discover("review", paper, *options, "--json")
    assert (result.code, result.err) == (0, "")
    found = result.json
    assert found["title"] == TITLE
    assert found["overall"] == 5.5
    for name, (low, high) in SCALES.items():
        assert low <= found[name] <= high
    assert found["decision"] == "Reject"
    assert found["probability"] is None
    assert [one["review"]["overall"] for one in found["reviews"]] == [7, 4]
    assert found["calls"] == 3
    assert Path(found["archive"]).is_file()
    shown = discover("review", paper, *options)
    for said in (TITLE, "overall (1–10)", "5.50", "weaknesses", "taken out before reading"):
        assert said in shown.out
    # Reviews are no campaigns: what was searched for stays the latest.
    assert discover("list").code == 2


def test_a_part_that_is_missing_is_named_once(
    discover: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    paper = tmp_path / "paper.tex"
    text = "Some words of the paper. " * 20
    paper.write_text(f"\\begin{{document}}{text}\\input{{gone}}\\end{{document}}")
    options = ("--model", f"recorded:{files[1]}", "--reviewers", 2, "--reflections", 0)
    shown = " ".join(discover("review", paper, *options).out.split())
    assert shown.count("note: the part gone was not found in the paper's folder") == 1


def test_a_calibration_turns_it_into_a_probability(
    discover: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    paper, recording = files
    saved = tmp_path / "calibration.json"
    reviews = write(tmp_path / "reviews.csv", rows(120, seed=1))
    fitted = discover("review", "--calibrate", reviews, "--repeats", 1, "--save", saved)
    assert fitted.code == 0
    options = ("--model", f"recorded:{recording}", "--reviewers", 2, "--reflections", 0)
    unknown = discover("review", paper, *options, "--calibration", saved)
    assert unknown.code == 2
    assert "knows no reviewer" in unknown.err
    found = discover(
        "review", paper, *options, "--calibration", saved, "--as", "careful", "--json"
    ).json["probability"]
    assert 0 < found["interval"]["low"] < found["value"] < found["interval"]["high"] < 1
    assert found["taken_for"] == ["careful"]
    assert found["calibration"]["papers"] == 120
    shown = discover("review", paper, *options, "--calibration", saved, "--as", "careful")
    assert "probability of acceptance" in shown.out


def test_what_cannot_be_reviewed_ends_with_one_line(discover: Any, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("nothing")
    for arguments, said in (
        ([tmp_path / "none.pdf"], "cannot be read"),
        ([empty], "too short to review"),
        ([empty, "--as", "careful"], "--as names a reviewer"),
        ([empty, "--save", "x.json"], "--save goes with --calibrate"),
        ([empty, "--calibration", tmp_path / "no.json"], "cannot be read"),
    ):
        result = discover("review", *arguments)
        assert result.code == 2, arguments
        assert said in result.err
        assert len(result.err.strip().splitlines()) == 1
