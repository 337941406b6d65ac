"""Prompts: a template's Jinja2 files, rendered strictly and known by their hash."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

import jinja2
import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.archive.records import PromptRecord
from agent.llm.contract import Message
from agent.wording import clip
from templates.errors import UserError
from templates.syntax import syntax_tree

__all__ = [
    "PROMPT_NAMES",
    "PromptSet",
    "draw_direction",
    "load_prompts",
    "prompt_environment",
    "render",
    "without_docstring",
]

PROMPT_NAMES = ("system.jinja", "propose.jinja", "repair.jinja")
_DIRECTIONS = "directions.txt"
_MARKED = re.compile(r"\[([012])\]\s*(.+)")


@dataclass(frozen=True)
class PromptSet:
    """The prompt files of one template.

    Args:
        files: Text by file name: those of `PROMPT_NAMES` and ``directions.txt``.
    """

    files: Mapping[str, str]

    def records(self) -> tuple[PromptRecord, ...]:
        """Every file with the SHA-256 of its text, for the archive."""
        return tuple(
            PromptRecord(hashlib.sha256(text.encode()).hexdigest(), name, text)
            for name, text in sorted(self.files.items())
        )


def load_prompts(read: Callable[[str], str]) -> PromptSet:
    """The prompts of a template; the general directions where it has none of its own.

    Args:
        read: Text of a file in the template's prompt folder by name, `Template.prompt`.

    Raises:
        UserError: A file is missing or is not a Jinja2 template; the message names it.
    """
    files = {}
    for name in PROMPT_NAMES:
        files[name] = read(name)
        try:
            _ENVIRONMENT.parse(files[name])
        except jinja2.TemplateSyntaxError as error:
            raise UserError(f"prompts/{name}, line {error.lineno}: {error.message}") from error
    try:
        files[_DIRECTIONS] = read(_DIRECTIONS)
    except UserError:
        files[_DIRECTIONS] = _general_directions()
    if not _parse_directions(files[_DIRECTIONS]):
        raise UserError(f"prompts/{_DIRECTIONS} holds no direction; write one a line")
    return PromptSet(files)


def render(prompts: PromptSet, name: str, variables: Mapping[str, object]) -> tuple[Message, ...]:
    """The chat for one request: the system message, then the prompt of that name.

    Args:
        prompts: The template's prompts.
        name: ``propose.jinja`` or ``repair.jinja``.
        variables: What both files may use. Values are inserted as they are and never rendered
            themselves, so braces in a candidate's code mean nothing.

    Raises:
        UserError: The file uses a variable that does not exist, or reaches for what a prompt may
            not; the message names both.
    """
    return (
        Message("system", _render_one(prompts, PROMPT_NAMES[0], variables)),
        Message("user", _render_one(prompts, name, variables)),
    )


def draw_direction(prompts: PromptSet, parents: int, rng: np.random.Generator) -> str:
    """One strategy hint that fits the number of parents shown.

    Args:
        prompts: The template's prompts.
        parents: How many parents the prompt shows.
        rng: The slot's generator.
    """
    directions = _parse_directions(prompts.files[_DIRECTIONS])
    fitting = [
        text
        for need, text in directions
        if need is None or (need == 0 and parents == 0) or 0 < need <= parents
    ]
    # A file that has only hints for parents leaves nothing for a fresh idea but these.
    pool = fitting or [text for _, text in directions]
    return pool[int(rng.integers(len(pool)))]


def without_docstring(code: str) -> str:
    """The code without its module docstring: in a prompt, citations only cost tokens."""
    try:
        body = syntax_tree(code).body
    except (SyntaxError, ValueError):
        return code
    first = body[0] if body else None
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    if first is None or not is_docstring:
        return code
    return "".join(code.splitlines(keepends=True)[first.end_lineno :]).lstrip("\n")


def _render_one(prompts: PromptSet, name: str, variables: Mapping[str, object]) -> str:
    try:
        text = _ENVIRONMENT.from_string(prompts.files[name]).render(**variables)
    except jinja2.UndefinedError as error:
        known = ", ".join(sorted(variables))
        raise UserError(f"prompts/{name}: {error.message}; it may use {known}") from error
    except (jinja2.TemplateError, OverflowError) as error:
        raise UserError(f"prompts/{name}: {error}") from error
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _parse_directions(text: str) -> list[tuple[int | None, str]]:
    """Hints with the number of parents they need, None for any."""
    parsed: list[tuple[int | None, str]] = []
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            marked = _MARKED.fullmatch(line)
            parsed.append((int(marked[1]), marked[2]) if marked else (None, line))
    return parsed


def _general_directions() -> str:
    return resources.files("agent.proposers").joinpath(_DIRECTIONS).read_text(encoding="utf-8")


def _score(value: float | None, digits: int = 4) -> str:
    """A score with a fixed number of digits, ``-`` where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def prompt_environment() -> jinja2.Environment:
    """In what prompts of templates are rendered: a template may come from anywhere.

    Jinja2's sandbox keeps a prompt to the values that it is given: it reaches nothing private of
    them, changes none and loops over no more than 100,000 numbers.
    """
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["score"] = _score
    environment.filters["clip"] = clip
    return environment


_ENVIRONMENT = prompt_environment()
