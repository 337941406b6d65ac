"""The last word: best candidates against best baselines, on fresh seeds and held-out tasks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from agent.archive.records import CandidateRecord, EventRecord
from agent.campaign.baselines import Baselines
from agent.campaign.context import Context
from agent.campaign.reviewing import Reviewing
from agent.campaign.scoring import run_ablations, run_tier, scores_of
from agent.evaluation.racing import Verdict, gain, judge
from agent.evaluation.seeds import Job, jobs_of
from agent.evaluation.statistics import alpha_spent
from templates.contract import Tier
from templates.errors import CandidateError

__all__ = ["Confirming"]

# Confirming costs more than all the search for a candidate: worth it where the search puts the
# chance of a gain at four in five (the lower end of this two-sided interval).
CONFIRM_CONFIDENCE = 0.6


class Confirming:
    """Runs the confirm tier for the few candidates that did better than every baseline."""

    def __init__(self, context: Context, baselines: Baselines, reviewing: Reviewing) -> None:
        self._context = context
        self._baselines = baselines
        self._reviewing = reviewing

    def run(self) -> list[CandidateRecord]:
        """Confirm what deserves it; returns the discoveries, best first."""
        chosen = self._chosen()
        if not chosen:
            return []
        yardstick = self.measure_baselines(self._context.knobs.confirm_baselines)
        found = []
        for place, record in enumerate(chosen, start=1):
            self._context.raise_if_stopping()
            settled = self._settle(record, yardstick, place)
            if settled.is_discovery:
                found.append(settled)
        return found

    def confirm(self, record: CandidateRecord) -> CandidateRecord:
        """Confirm one more candidate, after those that the campaign has confirmed."""
        archive = self._context.archive
        done = len(archive.events(self._context.id, kinds=("confirmed",)))
        yardstick = self.measure_baselines(self._context.knobs.confirm_baselines)
        return self._settle(record, yardstick, done + 1)

    def _chosen(self) -> list[CandidateRecord]:
        """Proposals that are probably ahead of the best baseline, the largest gain first."""
        context = self._context
        tier = context.spec.tier("search")
        direction = context.spec.primary.direction
        _, best = self._baselines.best("search")
        gains: list[tuple[float, int, CandidateRecord]] = []
        for record in context.archive.candidates(
            context.id, kinds=["proposal"], stages=["search", "confirm"]
        ):
            scores = scores_of(context, record, tier)
            if len(scores) == len(best) and record.error_kind is None:
                estimate = gain(scores, best, direction, CONFIRM_CONFIDENCE)
                if estimate.low > 0:
                    gains.append((-estimate.value, record.index, record))
        return [record for _, _, record in sorted(gains, key=lambda g: g[:2])][
            : context.knobs.confirm
        ]

    def measure_baselines(self, count: int | None) -> dict[str, dict[Job, float]]:
        """Scores of the best baselines of the search on the confirm tier; None for all of them.

        What was measured before is taken from the archive.
        """
        context = self._context
        tier = context.spec.tier("confirm")
        table = {}
        for record in self._baselines.ranked()[:count]:
            context.raise_if_stopping()
            self._tell(record, tier)
            program = self._baselines.program(record)
            table[record.name] = run_tier(context, record, program, tier)
            context.hide(record.index)
        return table

    def _settle(
        self, record: CandidateRecord, yardstick: dict[str, dict[Job, float]], place: int
    ) -> CandidateRecord:
        context = self._context
        if record.outcome in ("confirmed", "discovery"):
            return record
        tier = context.spec.tier("confirm")
        self._tell(record, tier)
        program = context.engine.trace(record.code)
        try:
            scores = run_tier(context, record, program, tier)
            run_ablations(context, record, program, tier)
        except CandidateError as error:
            return context.archive.update_candidate(
                record.id,
                outcome="failed",
                error_kind=error.kind,
                error_message=error.message,
            )
        finally:
            context.hide(record.index)

        def verdict_against(baselines: dict[str, dict[Job, float]]) -> Verdict:
            return judge(
                scores,
                baselines,
                context.spec.primary.direction,
                search_tasks=context.spec.search_tasks,
                confidence=1 - alpha_spent(place, context.knobs.alpha),
            )

        verdict = verdict_against(yardstick)
        if verdict.holds:
            # Ahead of the best ones of the search; the best one on fresh seeds or on held-out tasks
            # may be another.
            verdict = verdict_against(self.measure_baselines(None))
        accepted = self._reviewing.review(record.id, "confirm")
        is_discovery = verdict.holds and accepted
        with context.archive.transaction() as step:
            settled = step.update_candidate(
                record.id,
                outcome="discovery" if is_discovery else "confirmed",
                is_discovery=is_discovery,
            )
            payload = {"candidate": record.id, **_as_json(verdict, accepted)}
            step.add_event(EventRecord(context.id, datetime.now(UTC), "confirmed", payload))
        return settled

    def _tell(self, record: CandidateRecord, tier: Tier) -> None:
        """Say what is going to be measured; nothing where the archive has all of it."""
        context = self._context
        left = len(jobs_of(context.spec, tier, context.seed))
        left -= len(scores_of(context, record, tier))
        if left:
            context.tell(f"{record.name}: {left} runs on fresh seeds and held-out tasks")


def _as_json(verdict: Verdict, accepted: bool) -> dict[str, object]:
    return {**asdict(verdict), "holds": verdict.holds, "review_accepts": accepted}
