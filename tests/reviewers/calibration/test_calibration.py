"""Calibration on reviews whose truth is known: it finds what there is, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from reviewers.calibration import (
    Calibration,
    Recording,
    cross_validate,
    evaluate_cross_validated,
    evaluate_on_other,
    fitted,
    load_calibration,
    read_recording,
    save_calibration,
)
from reviewers.calibration.calibrator import fit
from reviewers.calibration.crossvalidation import COMBINATION, FOLDS, choose
from reviewers.calibration.discrimination import Judged, discriminate
from reviewers.calibration.folds import stratified_folds
from templates.errors import UserError
from tests.data.recorded_reviews import COLUMNS, QUESTIONS, rows, write

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("reviews")
    return read_recording(write(folder / "reviews.csv", rows(240, seed=1)))


@pytest.fixture(scope="module")
def model(recording: Recording) -> Calibration:
    return fitted(recording, seed=0)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("others")
    return read_recording(write(folder / "others.csv", rows(1000, seed=2, prefix="q")))


def test_a_recording_is_read_as_it_was_written(recording: Recording) -> None:
    assert recording.reviewers == ("careful", "hasty", "loud", "sleepy")
    assert recording.scores.shape == (240, 4, len(QUESTIONS))
    first = rows(240, seed=1)[0]
    assert recording.scores[0, 0, 7] == float(first["overall"])
    ratings = [float(one) for one in first["human_ratings"].split(";")]
    assert recording.human[0] == pytest.approx(np.mean(ratings))
    assert recording.clipped == 0


def test_areas_are_those_of_mann_and_whitney(recording: Recording) -> None:
    score = recording.overall("careful")
    judges = {"one": Judged(score[None], (score >= 6)[None])}
    found = discriminate(judges, recording.accepted, leader="one", seed=0)["one"]
    good, bad = score[recording.accepted], score[~recording.accepted]
    expected = mannwhitneyu(good, bad).statistic / (good.size * bad.size)
    assert found.auc.value == pytest.approx(expected)
    assert found.auc.low < found.auc.value < found.auc.high
    rates = ((good >= 6).mean() + (bad < 6).mean()) / 2
    assert found.balanced_accuracy.value == pytest.approx(rates)


def test_intervals_cover_as_often_as_they_say() -> None:
    """Scores with a true area of 0.7602 (normal, one spread apart): 95 % of 200 intervals hold it.

    Of 200 trials at .95 fewer than 179 happen once in a thousand.
    """
    generator = np.random.default_rng(0)
    truth, hits = 0.7602, 0
    for trial in range(200):
        accepted = np.arange(120) < 45
        score = generator.normal(size=120) + accepted
        judged = {"one": Judged(score[None], (score > 0)[None])}
        found = discriminate(judged, accepted, leader="one", seed=trial)["one"].auc
        hits += found.low <= truth <= found.high
    assert hits >= 179


def test_the_combination_beats_every_reviewer(recording: Recording) -> None:
    """Four reviewers with independent noise: the truth is that together they know more."""
    validated = cross_validate(recording, repeats=2, seed=0)
    found = evaluate_cross_validated(recording, validated, seed=0)
    assert found.best == "careful"
    areas = {name: one.auc.value for name, one in found.reviewers.items()}
    assert found.combination.auc.value > max(areas.values())
    assert areas["careful"] > areas["hasty"] > areas["sleepy"]
    assert found.brier < found.brier_of_base_rate
    assert sum(found.chosen.values()) == 20
    # The file was written with a leak that gives nearly every paper away.
    assert found.leak is not None
    assert found.leak.balanced_accuracy.value > 0.95
    assert found.human is not None
    assert found.human.auc.value > found.combination.auc.value


def test_nothing_is_found_where_there_is_nothing(recording: Recording) -> None:
    """Outcomes dealt at random: left out papers are judged no better than by chance.

    Were any outcome of a test fold used, the area would lie above one half; without, it has a
    standard error of .039 around it, and 4 of them are allowed.
    """
    generator = np.random.default_rng(3)
    order = generator.permutation(len(recording.papers))
    shuffled = Recording(
        **{
            **vars(recording),
            "accepted": recording.accepted[order],
            "human": recording.human[order],
        }
    )
    validated = cross_validate(shuffled, repeats=1, seed=0)
    found = evaluate_cross_validated(shuffled, validated, seed=0)
    assert abs(found.combination.auc.value - 0.5) < 4 * 0.039
    assert abs(found.combination.balanced_accuracy.value - 0.5) < 4 * 0.039


def test_folds_see_no_outcome_of_their_test_papers(recording: Recording) -> None:
    """A test paper's judgement is the same whatever became of it and of its fellows."""
    validated = cross_validate(recording, repeats=1, seed=5)
    again = cross_validate(recording, repeats=1, seed=5)
    assert np.array_equal(validated.judges[COMBINATION].score, again.judges[COMBINATION].score)
    generator = np.random.default_rng(5)
    train, test = next(stratified_folds(recording.accepted, FOLDS, generator))
    seed = int(generator.integers(2**31))
    flipped = recording.accepted.copy()
    flipped[test] = ~flipped[test]
    changed = Recording(**{**vars(recording), "accepted": flipped}).select(train)
    model = fit(changed, choose(changed, seed=seed), seed=seed, draws=False)
    assert np.array_equal(
        model.probabilities(recording.scores[test]), validated.probability[0, test]
    )


def test_weights_are_learned_only_where_they_surely_help(tmp_path: Path) -> None:
    """One reviewer knows, five guess: the plain mean loses. Six alike: the plain mean stays."""
    unequal = {"knows": 1.0} | {f"guesses{number}": 0.0 for number in range(5)}
    equal = {f"alike{number}": 0.4 for number in range(6)}
    names = []
    for insight in (unequal, equal):
        recording = read_recording(write(tmp_path / "r.csv", rows(240, seed=6, insight=insight)))
        names.append(choose(recording, seed=0).name)
    assert names[0] != "mean_form"
    assert names[1] == "mean_form"


def test_probabilities_are_right_on_other_papers(
    model: Calibration, recording: Recording, other: Recording
) -> None:
    """In each quarter of 1,000 new papers about as many are accepted as was foretold.

    A quarter's share has a standard error of up to .032, the fit's own error comes on top.
    """
    probability = model.probabilities(model.align(other))
    order = np.argsort(probability)
    for part in np.array_split(order, 4):
        assert probability[part].mean() == pytest.approx(other.accepted[part].mean(), abs=0.11)
    found = evaluate_on_other(model, recording, other, seed=0)
    assert found.kind == "apart"
    assert found.combination.auc.value > found.reviewers[found.best].auc.value
    behind = found.reviewers["sleepy"].auc_behind
    assert behind is not None
    assert behind.low > 0


def test_a_probability_has_an_interval_that_shrinks_with_papers(
    model: Calibration, recording: Recording, other: Recording
) -> None:
    many = fitted(other, seed=0)
    paper = recording.scores[0]
    small, large = model.probability(paper), many.probability(paper)
    for one in (small, large):
        assert 0 < one.low < one.value < one.high < 1
    assert large.high - large.low < small.high - small.low


def test_missing_reviews_are_filled_from_the_others(
    model: Calibration, recording: Recording
) -> None:
    best = dict.fromkeys(QUESTIONS, 4.0) | {"overall": 9.0}
    worst = dict.fromkeys(QUESTIONS, 1.0) | {"overall": 2.0}
    high, low = (
        model.probability(model.arrange({"careful": numbers})) for numbers in (best, worst)
    )
    assert high.value > 0.6 > 0.2 > low.value
    gaps = recording.scores.copy()
    gaps[::3, 1] = np.nan
    partial = Recording(**{**vars(recording), "scores": gaps})
    found = evaluate_cross_validated(partial, cross_validate(partial, repeats=1, seed=0), seed=0)
    assert found.reviewers["hasty"].papers == 160
    assert found.combination.papers == 240
    assert found.combination.auc.value > 0.7


def test_saved_and_loaded_it_says_the_same(
    model: Calibration, recording: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    save_calibration(model, path, recording, seed=0, auc=(0.8, 0.7, 0.9))
    loaded, provenance = load_calibration(path)
    assert provenance.sha256 == recording.digest
    assert (provenance.papers, provenance.auc) == (240, 0.8)
    for row in (0, 1, 2):
        assert loaded.probability(recording.scores[row]) == model.probability(recording.scores[row])
    assert [one.name for one in tmp_path.iterdir()] == ["calibration.json"]
    data = json.loads(path.read_text())
    assert (data["format"], data["version"]) == ("discover-calibration", 1)
    damages: tuple[dict[str, object], ...] = (
        {"version": 2},
        {"weights": [1.0]},
        {"scale": []},
        {"reviewers": []},
        {"method": {"view": "nothing", "target": "outcome", "ridge": 1}},
        {"questions": ["overall"]},
        {"draws": []},
    )
    for damage in damages:
        path.write_text(json.dumps({**data, **damage}))
        with pytest.raises(UserError, match="not a calibration that this program reads"):
            load_calibration(path)
    path.write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        load_calibration(path)


Lines = list[dict[str, str]]


def changed(column: str, value: str) -> Callable[[Lines], Lines]:
    return lambda lines: [{**lines[0], column: value}, *lines[1:]]


@pytest.mark.parametrize(
    ("change", "columns", "said"),
    [
        (lambda lines: lines, COLUMNS[1:], "lacks the column setup"),
        (lambda lines: [], COLUMNS, "holds no review"),
        (changed("overall", "nan"), COLUMNS, "overall of paper p0000 is 'nan', not a number"),
        (changed("overall", "inf"), COLUMNS, "not a number"),
        (changed("clarity", "good"), COLUMNS, "clarity of paper p0000 is 'good', not a number"),
        (changed("overall", ""), COLUMNS, "review 1 has no overall"),
        (
            changed("overall", "1_0"),
            COLUMNS,
            "csv:2: overall of paper p0000 is '1_0', not a number",
        ),
        (changed("human_ratings", "5;\uff15"), COLUMNS, "csv:2: human_ratings of paper p0000"),
        (
            lambda lines: [*lines[:4], *changed("overall", "x")(lines[4:])],
            COLUMNS,
            "csv:6: overall",
        ),
        (changed("outcome", "Maybe"), COLUMNS, "'Maybe' of paper p0000 is neither"),
        (lambda lines: [*lines, lines[0]], COLUMNS, "paper p0000 is there twice for careful"),
        (
            lambda lines: [{**one, "outcome": "Reject"} for one in lines],
            COLUMNS,
            "all papers were rejected",
        ),
        (
            lambda lines: [{**lines[0], "outcome": "Accept (Oral)"}, *lines[1:]],
            COLUMNS,
            "two outcomes",
        ),
    ],
)
def test_bad_recordings_are_refused_in_one_line(
    change: Callable[[Lines], Lines], columns: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    lines = rows(60, seed=1)
    # The first paper must be rejected, so that another outcome contradicts its other reviews.
    for line in lines:
        if line["paper_id"] == "p0000":
            line["outcome"] = "Reject"
    path = write(tmp_path / "reviews.csv", change(lines), columns)
    with pytest.raises(UserError) as caught:
        read_recording(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_torn_and_small_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    with pytest.raises(UserError, match="cannot be read"):
        read_recording(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="is empty"):
        read_recording(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        read_recording(path)
    write(path, rows(60, seed=1))
    path.write_text(path.read_text() + "careful,p9999\n")
    with pytest.raises(UserError, match="another number of columns"):
        read_recording(path)
    header, _, body = write(path, rows(60, seed=1)).read_text().partition("\n")
    path.write_text(f"{header},overall\n" + "".join(f"{line},5\n" for line in body.splitlines()))
    with pytest.raises(UserError, match=r"reviews.csv:1: the column overall is there more than"):
        read_recording(path)
    small = read_recording(write(path, rows(30, seed=1)))
    with pytest.raises(UserError, match="needs 20 accepted and 20 rejected"):
        cross_validate(small, repeats=1, seed=0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(end: str, tmp_path: Path) -> None:
    path = write(tmp_path / "reviews.csv", rows(60, seed=1))
    expected = read_recording(path)
    path.write_bytes(end.join([*path.read_text().splitlines(), ""]).encode())
    found = read_recording(path)
    assert found.papers == expected.papers
    assert np.array_equal(found.scores, expected.scores)


def test_a_few_papers_judge_no_calibration(
    model: Calibration, recording: Recording, tmp_path: Path
) -> None:
    few = read_recording(write(tmp_path / "few.csv", rows(6, seed=3)))
    with pytest.raises(UserError, match="judging needs 20 accepted and 20 rejected"):
        evaluate_on_other(model, recording, few, seed=0)


def test_unknown_reviewers_are_named(
    model: Calibration, recording: Recording, tmp_path: Path
) -> None:
    strange = read_recording(
        write(tmp_path / "strange.csv", rows(60, seed=4, insight={"stranger": 0.5}))
    )
    with pytest.raises(UserError, match="knows no reviewer stranger; it was fitted to careful"):
        evaluate_on_other(model, recording, strange, seed=0)
