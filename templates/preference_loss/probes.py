"""Fixed inputs on which the behaviour of a loss is told from that of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from templates.preference_loss.settings import BATCH

__all__ = ["probe_arguments"]

_BATCHES = 4
_BETAS = (0.02, 0.1, 0.3, 1.0, 2.0, 5.0)
_SCALED_MARGIN = 6.0
_MARGIN = 40.0


def probe_arguments(population: int) -> list[tuple[NDArray[np.float32], ...]]:
    """Arguments of the loss: realistic log-probabilities, margins over a wide range.

    Log-probabilities of responses lie where those of the reference model do (about -25 +- 8 nats).
    The margin rho is spread so that beta * rho covers -6 to 6 (but rho at most -40 to 40 nats),
    with more mass near 0 in every other batch. Some of a margin comes from raising one response,
    as far as a probability can be raised, and the rest from lowering the other.

    Args:
        population: Leading axis; betas repeat along it.

    Returns:
        Batches of (policy chosen, policy rejected, reference chosen, reference rejected), each
        ``[population, BATCH]``, and beta ``[population]``.
    """
    random = np.random.default_rng(20240613)
    betas = np.resize(np.array(_BETAS), population)
    batches = []
    for number in range(_BATCHES):
        shape = (population, BATCH)
        reference = -25.0 + 8.0 * random.standard_normal((2, *shape))
        reference = np.minimum(reference, -0.5)
        spread = _SCALED_MARGIN * (1.0 if number % 2 == 0 else 0.25)
        places = random.permuted(np.tile(np.linspace(-1.0, 1.0, BATCH), (population, 1)), axis=1)
        margin = places * np.minimum(spread / betas, _MARGIN)[:, None]
        raised = random.uniform(0.0, 0.5, shape) * np.abs(margin)
        wins = margin > 0
        up = np.where(wins, reference[0], reference[1])
        raised = np.minimum(raised, 0.9 * -up)
        lowered = np.abs(margin) - raised
        chosen = reference[0] + np.where(wins, raised, -lowered)
        rejected = reference[1] + np.where(wins, -lowered, raised)
        arrays = (chosen, rejected, reference[0], reference[1], betas)
        batches.append(tuple(array.astype(np.float32) for array in arrays))
    return batches
