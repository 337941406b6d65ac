"""A question to a model about the tasks of a curriculum, and how it becomes a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from agent.llm.contract import CompletionRequest, Message
from agent.proposers.prompts import prompt_environment
from templates.errors import UserError

__all__ = ["Query"]

_ENVIRONMENT = prompt_environment().overlay(lstrip_blocks=False, keep_trailing_newline=True)


@dataclass(frozen=True)
class Query:
    """A question to a model.

    Args:
        variables: What the prompt shows.
        schema: JSON schema of the answer.
        max_tokens: Longest answer.
    """

    variables: Mapping[str, Any]
    schema: Mapping[str, Any]
    max_tokens: int

    def request(
        self,
        prompt: str,
        *,
        seed: int,
        temperature: float,
        timeout_s: float,
        errors: Sequence[tuple[str, str]] = (),
    ) -> CompletionRequest:
        """The question as a request.

        Args:
            prompt: Text of the template's prompt.
            seed: Of the sampling.
            temperature: Of the sampling.
            timeout_s: Longest call.
            errors: Earlier answers to it and what was wrong with each.

        Raises:
            UserError: The prompt is no Jinja2 template, uses a variable that does not exist, or
                reaches for what a prompt may not.
        """
        try:
            text = _ENVIRONMENT.from_string(prompt).render(**self.variables)
        except (jinja2.TemplateError, OverflowError) as error:
            raise UserError(f"a prompt for choosing tasks: {error}") from error
        messages = [Message("user", text)]
        for answer, error_message in errors:
            messages.append(Message("assistant", answer))
            messages.append(
                Message("user", f"That answer cannot be used: {error_message}. Answer once more.")
            )
        return CompletionRequest(
            tuple(messages),
            dict(self.schema),
            temperature=temperature,
            max_tokens=self.max_tokens,
            seed=seed,
            timeout_s=timeout_s,
        )
