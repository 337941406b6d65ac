"""How long to wait before a call to a provider is tried again."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST_WISH_S", "delays", "retry_after_s"]

LONGEST_WISH_S = 3600.0
"""What a provider asks for beyond this, in seconds, is not waited for: it is asked again sooner."""


def delays(base_s: float, cap_s: float, attempt: int, retry_after_s: float | None = None) -> float:
    """Seconds to wait before try ``attempt + 1``: exponential, bounded, and free of randomness.

    Jitter would need a clock or a generator of its own; callers that share a provider are few
    here (the slots of one campaign), so a fixed schedule keeps a campaign reproducible.

    Args:
        base_s: Wait after the first failure.
        cap_s: Longest wait that this side chooses by itself.
        attempt: How many tries have failed already, at least 1.
        retry_after_s: What the provider asked for. It is honoured even beyond ``cap_s``, since a
            provider that is asked too early often extends the limit, but not beyond
            `LONGEST_WISH_S`.

    Returns:
        Seconds, finite.

    Raises:
        ValueError: On a negative time or an attempt below 1.
    """
    if attempt < 1 or base_s < 0 or cap_s < 0:
        raise ValueError("attempt counts from 1 and times are not negative")
    # Past 2^63 the power overflows a float's usefulness long after any cap has been reached.
    own = min(cap_s, base_s * 2.0 ** min(attempt - 1, 63))
    return own if retry_after_s is None else max(own, min(retry_after_s, LONGEST_WISH_S))


def retry_after_s(text: str | None) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as such or as a date (RFC 9110, section 10.2.3).

    Fractions of a second, which some providers send, are understood as well.

    Args:
        text: The header's value; None where there is none.

    Returns:
        Seconds, finite and not negative; None where the text says nothing that can be waited for.
    """
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]+(\.[0-9]*)?\s*", text, re.ASCII):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # The latter for a year that no calendar has.
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
