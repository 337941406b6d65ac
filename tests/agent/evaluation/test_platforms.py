"""Where evaluators run; what is made for a GPU does not start without one."""

from __future__ import annotations

import pytest

from agent.evaluation.platforms import choose_platform
from sandboxes.registry import choose_sandbox
from templates.errors import UserError
from templates.registry import load_template


def test_what_is_made_for_a_gpu_does_not_start_without_one() -> None:
    sandbox = choose_sandbox("process")
    there = sandbox.platforms()
    small, large = (load_template("omni", {"profile": name}).spec for name in ("cpu", "gpu"))
    assert choose_platform(small, sandbox) == there[0]
    if "cuda" in there:
        assert choose_platform(large, sandbox) == "cuda"
        return
    with pytest.raises(UserError, match=r"profile=gpu is made for cuda.*cpu only.*templates list"):
        choose_platform(large, sandbox)
