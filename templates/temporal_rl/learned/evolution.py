"""Meta-training: an evolution strategy over the weights of a drift, one training per member.

Salimans et al. 2017, arXiv:1703.03864, by evosax: antithetic pairs, ranks for fitness, Adam. All
members of a generation train with the same seed. After each generation everything is on disk, and
a run that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import runpy
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from templates.errors import UserError
from templates.native import NativeFunction
from templates.registry import load_template
from templates.temporal_rl.learned.network import NeuralDrift
from templates.temporal_rl.levels import LEVELS, Functions
from templates.temporal_rl.score import results
from templates.temporal_rl.settings import TASKS
from templates.temporal_rl.training import Trainer

__all__ = ["History", "MetaSettings", "meta_train", "read_result", "trainer_of"]

Floats = NDArray[np.float64]

_STATE = "state.npz"
_SETTINGS = "settings.json"
_SEEDS = 2**30


@dataclass(frozen=True)
class MetaSettings:
    """What decides the result of a meta-training.

    Args:
        timed: Whether the drift is told t.
        tasks: Trained on; a member's fitness is its mean normalised return.
        population: Members of a generation, an even number.
        spread: Standard deviation of the members' weights.
        rate: Adam's learning rate; falls by ``decay`` each generation.
        decay: See ``rate``.
        check_every: Generations between two looks at the mean weights on other seeds.
        check_seeds: How many of these, the same each time.
        rollouts: Trainings stop after so many; None for whole ones.
        seed: Of everything.
        begun: What the first weights are: empty for random ones of a drift that is nearly zero, or
            the file of an untimed network of this kind. A timed one begins as the same drift, with
            weight zero on all that time goes into.
    """

    timed: bool
    tasks: tuple[str, ...] = ("breakout",)
    population: int = 32
    spread: float = 0.05
    rate: float = 0.02
    decay: float = 0.985
    check_every: int = 5
    check_seeds: int = 8
    rollouts: int | None = None
    seed: int = 0
    begun: str = ""

    @property
    def initial(self) -> jax.Array:
        """The first weights ``[parameters]``."""
        if not self.begun:
            return self.network.initial(jax.random.key(self.seed))
        rows = jnp.asarray(runpy.run_path(self.begun)["W"], jnp.float32)
        without = jnp.zeros((self.network.inputs + 1 - len(rows), self.network.units))
        return jnp.concatenate([rows[:-1], without, rows[-1:]]).ravel()

    @property
    def network(self) -> NeuralDrift:
        """The drift that is trained."""
        return NeuralDrift(self.timed)


@dataclass(frozen=True)
class History:
    """The meta-objective, normalised return, over generations.

    Attributes:
        mean: Of the members of each generation.
        best: Of each generation's best member.
        checked: Generations after which the mean weights were looked at, 0 for the initial ones.
        check: Their mean over the seeds that are kept for that.
    """

    mean: list[float] = dataclasses.field(default_factory=list)
    best: list[float] = dataclasses.field(default_factory=list)
    checked: list[int] = dataclasses.field(default_factory=list)
    check: list[float] = dataclasses.field(default_factory=list)


def meta_train(
    settings: MetaSettings,
    folder: Path,
    generations: int,
    *,
    workers: int,
    report: Callable[[str], None] = print,
) -> tuple[NDArray[np.float32], History]:
    """Train, or go on training, until so many generations are done.

    Args:
        settings: Must be those that the folder was begun with.
        folder: Where the state is kept.
        generations: Altogether, those of earlier runs included.
        workers: Processes; the result does not depend on them.
        report: Told a line for each generation.

    Returns:
        The mean weights ``[parameters]``, and how they came about.

    Raises:
        UserError: The folder holds a run with other settings, or evosax is not installed.
    """
    strategy = _strategy(settings)
    folder.mkdir(parents=True, exist_ok=True)
    _agree(folder / _SETTINGS, settings)
    state = strategy.init(jax.random.key(settings.seed), settings.initial, strategy.default_params)
    state, history = _restored(folder / _STATE, state)
    done = len(history.mean)
    with _pool(workers) as run:
        if not history.checked:
            _check(settings, run, state, 0, history)
        begun = time.monotonic()
        for generation in range(done, generations):
            key = jax.random.fold_in(jax.random.key(settings.seed), generation)
            members, state = strategy.ask(key, state, strategy.default_params)
            seed = _seed(settings, generation)
            scores = _scores(settings, run, np.asarray(members), [seed])[:, 0]
            state, _ = strategy.tell(key, members, -scores, state, strategy.default_params)
            history.mean.append(float(scores.mean()))
            history.best.append(float(scores.max()))
            after = generation + 1
            if after % settings.check_every == 0 or after == generations:
                _check(settings, run, state, after, history)
            _save(folder / _STATE, state, history)
            each = (time.monotonic() - begun) / (after - done)
            report(
                f"generation {after} of {generations}: members {history.mean[-1]:.3f}, best "
                f"{history.best[-1]:.3f}, mean weights {history.check[-1]:.3f} (after "
                f"{history.checked[-1]}), about {each * (generations - after) / 60:.0f} min left"
            )
    return np.asarray(state.mean, np.float32), history


def read_result(folder: Path) -> tuple[MetaSettings, NDArray[np.float32], History]:
    """What a meta-training has come to so far.

    Raises:
        UserError: There is none in this folder.
    """
    if not (folder / _STATE).is_file():
        raise UserError(f"{folder} holds no meta-training; run `train` first")
    found = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    settings = MetaSettings(**{**found, "tasks": tuple(found["tasks"])})
    strategy = _strategy(settings)
    state = strategy.init(jax.random.key(settings.seed), settings.initial, strategy.default_params)
    state, history = _restored(folder / _STATE, state)
    return settings, np.asarray(state.mean, np.float32), history


def _strategy(settings: MetaSettings) -> Any:
    try:
        from evosax.algorithms import Open_ES
    except ImportError as error:
        raise UserError(
            "meta-training needs evosax: pip install 'discovery-agent[evolution]'"
        ) from error
    return Open_ES(
        settings.population,
        np.zeros(settings.network.parameters, np.float32),
        optimizer=optax.adam(optax.exponential_decay(settings.rate, 1, settings.decay)),
        std_schedule=optax.constant_schedule(settings.spread),
    )


def _agree(file: Path, settings: MetaSettings) -> None:
    text = json.dumps(dataclasses.asdict(settings), indent=1) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise UserError(
            f"{file.parent} was begun with other settings (see {file}); use another folder"
        )
    file.write_text(text, encoding="utf-8")


def _save(file: Path, state: Any, history: History) -> None:
    leaves = {f"leaf{place}": leaf for place, leaf in enumerate(jax.tree.leaves(state))}
    kept = {name: np.asarray(values) for name, values in dataclasses.asdict(history).items()}
    partly = file.with_suffix(".partly.npz")
    with partly.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **{**leaves, **kept})
    partly.replace(file)


def _restored(file: Path, state: Any) -> tuple[Any, History]:
    if not file.is_file():
        return state, History()
    with np.load(file) as kept:
        leaves = [kept[f"leaf{place}"] for place in range(len(jax.tree.leaves(state)))]
        fields = {name: kept[name].tolist() for name in dataclasses.asdict(History())}
    return jax.tree.unflatten(jax.tree.structure(state), leaves), History(**fields)


def _check(settings: MetaSettings, run: Any, state: Any, after: int, history: History) -> None:
    seeds = [_SEEDS + place for place in range(settings.check_seeds)]
    scores = _scores(settings, run, np.asarray(state.mean)[None], seeds)
    history.checked.append(after)
    history.check.append(float(scores.mean()))


def _seed(settings: MetaSettings, generation: int) -> int:
    """Never one of those that mean weights are looked at with."""
    drawn = np.random.SeedSequence([settings.seed, generation]).generate_state(1)[0]
    return int(drawn) % _SEEDS


def _scores(
    settings: MetaSettings, run: Any, members: NDArray[np.float32], seeds: Sequence[int]
) -> Floats:
    """Mean normalised return over the tasks: ``[members, seeds]``."""
    jobs = [
        (settings.timed, settings.rollouts, weights, task, seed)
        for weights in members
        for seed in seeds
        for task in settings.tasks
    ]
    found = np.array(list(run(jobs)), np.float64)
    scores: Floats = found.reshape(len(members), len(seeds), -1).mean(axis=2)
    return scores


_Job = tuple[bool, int | None, NDArray[np.float32], str, int]


@contextmanager
def _pool(workers: int) -> Iterator[Any]:
    """Runs jobs in processes whose programs use one thread of the CPU each."""
    before = {name: os.environ.get(name) for name in ("XLA_FLAGS", "JAX_PLATFORMS")}
    one_thread = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{before['XLA_FLAGS'] or ''} {one_thread}".strip()
    os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        context = multiprocessing.get_context("spawn")
        # Ctrl-C is for the main process alone: jobs that run are few seconds long.
        quiet = (signal.SIGINT, signal.SIG_IGN)
        with ProcessPoolExecutor(workers, context, signal.signal, quiet) as executor:
            yield partial(executor.map, _train)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _train(job: _Job) -> float:
    timed, rollouts, weights, task, seed = job
    setup = TASKS[task]
    trainer = trainer_of(setup.environment)
    record = trainer.train(_functions(timed), setup, [seed], rollouts, weights=weights)
    return results(task, setup, [seed], record)[0].metrics["normalized_return"]


@cache
def trainer_of(environment: str) -> Trainer:
    """The trainer of drifts on one environment, made once."""
    profile = next(s.profile for s in TASKS.values() if s.environment == environment)
    return Trainer(environment, profile, LEVELS["drift"])


@cache
def _functions(timed: bool) -> Callable[[jax.Array], Functions]:
    signature = load_template("temporal_rl", {"level": "drift"}).spec.functions[0]
    profile = next(iter(TASKS.values())).profile

    def made(weights: jax.Array) -> Functions:
        drift = NeuralDrift(timed).function(weights)
        return {"drift": NativeFunction(drift, signature, profile.minibatch)}

    return made
