"""Reviewers of candidates' code, by name."""

from __future__ import annotations

from collections.abc import Callable

from reviewers.code.rules import RuleReviewer
from reviewers.contract import CodeReviewer
from reviewers.registry import Registry

__all__ = ["CODE_REVIEWERS", "RuleReviewer", "open_code_reviewers"]

CODE_REVIEWERS: Registry[Callable[[], CodeReviewer]] = Registry("code reviewer")
CODE_REVIEWERS.register("rules")(RuleReviewer)


def open_code_reviewers() -> list[CodeReviewer]:
    """All of them, in the order of their names: what a discovery needs is that each accepts it."""
    return [CODE_REVIEWERS[name]() for name in CODE_REVIEWERS.names()]
