"""``discover review --calibrate``, as a person or a machine calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.data.recorded_reviews import rows, write


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("calibrate")
    return (
        write(folder / "reviews.csv", rows(200, seed=1)),
        write(folder / "others.csv", rows(200, seed=2, prefix="q")),
    )


def test_json_has_values_with_intervals_for_all(discover: Any, files: tuple[Path, Path]) -> None:
    result = discover("review", "--calibrate", files[0], "--evaluate", files[1], "--json")
    assert (result.code, result.err) == (0, "")
    found = result.json
    assert found["kind"] == "apart"
    assert set(found["reviewers"]) == {"careful", "hasty", "sleepy", "loud"}
    for one in (found, *found["reviewers"].values()):
        for name in ("auc", "balanced_accuracy"):
            bounds = one[f"{name}_interval"]
            assert 0 < bounds["low"] < one[name] < bounds["high"] < 1
    assert found["auc"] > found["reviewers"][found["best_reviewer"]]["auc"]
    assert found["baselines"]["always_reject"]["accuracy"] == pytest.approx(0.65, abs=0.05)
    assert found["baselines"]["leak"]["balanced_accuracy"] > 0.9
    assert found["published"]["auc"] == 0.691


def test_alone_it_is_cross_validated_and_saved(
    discover: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    saved = tmp_path / "calibration.json"
    result = discover("review", "--calibrate", files[0], "--repeats", 1, "--save", saved)
    assert result.code == 0
    for said in ("combination", "careful", "always reject", "published", "cross-validated"):
        assert said in result.out
    again = discover("review", "--calibration", saved, "--evaluate", files[1], "--json")
    assert again.code == 0
    direct = discover("review", "--calibrate", files[0], "--evaluate", files[1], "--json")
    assert again.json["auc"] == direct.json["auc"]


def test_judging_papers_it_was_fitted_to_is_said(discover: Any, files: tuple[Path, Path]) -> None:
    found = discover("review", "--calibrate", files[0], "--evaluate", files[0], "--json").json
    assert found["shared_papers"] == 200
    assert any("it was fitted to" in note for note in found["notes"])


def test_contradictions_end_with_one_line(
    discover: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    for arguments, said in (
        ([], "name a paper"),
        (["--evaluate", files[1]], "--evaluate needs"),
        (["paper.pdf", "--calibrate", files[0]], "not both"),
        (["--calibrate", tmp_path / "no.csv"], "cannot be read"),
        (["--calibrate", files[0], "--calibration", "x.json"], "to fit a calibration"),
    ):
        result = discover("review", *arguments)
        assert result.code == 2, arguments
        assert said in result.err
        assert len(result.err.strip().splitlines()) == 1


def test_what_cannot_be_used_is_told_before_the_work(
    discover: Any, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*arguments: Any, **options: Any) -> None:
        raise AssertionError("it was begun")

    for name in ("cross_validate", "fitted"):
        monkeypatch.setattr(f"agent.cli.calibration_view.{name}", work)
    few = write(tmp_path / "few.csv", rows(6, seed=3, prefix="f"))
    for arguments, said in (
        (["--save", tmp_path / "no" / "x.json"], "cannot be written"),
        (["--save", tmp_path], "that is a folder"),
        (["--evaluate", few], "judging needs 20 accepted and 20 rejected"),
    ):
        result = discover("review", "--calibrate", files[0], *arguments)
        assert result.code == 2, result
        assert said in " ".join(result.err.split())
    assert [one.name for one in tmp_path.glob("*.json*")] == []
