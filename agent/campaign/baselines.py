"""The yardstick: baselines and controls are candidates like any other, only known in advance."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from agent.archive.records import CandidateRecord, EvaluationRecord
from agent.campaign.context import Context
from agent.campaign.scoring import run_tier, scores_of
from agent.evaluation.racing import best_of, goes_on
from agent.evaluation.seeds import Job
from sandboxes.contract import Inspection, Program
from templates.contract import Baseline, Tier
from templates.errors import CandidateError, DiscoveryError
from templates.registry import UNTOUCHED

__all__ = ["Baselines", "record_inspection"]

_MAX_SEARCHED = 4


class BrokenTemplateError(DiscoveryError):
    """A baseline of the template does not work, so nothing can be measured against it."""


class Baselines:
    """Traces, inspects and races the template's baselines.

    ``identified`` is set once their programs are known, ``finished`` once they are scored.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.identified = threading.Event()
        self.finished = threading.Event()
        self._programs: dict[str, Program] = {}

    def run(self) -> None:
        """Do all of it; what the archive has already is not done again."""
        for index, baseline in enumerate(self._context.template.baselines):
            self._context.raise_if_stopping()
            self._context.show(index, baseline.name, "trace")
            self._identify(index, baseline)
            self._context.hide(index)
        self.identified.set()
        self._race()
        name, _ = self.best("search")
        self._context.tell(f"baselines are scored; the best is {name}")
        self.finished.set()

    def best(self, tier_name: str) -> tuple[str, dict[Job, float]]:
        """Name and scores of the best baseline on a tier's seeds."""
        table = self.table(tier_name)
        name = best_of(table, self._context.spec.primary.direction)
        return name, table[name]

    def table(self, tier_name: str) -> dict[str, dict[Job, float]]:
        """Scores of all baselines that have every job of a tier, by name."""
        tier = self._context.spec.tier(tier_name)
        found = {record.name: scores_of(self._context, record, tier) for record in self._records()}
        most = max(map(len, found.values()))
        return {name: scores for name, scores in found.items() if scores and len(scores) == most}

    def program(self, record: CandidateRecord) -> Program:
        """The traced program of a baseline."""
        return self._programs[record.id]

    def ranked(self) -> list[CandidateRecord]:
        """Baselines, the best on the search tier first."""
        table = self.table("search")
        records = {record.name: record for record in self._records()}
        order: list[CandidateRecord] = []
        while table:
            name = best_of(table, self._context.spec.primary.direction)
            order.append(records[name])
            del table[name]
        return order

    def _records(self) -> list[CandidateRecord]:
        return self._context.archive.candidates(self._context.id, kinds=["baseline"])

    def _identify(self, index: int, baseline: Baseline) -> None:
        context = self._context
        record = context.find(index)
        try:
            program = context.engine.trace(baseline.code)
            if record is None:
                inspection = context.engine.inspect(program)
                record = self._add(index, baseline, inspection)
        except CandidateError as error:
            raise _broken(context, baseline.name, error) from error
        self._programs[record.id] = program
        assert record.program_digest is not None
        context.known.add(record.name, record.program_digest, record.fingerprint)

    def _add(self, index: int, baseline: Baseline, inspection: Inspection) -> CandidateRecord:
        context = self._context
        record = CandidateRecord(
            id=context.candidate_id(index),
            campaign_id=context.id,
            index=index,
            kind="control" if baseline.is_control else "baseline",
            stage="traced",
            name=baseline.name,
            thought=f"{baseline.title}. {baseline.citation}",
            code=baseline.code,
            program_digest=inspection.digest,
            fingerprint=inspection.fingerprint,
            flags=inspection.flags,
            closed_form=inspection.closed_form,
            created_at=datetime.now(UTC),
        )
        with context.archive.transaction() as step:
            step.add_candidate(record)
            step.add_evaluation(record_inspection(context, record.id, inspection))
        return record

    def _run(self, record: CandidateRecord, tier: Tier) -> None:
        try:
            run_tier(self._context, record, self._programs[record.id], tier)
        except CandidateError as error:
            raise _broken(self._context, record.name, error) from error

    def _race(self) -> None:
        """Everything on screen; what may still be the best goes on to search."""
        context = self._context
        spec = context.spec
        everyone = context.archive.candidates(context.id, kinds=["baseline", "control"])
        screen, search = spec.tier("screen"), spec.tier("search")
        for record in everyone:
            context.raise_if_stopping()
            if not record.terminal:
                self._run(record, screen)
                context.hide(record.index)
        _, incumbent = self.best("screen")
        direction = spec.primary.direction
        alive = [
            record
            for record in everyone
            if record.kind == "baseline"
            and goes_on(scores_of(context, record, screen), incumbent, direction)
        ]
        # What an experiment's edits are compared with is measured on every seed in any case.
        always = {UNTOUCHED} if spec.experiment is not None else set()
        if (search.effort, search.seeds) == (screen.effort, screen.seeds):
            # The search has nothing that is not measured yet: all of them are in it.
            always = {record.name for record in everyone if record.kind == "baseline"}
        table = {
            record.name: scores_of(context, record, screen)
            for record in alive
            if record.name not in always
        }
        while len(table) > max(0, _MAX_SEARCHED - len(always)):
            # The worst of those that are left goes, until few enough are.
            keep = dict(table)
            while len(keep) > 1:
                del keep[best_of(keep, direction)]
            del table[next(iter(keep))]
        for record in everyone:
            context.raise_if_stopping()
            if not record.terminal and record.name in (*always, *table):
                self._run(record, search)
                context.hide(record.index)
        for record in everyone:
            if not record.terminal:
                context.archive.update_candidate(record.id, terminal=True, outcome="scored")


def _broken(context: Context, name: str, error: CandidateError) -> BrokenTemplateError:
    return BrokenTemplateError(
        f"the baseline {name} of {context.spec.name} fails ({error.kind}: {error.message}); mend "
        "the template"
    )


def record_inspection(
    context: Context, candidate_id: str, inspection: Inspection
) -> EvaluationRecord:
    """The curves of an inspection, kept beside the measurements."""
    return EvaluationRecord(
        candidate_id=candidate_id,
        effort="inspect",
        task="probes",
        seed=0,
        primary=0.0,
        metrics={"operations": float(inspection.operations)},
        detail=dict(inspection.curves),
        seconds=0.0,
        sandbox=context.engine.sandbox.name,
        device=context.engine.device,
        guarantees=context.held,
    )
