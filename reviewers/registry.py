"""A registry of named extension points: duplicates fail, an unknown name lists the near ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Generic, TypeVar

from templates.errors import UserError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Factories by name.

    Args:
        noun: What is registered, in the singular, for messages.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._members: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that registers what it decorates under that name.

        Raises:
            ValueError: The name is taken.
        """

        def add(member: T) -> T:
            if name in self._members:
                raise ValueError(f"the {self._noun} {name!r} is registered twice")
            self._members[name] = member
            return member

        return add

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._members))

    def __getitem__(self, name: str) -> T:
        """The member of that name.

        Raises:
            UserError: Nothing has that name; the message lists near ones.
        """
        if name not in self._members:
            near = difflib.get_close_matches(name, self._members) or list(self.names())
            raise UserError(f"no {self._noun} {name!r}: use one of {', '.join(near)}")
        return self._members[name]
