"""Ways to make one number of several reviews: a view of the scores, a target and a ridge.

Every way is linear in standardised scores, so what it learned can be read and is saved as plain
numbers. With a few hundred papers and reviewers that agree with each other, what separates the
ways is how few numbers they learn: none beyond means and spreads (an average of standardised
ratings), one for each reviewer, one for each question of the form, or one for each pair of them.
The ridge penalty (Hoerl and Kennard 1970) moves between them.

The first of `METHODS` is the one to fall back on: the plain mean of everything that is said of a
paper, each answer standardised. Equal weights lose little against the best ones and much less than
badly estimated ones (Dawes 1979, "The robust beauty of improper linear models").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reviewers.calibration.records import FIELDS, OVERALL, Recording

__all__ = ["METHODS", "Floats", "Method", "Standard", "Target", "directions", "targets_of"]

Floats: TypeAlias = NDArray[np.float64]
Target: TypeAlias = Literal["outcome", "human"]

# A confidence is about the reviewer; no average of what is said of the paper holds it.
_MERIT = [index for index, name in enumerate(FIELDS) if name != "confidence"]
# From standardised scores [..., R, F] to features [..., D].
_VIEWS: Mapping[str, Callable[[Floats], Floats]] = {
    "mean_overall": lambda z: z[..., OVERALL].mean(-1)[..., None],
    "mean_form": lambda z: z[..., _MERIT].mean((-2, -1))[..., None],
    "form_by_reviewer": lambda z: z[..., _MERIT].mean(-1),
    "overall_by_reviewer": lambda z: z[..., OVERALL],
    "form_by_question": lambda z: z.mean(-2),
    "everything": lambda z: z.reshape(*z.shape[:-2], -1),
}


@dataclass(frozen=True)
class Method:
    """One way to combine reviews.

    Args:
        view: Which features: those of a paper's average rating, of its whole form, and so on.
        target: What the direction is fitted to: the outcome, or the mean human rating, which says
            more of a paper than one bit does. Either way the probability is that of acceptance.
        ridge: Penalty per paper; 0 where there is a single feature and nothing to fit.
    """

    view: str
    target: Target = "outcome"
    ridge: float = 0.0

    @property
    def name(self) -> str:
        """A readable name."""
        if self.ridge == 0:
            return self.view
        return f"{self.view} to {self.target}, ridge {self.ridge:g}"


METHODS: tuple[Method, ...] = (
    Method("mean_form"),
    Method("mean_overall"),
    *(
        Method(view, target, ridge)
        for view in ("form_by_reviewer", "overall_by_reviewer", "form_by_question", "everything")
        for target in ("outcome", "human")
        for ridge in (10.0, 1.0, 0.1)
    ),
)


@dataclass(frozen=True)
class Standard:
    """Centre and spread of every question for every reviewer, ``[R, F]``."""

    center: Floats
    scale: Floats

    @classmethod
    def of(cls, scores: Floats) -> Standard:
        """From scores ``[P, R, F]``; a question that was always answered alike has spread 1."""
        present = ~np.isnan(scores)
        count = np.maximum(present.sum(0), 1)
        center = np.where(present, scores, 0.0).sum(0) / count
        squares = np.where(present, (scores - center) ** 2, 0.0).sum(0) / count
        return cls(center, np.where(squares > 1e-12, np.sqrt(squares), 1.0))

    def apply(self, scores: Floats) -> Floats:
        """Standardised scores ``[P, R, F]`` without gaps.

        Where a number is missing stands what the paper's other reviewers say to the same question,
        and the average paper where none does.
        """
        z = (scores - self.center) / self.scale
        present = ~np.isnan(z)
        known = np.where(present, z, 0.0)
        others = known.sum(1, keepdims=True) / np.maximum(present.sum(1, keepdims=True), 1)
        return np.where(present, known, others)


def targets_of(recording: Recording) -> dict[Target, Floats]:
    """What directions can be fitted to, ``[P]`` each.

    A paper without human ratings gets the mean of those that share its outcome; a recording in
    which an outcome has none offers the outcome only.
    """
    targets: dict[Target, Floats] = {"outcome": recording.accepted.astype(np.float64)}
    human = recording.human.copy()
    for outcome in (False, True):
        same = recording.accepted == outcome
        known = same & ~np.isnan(human)
        if not known.any():
            return targets
        human[same & ~known] = human[known].mean()
    return {**targets, "human": human}


def directions(
    standardised: Floats, targets: Mapping[Target, Floats], methods: Iterable[Method] = METHODS
) -> dict[Method, Floats]:
    """The weights ``[R * F]`` of standardised scores that each method finds.

    Args:
        standardised: Scores ``[P, R, F]`` of the papers to learn from.
        targets: From `targets_of`; methods of other targets are left out.
        methods: Which methods.

    Returns:
        By method. A score made with them has spread 1 on these papers.
    """
    papers, reviewers, questions = standardised.shape
    flat = standardised.reshape(papers, -1)
    # Views are linear: what they do to the unit vectors is their matrix, [R * F, D].
    units = np.eye(reviewers * questions).reshape(-1, reviewers, questions)
    wanted = [method for method in methods if method.target in targets]
    found: dict[Method, Floats] = {}
    for view in dict.fromkeys(method.view for method in wanted):
        take = _VIEWS[view]
        projection = take(units)
        features = take(standardised)
        features = features - features.mean(0)
        gram = features.T @ features
        for method in (one for one in wanted if one.view == view):
            if method.ridge == 0:
                weights = np.ones(1)
            else:
                target = targets[method.target]
                penalty = method.ridge * papers * np.eye(len(gram))
                weights = np.linalg.solve(gram + penalty, features.T @ (target - target.mean()))
            direction = projection @ weights
            spread = float((flat @ direction).std())
            found[method] = direction / spread if spread > 1e-12 else direction
    return found
