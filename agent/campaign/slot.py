"""The life of one proposal, from the prompt to its place in the archive.

Every step first looks whether the archive has its result already, so that a resumed campaign walks
through the same steps and repeats nothing. What a slot sees of the others is fixed by its number,
not by who finished first: it waits for all slots up to ``in_flight`` places before it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.archive.records import AttemptRecord, CandidateRecord, ModelCallRecord
from agent.calling import BudgetSpentError, Caller
from agent.campaign.baselines import Baselines, record_inspection
from agent.campaign.context import Context
from agent.campaign.reviewing import Reviewing
from agent.campaign.scoring import mean_metrics, measure, refuse_without_effect, run_tier
from agent.evaluation.racing import goes_on
from agent.ideas import IdeaMaker
from agent.llm.contract import LanguageModel
from agent.proposers import (
    Attempt,
    Peer,
    PromptSet,
    Proposal,
    Proposer,
    ProposerContext,
    parse_proposal,
    without_docstring,
)
from sandboxes.contract import Inspection, Program
from templates.errors import CandidateError

__all__ = ["Slots"]


class Slots:
    """Runs proposals; one call of `run` per slot, each in its own thread, begun in order."""

    def __init__(
        self,
        context: Context,
        baselines: Baselines,
        caller: Caller,
        models: Sequence[LanguageModel],
        proposer: Proposer,
        prompts: PromptSet,
        reviewing: Reviewing,
        ideas: IdeaMaker,
    ) -> None:
        self._context = context
        self._baselines = baselines
        self._caller = caller
        self._models = models
        self._proposer = proposer
        self._prompts = prompts
        self._reviewing = reviewing
        self._ideas = ideas
        self._lock = threading.Lock()
        self._identified: dict[int, threading.Event] = {}
        self._finished: dict[int, threading.Event] = {}
        self._peers: dict[int, Peer] = {}
        self._sketches = {one.code: one.sketch for one in context.template.baselines if one.sketch}

    def run(self, slot: int) -> None:
        """Do whatever is left to do for a slot; returns once the candidate's fate is settled."""
        index = self._context.first_proposal + slot
        try:
            record = self._context.find(index)
            if record is None or not record.terminal:
                self._live(slot, index)
            else:
                self._remember(record)
        finally:
            self._context.hide(index)
            self._event(self._identified, slot).set()
            if not self._context.stopping.is_set():
                self._event(self._finished, slot).set()

    def _live(self, slot: int, index: int) -> None:
        context = self._context
        try:
            accepted = self._propose(slot, index)
        except BudgetSpentError:
            if context.find(index) is None:
                context.archive.add_candidate(self._empty(slot, index, ()))
            context.archive.update_candidate(
                context.candidate_id(index), terminal=True, outcome="unfunded"
            )
            raise
        self._event(self._identified, slot).set()
        if accepted is None:
            return
        record, program = accepted
        context.wait_for(self._baselines.finished)
        fault: CandidateError | None = None
        try:
            outcome = self._race(record, program)
        except CandidateError as error:
            outcome, fault = "failed", error
        # Who survived the screening got as far as the search, also where it fails there.
        if fault is None or context.archive.candidate(record.id).stage == "screen":
            self._reviewing.review(record.id, "screen" if outcome == "screened_out" else "search")
        settled = context.archive.update_candidate(
            record.id,
            terminal=True,
            outcome=outcome,
            error_kind=fault and fault.kind,
            error_message=fault and fault.message,
        )
        said = (
            f"{fault.kind}, {fault.message[:120]}" if fault else f"{outcome}, {settled.score:.4f}"
        )
        context.tell(f"{settled.name}: {said}")

    def _race(self, record: CandidateRecord, program: Program) -> str:
        context = self._context
        scores = run_tier(context, record, program, context.spec.tier("screen"))
        _, best = self._baselines.best("screen")
        if not goes_on(scores, best, context.spec.primary.direction):
            return "screened_out"
        run_tier(context, record, program, context.spec.tier("search"))
        return "scored"

    def _propose(self, slot: int, index: int) -> tuple[CandidateRecord, Program] | None:
        """Ask, repair, trace, identify; None where no attempt became an acceptable program."""
        context = self._context
        asked = self._asking(slot, index)
        previous: list[Attempt] = []
        past = {a.attempt: a for a in context.archive.attempts(context.candidate_id(index))}
        for attempt in range(context.knobs.repairs + 1):
            context.raise_if_stopping()
            failed = past.get(attempt)
            if failed is not None and failed.error_kind is not None:
                previous.append(Attempt(failed.code, failed.error_kind, failed.error_message or ""))
                continue
            try:
                record = self._ask(asked, slot, index, previous)
                accepted = self._accept(slot, record, again=failed is not None)
            except CandidateError as error:
                previous.append(self._note_failure(index, attempt, previous, error))
                continue
            context.archive.add_attempt(AttemptRecord(record.id, attempt, record.code))
            return accepted
        self._give_up(index, previous[-1])
        return None

    def _asking(self, slot: int, index: int) -> ProposerContext:
        context = self._context
        visible = self._visible(slot)
        model = self._models[slot % len(self._models)]
        if self._ideas.begins(slot, visible):
            context.show(index, f"proposal_{slot}", "idea", model.name)
        made = self._ideas.of(slot, index, context.candidate_id(index), model, visible)
        idea = made.idea.text if made and made.idea and made.is_carried_out else None
        return ProposerContext(context.spec, self._prompts, context.seed, visible, idea)

    def _empty(self, slot: int, index: int, parents: tuple[str, ...]) -> CandidateRecord:
        """A candidate that nothing is known of yet."""
        return CandidateRecord(
            id=self._context.candidate_id(index),
            campaign_id=self._context.id,
            index=index,
            kind="proposal",
            stage="proposed",
            name=f"proposal_{slot}",
            code="",
            model=self._models[slot % len(self._models)].name,
            parents=parents,
            created_at=datetime.now(UTC),
        )

    def _ask(
        self,
        asked: ProposerContext,
        slot: int,
        index: int,
        previous: Sequence[Attempt],
    ) -> CandidateRecord:
        """The candidate with the next attempt's code, in the archive."""
        context = self._context
        model = self._models[slot % len(self._models)]
        request = self._proposer.request(asked, slot, previous)
        record = context.find(index)
        if record is None:
            # The row exists before the first call, so that whatever comes back has a place.
            record = self._empty(slot, index, request.parents)
            with context.archive.transaction() as step:
                for prompt in request.prompts:
                    step.add_prompt(prompt)
                step.add_candidate(record)
        elif previous and request.selection is not None and record.parents:
            # It starts afresh: nothing of what was shown at first is in it.
            context.archive.update_candidate(record.id, parents=request.parents)
        context.show(index, record.name, request.role, model.name)
        call = self._caller.call(
            model, request.completion, slot=index, attempt=len(previous), role=request.role
        )
        proposal = self._parse(call)
        code = f"{request.base}\n{proposal.code}" if request.base else proposal.code
        return context.archive.update_candidate(
            record.id,
            name=proposal.name,
            thought=proposal.thought,
            code=code,
            program_digest=None,
            fingerprint=None,
            known_as=None,
            duplicate_of=None,
            flags=(),
            closed_form=None,
        )

    @staticmethod
    def _parse(call: ModelCallRecord) -> Proposal:
        text = call.completion or ""
        try:
            return parse_proposal(text)
        except CandidateError as error:
            raise _UnparsedError(error.kind, error.message, text) from error

    def _accept(
        self, slot: int, record: CandidateRecord, *, again: bool
    ) -> tuple[CandidateRecord, Program]:
        """Trace, inspect, compare with everything before, and see it run once.

        ``again``: it was accepted before the campaign was interrupted.
        """
        context = self._context
        context.show(record.index, record.name, "trace")
        program = context.engine.trace(record.code)
        inspection = context.engine.inspect(program)
        if {"constant", "zero_gradient"} & set(inspection.flags):
            raise CandidateError(
                "no_gradient", "the function has no gradient anywhere: nothing can be learned"
            )
        context.show(record.index, record.name, "compare")
        self._wait_for_earlier(slot)
        self._refuse_known(record, inspection)
        changes = {
            "stage": "traced",
            "name": self._free_name(record.name, record.index),
            "program_digest": inspection.digest,
            "fingerprint": inspection.fingerprint,
            "flags": inspection.flags,
            "closed_form": inspection.closed_form,
        }
        with context.archive.transaction() as step:
            record = step.update_candidate(record.id, **changes)
            step.add_evaluation(record_inspection(context, record.id, inspection))
        measure(context, record, program, context.spec.tier("smoke"))
        if context.spec.boundary == "experiment" and not again:
            context.wait_for(self._baselines.finished)
            baselines = context.archive.candidates(context.id, kinds=["baseline"])
            parents = [context.archive.candidate(one) for one in record.parents]
            refuse_without_effect(context, record, [*parents, *baselines])
        record = context.archive.update_candidate(record.id, stage="smoke")
        self._remember(record)
        return record, program

    def _refuse_known(self, record: CandidateRecord, inspection: Inspection) -> None:
        same = self._context.known.find(inspection.digest, inspection.fingerprint)
        if same is None:
            return
        owner = self._context.archive.find_candidate(self._context.id, name=same)
        is_baseline = owner is not None and owner.kind != "proposal"
        self._context.archive.update_candidate(
            record.id,
            program_digest=inspection.digest,
            fingerprint=inspection.fingerprint,
            known_as=same if is_baseline else None,
            duplicate_of=owner.id if owner and not is_baseline else None,
            flags=inspection.flags,
            closed_form=inspection.closed_form,
        )
        raise CandidateError(
            "known" if is_baseline else "duplicate",
            _same_as(same, is_baseline, by_code=inspection.fingerprint is None),
        )

    def _note_failure(
        self, index: int, attempt: int, previous: Sequence[Attempt], error: CandidateError
    ) -> Attempt:
        context = self._context
        record = context.find(index)
        assert record is not None
        if isinstance(error, _UnparsedError):
            code = error.text
        else:
            code = record.code or (previous[-1].code if previous else "")
        with context.archive.transaction() as step:
            step.add_attempt(AttemptRecord(record.id, attempt, code, error.kind, error.message))
            # The next attempt is another program: nothing that this one measured may stand for it.
            step.drop_evaluations(record.id)
        return Attempt(code, error.kind, error.message)

    def _give_up(self, index: int, last: Attempt) -> None:
        record = self._context.find(index)
        assert record is not None
        known = last.error_kind in ("known", "duplicate")
        self._context.archive.update_candidate(
            record.id,
            terminal=True,
            outcome=last.error_kind if known else "invalid",
            code=record.code or last.code,
            error_kind=last.error_kind,
            error_message=last.error_message,
        )
        self._context.tell(f"{record.name}: {last.error_kind}, {last.error_message[:120]}")

    def _remember(self, record: CandidateRecord) -> None:
        never_accepted = ("known", "duplicate", "invalid", "unfunded")
        if record.program_digest is not None and record.outcome not in never_accepted:
            self._context.known.add(record.name, record.program_digest, record.fingerprint)

    def _free_name(self, name: str, index: int) -> str:
        """The proposed name, with the index where an earlier candidate has it already."""
        owner = self._context.archive.find_candidate(self._context.id, name=name)
        return name if owner is None or owner.index >= index else f"{name}_{index}"

    def _visible(self, slot: int) -> tuple[Peer, ...]:
        """What this slot may know: fixed by its number alone."""
        context = self._context
        if slot < context.knobs.in_flight:
            # The first slots start while the baselines are being scored.
            return tuple(
                Peer(
                    id=context.candidate_id(index),
                    index=index,
                    name=baseline.name,
                    thought=baseline.title,
                    code=self._shown(baseline.code),
                    sketched=baseline.code in self._sketches,
                    kind="control" if baseline.is_control else "baseline",
                    stage="traced",
                )
                for index, baseline in enumerate(context.template.baselines)
            )
        context.wait_for(self._baselines.finished)
        last = slot - context.knobs.in_flight
        for earlier in range(last + 1):
            context.wait_for(self._event(self._finished, earlier))
        return tuple(self._peer(index) for index in range(context.first_proposal + last + 1))

    def _shown(self, code: str) -> str:
        """What a prompt shows of a candidate: its code, or a sketch where code says nothing."""
        return self._sketches.get(code) or without_docstring(code)

    def _peer(self, index: int) -> Peer:
        """A settled candidate as prompts show it; read from the archive once."""
        if index not in self._peers:
            record = self._context.find(index)
            assert record is not None
            self._peers[index] = Peer(
                id=record.id,
                index=record.index,
                name=record.name,
                thought=record.thought,
                code=self._shown(record.code),
                sketched=record.code in self._sketches,
                kind=record.kind,
                stage=record.stage,
                score=record.score,
                low=record.score_low,
                high=record.score_high,
                metrics=mean_metrics(self._context, record),
                parents=record.parents,
                known_as=record.known_as,
                review=self._reviewing.text(record.id),
                verdict=self._reviewing.verdict(record.id),
                error_kind=record.error_kind,
                error_message=record.error_message,
            )
        return self._peers[index]

    def _wait_for_earlier(self, slot: int) -> None:
        self._context.wait_for(self._baselines.identified)
        for earlier in range(slot):
            self._context.wait_for(self._event(self._identified, earlier))

    def _event(self, events: dict[int, threading.Event], slot: int) -> threading.Event:
        with self._lock:
            return events.setdefault(slot, threading.Event())


class _UnparsedError(CandidateError):
    """A completion that is no proposal; carries it, so that the model sees what it wrote."""

    def __init__(self, kind: str, message: str, text: str) -> None:
        super().__init__(kind, message)
        self.text = text


def _same_as(name: str, is_baseline: bool, *, by_code: bool) -> str:
    other = f"{name}, which is {'a known baseline' if is_baseline else 'in the archive already'}"
    if by_code:
        return f"up to comments and layout this is exactly {other}; change what the program does"
    return f"up to scale and shift this is exactly {other}; write another formula"
