"""Which attacks run when: a few of each kind at the level gate, all of them in the part boundary.

What attacks are held back by is an input of that part, so all of them run whenever it changes. The
few are there for what changes without it: the machine, its kernel and its Docker engine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

__all__ = ["attacks"]


def attacks(files: Sequence[Path], often: Collection[str]) -> list[ParameterSet]:
    """Attacks as parameters of a test, by their names.

    Args:
        files: All of them.
        often: Names of those that run at the level gate as well, in every sandbox.

    Raises:
        ValueError: A name is that of no file.
    """
    unknown = set(often) - {file.stem for file in files}
    if unknown:
        raise ValueError(f"no attacks {sorted(unknown)}")
    return [
        pytest.param(
            file,
            id=file.stem,
            marks=[
                pytest.mark.every_sandbox if file.stem in often else pytest.mark.full("boundary")
            ],
        )
        for file in files
    ]
