"""What a campaign was asked to do."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.ideas import IdeaPlan
from agent.literature import Literature
from agent.proposers import Sampling
from templates.contract import TemplateSpec
from templates.errors import UserError
from templates.registry import Template, load_template

__all__ = ["CampaignSettings", "Knobs"]

DEFAULT_CANDIDATES = 12
# What the archive can hold.
_LARGEST_SEED = 2**63 - 1


class Knobs(BaseModel):
    """Everything that ``--set KEY=VALUE`` can change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    in_flight: int = Field(4, ge=1, le=256, description="proposals being worked on at once")
    repairs: int = Field(2, ge=0, le=10, description="times that an error goes back to the model")
    confirm: int = Field(1, ge=0, le=50, description="best candidates that are confirmed")
    confirm_baselines: int = Field(2, ge=1, description="best baselines that are confirmed")
    alpha: float = Field(0.05, gt=0, lt=1, description="chance of any false discovery")
    selector: str = Field("mixture", description="rule that chooses parents")
    code_review: Literal["auto", "off", "advise", "decide"] = Field(
        "auto",
        description="what a model's review of code counts for: nothing, a word in prompts and "
        "selection, or a condition of a discovery; auto is advise, and off for recordings",
    )
    idea_every: int = Field(
        0,
        ge=0,
        le=1000,
        description="every so many proposals one begins with an idea; 0 for none; of experiments "
        "about every so many first runs",
    )
    idea_reflections: int = Field(1, ge=0, le=8, description="second looks at each idea")
    idea_searches: int = Field(2, ge=0, le=10, description="searches of the literature for each")
    literature: Literature = Field(
        "local", description="who is asked whether an idea is new; all goes to the network"
    )
    papers: Literal["off", "discoveries", "best"] = Field(
        "off",
        description="papers written when the campaign is done: on each discovery; best: on the "
        "best candidate where there is none",
    )
    paper_budget: float | None = Field(
        None,
        ge=0,
        description="most dollars that such a paper may cost with its reviews and revisions; "
        "without it, what --budget has left",
    )
    hidden_from: str | None = Field(
        None,
        description="campaign of this archive whose hidden data an experiment is scored on again, "
        "for a replay; without it they are drawn anew",
    )
    paper_reviewers: int = Field(3, ge=0, le=16, description="reviews of such a paper")
    paper_reflections: int = Field(1, ge=0, le=8, description="second looks of each")
    paper_revisions: int = Field(0, ge=0, le=8, description="revisions from those reviews")
    temperature: float = Field(Sampling.temperature, ge=0, le=2)
    explore_temperature: float = Field(Sampling.explore_temperature, ge=0, le=2)
    repair_temperature: float = Field(Sampling.repair_temperature, ge=0, le=2)
    max_tokens: int = Field(Sampling.max_tokens, ge=64, le=32768)
    call_timeout_s: float = Field(
        Sampling.timeout_s, gt=0, description="longest call of a proposal, an idea or a code review"
    )
    call_tries: int = Field(6, ge=1, le=50, description="tries per call before the campaign stops")

    @classmethod
    def parse(cls, overrides: Mapping[str, str], others: Iterable[str] = ()) -> Knobs:
        """Knobs from text.

        Args:
            overrides: Values by name.
            others: Names that are no knobs but known all the same, for the error's text.

        Raises:
            UserError: A name is unknown or a value does not fit.
        """
        known = sorted({*cls.model_fields, *others})
        for name in overrides:
            if name not in cls.model_fields:
                near = difflib.get_close_matches(name, known, n=3) or known
                raise UserError(f"--set {name}: no such setting; use {', '.join(near)}")
        try:
            return cls.model_validate(dict(overrides))
        except ValidationError as error:
            first = error.errors()[0]
            raise UserError(f"--set {first['loc'][0]}={first['input']}: {first['msg']}") from error

    def idea_plan(self) -> IdeaPlan:
        """The part about ideas."""
        return IdeaPlan(
            every=self.idea_every,
            in_flight=self.in_flight,
            reflections=self.idea_reflections,
            searches=self.idea_searches,
            timeout_s=self.call_timeout_s,
        )

    def sampling(self) -> Sampling:
        """The sampling part."""
        return Sampling(
            temperature=self.temperature,
            explore_temperature=self.explore_temperature,
            repair_temperature=self.repair_temperature,
            max_tokens=self.max_tokens,
            timeout_s=self.call_timeout_s,
        )


@dataclass(frozen=True)
class CampaignSettings:
    """What a person asked for.

    Args:
        template: Name or folder of the template.
        models: Language models, used in turn.
        candidates: Number of proposals; None means as many as time and money allow, or
            `DEFAULT_CANDIDATES` (of a curriculum: a whole training) where neither is limited.
        hours: Limit of the whole campaign, in hours that processes work on it.
        budget_usd: Limit on what language models may cost.
        seed: Everything random follows from it.
        sandbox: ``auto``, or a registered sandbox.
        workers: Evaluators; None for one per core.
        overrides: Further settings as text: the template's own, and those of `Knobs`.
    """

    template: str
    models: tuple[str, ...] = ("local",)
    candidates: int | None = None
    hours: float | None = None
    budget_usd: float | None = None
    seed: int = 0
    sandbox: str = "auto"
    workers: int | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.models:
            raise UserError("a campaign needs at least one --model")
        if self.candidates is not None and self.candidates < 1:
            raise UserError("--candidates must be at least 1")
        # Written so that what is no number fails as well: nothing is greater or less than that.
        if self.hours is not None and not 0 < self.hours < math.inf:
            raise UserError("--hours must be positive and finite; leave it out for no limit")
        if self.budget_usd is not None and not 0 <= self.budget_usd < math.inf:
            raise UserError("--budget must be finite and not negative; leave it out for no limit")
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise UserError(f"--seed must be from 0 to {_LARGEST_SEED}")
        self.knobs(self.load().spec)

    def load(self) -> Template:
        """The template, its settings as they were asked for.

        Raises:
            UserError: It cannot be loaded.
        """
        return load_template(self.template, self.overrides)

    def knobs(self, spec: TemplateSpec) -> Knobs:
        """The parsed overrides, over what the template asks for; see `Knobs.parse` for errors."""
        asked = {"max_tokens": str(spec.max_tokens)} if spec.max_tokens else {}
        if spec.experiment is not None:
            asked["repairs"] = str(spec.experiment.repairs)
        own = {name: text for name, text in self.overrides.items() if name not in spec.settings}
        return Knobs.parse({**asked, **own}, others=spec.settings)

    @cached_property
    def target(self) -> int | None:
        """How many proposals to make, None for no limit but time and money."""
        if self.candidates is None and self.hours is None and self.budget_usd is None:
            curriculum = self.load().spec.curriculum
            return DEFAULT_CANDIDATES if curriculum is None else curriculum.whole
        return self.candidates

    def with_limits(
        self, candidates: int | None, hours: float | None, budget_usd: float | None
    ) -> CampaignSettings:
        """The same with other limits; None leaves one as it is."""
        return replace(
            self,
            candidates=self.candidates if candidates is None else candidates,
            hours=self.hours if hours is None else hours,
            budget_usd=self.budget_usd if budget_usd is None else budget_usd,
        )

    def to_json(self) -> dict[str, Any]:
        """For the archive."""
        return {**asdict(self), "models": list(self.models), "overrides": dict(self.overrides)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CampaignSettings:
        """From the archive."""
        return cls(**{**data, "models": tuple(data["models"])})
