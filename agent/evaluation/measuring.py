"""Measures candidates on seeds, once: what the archive has is never measured again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from importlib.metadata import version

from agent.archive.records import EvaluationRecord, Measurement, MeasurementKey
from agent.archive.store import Archive
from agent.evaluation.seeds import Job, batches
from agent.evaluation.workers import DaemonPool
from sandboxes.contract import Program
from sandboxes.engines import Engine
from sandboxes.engines import Measurement as Measured
from templates.errors import CandidateError, InfrastructureError

__all__ = ["Measurer", "decisive_versions", "primaries"]

_TRIES = 3
_HASH_DIGITS = 12


class Measurer:
    """Runs a candidate's missing jobs on the engine and commits each result as it comes.

    Args:
        archive: Where results go, one transaction each.
        engine: Warm sandboxes of the template.
        versions: What besides template, program and device decides the bits, see
            `decisive_versions`; part of the key under which campaigns share results.
        guarantees: Whether the engine's sandbox holds each of its guarantees; kept with what is
            measured in it.
        interrupted: Raises when the campaign shall stop; called before every job.
    """

    def __init__(
        self,
        archive: Archive,
        engine: Engine,
        *,
        versions: str,
        guarantees: Mapping[str, bool],
        interrupted: Callable[[], None] = lambda: None,
    ) -> None:
        self._archive = archive
        self._engine = engine
        self._device = f"{engine.device}/{versions}"
        self._guarantees = dict(guarantees)
        self._interrupted = interrupted
        self._primary = engine.template.spec.primary.name
        self._pool = DaemonPool(engine.workers, "evaluate")

    def measure(
        self,
        candidate_id: str,
        program: Program,
        program_digest: str,
        effort: str,
        jobs: Iterable[Job],
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> dict[Job, EvaluationRecord]:
        """Results of all jobs, measured where the archive lacks them.

        Args:
            candidate_id: Whose results they are.
            program: What to run.
            program_digest: Normalized digest, `Inspection.digest`.
            effort: How much to spend per job.
            jobs: (task, seed) pairs.
            progress: Told (done, total) as results come.

        Raises:
            CandidateError: The program failed on two workers.
            InfrastructureError: No worker could be kept alive.
        """
        wanted = list(jobs)
        known = {
            (record.task, record.seed): record
            for record in self._archive.evaluations(candidate_id, effort)
        }
        found = {job: known[job] for job in wanted if job in known}
        missing = [job for job in wanted if job not in found]
        for job in list(missing):
            reused = self._reuse(candidate_id, program_digest, effort, job)
            if reused is not None:
                found[job] = reused
                missing.remove(job)
        progress(len(found), len(wanted))
        futures = [
            self._pool.submit(
                lambda task=task, seeds=seeds: self._run(  # type: ignore[misc]
                    candidate_id, program, program_digest, effort, task, seeds
                )
            )
            for task, seeds in batches(missing, self._engine.seeds_per_job)
        ]
        try:
            for future in futures:
                for record in future.result():
                    found[record.task, record.seed] = record
                progress(len(found), len(wanted))
        except CandidateError:
            # What is running yet would else put its results beside those of a repaired program.
            wait([future for future in futures if not future.cancel()])
            raise
        finally:
            _cancel(futures)
        return {job: found[job] for job in wanted}

    def close(self) -> None:
        """Let the threads end."""
        self._pool.close()

    def _key(self, program_digest: str, effort: str, job: Job) -> MeasurementKey:
        return MeasurementKey(
            self._engine.template.digest, program_digest, effort, job[0], job[1], self._device
        )

    def _reuse(
        self, candidate_id: str, program_digest: str, effort: str, job: Job
    ) -> EvaluationRecord | None:
        kept = self._archive.cached(self._key(program_digest, effort, job))
        if kept is None:
            return None
        record = EvaluationRecord(
            candidate_id=candidate_id,
            effort=effort,
            task=job[0],
            seed=job[1],
            primary=kept.metrics[self._primary],
            metrics=kept.metrics,
            detail=kept.detail,
            failed=kept.failed,
            seconds=kept.seconds,
            sandbox=kept.sandbox or "not recorded",
            device=self._device,
            worker=None,
            source="reused",
            guarantees=kept.guarantees,
        )
        self._archive.add_evaluation(record)
        return record

    def _run(
        self,
        candidate_id: str,
        program: Program,
        program_digest: str,
        effort: str,
        task: str,
        seeds: list[int],
    ) -> list[EvaluationRecord]:
        measured = self._evaluate(program, effort, task, seeds)
        records = [
            EvaluationRecord(
                candidate_id=candidate_id,
                effort=effort,
                task=one.task,
                seed=one.seed,
                primary=one.metrics[self._primary],
                metrics=one.metrics,
                detail=one.detail,
                failed=one.failed,
                seconds=one.seconds,
                sandbox=self._engine.sandbox.name,
                device=self._device,
                worker=str(one.worker),
                guarantees=self._guarantees,
            )
            for one in measured
        ]
        with self._archive.transaction() as step:
            for record in records:
                step.add_evaluation(record)
                step.put_cached(
                    self._key(program_digest, effort, (record.task, record.seed)),
                    Measurement(
                        record.metrics,
                        record.detail,
                        record.seconds,
                        record.failed,
                        record.sandbox,
                        record.guarantees,
                    ),
                )
        return records

    def _evaluate(
        self, program: Program, effort: str, task: str, seeds: list[int]
    ) -> list[Measured]:
        for attempt in range(_TRIES):
            self._interrupted()
            try:
                return self._engine.evaluate(program, effort=effort, task=task, seeds=seeds)
            except InfrastructureError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")


def decisive_versions(salt: str | None) -> str:
    """What besides template, program and device decides the bits of a measurement.

    Args:
        salt: Of the campaign's hidden data; its hash stands here, which tells nothing of it.
    """
    versions = f"jax-{version('jax')}"
    if salt is None:
        return versions
    return f"{versions}/salt-{hashlib.sha256(salt.encode()).hexdigest()[:_HASH_DIGITS]}"


def primaries(records: Mapping[Job, EvaluationRecord]) -> dict[Job, float]:
    """The primary metric of each job."""
    return {job: record.primary for job, record in records.items()}


def _cancel(futures: Iterable[Future[list[EvaluationRecord]]]) -> None:
    for future in futures:
        future.cancel()
