"""How numbers, times and money are written in a report."""

from __future__ import annotations

from agent.evaluation.statistics import Estimate

__all__ = ["duration", "interval", "money", "number", "signed", "signed_interval"]


def number(value: float | None) -> str:
    """Four decimals for everyday sizes, three significant digits beyond; a dash for None."""
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """``0.9123 [0.9031, 0.9214]``; the bracket is left out where there is no interval."""
    if value is None or low is None or high is None:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def signed(value: float) -> str:
    """A difference, with its sign."""
    return ("+" if value > 0 else "") + number(value)


def signed_interval(estimate: Estimate | None) -> str:
    """``+0.0123 [+0.0031, +0.0214]`` for a difference; a dash for None."""
    if estimate is None:
        return "–"
    return f"{signed(estimate.value)} [{signed(estimate.low)}, {signed(estimate.high)}]"


def duration(seconds: float | None) -> str:
    """``8 s``, ``12 min 05 s`` or ``3 h 07 min``; a dash for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def money(dollars: float) -> str:
    """Dollars; amounts under a cent keep four decimals."""
    return f"${dollars:.4f}" if 0 < dollars < 0.01 else f"${dollars:.2f}"
