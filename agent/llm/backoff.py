"""How long to wait before a call to a provider is tried again."""

from __future__ import annotations

__all__ = ["delays"]


def delays(base_s: float, cap_s: float, attempt: int, retry_after_s: float | None = None) -> float:
    """Seconds to wait before try ``attempt + 1``: exponential, bounded, and free of randomness.

    Jitter would need a clock or a generator of its own; callers that share a provider are few
    here (the slots of one campaign), so a fixed schedule keeps a campaign reproducible.

    Args:
        base_s: Wait after the first failure.
        cap_s: Longest wait that this side chooses by itself.
        attempt: How many tries have failed already, at least 1.
        retry_after_s: What the provider asked for. It is honoured even beyond ``cap_s``, since a
            provider that is asked too early often extends the limit.

    Returns:
        Seconds, at least what the provider asked for.

    Raises:
        ValueError: On a negative time or an attempt below 1.
    """
    if attempt < 1 or base_s < 0 or cap_s < 0:
        raise ValueError("attempt counts from 1 and times are not negative")
    # Past 2^63 the power overflows a float's usefulness long after any cap has been reached.
    own = min(cap_s, base_s * 2.0 ** min(attempt - 1, 63))
    return own if retry_after_s is None else max(own, retry_after_s)
