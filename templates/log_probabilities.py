"""Log-probabilities from somebody who is not believed: they count only if they sum to one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from templates.errors import CandidateError

__all__ = ["normalized"]

# Rounding in float32 over some hundred symbols stays far below this; a lie worth telling does not.
_TOLERANCE = 1e-2


def normalized(name: str, log_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probabilities whose exponentials sum to exactly one.

    What is off by rounding is divided by its sum; what is off by more is refused, since the
    probability that one symbol gets must be taken from the others.

    Args:
        name: Of the array, for the message.
        log_probs: Finite, in nats, ``[..., symbols]``.

    Returns:
        The same shape.

    Raises:
        CandidateError: Kind ``not_normalized``: a row sums to something else than one.
    """
    largest: NDArray[np.float64] = log_probs.max(axis=-1, keepdims=True)
    with np.errstate(under="ignore"):
        total = largest + np.log(np.exp(log_probs - largest).sum(axis=-1, keepdims=True))
    worst = float(np.abs(total).max())
    if worst > _TOLERANCE:
        row = total.ravel()[int(np.abs(total).argmax())]
        shown = f"{np.exp(row):.4g}" if abs(row) < 500 else f"e^{row:.3g}"
        raise CandidateError(
            "not_normalized",
            f"the probabilities in a row of {name} sum to {shown}: give log-probabilities, for "
            "example jax.nn.log_softmax of the logits",
        )
    found: NDArray[np.float64] = log_probs - total
    return found
