"""The part of ``discover review`` that calibrates recorded reviewers, and how it is printed."""

from __future__ import annotations

from pathlib import Path

from agent.cli.output import console, emit_json, shorten
from reviewers.calibration import (
    JUDGING,
    PUBLISHED,
    Calibration,
    Evaluation,
    cross_validate,
    evaluate_cross_validated,
    evaluate_on_other,
    fitted,
    load_calibration,
    read_recording,
    require_enough,
    require_writable,
    save_calibration,
)
from reviewers.calibration.discrimination import Discrimination, Interval
from templates.errors import UserError

__all__ = ["run_calibration"]

_NAME_LENGTH = 64


def run_calibration(
    calibrate: Path | None,
    evaluate: Path | None,
    calibration: Path | None,
    save: Path | None,
    *,
    repeats: int,
    seed: int,
    as_json: bool,
) -> None:
    """Fit, evaluate, save, print.

    Args:
        calibrate: Recorded reviews to fit to.
        evaluate: Other recorded reviews to judge the fit on; cross-validation where there are none.
        calibration: A saved calibration to judge in place of a new one.
        save: Where to write the new one.
        repeats: Rounds of cross-validation.
        seed: Of folds and resampling.
        as_json: Print one object.

    Raises:
        UserError: A file cannot be used, or the options contradict each other.
    """
    model: Calibration | None
    if calibrate is None:
        if calibration is None or evaluate is None:
            raise UserError("--evaluate needs --calibrate REVIEWS.csv or --calibration FILE")
        if save is not None:
            raise UserError("--save goes with --calibrate: the other calibration is saved already")
        loaded, _ = load_calibration(calibration)
        found = evaluate_on_other(loaded, None, read_recording(evaluate), seed=seed)
    else:
        if calibration is not None:
            raise UserError("give --calibrate to fit a calibration or --calibration to load one")
        # What cannot be used is told before the work, also of the second file and of the place.
        if save is not None:
            require_writable(save)
        recording = read_recording(calibrate)
        other = None if evaluate is None else read_recording(evaluate)
        if other is not None:
            require_enough(other, JUDGING)
        if other is None:
            validated = cross_validate(recording, repeats=repeats, seed=seed)
            found = evaluate_cross_validated(recording, validated, seed=seed)
            model = None if save is None else fitted(recording, seed=seed)
        else:
            model = fitted(recording, seed=seed)
            found = evaluate_on_other(model, recording, other, seed=seed)
        if save is not None and model is not None:
            area = found.combination.auc
            save_calibration(
                model,
                save,
                recording,
                seed=seed,
                auc=(area.value, area.low, area.high) if found.shared_papers == 0 else None,
            )
    if as_json:
        emit_json({**found.to_json(), "saved": save})
    else:
        _print(found, save)


def _print(found: Evaluation, save: Path | None) -> None:
    from agent.cli.tables import plain_table

    table = plain_table("", "AUC", "balanced accuracy", "combination ahead by (AUC)")
    table.add_row("combination", *_figures(found.combination), "", style="bold")
    for name, one in sorted(found.reviewers.items(), key=lambda item: -item[1].auc.value):
        table.add_row(shorten(name, _NAME_LENGTH), *_figures(one), _ahead(one.auc_behind))
    table.add_row("always reject", "0.5000", "0.5000", "")
    for name, baseline in (("leak (anonymous text)", found.leak), ("human ratings", found.human)):
        if baseline is not None:
            table.add_row(name, *_figures(baseline), _ahead(baseline.auc_behind))
    if found.leak is None:
        accuracy = f"accuracy {PUBLISHED['leak_accuracy']:.3f}"
        table.add_row("leak (anonymous text), published", "", accuracy, "")
    published = f"{PUBLISHED['auc']:.4f}", f"{PUBLISHED['balanced_accuracy']:.4f}"
    table.add_row("published, one reviewer", *published, "")
    out = console()
    how = "cross-validated" if found.kind == "cross-validated" else "on papers of another file"
    out.print(f"{found.papers} papers, {found.accepted} accepted; {how}", style="bold")
    out.print(table)
    behind = found.reviewers[found.best].auc_behind
    if behind is not None:
        sure = "" if behind.low > 0 or behind.high < 0 else ", which does not tell them apart"
        out.print(f"ahead of {found.best} by {_signed(behind)}{sure}")
    out.print(
        f"mean squared error of the probabilities {found.brier:.4f}; "
        f"of the share of accepted papers {found.brier_of_base_rate:.4f}"
    )
    for note in found.notes:
        out.print(f"note: {note}")
    if save is not None:
        out.print(f"saved: {save}")


def _figures(one: Discrimination) -> tuple[str, str]:
    return _text(one.auc), _text(one.balanced_accuracy)


def _text(one: Interval) -> str:
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"


def _ahead(one: Interval | None) -> str:
    return "" if one is None else _signed(one)


def _signed(one: Interval) -> str:
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"
