"""One rule for how many digits of a number a paper shows."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = ["decimals_of", "percent", "rounded"]

_MOST_DECIMALS = 6
_DIGITS_OF_ERROR = 2
_DIGITS_WITHOUT_ERROR = 4


def decimals_of(value: float, low: float | None = None, high: float | None = None) -> int:
    """Decimals that a value is shown with.

    As many as show two significant digits of half the interval's width; where there is no interval,
    or one of width zero, as many as show four significant digits of the value; never more than six.

    Args:
        value: The number.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """
    width = 0.0 if low is None or high is None else (high - low) / 2
    size, digits = (width, _DIGITS_OF_ERROR) if width > 0 else (abs(value), _DIGITS_WITHOUT_ERROR)
    if size == 0:
        return 1
    return min(_MOST_DECIMALS, max(0, digits - 1 - math.floor(math.log10(size))))


def rounded(value: float, decimals: int, *, signed: bool = False) -> str:
    """The value with so many decimals, ties to the even digit, with a real minus sign.

    Args:
        value: The number; rounded from the shortest decimal text that stands for it.
        decimals: How many.
        signed: Write the plus of a positive number too.
    """
    step = Decimal(1).scaleb(-decimals)
    exact = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_EVEN)
    text = f"{abs(exact):f}"
    if exact < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if signed and exact > 0 else text


def percent(share: float) -> str:
    """A share as per cent with at most three digits: ``95 %``, ``97.0 %`` is ``97 %``."""
    return f"{100 * share:.3g} %"
