"""What engines share whose candidates run as they are: a lab a run, a warm judge for the results.

A lab is a sandbox that is made for one call and thrown away after it. The score comes from a judge
in another sandbox, which sees arrays and never the candidate.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from sandboxes.contract import ProcessHandle, Role
from sandboxes.engines.base import Engine
from sandboxes.engines.processes import GRACE_S, ClosedError, Processes
from sandboxes.engines.starting import PRIVATE_PACKAGES
from sandboxes.protocol import Message, ProtocolError
from templates.contract import Output
from templates.errors import CandidateError

__all__ = ["JUDGE_TIMEOUT_S", "LabEngine", "Ran", "zeros"]

JUDGE_TIMEOUT_S = 60.0
_START_TIMEOUT_S = 60.0
_KEPT_CHARACTERS = 1000


def _end_of(text: str) -> str:
    """The end of the text as it can be stored and sent."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return clean[-_KEPT_CHARACTERS:]


_Said: TypeAlias = Annotated[str, AfterValidator(_end_of)]


class Ran(BaseModel):
    """How a run ended, as the lab tells it; ``said`` is the end of what was printed."""

    model_config = ConfigDict(extra="forbid")

    ended: str
    exit: int
    said: _Said


class LabEngine(Engine):
    """Makes a lab per call beside the pool of judges; see `Engine`.

    Args:
        *arguments: See `Engine`.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._labs = Processes(self.sandbox)

    def processes(self, role: str | None = None) -> tuple[ProcessHandle, ...]:
        """See `Engine.processes`."""
        evaluators = self._pool.processes() if role in (None, "evaluator") else ()
        return (*evaluators, *self._labs.handles(role))

    def prewarm(self) -> bool:
        """See `Engine.prewarm`: arrays of zeros need not be made before."""
        return True

    def lab_role(self) -> Role:
        """What a candidate's run may see and use."""
        return Role(
            name="lab",
            image="lab",
            module="sandboxes.lab.runner",
            read_only=(),
            hidden_packages=(*PRIVATE_PACKAGES, "templates"),
            memory_bytes=self.template.spec.memory_bytes,
            processes=64,
            gpu=self._lab_uses_gpu(),
            arguments={},
        )

    def _start_processes(self) -> None:
        self._pool.start(None, self._client.tell)

    def _close_processes(self) -> None:
        try:
            self._pool.close()
        finally:
            self._labs.close()

    def _run_in_lab(
        self, request: Message, timeout_s: float, what: str
    ) -> tuple[float, Ran, dict[str, bytes]]:
        """Run in a lab of its own; what breaks its lab twice is at fault.

        Args:
            request: Told to the lab.
            timeout_s: How long the run may take.
            what: Is run, for messages.

        Returns:
            Seconds, how it ended, and the files that it left.

        Raises:
            CandidateError: It brought its lab down.
            InfrastructureError: No lab could be made.
        """
        for attempt in (1, 2):
            lab, _ = self._labs.boot(self.lab_role(), _START_TIMEOUT_S, self._client.tell)
            started = time.monotonic()
            deadline = started + timeout_s + GRACE_S
            try:
                reply = self._client.ask(lab, request, deadline=deadline)
                seconds = time.monotonic() - started
                ran = Ran.model_validate(dict(reply.body))
            except (ProtocolError, ValidationError) as error:
                if self._labs.closed:
                    raise ClosedError from error
                if attempt == 2:
                    raise CandidateError(
                        "run_crash",
                        f"{what} brought its sandbox down, twice: it may need too much memory",
                    ) from error
                self._client.tell(f"a lab ended without an answer; {what} is run once more")
                continue
            finally:
                self._labs.end(lab)
            return seconds, ran, dict(reply.blobs)
        raise AssertionError("unreachable")

    def _lab_uses_gpu(self) -> bool:
        return False


def zeros(outputs: Sequence[Output], values: Mapping[str, int]) -> dict[str, bytes]:
    """Files with zeros of the declared shapes: they may score nothing, but take nobody long."""
    arrays = {}
    for output in outputs:
        data = io.BytesIO()
        shape = tuple(values[one] if isinstance(one, str) else one for one in output.shape)
        np.save(data, np.zeros(shape), allow_pickle=False)
        arrays[output.name] = data.getvalue()
    return arrays
