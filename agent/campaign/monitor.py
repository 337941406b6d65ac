"""Keeps those who watch a campaign informed."""

from __future__ import annotations

import time

from agent.archive.records import CampaignRecord, CandidateRecord
from agent.archive.store import Archive
from agent.campaign.context import Context
from agent.campaign.progress import InFlight, Leader, Observer, Progress
from agent.campaign.settings import CampaignSettings
from templates.contract import Direction

__all__ = ["Monitor"]

_SHOWN = 6


class Monitor:
    """Turns the archive's counters and what is under way into `Progress`."""

    def __init__(
        self,
        archive: Archive,
        record: CampaignRecord,
        settings: CampaignSettings,
        direction: Direction,
        observer: Observer,
    ) -> None:
        self._archive = archive
        self._record = record
        self._settings = settings
        self._direction = direction
        self._observer = observer
        self._context: Context | None = None
        self._started = time.monotonic()
        self._worked_before = archive.campaign(record.id).worked_s
        self._done_before = self._done()
        self.phase = "preparing"

    @property
    def elapsed_s(self) -> float:
        """Seconds that processes have worked on the campaign, earlier ones included."""
        return self._worked_before + self._here_s

    @property
    def _here_s(self) -> float:
        return time.monotonic() - self._started

    def attach(self, context: Context) -> None:
        """From now on there is something to look at."""
        self._context = context

    def announce(self, phase: str, line: str) -> None:
        """Say one line before anything can be looked at."""
        self.phase = phase
        self._observer.notify(self._progress((line,)))

    def update(self) -> None:
        """Tell the observer how things stand."""
        messages = tuple(self._context.messages) if self._context else ()
        self._observer.notify(self._progress(messages))

    def _progress(self, messages: tuple[str, ...]) -> Progress:
        archive, campaign = self._archive, self._record.id
        counts = archive.counts(campaign, kinds=["proposal"])
        leaders = archive.leaderboard(campaign, _SHOWN, direction=self._direction)
        baselines = archive.leaderboard(campaign, 1, direction=self._direction, kinds=["baseline"])
        done = counts.terminal
        hours = self._settings.hours
        return Progress(
            campaign_id=campaign,
            phase=self.phase,
            elapsed_s=self.elapsed_s,
            eta_s=self._eta(done),
            time_limit_s=None if hours is None else hours * 3600,
            proposals_done=done,
            proposals_target=self._settings.target,
            counts=dict(counts.by_outcome),
            in_flight=self._in_flight(),
            best=tuple(_leader(record) for record in leaders),
            baseline=_leader(baselines[0]) if baselines else None,
            cost_usd=archive.cost(campaign),
            budget_usd=self._settings.budget_usd,
            messages=messages,
        )

    def _done(self) -> int:
        return self._archive.counts(self._record.id, kinds=["proposal"]).terminal

    def _eta(self, done: int) -> float | None:
        target = self._settings.target
        fresh = done - self._done_before
        if target is None or fresh == 0:
            return None
        return self._here_s / fresh * max(0, target - done)

    def _in_flight(self) -> tuple[InFlight, ...]:
        if self._context is None:
            return ()
        now = time.monotonic()
        return tuple(
            InFlight(a.index, a.name, a.stage, a.detail, now - a.since)
            for a in self._context.shown()
        )


def _leader(record: CandidateRecord) -> Leader:
    assert record.score is not None
    return Leader(
        record.name,
        record.score,
        record.score_low,
        record.score_high,
        record.stage,
        record.kind,
        record.known_as,
    )
