"""Progress as plain lines with the time of day, for logs and pipes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from agent.wording import duration, money, number

if TYPE_CHECKING:
    from agent.campaign.progress import Progress

__all__ = ["LineView", "fresh", "summary"]


class LineView:
    """An observer that prints every new event, and a summary whenever a proposal is done.

    Args:
        stream: Where to write; flushed after each line, so that a log can be followed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._messages: tuple[str, ...] = ()
        self._phase = ""
        self._done = 0

    def notify(self, progress: Progress) -> None:
        """Print what is new since the last call."""
        for message in fresh(self._messages, progress.messages):
            self._print(message)
        # What a campaign found is printed once it ended.
        news = progress.phase != self._phase or progress.proposals_done != self._done
        if news and progress.phase not in ("reporting", "finished"):
            self._print(summary(progress))
        self._messages = progress.messages
        self._phase = progress.phase
        self._done = progress.proposals_done

    def _print(self, line: str) -> None:
        # The reader's clock; what is stored is UTC.
        moment = datetime.now().astimezone()
        self._stream.write(f"{moment:%H:%M:%S} {line}\n")
        self._stream.flush()


def fresh(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The messages of ``now`` that were not in ``before``, both windows of one growing list."""
    for overlap in range(min(len(before), len(now)), 0, -1):
        if tuple(before[-overlap:]) == tuple(now[:overlap]):
            return now[overlap:]
    return now


def summary(progress: Progress) -> str:
    """One line on where a campaign stands."""
    target = "" if progress.proposals_target is None else f" of {progress.proposals_target}"
    parts = [f"{progress.phase}: {progress.proposals_done}{target} proposals done"]
    if progress.best:
        parts.append(f"best {progress.best[0].name} {number(progress.best[0].score)}")
    if progress.baseline is not None:
        parts.append(f"best baseline {progress.baseline.name} {number(progress.baseline.score)}")
    parts.append(f"{money(progress.cost_usd)} spent")
    if progress.eta_s:
        parts.append(f"about {duration(progress.eta_s)} left")
    return ", ".join(parts)
