"""The reward-KL frontier and the one number that is read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KL_BUDGETS", "Point", "hull", "reward_at_budgets"]

KL_BUDGETS = (0.5, 1.0, 2.0, 4.0)
"""KL budgets in nats per text at which the primary metric reads the frontier."""


@dataclass(frozen=True)
class Point:
    """One trained policy.

    Attributes:
        beta: Regularisation strength it was trained with.
        diverged: Its parameters or its KL are not finite numbers; the other fields are then None.
        kl: KL divergence from the reference, in nats per text.
        reward: Expected reward in [0, 1].
        reward_gain: Reward less the reference's on the same prompts and noise.
        reward_gain_error: Standard error of ``reward_gain`` over prompts.
        win_rate: Share of prompts on which its text beats the reference's, ties counted half.
        accuracy: Share of unseen pairs that its implicit reward orders as the true reward does.
    """

    beta: float
    diverged: bool
    kl: float | None
    reward: float | None
    reward_gain: float | None
    reward_gain_error: float | None
    win_rate: float | None
    accuracy: float | None


def hull(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Upper concave hull of (KL, reward) points, up to its highest point.

    KL is convex in the policy, so a mixture of two policies spends at most the mixed KL and earns
    the mixed reward: every point of the hull is reached by some policy, or beaten.

    Args:
        points: Pairs of KL (nats, at least 0) and reward; finite.

    Returns:
        Corners ``[corners, 2]``, KL and reward both strictly rising.
    """
    corners: list[tuple[float, float]] = []
    for kl, reward in sorted(points, key=lambda point: (point[0], -point[1])):
        if corners and reward <= corners[-1][1]:
            continue
        while len(corners) >= 2:
            (x0, y0), (x1, y1) = corners[-2:]
            if (y1 - y0) * (kl - x0) > (reward - y0) * (x1 - x0):
                break
            corners.pop()
        if corners and corners[-1][0] == kl:
            corners.pop()
        corners.append((kl, reward))
    return np.array(corners, np.float64).reshape(-1, 2)


def reward_at_budgets(
    points: Sequence[Point], reference_reward: float, budgets: Sequence[float] = KL_BUDGETS
) -> float:
    """Expected reward within a KL budget, averaged over the budgets.

    Args:
        points: The trained policies; those that diverged do not count.
        reference_reward: Reward of the reference, which costs no KL and is always at hand.
        budgets: KL budgets in nats per text.

    Returns:
        A number in [0, 1], at least ``reference_reward``.
    """
    found = [(0.0, reference_reward)]
    for point in points:
        if point.kl is not None and point.reward is not None:
            found.append((max(point.kl, 0.0), point.reward))
    corners = hull(found)
    return float(np.interp(budgets, corners[:, 0], corners[:, 1]).mean())
