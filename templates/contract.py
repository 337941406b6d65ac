"""The contract between a template and the rest of the system.

A template is a folder with a ``template.toml`` (parsed into `TemplateSpec`; its parts are in
``templates.specification``, and all of them can be had from here), an evaluation core
(a class that satisfies `FunctionCore`), prompts, baselines and figures. Nothing here imports JAX:
the host reads templates, only sandboxes run them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from templates.specification import (
    Abbreviation,
    Argument,
    Curriculum,
    Direction,
    Experiment,
    FunctionSignature,
    Metric,
    Output,
    Reference,
    Script,
    ScriptArgument,
    Setting,
    Task,
    TemplateSpec,
    Tier,
)

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Abbreviation",
    "Advance",
    "Argument",
    "Baseline",
    "BoundFunction",
    "Considered",
    "Curriculum",
    "CurriculumCore",
    "Direction",
    "Experiment",
    "ExperimentCore",
    "FunctionCore",
    "FunctionSignature",
    "InventingCore",
    "Language",
    "Metric",
    "Output",
    "Reference",
    "Script",
    "ScriptArgument",
    "ScriptCore",
    "SeedResult",
    "Setting",
    "Task",
    "TemplateSpec",
    "Tier",
]


@dataclass(frozen=True)
class Baseline:
    """Something already known (or a control), shipped with a template as one Python file.

    The file's docstring opens with the title on its first line; the remaining lines are the
    citation. Files whose name starts with ``control_`` are controls and must rank last. A text
    file of the same name beside it (``sketch``) is what prompts show instead of the code, where
    that says nothing to a reader: a network's weights, say.
    """

    name: str
    title: str
    citation: str
    code: str
    is_control: bool
    sketch: str = ""


class BoundFunction(Protocol):
    """A verified program, ready to be called inside jitted core code.

    All arrays carry the leading population axis ``[population, ...]``.
    """

    population: int

    def value(self, *arguments: jax.Array) -> jax.Array:
        """The function's result, ``[population, *returns_shape]``."""
        ...

    def vjp(self, *arguments_and_cotangent: jax.Array) -> tuple[jax.Array, ...]:
        """Cotangents of the arguments marked ``differentiate``, in their order.

        Takes all arguments followed by the cotangent of the result.
        """
        ...


@dataclass(frozen=True)
class SeedResult:
    """What one seed of one task yields.

    ``metrics`` has one finite float per declared metric; ``detail`` is JSON data for figures (for
    example the points of a frontier). ``failed`` names a candidate's own failure at run time (for
    example divergence) that still has an honest score.
    """

    task: str
    seed: int
    metrics: Mapping[str, float]
    detail: Mapping[str, Any] = field(default_factory=dict)
    failed: str | None = None


@dataclass(frozen=True)
class Advance:
    """What came of training an agent further.

    ``result`` has the metrics of a training that ends here; its ``detail`` has under ``tasks`` the
    table that whoever chooses next is shown: ``names``, ``success``, ``progress``, ``counts`` and
    ``chances``, a list each. ``checkpoint`` is what training goes on from; ``episodes`` shows tasks
    that were just learned, or is None. Both are the template's own formats, and free of code.
    """

    result: SeedResult
    checkpoint: bytes
    episodes: bytes | None = None


@dataclass(frozen=True)
class Language:
    """How new tasks are written.

    ``schema`` is the JSON schema of an answer, the order of whose properties a constrained model
    keeps; ``words`` are what the prompt that asks for tasks says of the language, by the names of
    its variables; ``max_tokens`` is long enough for such an answer.
    """

    schema: Mapping[str, Any]
    words: Mapping[str, Any]
    max_tokens: int


@dataclass(frozen=True)
class Considered:
    """What became of a model's answer, before anything is trained with it.

    ``choice`` is what an agent learns with next. Of each proposal there is a verdict: JSON with
    ``name``, ``status`` (the kind of its end, in words), ``accepted``, ``reason`` (one sentence
    that a model can act on) and ``thought`` (the model's), and what else shows that it holds.
    """

    choice: Mapping[str, Any]
    verdicts: Sequence[Mapping[str, Any]]


class ScriptCore(Protocol):
    """The trusted side of a template with the ``program`` boundary: it never runs the script.

    Constructed once per worker as ``Core()``, with the choices of the template's settings as
    keywords where it has some, in a sandbox of its own; scores only what can be
    recomputed from the arrays.
    """

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: str, seed: int
    ) -> SeedResult:
        """Score what a script returned.

        Args:
            outputs: Finite arrays of the declared shapes, by name.
            task: Name of the task.
            seed: The seed that the script was given.

        Raises:
            CandidateError: The arrays are no solution; says what is wrong with them.
        """
        ...


class ExperimentCore(Protocol):
    """The trusted side of a template with the ``experiment`` boundary: it never runs one.

    Constructed as a `ScriptCore` is. What an experiment is given comes from here, and so does the
    data that it is scored against, which never leaves this process: both follow from the task and
    the seed, and nothing that is handed out tells the rest (see `templates.hiding`).
    """

    def inputs(self, *, task: Task, seed: int) -> Mapping[str, NDArray[Any]]:
        """What an experiment may see: the declared arrays, by name, of numbers.

        Args:
            task: With its values.
            seed: Decides what is hidden and what is not.
        """
        ...

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: Task, seed: int
    ) -> SeedResult:
        """Score predictions, samples or log-probabilities against what was hidden.

        Args:
            outputs: Finite arrays of the declared shapes, by name.
            task: With its values.
            seed: The one that `inputs` was called with.

        Raises:
            CandidateError: The arrays are not what they must be; says what is wrong with them.
        """
        ...


class FunctionCore(Protocol):
    """The trusted evaluation core of a template with the ``function`` boundary.

    Constructed once per evaluator worker as ``Core(platform)``, with ``platform`` "cpu" or "cuda"
    and, where the template has settings, the choices as further keywords; lives across candidates
    and must keep no state that one candidate leaves behind.
    """

    def __init__(self, platform: str) -> None: ...

    def warm_up(self) -> None:
        """Load data and compile everything that does not depend on a candidate."""
        ...

    def probes(self) -> Mapping[str, Sequence[Any]]:
        """Fixed inputs per function name on which fingerprints are taken.

        Each entry is a sequence of argument tuples, arrays ``[population, *shape]`` as numpy.
        """
        ...

    def curves(self, functions: Mapping[str, BoundFunction]) -> Mapping[str, Any]:
        """JSON data for figures of the functions themselves (may be empty).

        A list of words under ``flags`` joins the flags of the inspection: what a person should
        know of the candidate, such as that it breaks a condition of the theory.
        """
        ...

    def evaluate(
        self,
        functions: Mapping[str, BoundFunction],
        *,
        effort: str,
        task: str,
        seeds: Sequence[int],
    ) -> list[SeedResult]:
        """Train and score; one result per seed, in order, the same to the bit for the same input.

        On a CPU the host sends one seed a call and spreads seeds over workers; on a GPU it sends
        as many as the population holds.
        """
        ...


class CurriculumCore(FunctionCore, Protocol):
    """A core whose agents also learn by choices that are data, for specs with a ``curriculum``."""

    def advance(
        self,
        choice: Mapping[str, Any],
        checkpoint: bytes | None,
        *,
        task: str,
        seed: int,
        parts: int,
    ) -> Advance:
        """Train one agent further; the same to the bit for the same input.

        Args:
            choice: JSON with a ``kind``; ``{"kind": "progress"}`` chooses nothing.
            checkpoint: Where it is; None for an agent that has learned nothing yet.
            task: Name of the task.
            seed: Of the agent; one that goes on has the one that it began with.
            parts: In how many parts a whole training is made; this makes the next one. Training
                may go on after the last, in parts of the same size.

        Raises:
            CandidateError: kind ``choice``: it is none, or names what there is not.
            InfrastructureError: The checkpoint is damaged or of other sizes.
        """
        ...


class InventingCore(CurriculumCore, Protocol):
    """A core that a model may give new tasks, for curricula that ask for ``predicates``.

    The detail of an `Advance` then has under ``proposed`` the tasks that were accepted so far: a
    list of ``name``, ``success`` and ``learned``, whether it was ever learned.
    """

    def language(self, count: int) -> Language:
        """How tasks are written.

        Args:
            count: Most tasks of an answer.
        """
        ...

    def consider(
        self, answer: str, choice: Mapping[str, Any], *, task: str, learned: Sequence[str]
    ) -> Considered:
        """Read an answer and try its tasks in the world; the same for the same input.

        Args:
            answer: Of a model: text that is read, never run.
            choice: The one before, which the tasks that are accepted are added to.
            task: Name of the task that agents learn in.
            learned: Names of proposed tasks that are learned: others may take their places.

        Raises:
            CandidateError: The answer as a whole is none; what is wrong with one task is its
                verdict.
        """
        ...
