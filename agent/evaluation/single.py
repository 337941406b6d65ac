"""Score one candidate from a file, without a campaign."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from agent.evaluation.engines import fitting_sandbox, running_engine
from agent.evaluation.novelty import NoveltyIndex
from agent.evaluation.racing import summarize
from agent.evaluation.seeds import Job, batches, jobs_of
from agent.evaluation.workers import DaemonPool
from sandboxes.contract import Inspection, Program
from sandboxes.engines import Engine, Measurement
from sandboxes.engines.screen import screen
from templates.contract import Experiment, TemplateSpec
from templates.edits import edits_between, render_edits
from templates.errors import CandidateError, UserError
from templates.registry import Template, load_template

__all__ = ["evaluate_file"]


def evaluate_file(
    template_name: str,
    path: Path,
    *,
    tier: str = "search",
    seed: int = 0,
    seeds: int | None = None,
    sandbox: str = "auto",
    workers: int | None = None,
    settings: Mapping[str, str] | None = None,
    notify: Callable[[str], None] = lambda line: None,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Trace and score a file as a campaign would.

    Args:
        template_name: Name or folder of the template.
        path: The candidate's code; for an experiment a file with edits, or an edited copy of it.
        tier: How much to spend.
        seed: Decides all seeds; the same seed gives the same bits.
        seeds: Overrides the tier's number of seeds.
        sandbox: Where to run it.
        workers: Evaluators; None for one per core.
        settings: Of the template, by name.
        notify: Told in one line what happens.
        engine: A running engine to use, with the workers that it has, which stays open; None for
            one of its own.

    Returns:
        One object, the same shape for every template: ``status`` (valid or invalid), ``score``
        (the primary metric: mean over seeds), ``interval`` (95 %), ``metrics`` (means
        over seeds of the search tasks, then per task), ``per_seed``, ``known_as``, ``flags``,
        ``closed_form``, ``error`` (class and message, or None), ``sandbox``, ``seconds`` and
        what was asked for (``template``, ``tier``, ``seed``).

    Raises:
        UserError: Template, file, tier or sandbox cannot be used, or the engine does not fit.
    """
    template = load_template(template_name, settings)
    unknown = set(settings or {}) - set(template.spec.settings)
    if unknown:
        known = ", ".join(template.spec.settings) or "none"
        raise UserError(f"--set {min(unknown)}: {template.spec.name} has the settings: {known}")
    try:
        chosen_tier = template.spec.tier(tier)
    except KeyError as error:
        raise UserError(str(error.args[0])) from error
    started = time.monotonic()
    said: list[str] = []
    place = fitting_sandbox(template, sandbox, engine, said.append)
    result: dict[str, Any] = {
        "template": template.spec.name,
        "tier": chosen_tier.name,
        "seed": seed,
        "status": "invalid",
        "score": None,
        "interval": None,
        "metrics": {},
        "by_task": {},
        "per_seed": [],
        "known_as": None,
        "flags": [],
        "closed_form": None,
        "error": None,
        "sandbox": place.name,
        "device": None,
        "versions": {"jax": version("jax")},
    }
    try:
        code = _read(path, template.spec.experiment)
        if template.spec.boundary == "function":
            # What can be refused by reading need not wait for sandboxes.
            screen(code, template.spec.functions)
    except CandidateError as error:
        result["error"] = {"class": error.kind, "message": error.message}
        return result | {"seconds": round(time.monotonic() - started, 3)}
    for line in (*said, "starting sandboxes"):
        notify(line)
    with (
        running_engine(template, place, engine, workers=workers, notify=notify) as running,
        running.serving(notify) as engine,
    ):
        result["device"] = engine.device
        try:
            program = engine.trace(code)
            inspection = engine.inspect(program)
            result |= {
                "flags": list(inspection.flags),
                "closed_form": inspection.closed_form,
                "known_as": _known_as(template, engine, inspection, notify),
            }
            jobs = jobs_of(template.spec, chosen_tier, seed, seeds)
            notify(f"evaluating {len(jobs)} runs on {engine.workers} workers")
            found = _measure(engine, program, chosen_tier.effort, jobs, notify)
            result |= _scores(template.spec, found)
        except CandidateError as error:
            result["error"] = {"class": error.kind, "message": error.message}
    result["seconds"] = round(time.monotonic() - started, 3)
    return result


def _read(path: Path, experiment: Experiment | None) -> str:
    """The candidate's code; of an experiment, its edits, or those that lead to a folder."""
    if path.is_dir() and experiment is None:
        raise UserError(f"{path} is a folder: only an experiment is one; give a Python file")
    try:
        if experiment is None or not path.is_dir():
            return path.read_text(encoding="utf-8")
        files = {
            file.relative_to(path).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(path.rglob("*.py"))
        }
    except UnicodeDecodeError as error:
        raise CandidateError("unreadable", f"the file is no UTF-8 text: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error}") from error
    if missing := sorted(set(experiment.files) - set(files)):
        raise UserError(f"{path} lacks {', '.join(missing)}: give a copy of the whole experiment")
    return render_edits(edits_between(experiment.files, files))


def _known_as(
    template: Template, engine: Engine, inspection: Inspection, notify: Callable[[str], None]
) -> str | None:
    notify("comparing with what is known")
    index = NoveltyIndex()
    for baseline in template.baselines:
        known = engine.inspect(engine.trace(baseline.code))
        index.add(baseline.name, known.digest, known.fingerprint)
    return index.find(inspection.digest, inspection.fingerprint)


def _measure(
    engine: Engine,
    program: Program,
    effort: str,
    jobs: list[Job],
    notify: Callable[[str], None],
) -> dict[Job, Measurement]:
    pool = DaemonPool(engine.workers, "evaluate")
    futures = [
        pool.submit(
            lambda task=task, seeds=seeds: engine.evaluate(  # type: ignore[misc]
                program, effort=effort, task=task, seeds=seeds
            )
        )
        for task, seeds in batches(jobs, engine.seeds_per_job)
    ]
    found: dict[Job, Measurement] = {}
    for future in futures:
        for measurement in future.result():
            found[measurement.task, measurement.seed] = measurement
        notify(f"{len(found)}/{len(jobs)} runs done")
    pool.close()
    return found


def _scores(spec: TemplateSpec, found: dict[Job, Measurement]) -> dict[str, Any]:
    primary = spec.primary.name
    searched = {
        job: one.metrics[primary] for job, one in found.items() if job[0] in spec.search_tasks
    }
    metrics: dict[str, Any] = {
        metric.name: float(
            np.mean([one.metrics[metric.name] for job, one in found.items() if job in searched])
        )
        for metric in spec.metrics
    }
    by_task = {
        task: float(np.mean([one.metrics[primary] for job, one in found.items() if job[0] == task]))
        for task in dict.fromkeys(job[0] for job in found)
    }
    if len({job[1] for job in searched}) > 1:
        estimate = summarize(searched)
        interval = {k: v for k, v in asdict(estimate).items() if k != "value"}
        score = estimate.value
    else:
        # One seed has no interval, and saying so is better than inventing one.
        score = float(np.mean(list(searched.values())))
        interval = None
    return {
        "status": "valid",
        "score": score,
        "interval": interval,
        "metrics": metrics,
        "by_task": by_task,
        "per_seed": [
            {
                "task": one.task,
                "seed": one.seed,
                "metrics": one.metrics,
                "failed": one.failed,
            }
            for one in found.values()
        ],
    }
