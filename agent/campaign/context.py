"""What all parts of a running campaign share."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.archive.identity import candidate_id
from agent.archive.records import SANDBOX_TROUBLE, CampaignRecord, CandidateRecord, EventRecord
from agent.archive.store import Archive
from agent.campaign.settings import CampaignSettings, Knobs
from agent.evaluation.measuring import Measurer, decisive_versions
from agent.evaluation.novelty import NoveltyIndex
from agent.stopping import StopRequestedError
from sandboxes.contract import Guarantee
from sandboxes.engines import Engine
from templates.contract import TemplateSpec
from templates.registry import Template

__all__ = ["Activity", "Context"]


@dataclass
class Activity:
    """What is being done for one candidate right now."""

    index: int
    name: str
    stage: str
    detail: str = ""
    since: float = field(default_factory=time.monotonic)


class Context:
    """The archive, the sandboxes and the signals of one running campaign.

    Args:
        archive: Where everything lands.
        record: The campaign's.
        settings: The campaign's.
        template: The campaign's, with its settings.
        engine: A running engine that fits; the campaign asks it through a view of its own.
        guarantees: What holds in the engine's sandbox.
        stopping: Set when the campaign shall stop.
        trouble: Told in one line of a sandboxed process that was replaced; default `tell_trouble`.
    """

    def __init__(
        self,
        archive: Archive,
        record: CampaignRecord,
        settings: CampaignSettings,
        template: Template,
        engine: Engine,
        guarantees: Sequence[Guarantee],
        stopping: threading.Event,
        trouble: Callable[[str], None] | None = None,
    ) -> None:
        self.archive = archive
        self.record = record
        self.settings = settings
        self.template = template
        self.engine = engine.serving(trouble or self.tell_trouble, record.salt)
        self.knobs: Knobs = settings.knobs(template.spec)
        self.guarantees = tuple(guarantees)
        self.known = NoveltyIndex()
        self.stopping = stopping
        self.changed = threading.Event()
        self.messages: deque[str] = deque(maxlen=12)
        self.activities: dict[int, Activity] = {}
        self._lock = threading.Lock()
        self.measurer = Measurer(
            archive,
            self.engine,
            versions=decisive_versions(record.salt),
            guarantees=self.held,
            interrupted=self.raise_if_stopping,
        )

    def close(self) -> None:
        """Let the threads that measure end, and end what sandboxes still do for this campaign."""
        self.measurer.close()
        self.engine.close()

    @property
    def held(self) -> dict[str, bool]:
        """Whether the engine's sandbox holds each of its guarantees, by their names."""
        return {one.name: one.holds for one in self.guarantees}

    @property
    def spec(self) -> TemplateSpec:
        """The template's specification."""
        return self.template.spec

    @property
    def id(self) -> str:
        """The campaign's identifier."""
        return self.record.id

    @property
    def seed(self) -> int:
        """The campaign's seed."""
        return self.record.seed

    @property
    def first_proposal(self) -> int:
        """Index of the first proposal; baselines and controls come before it."""
        return len(self.template.baselines)

    def candidate_id(self, index: int) -> str:
        """Identifier of the candidate with that index."""
        return candidate_id(self.id, index)

    def find(self, index: int) -> CandidateRecord | None:
        """The candidate with that index, if it is in the archive already."""
        return self.archive.candidate_at(self.id, index)

    def raise_if_stopping(self) -> None:
        """Raise StopRequestedError once somebody asked for it."""
        if self.stopping.is_set():
            raise StopRequestedError

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a request to stop."""
        if self.stopping.wait(seconds):
            raise StopRequestedError

    def wait_for(self, event: threading.Event) -> None:
        """Wait until another part of the campaign got somewhere, or somebody asks to stop."""
        while not event.wait(0.1):
            self.raise_if_stopping()

    def tell(self, line: str, kind: str = "process.message") -> None:
        """Show a line to whoever watches and keep it as an event of this process."""
        with self._lock:
            self.messages.append(line)
        self.event(kind, {"text": line})
        self.changed.set()

    def tell_trouble(self, line: str) -> None:
        """The same, for a sandboxed process that was replaced: the report counts these."""
        self.tell(line, SANDBOX_TROUBLE)

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Record that something happened."""
        self.archive.add_event(EventRecord(self.id, datetime.now(UTC), kind, payload))

    def show(self, index: int, name: str, stage: str, detail: str = "") -> None:
        """Show what is being done for a candidate."""
        with self._lock:
            before = self.activities.get(index)
            since = before.since if before and before.stage == stage else time.monotonic()
            self.activities[index] = Activity(index, name, stage, detail, since)
        self.changed.set()

    def hide(self, index: int) -> None:
        """Nothing is being done for that candidate any more."""
        with self._lock:
            self.activities.pop(index, None)
        self.changed.set()

    def shown(self) -> list[Activity]:
        """All activities, by index."""
        with self._lock:
            return [self.activities[index] for index in sorted(self.activities)]

    def progress_of(self, index: int, name: str, stage: str) -> Callable[[int, int], None]:
        """A callback that shows how many of a tier's jobs are done."""

        def report(done: int, total: int) -> None:
            self.show(index, name, stage, f"{done}/{total}")

        return report
