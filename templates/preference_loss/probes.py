"""Fixed inputs on which the behaviour of a loss is told from that of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from templates.preference_loss.settings import BATCH

__all__ = ["probe_arguments"]

_BATCHES = 4
_BETAS = (0.02, 0.1, 0.3, 1.0, 2.0, 5.0)
_MARGIN = 6.0


def probe_arguments(population: int) -> list[tuple[NDArray[np.float32], ...]]:
    """Arguments of the loss: realistic log-probabilities, margins over a wide range.

    Log-probabilities of responses lie where those of the reference model do (about -25 +- 8 nats).
    The margin rho is spread so that beta * rho covers -6 to 6 at every beta, with mass near 0, and
    is split at random between the chosen and the rejected response.

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
        spread = _MARGIN * (1.0 if number % 2 == 0 else 0.25)
        scaled = np.linspace(-spread, spread, BATCH)[random.permuted(np.tile(np.arange(BATCH), (population, 1)), axis=1)]
        margin = scaled / betas[:, None]
        share = random.uniform(0.0, 1.0, shape)
        chosen = reference[0] + share * margin
        rejected = reference[1] - (1.0 - share) * margin
        arrays = (chosen, rejected, reference[0], reference[1], betas)
        batches.append(tuple(array.astype(np.float32) for array in arrays))
    return batches
