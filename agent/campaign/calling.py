"""Calls to language models: within the budget, recorded before they are used, retried with care."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from agent.archive.identity import model_call_id
from agent.archive.records import ModelCallRecord
from agent.archive.store import Archive
from agent.llm.backoff import delays
from agent.llm.contract import Completion, CompletionRequest, LanguageModel, prompt_hash
from templates.errors import CandidateError, InfrastructureError

__all__ = ["BudgetSpentError", "Caller"]

# How the archive marks a call that the model answered, but not with a completion.
_REFUSED = "no completion, "


class BudgetSpentError(Exception):
    """The next call might cost more than is left."""


class Caller:
    """Makes the calls of one campaign.

    Args:
        archive: Where every call is recorded.
        campaign_id: Whose calls they are.
        budget_usd: Limit on the cost, None for none.
        tries: How often a call is tried while the provider is down.
        wait: Sleeps that many seconds, or raises when the campaign shall stop.
        notify: Told in one line when a call is retried.
    """

    def __init__(
        self,
        archive: Archive,
        campaign_id: str,
        *,
        budget_usd: float | None,
        tries: int,
        wait: Callable[[float], None],
        notify: Callable[[str], None],
    ) -> None:
        self._archive = archive
        self._campaign_id = campaign_id
        self._budget_usd = budget_usd
        self._tries = tries
        self._wait = wait
        self._notify = notify
        self._lock = threading.Lock()
        self._pending = 0
        self._dearest_usd = max(
            (call.cost_usd for call in archive.model_calls(campaign_id)), default=0.0
        )
        self._slots: dict[str, threading.Semaphore] = {}

    def call(
        self,
        model: LanguageModel,
        request: CompletionRequest,
        *,
        slot: int,
        attempt: int,
        role: str,
    ) -> ModelCallRecord:
        """The answer to a request: the one already paid for, or a new one.

        Returns:
            The recorded call with its completion.

        Raises:
            CandidateError: The model refused; recorded too.
            BudgetSpentError: There may not be enough money left.
            InfrastructureError: The provider stayed down.
        """
        answered = self._archive.answered_call(self._campaign_id, slot, attempt, role)
        if answered is not None:
            return answered
        earlier = [
            call
            for call in self._archive.model_calls(self._campaign_id, slot)
            if (call.attempt, call.role) == (attempt, role)
        ]
        for call in earlier:
            if (call.error or "").startswith(_REFUSED):
                kind, _, message = str(call.error).removeprefix(_REFUSED).partition(": ")
                raise CandidateError(kind, message)
        with self._lock:
            slots = self._slots.setdefault(model.name, threading.Semaphore(model.slots))
        for number in range(len(earlier), len(earlier) + self._tries):
            with slots, self._within_budget():
                record, error = self._try(model, request, slot, attempt, role, number)
            if error is None:
                return record
            if isinstance(error, CandidateError):
                raise error
            pause = delays(1.0, 120.0, number - len(earlier) + 1, error.retry_after_s)
            self._notify(f"{model.name}: {error}; next try in {pause:.0f} s")
            self._wait(pause)
        raise InfrastructureError(
            f"{model.name} failed {self._tries} times in a row, last: {error}; the campaign is "
            "saved, resume it when the provider is back"
        )

    def _try(
        self,
        model: LanguageModel,
        request: CompletionRequest,
        slot: int,
        attempt: int,
        role: str,
        number: int,
    ) -> tuple[ModelCallRecord, CandidateError | InfrastructureError | None]:
        completion: Completion | None = None
        error: CandidateError | InfrastructureError | None = None
        try:
            completion = model.complete(request)
        except (CandidateError, InfrastructureError) as caught:
            self._wait(0.0)  # a call that we cut off ourselves, by stopping, did not fail
            error = caught
        prefix = f"{_REFUSED}{error.kind}: " if isinstance(error, CandidateError) else ""
        record = ModelCallRecord(
            id=model_call_id(self._campaign_id, slot, attempt, role, number),
            campaign_id=self._campaign_id,
            slot=slot,
            attempt=attempt,
            role=role,
            try_number=number,
            model=completion.model if completion else model.name,
            prompt_hash=completion.prompt_hash if completion else prompt_hash(request),
            messages=[asdict(message) for message in request.messages],
            completion=completion.text if completion else None,
            error=f"{prefix}{error}" if error else None,
            prompt_tokens=completion.prompt_tokens if completion else 0,
            completion_tokens=completion.completion_tokens if completion else 0,
            cost_usd=completion.cost_usd if completion else 0.0,
            latency_s=completion.latency_s if completion else 0.0,
            seed=request.seed,
            created_at=datetime.now(UTC),
        )
        self._archive.add_model_call(record)
        with self._lock:
            self._dearest_usd = max(self._dearest_usd, record.cost_usd)
        return record, error

    def _within_budget(self) -> _Reservation:
        return _Reservation(self)

    def _reserve(self) -> None:
        with self._lock:
            if self._budget_usd is not None:
                spent = self._archive.cost(self._campaign_id)
                # Calls under way are counted at the dearest one so far, and so is this one.
                ahead = self._dearest_usd * (self._pending + 1)
                if spent + ahead > self._budget_usd or (spent and spent >= self._budget_usd):
                    raise BudgetSpentError(
                        f"{spent:.4f} of {self._budget_usd:.4f} dollars are spent"
                    )
            self._pending += 1

    def _release(self) -> None:
        with self._lock:
            self._pending -= 1


class _Reservation:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def __enter__(self) -> None:
        self._caller._reserve()

    def __exit__(self, *_: object) -> None:
        self._caller._release()
