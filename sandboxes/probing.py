"""Guarantees of a sandbox, from processes that are started in it and look around."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandboxes.contract import Guarantee, Role, Sandbox
from sandboxes.protocol import ProtocolError
from templates.errors import InfrastructureError

__all__ = ["probe"]

_TIMEOUT_S = 60.0


def probe(
    sandbox: Sandbox, refused: Callable[[Any], Mapping[str, str]] = lambda handle: {}
) -> tuple[Guarantee, ...]:
    """What holds in a sandbox, both where a script runs and where a candidate is traced.

    Args:
        sandbox: Where to look.
        refused: Tells, from the handle, why the machine did not give something.

    Raises:
        InfrastructureError: A process did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="discover-outside-") as place:
        # Anybody may read and write here, so that only the sandbox can be what prevents it.
        folder = Path(place)
        folder.chmod(0o777)
        file = folder / "file"
        file.write_text("what no candidate may see")
        file.chmod(0o666)
        outside = {"file": str(file), "home": str(Path.home()), "pid": os.getpid()}
        script = _look(sandbox, refused, outside, nested=False)
        traced = _look(sandbox, refused, outside, nested=True)
    return tuple(
        one if not one.holds or other.holds else Guarantee(one.name, False, other.detail)
        for one, other in zip(script, traced, strict=True)
    )


def _look(
    sandbox: Sandbox,
    refused: Callable[[Any], Mapping[str, str]],
    outside: Mapping[str, Any],
    *,
    nested: bool,
) -> list[Guarantee]:
    role = Role(
        name="probe",
        image="tracer",
        module="sandboxes.probe",
        read_only=(),
        hidden_packages=("agent", "templates", "reviewers"),
        memory_bytes=2**30,
        processes=8,
        gpu=False,
        arguments={"outside": outside, "nested": nested},
        nests=nested,
    )
    handle = sandbox.start(role)
    try:
        seen = handle.channel.receive(deadline=time.monotonic() + _TIMEOUT_S).body
    except ProtocolError as error:
        raise InfrastructureError(f"the sandbox's probe failed: {handle.said()}") from error
    finally:
        handle.kill()
    why = refused(handle)
    where = "where candidates are traced: " if nested else ""
    return [
        Guarantee(name, True, str(detail))
        if holds
        else Guarantee(name, False, f"{where}{detail}" + (f" ({why[name]})" if name in why else ""))
        for name, (holds, detail) in seen.items()
    ]
