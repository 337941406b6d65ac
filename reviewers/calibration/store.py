"""Calibrations as files: plain JSON with a version and where the numbers come from."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from reviewers.calibration.calibrator import Calibration
from reviewers.calibration.methods import METHODS, Method, Standard
from reviewers.calibration.records import FIELDS, Recording
from templates.errors import UserError

__all__ = ["Provenance", "load_calibration", "require_writable", "save_calibration"]


class Provenance(BaseModel):
    """What a calibration was fitted to, and how well it did on papers left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str
    sha256: str
    papers: int
    accepted: int
    seed: int
    program: str
    auc: float | None = None
    auc_interval: tuple[float, float] | None = None


class _Method(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    view: str
    target: Literal["outcome", "human"]
    ridge: float


class _Saved(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["discover-calibration"] = "discover-calibration"
    version: Literal[1] = 1
    provenance: Provenance
    method: _Method
    questions: tuple[str, ...]
    reviewers: tuple[str, ...]
    center: list[list[float]]
    scale: list[list[float]]
    intercept: float
    weights: list[float]
    threshold: float
    draws: list[list[float]]

    @model_validator(mode="after")
    def _fits_together(self) -> _Saved:
        if self.questions != FIELDS:
            raise ValueError(f"it asks {self.questions}, this program's form asks {FIELDS}")
        if self.method.view not in {method.view for method in METHODS}:
            raise ValueError(f"the view {self.method.view!r} is unknown")
        shape = (len(self.reviewers), len(FIELDS))
        if not self.reviewers or list(self.reviewers) != sorted(set(self.reviewers)):
            raise ValueError("reviewers must be sorted and named once")
        for name in ("center", "scale"):
            rows = getattr(self, name)
            if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
                raise ValueError(f"{name} must be {shape[0]} rows of {shape[1]} numbers")
        if any(one <= 0 for row in self.scale for one in row):
            raise ValueError("scale must be positive")
        features = shape[0] * shape[1]
        if len(self.weights) != features or not self.draws:
            raise ValueError(f"{features} weights are needed, and draws")
        if any(len(draw) != features + 1 for draw in self.draws):
            raise ValueError(f"every draw needs {features + 1} numbers")
        return self


def save_calibration(
    calibration: Calibration,
    path: Path,
    recording: Recording,
    *,
    seed: int,
    auc: tuple[float, float, float] | None = None,
) -> None:
    """Write a calibration.

    Args:
        calibration: It, with its draws.
        path: The file; an older one is replaced at once, never half.
        recording: What it was fitted to.
        seed: What it was fitted with.
        auc: Area under the ROC curve on papers left out, with the ends of its interval.

    Raises:
        UserError: The file cannot be written.
    """
    saved = _Saved(
        provenance=Provenance(
            source=recording.source,
            sha256=recording.digest,
            papers=len(recording.papers),
            accepted=int(recording.accepted.sum()),
            seed=seed,
            program=f"discovery-agent {version('discovery-agent')}",
            auc=None if auc is None else auc[0],
            auc_interval=None if auc is None else auc[1:],
        ),
        method=_Method(**vars(calibration.method)),
        questions=FIELDS,
        reviewers=calibration.reviewers,
        center=calibration.standard.center.tolist(),
        scale=calibration.standard.scale.tolist(),
        intercept=calibration.intercept,
        weights=calibration.weights.tolist(),
        threshold=calibration.threshold,
        draws=calibration.draws.tolist(),
    )
    temporary = _temporary(path)
    try:
        temporary.write_text(saved.model_dump_json() + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"the calibration {path} cannot be written: {error}") from error


def require_writable(path: Path) -> None:
    """Refuse a place where no calibration can be written, before the work for it is done.

    Args:
        path: The file that is to be written.

    Raises:
        UserError: Its folder is missing or cannot be written to, or it is a folder itself.
    """
    if path.is_dir():
        raise UserError(f"the calibration {path} cannot be written: that is a folder; name a file")
    temporary = _temporary(path)
    try:
        # Only trying tells: permissions say nothing of a file system that is read-only or full.
        temporary.touch()
        temporary.unlink()
    except (OSError, ValueError) as error:
        raise UserError(
            f"the calibration {path} cannot be written: {error}; choose another place for --save"
        ) from error


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def load_calibration(path: Path) -> tuple[Calibration, Provenance]:
    """Read a calibration.

    Raises:
        UserError: The file cannot be read, or is no calibration of this version.
    """
    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)
    except (OSError, ValueError) as error:
        raise UserError(f"the calibration {path} cannot be read: {error}") from error
    try:
        saved = _Saved.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise UserError(
            f"{path} is not a calibration that this program reads: {where}: {first['msg']}; make "
            "one with discover review --calibrate REVIEWS.csv --save FILE"
        ) from error
    calibration = Calibration(
        method=Method(saved.method.view, saved.method.target, saved.method.ridge),
        reviewers=saved.reviewers,
        standard=Standard(np.array(saved.center), np.array(saved.scale)),
        weights=np.array(saved.weights),
        intercept=saved.intercept,
        threshold=saved.threshold,
        draws=np.array(saved.draws),
    )
    return calibration, saved.provenance
