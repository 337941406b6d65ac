"""Omni's own core at a size that trains in seconds."""

from __future__ import annotations

from dataclasses import replace

from templates.omni.core import OmniCore
from templates.omni.settings import TASKS, Setup

GENERATIONS = 4


class SmallCore(OmniCore):
    """Four generations of 512 steps, one episode of each task when it is measured."""

    def __init__(self, platform: str, choice: str = "labels") -> None:
        profile = replace(
            TASKS["standard"].profile,
            environments=8,
            steps=32,
            rollouts=2,
            minibatches=2,
            epochs=1,
            measured=1,
            judged=2,
            maps=8,
        )
        setup = Setup(profile, profile.generation * GENERATIONS)
        super().__init__(platform, choice=choice, tasks={"standard": setup})
