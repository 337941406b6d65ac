"""What each task changes, and what each effort spends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "BATCH",
    "BETAS",
    "EFFORTS",
    "LEARNING_RATE",
    "TASKS",
    "TEST_PAIRS",
    "TEXTS",
    "TRAINING_PAIRS",
    "UPDATES",
    "TaskSetting",
]

BATCH = 64
"""Preference pairs of one update; the shape that candidates see."""

BETAS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""The grid on which each candidate draws its frontier."""

UPDATES = 48
"""Updates of a full training; every pair is seen once."""

LEARNING_RATE = 1e-3
"""Peak learning rate of Adam, after a short warm-up and before a cosine decay to nothing."""

TRAINING_PAIRS = UPDATES * BATCH
TEST_PAIRS = 128
"""Unseen pairs for the accuracy of the implicit reward."""

TEXTS = 384
"""Texts sampled from each trained policy to judge it."""

EFFORTS: Mapping[str, int] = {"smoke": 3, "full": UPDATES}
"""Updates that each effort makes; a smoke test is the start of a full training."""


@dataclass(frozen=True)
class TaskSetting:
    """One task.

    Attributes:
        attribute: Name of the ground-truth reward.
        temperature: Of the Bradley-Terry labels, in units of the reward.
        betas: The grid; as many values as the population has a seed.
        prompts: Where the prompts of the final judgement come from: other verses of the books
            that the reference has read, or books that it has not.
        flipped: Share of the training labels that are turned round.
    """

    attribute: Literal["sentiment", "modern"] = "sentiment"
    temperature: float = 0.1
    betas: tuple[float, ...] = BETAS
    prompts: Literal["validation", "held_out"] = "validation"
    flipped: float = 0.0


TASKS: Mapping[str, TaskSetting] = {
    "sentiment": TaskSetting(),
    "modern_english": TaskSetting(attribute="modern"),
    "unseen_prompts": TaskSetting(prompts="held_out"),
    "label_noise": TaskSetting(flipped=0.25),
    "beta_outside": TaskSetting(betas=(0.01, 0.02, 0.035, 3.0, 5.0, 8.0)),
}
