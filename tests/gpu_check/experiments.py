"""The untouched experiment of a template, run in this process on JAX's default device."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module

import jax
import numpy as np

from sandboxes.evaluator.loading import core_class
from templates.contract import Experiment, ExperimentCore
from templates.hiding import lab_seed
from templates.registry import load_template
from tests.gpu_check.cases import Case, Size

__all__ = ["Untouched"]

# Times as many steps. A GPU is through with a case, and anything with the smallest size of one, in
# less time than it takes to start a run; a CPU has enough of the difference to a part of it.
_LONGER = 10
_LONGER_QUICK = 5


class Untouched:
    """Runs seeds one after another: an experiment has no population.

    Args:
        case: Which.
        size: Says what is changed of its first task.
    """

    def __init__(self, case: Case, size: Size) -> None:
        # A run compiles itself; the second of its kind reads what the first has written.
        self._compiled = tempfile.TemporaryDirectory(prefix="gpu-check-compiled-")
        jax.config.update("jax_compilation_cache_dir", self._compiled.name)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        template = load_template(case.template, dict(case.settings))
        assert template.spec.experiment is not None
        self._score = case.score
        self._longer = _LONGER_QUICK if size is case.quick else _LONGER
        self._shorten = size is not case.quick and jax.default_backend() == "cpu"
        self._name = template.spec.name
        self._experiment: Experiment = template.spec.experiment
        self._core: ExperimentCore = core_class(template.path, template.spec)(
            **template.spec.chosen
        )
        first = template.spec.tasks[0]
        self._task = first.model_copy(update={"values": {**first.values, **size.values}})
        # What an experiment's files import is each other, by their names.
        sys.path.insert(0, str(template.path / "experiment"))
        module, _, function = self._experiment.entry.partition(":")
        self._run = getattr(import_module(module), function)

    def run(self, seeds: Sequence[int]) -> list[float]:
        """The score of each seed."""
        return [self._one(seed, self._task.values)[0] for seed in seeds]

    def start(self, seeds: Sequence[int]) -> list[float] | None:
        """An experiment shows nothing before its first checkpoint."""
        return None

    def rate(self, seeds: Sequence[int]) -> float:
        """Steps a second, from what a longer run takes more than a shorter one.

        Raises:
            ValueError: The longer run was not the longer one: it takes too little time to tell.
        """
        own = dict(self._task.values)
        parts = own.get("checkpoints", 2)
        if self._shorten:
            other = {**own, "steps": own["steps"] // parts, "checkpoints": 1}
        else:
            other = {**own, "steps": own["steps"] * self._longer}
            other["checkpoints"] = parts * self._longer
        # The run that was scored is compiled already.
        self._one(seeds[0], other)
        taken = sorted((values["steps"], self._one(seeds[0], values)[1]) for values in (own, other))
        (few, short), (many, long) = taken
        if long <= short:
            raise ValueError(f"{many} steps took {long:.2f} s, {few} steps {short:.2f} s")
        return (many - few) / (long - short)

    def _one(self, seed: int, values: Mapping[str, int]) -> tuple[float, float]:
        """The score of a run and the seconds that it took."""
        task = self._task.model_copy(update={"values": dict(values)})
        given = self._core.inputs(task=task, seed=seed)
        told = {**values, "seed": lab_seed(self._name, task.name, seed)}
        began = time.perf_counter()
        returned = self._run(
            **{one.name: told[one.name] for one in self._experiment.arguments},
            **{one.name: given[one.name] for one in self._experiment.inputs},
        )
        seconds = time.perf_counter() - began
        names = [one.name for one in self._experiment.outputs]
        arrays = returned if len(names) > 1 else (returned,)
        outputs = {
            name: np.asarray(array, np.float64) for name, array in zip(names, arrays, strict=True)
        }
        found = self._core.score(outputs, task=task, seed=seed)
        if self._score in found.metrics:
            return found.metrics[self._score], seconds
        return float(np.mean(found.detail[self._score])), seconds
