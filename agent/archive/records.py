"""Records: the frozen data that crosses the archive's boundary.

Numbers that rank or price something (scores, metrics, costs, latencies) must be finite: a record
with a NaN or an infinity cannot be made. They are stored as IEEE doubles and come back bit for
bit, except that the sign of a zero is dropped. Free JSON fields (``detail``, ``payload``,
``settings``, ``environment``, ``messages``) may hold non-finite floats; those are encoded
explicitly (see `agent.archive.columns.JsonText`). Times are UTC and carry their zone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import index as as_integer
from typing import Any, Literal

from agent.archive.identity import checked_id

__all__ = [
    "CHOSEN",
    "EPISODES",
    "GENERATION",
    "NO_COMPLETION",
    "ArtifactRecord",
    "AttemptRecord",
    "CampaignRecord",
    "CampaignStatus",
    "CandidateCounts",
    "CandidateKind",
    "CandidateRecord",
    "EvaluationRecord",
    "EventRecord",
    "Measurement",
    "MeasurementKey",
    "ModelCallRecord",
    "PromptRecord",
    "ReviewRecord",
    "UsageRecord",
]

CampaignStatus = Literal["running", "stopped", "done", "failed"]
CandidateKind = Literal["proposal", "baseline", "control", "user"]


def finite(name: str, value: float) -> float:
    """The value as a Python float with an unsigned zero; ValueError where it is not finite."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, not {number}")
    return number + 0.0


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Every metric as a finite Python float, in the order given."""
    return {name: finite(f"metric {name!r}", value) for name, value in metrics.items()}


def _aware(name: str, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise ValueError(f"{name} must carry a time zone: use datetime.now(UTC)")


@dataclass(frozen=True, kw_only=True)
class CampaignRecord:
    """One campaign: template, settings and how it ended.

    ``environment`` holds versions, the sandbox with its guarantees, the device and the models.
    ``worked_s`` counts the seconds that processes have worked on it. ``salt`` is a secret: what an
    experiment's hidden data depend on beside the seed (see `templates.hiding`).
    """

    id: str
    template: str
    template_digest: str
    seed: int
    settings: Mapping[str, Any]
    status: CampaignStatus = "running"
    created_at: datetime
    finished_at: datetime | None = None
    stop_reason: str | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    worked_s: float = 0.0
    salt: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        checked_id(self.id)
        _aware("created_at", self.created_at)
        _aware("finished_at", self.finished_at)


@dataclass(frozen=True, kw_only=True)
class CandidateRecord:
    """One candidate as it stands now; ``index`` counts candidates within the campaign from 0."""

    id: str
    campaign_id: str
    index: int
    kind: CandidateKind
    stage: str
    terminal: bool = False
    outcome: str | None = None
    name: str
    thought: str = ""
    code: str
    model: str | None = None
    parents: tuple[str, ...] = ()
    program_digest: str | None = None
    fingerprint: str | None = None
    known_as: str | None = None
    duplicate_of: str | None = None
    flags: tuple[str, ...] = ()
    closed_form: str | None = None
    error_kind: str | None = None
    error_message: str | None = None
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    is_discovery: bool = False
    created_at: datetime

    def __post_init__(self) -> None:
        checked_id(self.id)
        _aware("created_at", self.created_at)
        for name in ("score", "score_low", "score_high"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, finite(name, value))
        object.__setattr__(self, "parents", tuple(self.parents))
        object.__setattr__(self, "flags", tuple(self.flags))


@dataclass(frozen=True)
class AttemptRecord:
    """One version of a candidate's code: attempt 0 is the proposal, later ones are repairs."""

    candidate_id: str
    attempt: int
    code: str
    error_kind: str | None = None
    error_message: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """What one seed of one task yielded; at most one per (candidate, effort, task, seed).

    ``seconds``, ``sandbox`` and ``guarantees`` are those of the measurement, also where ``source``
    says that it was reused. ``guarantees`` tells by name whether the sandbox held each; None where
    that was not recorded.
    """

    candidate_id: str
    effort: str
    task: str
    seed: int
    primary: float
    metrics: Mapping[str, float]
    detail: Mapping[str, Any] = field(default_factory=dict)
    failed: str | None = None
    seconds: float
    sandbox: str
    device: str
    worker: str | None = None
    source: Literal["measured", "reused"] = "measured"
    guarantees: Mapping[str, bool] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", as_integer(self.seed))
        object.__setattr__(self, "primary", finite("primary", self.primary))
        object.__setattr__(self, "seconds", finite("seconds", self.seconds))
        object.__setattr__(self, "metrics", finite_metrics(self.metrics))


@dataclass(frozen=True)
class ArtifactRecord:
    """Bytes that belong to a candidate, such as the checkpoint of an agent.

    ``digest`` is their SHA-256 in hexadecimal. ``data`` is None where only that was kept: what the
    rest of the archive replays to the same bits need not be stored for good.
    """

    candidate_id: str
    name: str
    digest: str
    data: bytes | None


@dataclass(frozen=True)
class ReviewRecord:
    """What one reviewer said of a candidate."""

    candidate_id: str
    reviewer: str
    verdict: str
    score: float | None = None
    text: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.score is not None:
            object.__setattr__(self, "score", finite("score", self.score))


GENERATION = "generation"
"""Stage of a candidate that is a generation of a curriculum, and effort of its evaluations."""

CHOSEN = "chosen"
"""Kind of the events that tell what was chosen for an agent and why."""

EPISODES = "episodes"
"""Beginning of the names of artifacts that show tasks which were just learned."""

NO_COMPLETION = "no completion, "
# Kinds of events: a model call begins (its record follows with the answer, unless it is cut off),
# and a sandboxed process had to be replaced or started again.
CALL_SENT = "process.call_sent"
SANDBOX_TROUBLE = "process.sandbox"
"""How the error of a call begins that the model answered, but not with a completion."""


@dataclass(frozen=True, kw_only=True)
class ModelCallRecord:
    """One request to a language model, whether it was answered or not.

    A call is known by (campaign, ``slot``, ``attempt``, ``role``, ``try_number``): the slot is the
    candidate's place in the campaign, the attempt its repair round, the try number counts retries
    of the same request after failures of the provider. ``notes`` say what was done differently
    from what was asked.
    """

    id: str
    campaign_id: str
    slot: int
    attempt: int
    role: str
    model: str
    prompt_hash: str
    messages: Any
    completion: str | None = None
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    latency_s: float = 0.0
    seed: int | None = None
    created_at: datetime
    try_number: int = 0
    notes: Any = ()

    @property
    def declined(self) -> tuple[str, str] | None:
        """Kind and message where the model answered, but not with a completion: a refusal, say."""
        if self.error is None or not self.error.startswith(NO_COMPLETION):
            return None
        kind, _, message = self.error.removeprefix(NO_COMPLETION).partition(": ")
        return kind, message

    def __post_init__(self) -> None:
        _aware("created_at", self.created_at)
        object.__setattr__(self, "notes", list(self.notes))
        object.__setattr__(self, "cost_usd", finite("cost_usd", self.cost_usd))
        object.__setattr__(self, "latency_s", finite("latency_s", self.latency_s))


@dataclass(frozen=True)
class EventRecord:
    """Something that happened; ``id`` is set by the archive and grows with time.

    Kinds that begin with ``process.`` tell of the host's processes (started, resumed, worker
    replaced); they are left out when the content of two campaigns is compared.
    """

    campaign_id: str
    at: datetime
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None

    def __post_init__(self) -> None:
        _aware("at", self.at)


@dataclass(frozen=True)
class PromptRecord:
    """A prompt template file, known by the hash of its content."""

    hash: str
    name: str
    text: str


@dataclass(frozen=True)
class MeasurementKey:
    """What decides a measurement: the same key gives the same bits on the same machine."""

    template_digest: str
    program_digest: str
    effort: str
    task: str
    seed: int
    device: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", as_integer(self.seed))


@dataclass(frozen=True)
class Measurement:
    """A result that any campaign may reuse.

    ``seconds``, ``sandbox`` and ``guarantees`` tell how it was measured; see `EvaluationRecord`.
    """

    metrics: Mapping[str, float]
    detail: Mapping[str, Any]
    seconds: float
    failed: str | None = None
    sandbox: str | None = None
    guarantees: Mapping[str, bool] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", finite_metrics(self.metrics))
        object.__setattr__(self, "seconds", finite("seconds", self.seconds))


@dataclass(frozen=True)
class UsageRecord:
    """Running totals of a campaign's model calls."""

    calls: int
    failed_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


@dataclass(frozen=True)
class CandidateCounts:
    """How many candidates a campaign has; candidates without an outcome or error are not in
    ``by_outcome`` or ``by_error_kind``.
    """

    total: int
    terminal: int
    by_stage: Mapping[str, int]
    by_outcome: Mapping[str, int]
    by_error_kind: Mapping[str, int]
