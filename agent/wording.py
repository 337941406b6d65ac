"""How numbers, times, money and long texts are written: on the terminal, in reports, in prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.evaluation.statistics import Estimate

__all__ = ["clip", "duration", "interval", "money", "number", "outcome", "signed_interval"]


def number(value: float | None) -> str:
    """Four decimals for everyday sizes, three significant digits beyond; a dash for None."""
    return _alike(value)[0]


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """``0.9123 [0.9031, 0.9214]``; the bracket is left out where there is no interval."""
    if value is None or low is None or high is None:
        return number(value)
    parts = _alike(value, low, high)
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"


def signed_interval(estimate: Estimate | None) -> str:
    """``+0.0123 [+0.0031, +0.0214]`` for a difference; a dash for None."""
    if estimate is None:
        return "–"
    parts = (estimate.value, estimate.low, estimate.high)
    signed = (
        ("+" if part > 0 else "") + text for part, text in zip(parts, _alike(*parts), strict=True)
    )
    return "{} [{}, {}]".format(*signed)


def _alike(*values: float | None) -> list[str]:
    """Numbers that are read together, in one form: the largest of them decides which."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    form = ".4f" if largest == 0 or 1e-3 <= largest < 1e4 else ".3g"
    return ["–" if value is None else f"{value:{form}}".replace("-", "−") for value in values]


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


def clip(text: str | None, length: int) -> str:
    """At most that many characters, on one line; dots stand for what is left out."""
    joined = " ".join((text or "").split())
    return joined if len(joined) <= length else joined[: length - 3].rstrip() + "..."


def outcome(kept: str | None) -> str:
    """What became of a candidate, for a reader; ``not settled`` for None.

    The archive's ``confirmed`` only says that the confirmation was carried out.
    """
    return "no discovery" if kept == "confirmed" else kept or "not settled"
