"""Calls to language models: within the budget, recorded before they are used, retried with care."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from agent.archive.identity import model_call_id
from agent.archive.records import CALL_SENT, NO_COMPLETION, EventRecord, ModelCallRecord
from agent.archive.store import Archive
from agent.llm.backoff import delays
from agent.llm.contract import (
    Completion,
    CompletionRequest,
    DeclinedError,
    LanguageModel,
    prompt_hash,
)
from templates.errors import CandidateError, InfrastructureError, UserError

__all__ = ["BudgetSpentError", "Caller"]


class BudgetSpentError(Exception):
    """The next call might cost more than is left."""


class Caller:
    """Makes the calls of one campaign.

    Args:
        archive: Where every call is recorded.
        campaign_id: Whose calls they are.
        budget_usd: Limit on the cost, None for none. A call is made only if it and all that are
            under way could cost the most that they can, and the limit would still hold. Calls of
            earlier processes that were cut off count with the most that they can have cost.
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
        cut_off = archive.cut_off_calls(campaign_id)
        self._pending_usd = sum(float(call.payload["most_usd"] or 0.0) for call in cut_off)
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
            UserError: There is a limit on the cost, and the model's price is not known.
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
            if call.declined is not None:
                raise CandidateError(*call.declined)
        with self._lock:
            slots = self._slots.setdefault(model.name, threading.Semaphore(model.slots))
        for number in range(len(earlier), len(earlier) + self._tries):
            with slots, self._within_budget(model, request):
                name = model_call_id(self._campaign_id, slot, attempt, role, number)
                self._note_sent(name, model, request)
                record, error = self._try(model, request, slot, attempt, role, number)
            if error is None:
                return record
            if isinstance(error, CandidateError):
                raise error
            wish_s = error.retry_after_s
            pause = delays(1.0, 120.0, number - len(earlier) + 1, wish_s)
            longer = f", although it asks for {wish_s:.0f} s" if (wish_s or 0.0) > pause else ""
            self._notify(f"{model.name}: {error}; next try in {pause:.0f} s{longer}")
            self._wait(pause)
        raise InfrastructureError(
            f"{model.name} failed {self._tries} times in a row, last: {error}; the campaign is "
            "saved, resume it when the provider is back"
        )

    def _note_sent(self, call: str, model: LanguageModel, request: CompletionRequest) -> None:
        """Record a call before it is made: what a stop or a kill cuts off leaves no other trace."""
        payload = {
            "call": call,
            "model": model.name,
            "prompt_hash": prompt_hash(request),
            "seed": request.seed,
            "most_usd": model.most_usd(request),
        }
        event = EventRecord(self._campaign_id, datetime.now(UTC), CALL_SENT, payload)
        self._archive.add_event(event)

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
        started = time.monotonic()
        try:
            completion = model.complete(request)
        except (CandidateError, InfrastructureError) as caught:
            self._wait(0.0)  # what we cut off ourselves, by stopping, did not fail: `_note_sent`
            error = caught
        used = error if isinstance(error, DeclinedError) else completion
        prefix = f"{NO_COMPLETION}{error.kind}: " if isinstance(error, CandidateError) else ""
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
            prompt_tokens=used.prompt_tokens if used else 0,
            completion_tokens=used.completion_tokens if used else 0,
            cost_usd=used.cost_usd if used else 0.0,
            latency_s=completion.latency_s if completion else time.monotonic() - started,
            seed=request.seed,
            created_at=datetime.now(UTC),
            notes=used.notes if used else (),
        )
        self._archive.add_model_call(record)
        return record, error

    @contextmanager
    def _within_budget(self, model: LanguageModel, request: CompletionRequest) -> Iterator[None]:
        """Set aside what a call may cost; raises where that is not left."""
        if self._budget_usd is None:
            yield
            return
        most_usd = model.most_usd(request)
        if most_usd is None:
            raise UserError(
                f"the price of {model.name} is not known, so a budget could not be kept: leave "
                "--budget out, or limit the campaign by --candidates or --hours"
            )
        with self._lock:
            spent = self._archive.cost(self._campaign_id)
            if spent + self._pending_usd + most_usd > self._budget_usd:
                raise BudgetSpentError(
                    f"{spent:.4f} of {self._budget_usd:.4f} dollars are spent, and the next call "
                    f"may cost {most_usd:.4f}"
                )
            self._pending_usd += most_usd
        try:
            yield
        finally:
            with self._lock:
                self._pending_usd -= most_usd
