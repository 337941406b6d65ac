"""Generations of a curriculum: for each agent ask, choose, learn on from its checkpoint, keep.

A generation is a candidate whose parent is the one before; its evaluations are the agents, one for
each seed of the search. Each agent's step is one transaction: result, checkpoint, choice with the
model's reason. So a campaign that is stopped at any moment goes on where it was, and one that is
given the same answers comes to the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from agent.archive.columns import canonical_json
from agent.archive.records import (
    CHOSEN,
    EPISODES,
    GENERATION,
    ArtifactRecord,
    AttemptRecord,
    CandidateRecord,
    EvaluationRecord,
    EventRecord,
    PromptRecord,
)
from agent.calling import Caller
from agent.campaign.context import Context
from agent.evaluation.racing import summarize
from agent.evaluation.seeds import jobs_of
from agent.evaluation.workers import DaemonPool
from agent.llm.contract import LanguageModel
from agent.proposers.curriculum import (
    PROMPTS,
    Choice,
    first_choice,
    next_query,
    standings,
)
from agent.proposers.inventing import refusals, task_query, thought_of
from agent.proposers.querying import Query
from sandboxes.engines.function import Advanced, FunctionEngine
from templates.contract import Considered, Language
from templates.errors import CandidateError, InfrastructureError

__all__ = ["Generations", "checkpoint_name"]

# First word of a spawn key, as in agent.proposers.llm: streams that must never meet.
_CHOOSE = 3
# Newly learned tasks that a line of progress names; the report has all of them.
_NAMED = 6

_Read = TypeVar("_Read")


def checkpoint_name(seed: int) -> str:
    """Name of the artifact that holds where an agent is."""
    return f"checkpoint-{seed}"


class Generations:
    """Runs generations, one call of `run` for each, in order.

    Args:
        context: Of the campaign; its spec has a curriculum.
        engine: Where agents learn.
        caller: Makes the calls.
        models: Asked in turn, one an agent.
    """

    def __init__(
        self,
        context: Context,
        engine: FunctionEngine,
        caller: Caller,
        models: Sequence[LanguageModel],
    ) -> None:
        curriculum = context.spec.curriculum
        assert curriculum is not None
        self._context = context
        self._engine = engine
        self._caller = caller
        self._models = models
        self._curriculum = curriculum
        name = PROMPTS[curriculum.asks]
        text = context.template.prompt(name)
        self._prompt = PromptRecord(hashlib.sha256(text.encode()).hexdigest(), name, text)
        tier = context.spec.tier("search")
        self._effort = tier.effort
        self._seeds = [
            seed
            for task, seed in jobs_of(context.spec, tier, context.seed)
            if task == curriculum.task
        ]

    def run(self, number: int) -> None:
        """Do whatever is left to do of a generation.

        Raises:
            BudgetSpentError: There may be no money for a question.
            InfrastructureError: A checkpoint is gone or damaged, or no worker could be kept alive.
        """
        context = self._context
        index = context.first_proposal + number
        record = context.find(index) or self._begin(number, index)
        if record.terminal:
            return
        pool = DaemonPool(len(self._seeds), "agent")
        try:
            jobs: list[Future[None]] = [
                pool.submit(lambda agent=agent: self._agent(record, number, agent))  # type: ignore[misc]
                for agent in range(len(self._seeds))
            ]
            for job in jobs:
                while not job.done():
                    context.wait(0.05)
                job.result()
        finally:
            pool.close()
            context.hide(index)
        self._settle(record, number)

    def _begin(self, number: int, index: int) -> CandidateRecord:
        context = self._context
        record = CandidateRecord(
            id=context.candidate_id(index),
            campaign_id=context.id,
            index=index,
            kind="proposal",
            stage=GENERATION,
            name=f"generation_{number + 1}",
            code="",
            model=", ".join(dict.fromkeys(model.name for model in self._models)),
            parents=(context.candidate_id(index - 1),) if number else (),
            created_at=datetime.now(UTC),
        )
        with context.archive.transaction() as step:
            step.add_prompt(self._prompt)
            step.add_candidate(record)
        return record

    def _agent(self, record: CandidateRecord, number: int, agent: int) -> None:
        """One agent's share of a generation; nothing where the archive has it."""
        seed = self._seeds[agent]
        if self._result(record.id, seed) is not None:
            return
        checkpoint, before = self._before(record, seed) if number else (None, None)
        choice, asked = self._choose(record, number, agent, before)
        context = self._context
        context.raise_if_stopping()
        context.show(record.index, record.name, "learn")
        advanced = self._engine.advance(
            choice.data,
            checkpoint,
            task=self._curriculum.task,
            seed=seed,
            parts=self._curriculum.whole,
        )
        self._keep(record, number, agent, choice, asked, advanced)

    def _before(self, record: CandidateRecord, seed: int) -> tuple[bytes, EvaluationRecord]:
        """Checkpoint and result of the generation before."""
        (parent,) = record.parents
        kept = self._context.archive.artifact(parent, checkpoint_name(seed))
        result = self._result(parent, seed)
        if kept is None or kept.data is None or result is None:
            raise InfrastructureError(f"the archive has no checkpoint of {parent}, seed {seed}")
        if hashlib.sha256(kept.data).hexdigest() != kept.digest:
            raise InfrastructureError(f"the checkpoint of {parent}, seed {seed}, is damaged")
        return kept.data, result

    def _result(self, candidate: str, seed: int) -> EvaluationRecord | None:
        found = self._context.archive.evaluations(candidate, GENERATION, self._curriculum.task)
        return next((one for one in found if one.seed == seed), None)

    def _choose(
        self,
        record: CandidateRecord,
        number: int,
        agent: int,
        before: EvaluationRecord | None,
    ) -> tuple[Choice, Mapping[str, Any]]:
        """What the agent learns next, and how that came about."""
        if before is None:
            return first_choice(), {"questions": 0, "failed": []}
        if self._curriculum.asks == "predicates":
            return self._invent(record, agent, before)
        rows = standings(before.detail["tasks"])
        choice = Choice(before.detail["choice"], before.detail["thought"])
        failed: list[str] = []
        attempt = questions = 0
        while questions < self._curriculum.questions:
            query = next_query(self._curriculum, rows, choice.data, number)
            if query is None:
                break
            questions += 1
            found, attempt = self._ask(record, agent, query, query.choice, attempt, failed)
            if found is None:
                # What was chosen before goes on; the event and the flag say so.
                break
            choice = found
        return choice, {"questions": questions, "failed": failed}

    def _invent(
        self, record: CandidateRecord, agent: int, before: EvaluationRecord
    ) -> tuple[Choice, Mapping[str, Any]]:
        """New tasks; where all of an answer are refused the next question says why."""
        curriculum, detail = self._curriculum, before.detail
        rows = standings(detail["tasks"])
        learned = [str(one["name"]) for one in detail["proposed"] if one["learned"]]
        choice = Choice(detail["choice"], detail["thought"])
        refused = refusals(detail["asked"].get("refused", ()), ())
        failed: list[str] = []
        verdicts: list[Mapping[str, Any]] = []
        attempt = questions = 0
        while questions < curriculum.questions and not any(one["accepted"] for one in verdicts):
            query = task_query(curriculum, self._language, rows, detail["proposed"], refused)
            questions += 1

            def tried(text: str, known: Mapping[str, Any] = choice.data) -> Considered:
                self._context.show(record.index, record.name, "try")
                return self._engine.consider(text, known, task=curriculum.task, learned=learned)

            found, attempt = self._ask(record, agent, query, tried, attempt, failed)
            if found is None:
                # As for other choices: what was chosen before goes on, and the flag says so.
                break
            verdicts += found.verdicts
            refused = refusals(refused, found.verdicts)
            choice = Choice(found.choice, thought_of(found.verdicts))
        asked = {"questions": questions, "failed": failed, "verdicts": verdicts, "refused": refused}
        return choice, asked

    @cached_property
    def _language(self) -> Language:
        return self._engine.language(self._curriculum.chosen)

    def _ask(
        self,
        record: CandidateRecord,
        agent: int,
        query: Query,
        read: Callable[[str], _Read],
        attempt: int,
        failed: list[str],
    ) -> tuple[_Read | None, int]:
        """An answer that can be used, with the next attempt's number; None after all repairs."""
        context = self._context
        model = self._models[agent % len(self._models)]
        errors: list[tuple[str, str]] = []
        for repair in range(context.knobs.repairs + 1):
            context.raise_if_stopping()
            context.show(record.index, record.name, "ask", model.name)
            request = query.request(
                self._prompt.text,
                seed=self._sampling_seed(record.index, agent, attempt),
                temperature=context.knobs.repair_temperature if repair else 0.0,
                timeout_s=context.knobs.call_timeout_s,
                errors=errors,
            )
            text = ""
            try:
                call = self._caller.call(
                    model, request, slot=record.index, attempt=attempt, role=f"choose_{agent}"
                )
                text = call.completion or ""
                return read(text), attempt + 1
            except CandidateError as error:
                attempt += 1
                failed.append(f"{error.kind}: {error.message}")
                if text:
                    errors.append((text, error.message))
        return None, attempt

    def _sampling_seed(self, index: int, agent: int, attempt: int) -> int:
        key = (_CHOOSE, index, agent, attempt)
        sequence = np.random.SeedSequence(self._context.seed, spawn_key=key)
        # Providers take a signed 32-bit seed.
        return int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF

    def _keep(
        self,
        record: CandidateRecord,
        number: int,
        agent: int,
        choice: Choice,
        asked: Mapping[str, Any],
        advanced: Advanced,
    ) -> None:
        """All of an agent's step at once; of checkpoints before the last one the digest stays."""
        context, one = self._context, advanced.measurement
        digest = hashlib.sha256(advanced.checkpoint).hexdigest()
        said = {"choice": dict(choice.data), "thought": choice.thought}
        result = EvaluationRecord(
            candidate_id=record.id,
            effort=GENERATION,
            task=one.task,
            seed=one.seed,
            primary=one.metrics[context.spec.primary.name],
            metrics=one.metrics,
            detail={**one.detail, **said, "asked": dict(asked), "checkpoint": digest},
            failed=one.failed,
            seconds=one.seconds,
            sandbox=self._engine.sandbox.name,
            device=self._engine.device,
            worker=str(one.worker),
            guarantees=context.held,
        )
        name = checkpoint_name(one.seed)
        artifacts = [ArtifactRecord(record.id, name, digest, advanced.checkpoint)]
        if advanced.episodes is not None:
            shown = hashlib.sha256(advanced.episodes).hexdigest()
            artifacts.append(
                ArtifactRecord(record.id, f"{EPISODES}-{one.seed}", shown, advanced.episodes)
            )
        payload = {
            "candidate": record.id,
            "generation": number + 1,
            "agent": agent,
            **said,
            **asked,
            "learned": list(one.detail["new"]),
        }
        with context.archive.transaction() as step:
            step.add_evaluation(result)
            for artifact in artifacts:
                step.add_artifact(artifact)
            step.add_event(EventRecord(context.id, datetime.now(UTC), CHOSEN, payload))
            if number >= 2:
                step.drop_artifact_data(context.candidate_id(record.index - 2), name)

    def _settle(self, record: CandidateRecord, number: int) -> None:
        """The generation's score; after a whole training it is one that baselines have too."""
        context = self._context
        found = context.archive.evaluations(record.id, GENERATION, self._curriculum.task)
        results = sorted(found, key=lambda one: self._seeds.index(one.seed))
        choices = {str(one.seed): one.detail["choice"] for one in results}
        code = canonical_json(choices)
        estimate = summarize({(one.task, one.seed): one.primary for one in results})
        whole = number + 1 == self._curriculum.whole
        thoughts = dict.fromkeys(one.detail["thought"] for one in results)
        unanswered = any(one.detail["asked"]["failed"] for one in results)
        with context.archive.transaction() as step:
            if whole:
                for one in results:
                    step.add_evaluation(replace(one, effort=self._effort))
            settled = step.update_candidate(
                record.id,
                stage="search" if whole else GENERATION,
                terminal=True,
                outcome="scored",
                code=code,
                thought=" / ".join(thoughts),
                program_digest=hashlib.sha256(code.encode()).hexdigest(),
                flags=("answers_repaired",) if unanswered else (),
                score=estimate.value,
                score_low=estimate.low,
                score_high=estimate.high,
            )
            if not unanswered:
                step.add_attempt(AttemptRecord(record.id, 0, code))
        learned = list(dict.fromkeys(n for one in results for n in one.detail["new"]))
        shown = ", ".join(learned[:_NAMED]) or "nothing new"
        more = f" and {len(learned) - _NAMED} more" if len(learned) > _NAMED else ""
        context.tell(f"{settled.name}: {settled.score:.4f}; learned {shown}{more}")
