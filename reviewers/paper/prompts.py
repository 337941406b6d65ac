"""The prompts of the paper reviewer: Jinja2 files, rendered strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

import jinja2

__all__ = ["PROMPT_NAMES", "prompt_text", "render_prompt"]

PROMPT_NAMES = ("system.jinja", "review.jinja", "reflect.jinja", "repair.jinja", "chair.jinja")


def prompt_text(name: str) -> str:
    """The file of that name, one of `PROMPT_NAMES`."""
    return resources.files("reviewers.paper").joinpath("prompts", name).read_text(encoding="utf-8")


def render_prompt(name: str, variables: Mapping[str, object]) -> str:
    """A prompt with its variables; what they hold is inserted as it is and never rendered."""
    text = _ENVIRONMENT.from_string(prompt_text(name)).render(**variables)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
