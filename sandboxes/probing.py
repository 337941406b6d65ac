"""Guarantees of a sandbox, from a process that is started in it and looks around."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sandboxes.contract import Guarantee, Role, Sandbox
from sandboxes.protocol import ProtocolError
from templates.errors import InfrastructureError

__all__ = ["probe"]

_TIMEOUT_S = 60.0


def probe(
    sandbox: Sandbox, refused: Callable[[Any], Mapping[str, str]] = lambda handle: {}
) -> tuple[Guarantee, ...]:
    """What holds in a sandbox.

    Args:
        sandbox: Where to look.
        refused: Tells, from the handle, why the machine did not give something.

    Raises:
        InfrastructureError: The process did not come up.
    """
    role = Role(
        name="probe",
        image="tracer",
        module="sandboxes.probe",
        read_only=(),
        hidden_packages=("agent", "templates", "reviewers"),
        memory_bytes=2**30,
        processes=8,
        gpu=False,
        arguments={},
    )
    handle = sandbox.start(role)
    try:
        seen = handle.channel.receive(deadline=time.monotonic() + _TIMEOUT_S).body
    except ProtocolError as error:
        raise InfrastructureError(f"the sandbox's probe failed: {handle.said()}") from error
    finally:
        handle.kill()
    why = refused(handle)
    return tuple(
        Guarantee(name, bool(holds), why.get(name, str(detail)))
        for name, (holds, detail) in seen.items()
    )
