"""Reviewers of candidates' code, by name."""

from __future__ import annotations

from collections.abc import Callable

from reviewers.code.rules import RuleReviewer
from reviewers.contract import CodeReviewer
from reviewers.registry import Registry

__all__ = ["CODE_REVIEWERS", "RuleReviewer", "open_code_reviewer"]

CODE_REVIEWERS: Registry[Callable[[], CodeReviewer]] = Registry("code reviewer")
CODE_REVIEWERS.register("rules")(RuleReviewer)


def open_code_reviewer(name: str) -> CodeReviewer:
    """The reviewer of that name.

    Raises:
        UserError: No such reviewer; the message lists near ones.
    """
    return CODE_REVIEWERS[name]()
