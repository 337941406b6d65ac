"""What a campaign asks of sandboxes for one template: trace, inspect, evaluate.

An engine is what these words mean for the template's boundary, over processes that any number of
clients share: a pool of warm trusted workers, and beside it a tracer or labs. See `open_engine`.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from sandboxes.contract import Inspection, ProcessHandle, Program, Sandbox
from sandboxes.engines.answers import Answer, Measurement
from sandboxes.engines.client import Client
from sandboxes.engines.pool import WorkerPool
from sandboxes.protocol import Message
from templates.registry import Template

__all__ = ["Engine"]


class Engine(ABC):
    """Warm sandboxes for one template.

    An engine may serve several campaigns, one after another and at the same time: each gets a view
    from `serving`, which holds what is its alone, the place for messages and the salt of its hidden
    data, and shares all processes. Its methods may be called from any thread.

    Args:
        template: What is evaluated.
        sandbox: Where processes run.
        platform: ``cpu`` or ``cuda``.
        pool: Warm workers, not started yet; the engine starts and closes them.
        notify: Told in one line when a process is replaced.
        salt: Of an experiment's hidden data, see `templates.hiding`; None for none.

    Raises:
        ValueError: There is a salt, and the template is no experiment.
    """

    def __init__(
        self,
        template: Template,
        sandbox: Sandbox,
        platform: str,
        pool: WorkerPool,
        notify: Callable[[str], None],
        salt: str | None,
    ) -> None:
        self.template = template
        self.sandbox = sandbox
        self.platform = platform
        self.population = template.spec.population[platform]
        self._pool = pool
        self._is_view = False
        self._serve(notify, salt)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def workers(self) -> int:
        """How many warm workers there are."""
        return self._pool.workers

    @property
    def device(self) -> str:
        """What the evaluators run on, as JAX names it."""
        return self._pool.device

    @property
    def is_open(self) -> bool:
        """Whether it was started and not closed."""
        return self._pool.is_open

    @property
    def seeds_per_job(self) -> int:
        """How many seeds one call should carry: one on a CPU, a population's worth on a GPU."""
        return max(1, self.population // self.template.spec.population["cpu"])

    def serving(self, notify: Callable[[str], None], salt: str | None = None) -> Self:
        """A view of this engine for one more client.

        What is asked through it works as if asked of an engine of its own. Closing the view ends
        what was asked through it and is not answered yet, with InfrastructureError, and refuses
        what comes after; everything else goes on. Closing the engine closes all its views.

        Args:
            notify: Told in one line when a process that worked for this view is replaced.
            salt: Of the client's hidden data, see `templates.hiding`; None for none.

        Raises:
            ValueError: There is a salt, and the template is no experiment.
        """
        view = copy.copy(self)
        view._is_view = True
        view._serve(notify, salt)
        return view

    def start(self) -> None:
        """Start everything side by side and wait until it is warm; a view has nothing to start.

        Raises:
            InfrastructureError: A process did not come up.
        """
        if not self._is_view:
            self._start_processes()

    def close(self) -> None:
        """End every process, also those that are only just starting; safe to call twice.

        Of a view, only what works for it is ended; see `serving`.
        """
        if self._is_view:
            self._client.close()
        else:
            self._close_processes()

    @abstractmethod
    def processes(self, role: str | None = None) -> tuple[ProcessHandle, ...]:
        """The processes that run for this engine at this moment, whoever asked for them.

        Args:
            role: Only those of this kind: ``evaluator``, ``tracer`` or ``lab``; None for all.
        """

    @abstractmethod
    def prewarm(self) -> bool:
        """Make now what a worker that takes a dead one's place is tried with.

        Else it is made when the first two workers in a row have failed.

        Returns:
            Whether there is any such thing.

        Raises:
            CandidateError: It cannot be made.
            InfrastructureError: The sandbox could not be reached.
        """

    @abstractmethod
    def trace(self, code: str) -> Program:
        """Turn a candidate's code into a program.

        Raises:
            CandidateError: The code is at fault.
            InfrastructureError: The sandbox could not be reached, twice.
        """

    @abstractmethod
    def inspect(self, program: Program) -> Inspection:
        """Verify a program and describe it.

        Raises:
            CandidateError: The program is not acceptable.
            InfrastructureError: No worker could be kept alive.
        """

    @abstractmethod
    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """Score a program on some seeds of one task.

        Raises:
            CandidateError: The program crashed, hung, exhausted its sandbox or gave nothing valid.
            InfrastructureError: No worker could be kept alive.
        """

    @abstractmethod
    def _start_processes(self) -> None:
        """Start the pool and what is beside it."""

    @abstractmethod
    def _close_processes(self) -> None:
        """Close the pool and what is beside it, both also where one of them fails to."""

    @abstractmethod
    def _known_good(self, request: Message) -> Message | None:
        """The same question about something that any worker can answer; None where there is none.

        Raises:
            CandidateError: It cannot be made.
            InfrastructureError: The sandbox could not be reached.
        """

    def _serve(self, notify: Callable[[str], None], salt: str | None) -> None:
        if salt is not None and self.template.spec.boundary != "experiment":
            raise ValueError(f"{self.template.spec.name} is no experiment: it hides nothing")
        self._client = Client(notify)
        self._salt = salt

    def _ask(self, request: Message) -> Answer:
        """Ask a worker on behalf of whoever this is a view for; see `WorkerPool.ask`."""
        return self._pool.ask(request, self._client, lambda: self._known_good(request))
