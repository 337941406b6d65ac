"""The checks, most important first, and the process that one of them runs in.

A check is a function that gets a `Context` and yields rows. Each runs in a process of its own, so
that a crash or a hang costs no other check anything and a GPU's memory is free again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Literal

from tests.gpu_check.cases import CASES
from tests.gpu_check.rows import Row

__all__ = ["Check", "Context", "all_checks", "attacks"]

Platform = Literal["cpu", "cuda"]

_ATTACKS = ("temporary_memory", "device_memory", "workspace_memory", "hungry_program")
_QUICK_ATTACKS = 2
_PATIENCE = 4.0


def attacks(*, quick: bool) -> tuple[str, ...]:
    """Files in ``tests/sandboxes/attacks`` that reach for a device's memory.

    Args:
        quick: As in `Context`.
    """
    return _ATTACKS[:_QUICK_ATTACKS] if quick else _ATTACKS


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        name: What the command line calls it.
        function: ``module:function`` in this package.
        argument: What the function is to look at, where it serves several checks.
        rows: What every row that it yields is about, in this order.
        limit_s: After so many seconds it is ended.
    """

    name: str
    function: str
    argument: str
    rows: tuple[str, ...]
    limit_s: float


@dataclass(frozen=True)
class Context:
    """What a check is told.

    Args:
        platform: Where what is checked runs; it is compared with ``cpu``.
        quick: Smallest sizes, for a test of the checks themselves.
        argument: See `Check`.
    """

    platform: Platform
    quick: bool
    argument: str


def all_checks(*, quick: bool) -> list[Check]:
    """Every check, most important first.

    Args:
        quick: As in `Context`.
    """
    trained = [
        Check(name, "populations:check", name, case.rows, case.limit_s)
        for name, case in CASES.items()
    ]
    environments = ("cartpole",) if quick else ("breakout", "space_invaders", "asterix", "freeway")
    published = [
        Check(f"ppo-{one}", "published:check", one, (f"PPO's known return: {one}",), 200.0)
        for one in environments
    ]
    leading = 6  # What must not wait for publications: a case of each kind of template.
    found = [
        Check(
            "evaluators",
            "evaluators:check",
            "",
            ("guarantees with a GPU", "evaluators start", "fingerprints and scores", "lab"),
            120.0,
        ),
        Check(
            "memory",
            "memory:check",
            "",
            (
                *(f"attack: {name}" for name in attacks(quick=quick)),
                "attack: uninitialised memory",
            ),
            120.0,
        ),
        *trained[:leading],
        *published[:1],
        *trained[leading:],
        *published[1:],
    ]
    # A CPU may be busy, and there no deadline guards anybody's time on a GPU.
    return [replace(one, limit_s=_PATIENCE * one.limit_s) for one in found] if quick else found


def _run(check: Check, platform: Platform, quick: bool) -> Iterator[Row]:
    module, _, function = check.function.partition(":")
    rows: Iterator[Row] = getattr(import_module(f"tests.gpu_check.{module}"), function)(
        Context(platform, quick, check.argument)
    )
    return rows


def main() -> None:
    """Run one check and write each row as soon as it is there."""
    parser = argparse.ArgumentParser(description="Run one check.")
    parser.add_argument("name")
    parser.add_argument("platform", choices=["cpu", "cuda"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    check = next(one for one in all_checks(quick=chosen.quick) if one.name == chosen.name)
    with chosen.file.open("w", encoding="utf-8") as told:
        for one in _run(check, chosen.platform, chosen.quick):
            told.write(json.dumps(asdict(one)) + "\n")
            told.flush()


if __name__ == "__main__":
    main()
