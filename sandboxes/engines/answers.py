"""What sandboxed processes answer, schema-checked before anybody believes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from sandboxes.protocol import Message
from templates.errors import DiscoveryError, InfrastructureError

__all__ = [
    "Answer",
    "EvaluatorBugError",
    "Fault",
    "Measurement",
    "UntrustedText",
    "measurements",
]

_MESSAGE_LENGTH = 1000


class Measurement(BaseModel):
    """One seed's result as an evaluator sent it, schema-checked.

    ``seconds`` is the time of the seed inside the worker; ``worker`` its number in the pool.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    seed: int
    metrics: dict[str, float]
    detail: dict[str, Any]
    failed: str | None
    seconds: float
    worker: int = -1
    device: str = ""


class EvaluatorBugError(DiscoveryError):
    """Trusted code in an evaluator failed: our mistake or the template author's."""


def _printable(text: str) -> str:
    """The text as it can be stored and sent: no lone surrogates, no NUL, not too long."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:_MESSAGE_LENGTH]


UntrustedText: TypeAlias = Annotated[str, AfterValidator(_printable)]
"""Text from a sandbox; candidates decide what is in it."""


class Fault(BaseModel):
    """What a sandboxed process says went wrong."""

    model_config = ConfigDict(extra="forbid")

    kind: UntrustedText
    message: UntrustedText


@dataclass(frozen=True)
class Answer:
    """A worker's reply, and which worker of the pool gave it.

    Args:
        message: The reply.
        worker: The worker's number in the pool.
        device: What it runs on, as JAX names it.
    """

    message: Message
    worker: int
    device: str


def measurements(answer: Answer, task: str, seeds: Sequence[int]) -> list[Measurement]:
    """A worker's answer to a question about these seeds, checked.

    Raises:
        InfrastructureError: It is malformed, or answers another question.
    """
    try:
        found = [Measurement.model_validate(entry) for entry in answer.message.body["results"]]
    except (ValidationError, KeyError, TypeError) as error:
        raise InfrastructureError(f"a worker sent a malformed result: {error}") from error
    if [(m.task, m.seed) for m in found] != [(task, seed) for seed in seeds]:
        raise InfrastructureError("a worker answered another question than it was asked")
    return [m.model_copy(update={"worker": answer.worker, "device": answer.device}) for m in found]
