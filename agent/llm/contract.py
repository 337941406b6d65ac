"""What the rest of the system knows of a language model: a request, a completion, one call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from templates.errors import CandidateError

__all__ = [
    "Completion",
    "CompletionRequest",
    "DeclinedError",
    "LanguageModel",
    "Message",
    "is_small",
    "prompt_hash",
]


@dataclass(frozen=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class CompletionRequest:
    """Everything that decides a completion.

    ``schema`` is a JSON schema that the text must satisfy, or None for free text; the order of its
    properties is the order in which a constrained model writes them. ``seed`` fixes the sampling
    where the provider honours one. ``timeout_s`` bounds the whole call, connecting included.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = None
    temperature: float = 0.8
    max_tokens: int = 700
    seed: int = 0
    timeout_s: float = 300.0


@dataclass(frozen=True)
class Completion:
    """What one call returned, with everything the archive records of it.

    ``finish_reason`` is ``stop``, or ``length`` where the text was cut at ``max_tokens``.
    ``notes`` say in words what was done differently from what the request asked (for example a
    provider without JSON schemas), so that no fallback is silent.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    latency_s: float
    finish_reason: str
    seed: int
    prompt_hash: str
    notes: tuple[str, ...] = ()


class DeclinedError(CandidateError):
    """The model answered, but not with a completion; what the call cost counts all the same.

    Args:
        kind: ``refusal`` or ``empty``.
        message: What the model said, or that it said nothing.
        prompt_tokens: Of the call.
        completion_tokens: Of the call.
        cost_usd: Of the call.
        notes: As of a completion.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        cost_usd: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(kind, message)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.cost_usd = cost_usd
        self.notes = notes


class LanguageModel(Protocol):
    """A model that completes chats.

    ``complete`` is called from a thread pool, at most ``slots`` calls at a time, and never retries
    by itself: whoever calls it backs off and goes on with other work meanwhile.
    """

    name: str
    slots: int

    @property
    def context_tokens(self) -> int | None:
        """How many tokens prompt and completion may have together; None where not known."""
        ...

    def complete(self, request: CompletionRequest) -> Completion:
        """Complete one chat; blocks for ``request.timeout_s`` at most.

        Raises:
            InfrastructureError: Rate limit (with ``retry_after_s`` where the provider gave one),
                server error, timeout, connection lost, or an answer that is not the protocol's.
            DeclinedError: The model refused (kind ``refusal``) or said nothing (kind ``empty``).
            CandidateError: The request cannot be answered (kind ``prompt_too_long``).
            UserError: Missing or wrong key, unknown model: trying again cannot help.
        """
        ...

    def most_usd(self, request: CompletionRequest) -> float | None:
        """The most that a call can cost, in dollars; None where the price is not known."""
        ...

    def close(self) -> None:
        """Free the model; further calls to ``complete`` raise UserError."""
        ...


# Models that run beside everything else are given little room, and are little themselves.
_SMALL_CONTEXT_TOKENS = 16_384


def is_small(model: LanguageModel) -> bool:
    """Whether a model must be asked briefly and cannot be trusted with free text."""
    context = model.context_tokens
    return context is not None and context < _SMALL_CONTEXT_TOKENS


def prompt_hash(request: CompletionRequest) -> str:
    """SHA-256 over messages, schema and sampling, as 64 hexadecimal digits.

    The timeout does not count: it cannot change what a model says. Keys of the schema keep their
    order, since that order steers constrained decoding.
    """
    content = {
        "messages": [[message.role, message.content] for message in request.messages],
        "schema": request.schema,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
