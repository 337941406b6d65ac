"""What keeps a text out of a paper."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """Something that keeps a text out of a paper.

    Args:
        kind: Stable class: ``digit``, ``number_word``, ``citation``, ``pointer``, ``markup``,
            ``subject``, ``place``, ``claim``, ``reference``, ``language``, ``value``, ``block``,
            ``empty``.
        message: What it is and what to do.
        where: The words around it.
    """

    kind: str
    message: str
    where: str = ""

    @property
    def line(self) -> str:
        """For a prompt or a terminal."""
        return f"{self.message} (near: {self.where})" if self.where else self.message
