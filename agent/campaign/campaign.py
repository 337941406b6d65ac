"""A campaign: baselines, proposals, confirmation and report, resumable at every step."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.archive.records import CampaignRecord
from agent.archive.store import Archive
from agent.calling import BudgetSpentError, Caller
from agent.campaign.baselines import Baselines
from agent.campaign.confirming import Confirming
from agent.campaign.context import Context
from agent.campaign.curriculum import Generations
from agent.campaign.ideas import open_ideas
from agent.campaign.monitor import Monitor
from agent.campaign.opening import open_context
from agent.campaign.progress import Observer
from agent.campaign.reviewing import open_reviewing
from agent.campaign.salting import choose_salt
from agent.campaign.settings import CampaignSettings
from agent.campaign.slot import Slots
from agent.evaluation.platforms import choose_platform
from agent.evaluation.workers import DaemonPool
from agent.llm import open_model
from agent.llm.contract import LanguageModel
from agent.papers.claims.bibliography import load_library
from agent.proposers import LlmProposer, load_prompts
from agent.stopping import StopRequestedError
from sandboxes.engines import Engine
from sandboxes.engines.function import FunctionEngine
from sandboxes.registry import choose_sandbox
from templates.errors import DiscoveryError, UserError

__all__ = ["Campaign", "request_stop_of"]

_STOP_FILE = "stop-requested"
_TICK_S = 0.25
_NOTED_EACH_S = 10.0
# Share of the time limit that is kept for confirming, until a confirmation was measured.
_CONFIRM_SHARE = 0.25


def request_stop_of(home: Path, campaign_id: str) -> None:
    """Ask the process that runs a campaign to save and stop."""
    folder = home / campaign_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STOP_FILE).touch()


class Campaign:
    """One campaign; made by `create` or `resume`, run once by `run`."""

    def __init__(
        self, archive: Archive, record: CampaignRecord, settings: CampaignSettings, home: Path
    ) -> None:
        self._archive = archive
        self._record = record
        self._settings = settings
        self._home = home
        self._stopping = threading.Event()
        self._stop_reason = ""

    @property
    def id(self) -> str:
        """The campaign's identifier."""
        return self._record.id

    @property
    def settings(self) -> CampaignSettings:
        """What it was started with, and the limits that were changed since."""
        return self._settings

    @classmethod
    def create(cls, archive: Archive, settings: CampaignSettings, home: Path) -> Campaign:
        """Register a new campaign.

        Raises:
            UserError: Template, sandbox or settings cannot be used.
        """
        template = settings.load()
        choose_platform(template.spec, choose_sandbox(settings.sandbox))
        # What no paper could cite is said before anything is paid for.
        load_library(template)
        now = datetime.now(UTC)
        record = CampaignRecord(
            id=archive.new_campaign_id(template.spec.name, now, settings.seed),
            template=template.spec.name,
            template_digest=template.digest,
            seed=settings.seed,
            settings=settings.to_json(),
            status="stopped",
            created_at=now,
            salt=choose_salt(archive, template.spec, settings.knobs(template.spec).hidden_from),
        )
        return cls(archive, archive.create_campaign(record), settings, home)

    @classmethod
    def resume(
        cls,
        archive: Archive,
        campaign_id: str,
        home: Path,
        *,
        candidates: int | None = None,
        hours: float | None = None,
        budget_usd: float | None = None,
    ) -> Campaign:
        """Take up a campaign where it was.

        A curriculum has no end but its limits: with higher ones it goes on also where it is done.

        Args:
            archive: Where it is.
            campaign_id: Which one.
            home: Where output lands.
            candidates: New limit, of all proposals together; None leaves it.
            hours: New limit, of all hours together.
            budget_usd: New limit, of all costs together.

        Raises:
            UserError: There is no such campaign, it is done, its template has changed since, or
                its limits cannot be changed.
        """
        record = archive.campaign(campaign_id)
        before = CampaignSettings.from_json(record.settings)
        settings = before.with_limits(candidates, hours, budget_usd)
        template = settings.load()
        if settings != before and template.spec.curriculum is None:
            raise UserError("limits can be changed for campaigns of a curriculum only")
        if record.status == "done" and settings == before:
            more = "give it higher limits, e.g. --candidates"
            new = "start a new one with `discover run`"
            raise UserError(
                f"campaign {record.id} is done; {new if template.spec.curriculum is None else more}"
            )
        if template.digest != record.template_digest:
            raise UserError(
                f"the template {record.template} has changed since campaign {record.id} began, "
                "so new scores could not be compared with old ones; start a new campaign"
            )
        if settings != before:
            archive.set_campaign_settings(record.id, settings.to_json())
        return cls(archive, record, settings, home)

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Save and return from `run` soon; may be called from any thread or signal handler."""
        self._stop_reason = reason
        self._stopping.set()

    def run(self, observer: Observer, engine: Engine | None = None) -> CampaignRecord:
        """Run to the end, to a limit or until somebody asks to stop.

        Args:
            observer: Told how things stand.
            engine: A running engine to use, with the workers that it has; it may serve other
                campaigns at the same time and stays open. None for one of the campaign's own.

        Returns:
            The campaign's record, with status ``done`` or ``stopped``.

        Raises:
            UserError: Another process runs it, a model cannot be used, or the engine does not fit.
            InfrastructureError: Sandbox or provider stayed down; all state is saved.
        """
        with ExitStack() as stack:
            stack.enter_context(self._archive.lease(self.id))
            (self._home / self.id / _STOP_FILE).unlink(missing_ok=True)
            self._archive.set_campaign_status(self.id, "running")
            try:
                return self._run(stack, observer, engine)
            except StopRequestedError:
                return self._end("stopped", self._stop_reason or "asked to stop")
            except DiscoveryError as error:
                self._stopping.set()
                self._end("stopped", str(error))
                raise
            except BaseException as error:
                self._stopping.set()
                self._end("failed", f"{type(error).__name__}: {error}")
                raise

    def _run(self, stack: ExitStack, observer: Observer, engine: Engine | None) -> CampaignRecord:
        direction = self._settings.load().spec.primary.direction
        monitor = Monitor(self._archive, self._record, self._settings, direction, observer)
        monitor.announce("preparing", "starting sandboxes and models")
        models = self._open_models(stack)
        opening = open_context(
            self._archive,
            self._record,
            self._settings,
            notify=lambda line: monitor.announce(monitor.phase, line),
            engine=engine,
            stopping=self._stopping,
        )
        context = stack.enter_context(opening)
        self._store_environment(context, models)
        monitor.attach(context)
        work = self._work(context, models, monitor)
        return self._watch(context, work, monitor)

    def _open_models(self, stack: ExitStack) -> list[LanguageModel]:
        opened: dict[str, LanguageModel] = {}
        for name in self._settings.models:
            if name not in opened:
                opened[name] = open_model(name)
                stack.callback(opened[name].close)
        return [opened[name] for name in self._settings.models]

    def _work(
        self, context: Context, models: list[LanguageModel], monitor: Monitor
    ) -> Callable[[], None]:
        """All phases in order, as one function for one thread."""
        baselines = Baselines(context)
        caller = Caller(
            self._archive,
            self.id,
            budget_usd=self._settings.budget_usd,
            tries=context.knobs.call_tries,
            wait=context.wait,
            notify=context.tell,
        )
        if context.spec.curriculum is not None:
            assert isinstance(context.engine, FunctionEngine)
            generations = Generations(context, context.engine, caller, models)

            def go_on() -> None:
                monitor.phase = "searching"
                self._search(context, baselines, generations.run, monitor, together=1)

            return go_on
        reviewing = open_reviewing(context, caller, models, self._settings.models)
        ideas = open_ideas(context, caller, self._home)
        slots = Slots(
            context,
            baselines,
            caller,
            models,
            LlmProposer(context.knobs.selector, context.knobs.sampling(), context.knobs.in_flight),
            load_prompts(context.template.prompt),
            reviewing,
            ideas,
        )
        confirming = Confirming(context, baselines, reviewing)

        def work() -> None:
            monitor.phase = "searching"
            self._search(context, baselines, slots.run, monitor, context.knobs.in_flight)
            monitor.phase = "confirming"
            confirming.run()

        return work

    def _search(
        self,
        context: Context,
        baselines: Baselines,
        run: Callable[[int], None],
        monitor: Monitor,
        together: int,
    ) -> None:
        """Baselines, and proposals by their numbers, so many at once."""
        pool = DaemonPool(together + 1, "slot")
        yardstick = pool.submit(baselines.run)
        target = self._settings.target
        next_slot = 0
        running: list[Future[None]] = []
        try:
            while True:
                context.raise_if_stopping()
                for job in [job for job in (*running, yardstick) if job.done()]:
                    job.result()
                running = [job for job in running if not job.done()]
                wanted = target is None or next_slot < target
                if not wanted or self._time_is_up(context, monitor):
                    if not running and yardstick.done():
                        return
                elif len(running) < together:
                    running.append(pool.submit(lambda slot=next_slot: run(slot)))  # type: ignore[misc]
                    next_slot += 1
                    continue
                context.changed.wait(0.05)
                context.changed.clear()
        except BudgetSpentError as error:
            context.tell(f"no further proposals: {error}")
            self._drain(context, [*running, yardstick])
        finally:
            pool.close()

    @staticmethod
    def _drain(context: Context, jobs: list[Any]) -> None:
        """Let what is under way finish; slots that had no money left stay unfinished."""
        for job in jobs:
            while not job.done():
                context.wait(_TICK_S)
            error = job.exception()
            if error is not None and not isinstance(error, BudgetSpentError):
                raise error

    def _time_is_up(self, context: Context, monitor: Monitor) -> bool:
        """Whether what is left of the time is for confirming; generations need no confirming."""
        if self._settings.hours is None or context.spec.curriculum is not None:
            return False
        return monitor.elapsed_s > self._settings.hours * 3600 * (1 - _CONFIRM_SHARE)

    def _watch(
        self, context: Context, work: Callable[[], None], monitor: Monitor
    ) -> CampaignRecord:
        """Run the work in a thread of its own, keep the observer informed, heed stop requests."""
        pool = DaemonPool(1, "campaign")
        future = pool.submit(work)
        stop_file = self._home / self.id / _STOP_FILE
        noted_s = 0.0
        while not future.done():
            if stop_file.exists():
                self.request_stop("asked to stop by `discover stop`")
                stop_file.unlink(missing_ok=True)
            if self._out_of_time(monitor):
                self.request_stop("the time limit is reached")
            monitor.update()
            if monitor.elapsed_s - noted_s > _NOTED_EACH_S:
                noted_s = monitor.elapsed_s
                self._archive.set_campaign_worked(self.id, noted_s)
            if self._stopping.is_set():
                break
            time.sleep(_TICK_S)
        self._archive.set_campaign_worked(self.id, monitor.elapsed_s)
        if not future.done():
            raise StopRequestedError
        pool.close()
        future.result()
        monitor.phase = "reporting"
        monitor.update()
        record = self._end("done", "all proposals are settled")
        monitor.phase = "finished"
        monitor.update()
        return record

    def _out_of_time(self, monitor: Monitor) -> bool:
        hours = self._settings.hours
        return hours is not None and monitor.elapsed_s > hours * 3600

    def _store_environment(self, context: Context, models: list[LanguageModel]) -> None:
        packages = ("discovery-agent", "jax", "jaxlib", "numpy")
        self._archive.set_campaign_environment(
            self.id,
            {
                "models": sorted({model.name for model in models}),
                "sandbox": {
                    "name": context.engine.sandbox.name,
                    "guarantees": [asdict(guarantee) for guarantee in context.guarantees],
                },
                "device": context.engine.device,
                "workers": context.engine.workers,
                "platform": platform.platform(),
                "python": platform.python_version(),
                "versions": {name: version(name) for name in packages},
                "sampling": asdict(context.knobs.sampling()),
                "template_digest": context.template.digest,
            },
        )

    def _end(self, status: Any, reason: str) -> CampaignRecord:
        self._archive.set_campaign_status(
            self.id, status, finished_at=datetime.now(UTC), stop_reason=reason
        )
        return self._archive.campaign(self.id)
