"""Twenty kills: nothing lost, nothing paid or measured twice, nothing left running."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kill_resume.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kill_resume", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill_resume"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_campaign_that_is_killed_twenty_times_ends_like_one_that_never_was(
    benchmark: ModuleType,
) -> None:
    outcome = benchmark.series(20, seed=1)
    assert outcome.kills == 20
    assert (outcome.unequal, outcome.repeated, outcome.leftover_processes) == (0, 0, 0)


def test_work_that_is_done_again_is_seen(benchmark: ModuleType) -> None:
    call, measurement = ["call", [0, 0, "propose", 0]], ["measurement", ["d", "full", "x", [1]]]
    once = [["began", *call], ["kept", *call], ["began", *measurement]]
    again = [["began", *measurement], ["kept", *measurement]]  # The first one was cut off.
    lines = [json.dumps(line) for line in [*once, *again]]
    assert benchmark.repeated(['["beg', *lines]) == []
    assert len(benchmark.repeated([*lines, lines[0], lines[2]])) == 2
    with pytest.raises(ValueError, match="no kept"):
        benchmark.repeated(lines[:3])
