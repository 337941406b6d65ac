"""What stands in a ``template.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Abbreviation",
    "Argument",
    "Curriculum",
    "Direction",
    "Experiment",
    "FunctionSignature",
    "Metric",
    "Output",
    "Reference",
    "Script",
    "ScriptArgument",
    "Setting",
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

    @property
    def better(self) -> str:
        """Which values are better, in a word."""
        return "larger" if self is Direction.MAXIMIZE else "smaller"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Frozen):
    """One number that an evaluation yields per seed.

    ``robust``: reports show its interquartile mean beside the mean, as fields do whose scores have
    outliers (Agarwal et al. 2021, arXiv:2108.13264).
    """

    name: str
    title: str
    unit: str = ""
    direction: Direction
    primary: bool = False
    robust: bool = False
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
    """What a candidate must define: one pure JAX function of fixed shapes and dtypes.

    ``required`` is false for what it may define beside that; without it the core goes by a default
    of its own. ``identity`` says when two functions are the same experiment: when they differ by a
    positive factor for each member of the population (``member_scale``), by one positive factor
    (``scale``), or not at all (``exact``). Functions with a derivative are compared by it, so an
    added constant never matters to them. Of a function without one whose result is weights,
    ``shares`` compares what part of their sum each is, for each input by itself.
    """

    name: str
    required: bool = True
    identity: Literal["member_scale", "scale", "exact", "shares"] = "member_scale"
    arguments: tuple[Argument, ...]
    returns_shape: tuple[int, ...]
    returns_dtype: Literal["float32", "int32"] = "float32"
    abbreviations: tuple[Abbreviation, ...] = ()
    description: str


class Output(_Frozen):
    """One array that a script or an experiment is given or returns.

    An entry of ``shape`` is a number, or the name of an argument or of one of the task's values.
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


class Experiment(_Frozen):
    """What a candidate of a template with the ``experiment`` boundary edits.

    ``files`` is not written in ``template.toml``: it holds the files of the folder ``experiment/``
    beside it, by their path in there.
    """

    entry: str = Field(
        pattern=r"^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$",
        description="module:function that is called, with all arguments and inputs as keywords",
    )
    arguments: tuple[ScriptArgument, ...] = Field(
        description="integers; `seed` is one that tells nothing of the hidden data, the others "
        "come from the task"
    )
    inputs: tuple[Output, ...] = Field(description="arrays that it is given")
    outputs: tuple[Output, ...] = Field(description="what it returns, a tuple in this order")
    fixed: tuple[str, ...] = Field(default=(), description="files that no edit may touch")
    timeout_s: float = Field(
        gt=0, description="processor time of one run; three times as much may pass by the clock"
    )
    runs: int = Field(default=3, ge=1, le=20, description="runs per idea, each after the last")
    repairs: int = Field(default=4, ge=0, le=10, description="repairs per run")
    description: str
    files: Mapping[str, str] = {}


class Task(_Frozen):
    """One setting in which a candidate is scored.

    An ``ablation`` repeats another task, named by ``of``, on the same seeds with one thing changed.
    It is run for candidates that were confirmed, tells what they depend on, and decides nothing.
    """

    name: str
    title: str
    role: Literal["search", "held_out", "ablation"]
    of: str = ""
    description: str
    values: Mapping[str, int] = Field(default={}, description="arguments in this task")


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
    ablation_seeds: int = Field(default=0, ge=0)
    limit_s: float = Field(gt=0, description="declared wall-clock limit, warm, on two CPU cores")


class Curriculum(_Frozen):
    """How a campaign goes in which a language model chooses what agents learn next.

    Proposals then are generations, one after the other: for each of the agents, whose seeds are
    those of the search tier, the model is asked with the table of what goes how well, and the agent
    learns on from its checkpoint. Agents of a campaign know nothing of each other.
    """

    asks: Literal["labels", "matrix", "next", "predicates"] = Field(
        description="what the model says: which tasks are boring, which are boring relative to "
        "which, which come next, or new tasks"
    )
    task: str = Field(description="name of the task that agents learn in")
    whole: int = Field(
        gt=0, description="choices in a whole training, after which results compare with baselines'"
    )
    questions: int = Field(default=1, gt=0, description="most questions about one choice")
    listed: int = Field(gt=1, description="most tasks that a question lists")
    chosen: int = Field(
        default=0, ge=0, description="k: most tasks of an answer, for next and predicates"
    )


class Reference(_Frozen):
    """A publication that the template builds on."""

    key: str
    title: str
    url: str


class Setting(_Frozen):
    """A choice that a template offers, made with ``--set NAME=CHOICE``.

    What a choice changes of ``template.toml`` stands in ``settings/NAME-CHOICE.toml`` beside it:
    each key there replaces the key of the same name. Baselines in a folder of the choice's name
    (``baselines/CHOICE/``) are added to the common ones, prompts there (``prompts/CHOICE/``) stand
    for them. The core is constructed with the choices as keywords.
    """

    default: str
    choices: Mapping[str, str] = Field(description="what each choice means, by its name")

    @model_validator(mode="after")
    def _consistent(self) -> Setting:
        if self.default not in self.choices:
            raise ValueError(f"the default {self.default!r} is none of {sorted(self.choices)}")
        return self


class TemplateSpec(_Frozen):
    """``template.toml``: everything the host must know of a template without running it.

    ``chosen`` is not written there: it holds the choice of each setting.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    summary: str
    boundary: Literal["function", "program", "experiment"]
    core: str = Field(description="module:Class of the evaluation core, relative to the template")
    functions: tuple[FunctionSignature, ...] = ()
    script: Script | None = None
    experiment: Experiment | None = None
    curriculum: Curriculum | None = None
    population: Mapping[str, int] = Field(
        default={"cpu": 1},
        description="leading axis of an exported program on each platform (cpu, cuda)",
    )
    needs: Literal["cuda"] | None = Field(
        default=None, description="a platform without which it takes too long to be any use"
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
    settings: Mapping[str, Setting] = {}
    chosen: Mapping[str, str] = {}

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
        if self.boundary == "function" and not any(one.required for one in self.functions):
            raise ValueError("a template with the function boundary declares [[functions]]")
        for task in self.tasks:
            if (task.role == "ablation") != bool(task.of):
                raise ValueError(f"task {task.name}: ablations, and only they, name a task by `of`")
            if task.of and task.of not in (*self.search_tasks, *self.held_out_tasks):
                raise ValueError(f"task {task.name} is of {task.of!r}, which is no other task")
        if self.curriculum is not None and (
            self.boundary != "function" or self.curriculum.task not in self.search_tasks
        ):
            raise ValueError("a curriculum is of a core with functions and of a search task")
        if (self.boundary == "program") != (self.script is not None):
            raise ValueError("a template declares [script] if its boundary is program, only then")
        if (self.boundary == "experiment") != (self.experiment is not None):
            raise ValueError("[experiment] is declared where it is the boundary, only there")
        called = self.script or self.experiment
        if called is not None:
            given = {argument.name for argument in called.arguments} - {"seed"}
            for task in self.tasks:
                # What an experiment is told is a part of its task: sizes are values as well.
                named = set(task.values) & given if self.experiment else set(task.values)
                if named != given:
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

    @property
    def ablations(self) -> tuple[Task, ...]:
        """The tasks that tell what a confirmed candidate depends on."""
        return tuple(task for task in self.tasks if task.role == "ablation")

    def tier(self, name: str) -> Tier:
        """The tier of that name; raises KeyError with the known names."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(f"no tier {name!r} in {self.name}: {[tier.name for tier in self.tiers]}")
