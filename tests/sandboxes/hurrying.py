"""Short deadlines for what is meant to hang, and for nothing else.

Honest code has the deadlines of real campaigns, so that a busy machine fails no test; an attack
that is cut off ends with an error of its own, as it should.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandboxes.engines import Engine
from templates.registry import Template

_TRACE_S = 2.5
_RUN_S = 4.0


@contextmanager
def hurried(engine: Engine) -> Iterator[None]:
    """Give tracing and running a few seconds while the block lasts."""
    spec = engine.template.spec
    script = spec.script and spec.script.model_copy(update={"timeout_s": _RUN_S})
    hasty = spec.model_copy(update={"job_timeout_s": _RUN_S, "script": script})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "template", Template(hasty, engine.template.path))
        patch.setattr("sandboxes.engines.function.TRACE_TIMEOUT_S", _TRACE_S)
        yield
