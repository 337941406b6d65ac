"""Twenty kills: nothing lost, nothing paid or measured twice, nothing left running."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kill_resume.py"


@pytest.mark.slow
def test_a_campaign_that_is_killed_twenty_times_ends_like_one_that_never_was() -> None:
    spec = importlib.util.spec_from_file_location("kill_resume", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill_resume"] = module
    spec.loader.exec_module(module)
    outcome = module.series(20, seed=1)
    assert outcome.kills == 20
    assert (outcome.unequal, outcome.paid_twice, outcome.leftover_processes) == (0, 0, 0)
