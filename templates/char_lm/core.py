"""Which characters are hidden, and how log-probabilities of them are scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.char_lm.corpus import ALPHABET, load
from templates.contract import SeedResult, Task
from templates.hiding import hidden_generator
from templates.log_probabilities import normalized

__all__ = ["CharLmCore"]

# Characters after each hidden one that nobody is given: else what follows would tell it.
_GAP = 15
_SPACE = ALPHABET.index(" ")


class CharLmCore:
    """Cuts windows out of a text and keeps the character after each; see `ExperimentCore`.

    A part of the text, another for each seed, is cut into windows. The experiment is given the rest
    of the text to learn from, and the windows, in random order, without the character that follows.

    Args:
        profile: The setting of that name; sizes come with the task.
    """

    def __init__(self, profile: str = "cpu") -> None:
        self._profile = profile

    def inputs(self, *, task: Task, seed: int) -> Mapping[str, NDArray[Any]]:
        """The text to learn from, and contexts without the characters after them."""
        text, contexts, _ = cut(task, seed)
        return {"text": text, "contexts": contexts}

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: Task, seed: int
    ) -> SeedResult:
        """Nats per character at each checkpoint.

        Raises:
            CandidateError: Log-probabilities do not sum to one.
        """
        _, _, targets = cut(task, seed)
        log_probs = normalized("log_probs", outputs["log_probs"])
        given = np.take_along_axis(log_probs, targets[None, :, None], axis=2)[:, :, 0]
        nats = -given.mean(axis=1)
        steps = task.values["steps"]
        at = np.arange(1, len(nats) + 1) * (steps // len(nats))
        best = log_probs[-1].argmax(axis=1)
        within = targets != _SPACE
        return SeedResult(
            task=task.name,
            seed=seed,
            metrics={
                "nats_per_character": float(nats[-1]),
                "nats_along": float(nats.mean()),
                "accuracy": float((best == targets).mean()),
                "nats_in_words": float(-given[-1][within].mean()),
            },
            detail={"steps": at.tolist(), "nats": np.round(nats, 4).tolist()},
        )


def cut(task: Task, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """What a seed makes of the text of a task.

    Args:
        task: Whose text.
        seed: Of where windows are cut out, and of their order.

    Returns:
        Text to learn from ``[known]``, contexts ``[hidden, context]``, and the characters after
        them ``[hidden]``, which the lab does not get.
    """
    values = task.values
    rng = hidden_generator("char_lm", task.name, seed)
    text = load(task.name)
    length = values["context"] + 1 + _GAP
    start = int(rng.integers(len(text) - values["hidden"] * length))
    end = start + values["hidden"] * length
    windows = text[start:end].reshape(values["hidden"], length)[rng.permutation(values["hidden"])]
    known = np.concatenate([text[:start], text[end:]])[: values["known"]]
    contexts, targets = windows[:, : values["context"]], windows[:, values["context"]]
    return known, contexts, targets.astype(np.int64)
