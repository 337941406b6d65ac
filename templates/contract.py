"""The contract between a template and the rest of the system.

A template is a folder with a ``template.toml`` (parsed into `TemplateSpec`), an evaluation core
(a class that satisfies `FunctionCore`), prompts, baselines and figures. Nothing here imports JAX:
the host reads templates, only sandboxes run them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Abbreviation",
    "Argument",
    "Baseline",
    "BoundFunction",
    "Direction",
    "FunctionCore",
    "FunctionSignature",
    "Metric",
    "Output",
    "Script",
    "ScriptArgument",
    "ScriptCore",
    "SeedResult",
    "Task",
    "TemplateSpec",
    "Tier",
]


class Direction(StrEnum):
    """Which way a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"

    @property
    def sign(self) -> int:
        """+1 where larger is better, -1 where smaller is."""
        return 1 if self is Direction.MAXIMIZE else -1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Frozen):
    """One number that an evaluation yields per seed."""

    name: str
    title: str
    unit: str = ""
    direction: Direction
    primary: bool = False
    description: str


class Argument(_Frozen):
    """One array argument of a candidate function.

    ``shape`` holds the per-member shape; a program is exported with one more leading axis, the
    population, over which the function is vmapped.
    """

    name: str
    symbol: str = Field(default="", description="LaTeX symbol in closed forms; empty: the name")
    shape: tuple[int, ...] = ()
    dtype: Literal["float32", "int32"] = "float32"
    differentiate: bool = False
    description: str


class Abbreviation(_Frozen):
    """A combination of arguments that the field has a symbol for, used in closed forms.

    ``expression`` is a sum or difference of argument names, with numeric factors.
    """

    symbol: str
    expression: str


class FunctionSignature(_Frozen):
    """What a candidate must define: one pure JAX function of fixed shapes and dtypes."""

    name: str
    arguments: tuple[Argument, ...]
    returns_shape: tuple[int, ...]
    returns_dtype: Literal["float32", "int32"] = "float32"
    abbreviations: tuple[Abbreviation, ...] = ()
    description: str


class Output(_Frozen):
    """One array that a script returns.

    An entry of ``shape`` is a number, or the name of one of the script's arguments.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    shape: tuple[int | str, ...]
    description: str


class ScriptArgument(_Frozen):
    """One integer that a script is given; ``seed`` is the seed, others come from the task."""

    name: str
    description: str


class Script(_Frozen):
    """What a candidate of a template with the ``program`` boundary must define: one function."""

    entry: str = Field(description="name of the function")
    arguments: tuple[ScriptArgument, ...]
    outputs: tuple[Output, ...] = Field(description="what it returns, a tuple in this order")
    timeout_s: float = Field(gt=0, description="how long one call may take")
    description: str


class Task(_Frozen):
    """One setting in which a candidate is scored."""

    name: str
    title: str
    role: Literal["search", "held_out"]
    description: str
    values: Mapping[str, int] = Field(default={}, description="arguments of a script in this task")


class Tier(_Frozen):
    """How much an evaluation spends.

    Tiers that name the same ``effort`` and ``seed_block`` share results: the seeds of the smaller
    one are the first seeds of the larger one, so racing only ever adds seeds.
    """

    name: Literal["smoke", "screen", "search", "confirm"]
    effort: str
    seed_block: Literal["search", "confirm"]
    seeds: int = Field(gt=0)
    held_out_seeds: int = Field(default=0, ge=0)
    limit_s: float = Field(gt=0, description="declared wall-clock limit, warm, on two CPU cores")


class Reference(_Frozen):
    """A publication that the template builds on."""

    key: str
    title: str
    url: str


class TemplateSpec(_Frozen):
    """``template.toml``: everything the host must know of a template without running it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    summary: str
    boundary: Literal["function", "program", "experiment"]
    core: str = Field(description="module:Class of the evaluation core, relative to the template")
    functions: tuple[FunctionSignature, ...] = ()
    script: Script | None = None
    population: Mapping[str, int] = Field(
        default={"cpu": 1},
        description="leading axis of an exported program on each platform (cpu, cuda)",
    )
    metrics: tuple[Metric, ...]
    tasks: tuple[Task, ...]
    tiers: tuple[Tier, ...]
    job_timeout_s: float = Field(default=120.0, gt=0, description="deadline of one job, inside")
    memory_bytes: int = Field(default=6 * 2**30, gt=0, description="memory of one worker")
    max_tokens: int | None = Field(
        default=None, ge=64, le=32768, description="longest proposal of a language model"
    )
    references: tuple[Reference, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> TemplateSpec:
        if sum(metric.primary for metric in self.metrics) != 1:
            raise ValueError("exactly one metric must be primary")
        if not any(task.role == "search" for task in self.tasks):
            raise ValueError("at least one task must have the role 'search'")
        for kind, names in (
            ("metric", [metric.name for metric in self.metrics]),
            ("task", [task.name for task in self.tasks]),
            ("tier", [tier.name for tier in self.tiers]),
            ("function", [function.name for function in self.functions]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"a {kind} name is used twice: {sorted(names)}")
        if self.boundary == "function" and not self.functions:
            raise ValueError("a template with the function boundary declares [[functions]]")
        if (self.boundary == "program") != (self.script is not None):
            raise ValueError("a template declares [script] if its boundary is program, only then")
        if self.script is not None:
            given = {argument.name for argument in self.script.arguments} - {"seed"}
            for task in self.tasks:
                if set(task.values) != given:
                    raise ValueError(f"task {task.name} gives {sorted(task.values)}, not {given}")
        return self

    @property
    def primary(self) -> Metric:
        """The metric that ranks candidates."""
        return next(metric for metric in self.metrics if metric.primary)

    @property
    def search_tasks(self) -> tuple[str, ...]:
        """Names of the tasks that a search may look at."""
        return tuple(task.name for task in self.tasks if task.role == "search")

    @property
    def held_out_tasks(self) -> tuple[str, ...]:
        """Names of the tasks that only the confirm tier looks at."""
        return tuple(task.name for task in self.tasks if task.role == "held_out")

    def tier(self, name: str) -> Tier:
        """The tier of that name; raises KeyError with the known names."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(f"no tier {name!r} in {self.name}: {[tier.name for tier in self.tiers]}")


@dataclass(frozen=True)
class Baseline:
    """Something already known (or a control), shipped with a template as one Python file.

    The file's docstring opens with the title on its first line; the remaining lines are the
    citation. Files whose name starts with ``control_`` are controls and must rank last.
    """

    name: str
    title: str
    citation: str
    code: str
    is_control: bool


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


class ScriptCore(Protocol):
    """The trusted side of a template with the ``program`` boundary: it never runs the script.

    Constructed once per worker as ``Core()``, in a sandbox of its own; scores only what can be
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


class FunctionCore(Protocol):
    """The trusted evaluation core of a template with the ``function`` boundary.

    Constructed once per evaluator worker as ``Core(platform)``, with ``platform`` "cpu" or
    "cuda"; lives across candidates and must keep no state that one candidate leaves behind.
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
        """JSON data for figures of the functions themselves (may be empty)."""
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
